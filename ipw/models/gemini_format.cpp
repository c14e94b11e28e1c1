// See gemini_format.h.
#include "ipw/models/gemini_format.h"

#include <array>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "ipw/models/wire_reading.h"
#include "ipw/models/wire_writing.h"
#include "ipw/net/url.h"

namespace ipw::models {
namespace {

using record::FinishReason;
using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 2> kKeyVariables{"GEMINI_API_KEY", "GOOGLE_API_KEY"};
constexpr auto kOverflow =
    std::to_array<std::string_view>({"exceeds the maximum number of tokens"});

// Google's own correspondence of efforts and budgets (ai.google.dev/gemini-api/docs/openai).
constexpr std::pair<std::string_view, int> kThinkingBudgets[] = {
    {"none", 0}, {"minimal", 1024}, {"low", 1024}, {"medium", 8192}, {"high", 24576}};

constexpr auto kRefusals =
    std::to_array<std::string_view>({"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST",
                                     "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"});

core::Result<Json> content_json(const Message& message) {
  Json parts = Json::array();
  if (message.role == "tool") {
    const Json response = {{"name", message.tool_call_id},
                           {"response", {{"result", message.content}}}};
    parts.push_back({{"functionResponse", response}});
    return Json{{"role", "user"}, {"parts", std::move(parts)}};
  }
  if (!message.content.empty() || message.tool_calls.empty()) {
    parts.push_back({{"text", message.content}});
  }
  for (const record::ToolCall& call : message.tool_calls) {
    IPW_TRY(Json arguments, parsed(call.arguments, "the arguments of a call of " + call.name));
    parts.push_back({{"functionCall", {{"name", call.name}, {"args", std::move(arguments)}}}});
  }
  return Json{{"role", message.role == "assistant" ? "model" : "user"},
              {"parts", std::move(parts)}};
}

core::Result<Json> generation_config(const Request& request) {
  const Sampling& sampling = request.sampling;
  Json config = {{"maxOutputTokens", request.max_tokens},
                 {"temperature", sampling.temperature},
                 {"topP", sampling.top_p},
                 {"seed", short_seed(sampling.seed)}};
  if (sampling.top_k > 0) config["topK"] = sampling.top_k;
  if (!request.stop.empty()) config["stopSequences"] = request.stop;
  if (request.logprobs) config["responseLogprobs"] = true;
  if (!request.json_schema.empty()) {
    config["responseMimeType"] = "application/json";
    IPW_TRY(config["responseJsonSchema"], parsed(request.json_schema, "the schema of the answer"));
  }
  for (const auto& [effort, budget] : kThinkingBudgets) {
    if (request.reasoning_effort != effort) continue;
    config["thinkingConfig"] = {{"thinkingBudget", budget}, {"includeThoughts", budget > 0}};
  }
  return config;
}

class Reader final : public JsonAnswerReader {
 protected:
  WireResult take_event(std::string_view, JsonValue document, const PieceSink& sink) override {
    if (const JsonValue error = document["error"]; error.present()) {
      const std::int64_t code = error["code"].integer().value_or(500);
      return reported(code >= 400 && code < 600 ? static_cast<int>(code) : 500,
                      error["message"].text().value_or(error.json()));
    }
    if (const auto model = document["modelVersion"].text()) answer_.served_by = *model;
    document["candidates"].for_each([&](JsonValue candidate) {
      if (candidate["index"].integer().value_or(0) == 0) take_candidate(candidate, sink);
    });
    if (document["promptFeedback"]["blockReason"].text()) answer_.finish = FinishReason::kRefused;
    take_usage(document["usageMetadata"]);
    return {};
  }

  WireResult take_whole(JsonValue document, const PieceSink& sink) override {
    const bool gemini = document["candidates"].is_array() || document["error"].present() ||
                        document["promptFeedback"].present();
    if (!gemini) return unreadable("it has no \"candidates\"");
    return take_event({}, document, sink);
  }

 private:
  void take_candidate(JsonValue candidate, const PieceSink& sink) {
    candidate["logprobsResult"]["chosenCandidates"].for_each([&](JsonValue token) {
      answer_.token_logprobs.push_back(token["logProbability"].number().value_or(std::nan("")));
    });
    candidate["content"]["parts"].for_each([&](JsonValue part) {
      const PieceKind kind = part["thought"].is_true() ? PieceKind::kReasoning : PieceKind::kText;
      add(kind, part["text"].text().value_or(""), sink);
      const JsonValue call = part["functionCall"];
      if (!call.present()) return;
      add_tool_call(call["id"].text().value_or(""), call["name"].text().value_or(""),
                    call["args"].present() ? call["args"].json() : "{}", sink);
    });
    if (const auto reason = candidate["finishReason"].text()) take_finish(*reason);
  }

  void take_finish(std::string_view reason) {
    if (reason == "FINISH_REASON_UNSPECIFIED") return;
    answer_.finish = answer_.tool_calls.empty() ? FinishReason::kStop : FinishReason::kToolCalls;
    if (reason == "MAX_TOKENS") answer_.finish = FinishReason::kLength;
    for (const std::string_view refusal : kRefusals) {
      if (reason == refusal) answer_.finish = FinishReason::kRefused;
    }
  }

  // Every event repeats the counts so far; thinking is not among the candidates' tokens.
  void take_usage(JsonValue usage) {
    update(answer_.usage.prompt, usage["promptTokenCount"]);
    update(answer_.usage.cached, usage["cachedContentTokenCount"]);
    update(answer_.usage.reasoning, usage["thoughtsTokenCount"]);
    update(candidates_, usage["candidatesTokenCount"]);
    if (!candidates_ && !answer_.usage.reasoning) return;
    const core::Tokens none{0};
    answer_.usage.output = candidates_.value_or(none) + answer_.usage.reasoning.value_or(none);
  }

  std::optional<core::Tokens> candidates_;
};

class Gemini final : public WireFormat {
 public:
  [[nodiscard]] const WireTraits& traits() const override {
    static const WireTraits traits{.scheme = "gemini",
                                   .default_url = "https://generativelanguage.googleapis.com",
                                   .url_variable = "GOOGLE_GEMINI_BASE_URL",
                                   .key_variables = kKeyVariables,
                                   .framing = Framing::kServerSentEvents,
                                   .needs_key = true};
    return traits;
  }

  [[nodiscard]] net::Headers key_headers(const std::string& key) const override {
    return {{"x-goog-api-key", key}};
  }

  [[nodiscard]] core::Result<WireRequest> write(const std::string& model, const Request& request,
                                                const WireOptions& options) const override {
    if (request.raw_prompt) return inexpressible("Gemini", "prompt without a chat template");
    Json body = {{"contents", Json::array()}};
    for (const Message& message : request.messages) {
      if (message.role == "system") continue;
      IPW_TRY(Json content, content_json(message));
      body["contents"].push_back(std::move(content));
    }
    if (const std::string system = system_text(request); !system.empty()) {
      body["systemInstruction"] = {{"parts", Json::array({{{"text", system}}})}};
    }
    IPW_TRY(body["generationConfig"], generation_config(request));
    Json functions = Json::array();
    for (const Tool& tool : request.tools) {
      IPW_TRY(Json schema, parsed(tool.parameters, "the schema of tool " + tool.name));
      functions.push_back({{"name", tool.name},
                           {"description", tool.description},
                           {"parametersJsonSchema", std::move(schema)}});
    }
    if (!functions.empty()) {
      body["tools"].push_back({{"functionDeclarations", std::move(functions)}});
    }
    return finished("v1beta/models/" + net::percent_encode(model) +
                        (options.stream ? ":streamGenerateContent?alt=sse" : ":generateContent"),
                    std::move(body), options);
  }

  [[nodiscard]] std::unique_ptr<AnswerReader> reader() const override {
    return std::make_unique<Reader>();
  }

  [[nodiscard]] bool is_context_overflow(int status, std::string_view body) const override {
    return status == 400 && mentions(body, kOverflow);
  }
};

}  // namespace

const WireFormat& gemini_format() {
  static const Gemini format;
  return format;
}

}  // namespace ipw::models
