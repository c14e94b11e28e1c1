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

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 2> kKeyVariables{"GEMINI_API_KEY", "GOOGLE_API_KEY"};
constexpr auto kOverflow =
    std::to_array<std::string_view>({"exceeds the maximum number of tokens"});

// Google's own correspondence of efforts and budgets (ai.google.dev/gemini-api/docs/openai).
constexpr std::pair<std::string_view, int> kThinkingBudgets[] = {
    {"none", 0}, {"minimal", 1024}, {"low", 1024}, {"medium", 8192}, {"high", 24576}};

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
 public:
  // Thinking is not among the candidates' tokens.
  explicit Reader(net::SecretMask mask)
      : JsonAnswerReader(std::move(mask),
                         {.thinking_beside_output = true, .cached_beside_prompt = false}) {}

 protected:
  WireResult take_event(std::string_view, JsonValue document, const PieceSink& sink) override {
    if (const JsonValue error = document["error"]; error.present()) {
      const std::int64_t code = error["code"].integer().value_or(500);
      return reported(code >= 400 && code < 600 ? static_cast<int>(code) : 500,
                      error["message"].text().value_or(error.json()));
    }
    if (const auto model = document["modelVersion"].text()) answer_.served_by = *model;
    take_usage(document["usageMetadata"]);
    WireResult result;
    document["candidates"].for_each([&](JsonValue candidate) {
      if (result && candidate["index"].integer().value_or(0) == 0) {
        result = take_candidate(candidate, sink);
      }
    });
    if (document["promptFeedback"]["blockReason"].text()) {
      answer_.finish = record::FinishReason::kRefused;
    }
    return result;
  }

  WireResult take_whole(JsonValue document, const PieceSink& sink) override {
    const bool gemini = document["candidates"].is_array() || document["error"].present() ||
                        document["promptFeedback"].present();
    if (!gemini) return unreadable("it has no \"candidates\"");
    return take_event({}, document, sink);
  }

 private:
  WireResult take_candidate(JsonValue candidate, const PieceSink& sink) {
    candidate["logprobsResult"]["chosenCandidates"].for_each([&](JsonValue token) {
      answer_.token_logprobs.push_back(token["logProbability"].number().value_or(std::nan("")));
    });
    const JsonValue parts = candidate["content"]["parts"];
    add_content(parts, PieceKind::kText, sink);
    parts.for_each([&](JsonValue part) {
      const JsonValue call = part["functionCall"];
      if (!call.present()) return;
      add_tool_call(call["id"].text().value_or(""), call["name"].text().value_or(""),
                    call["args"].present() ? call["args"].json() : "{}", sink);
    });
    return take_finish(candidate["finishReason"].text().value_or(""));
  }

  // Every event repeats the counts so far.
  void take_usage(JsonValue usage) {
    update(claims_.prompt, usage["promptTokenCount"]);
    update(claims_.cached, usage["cachedContentTokenCount"]);
    update(claims_.reasoning, usage["thoughtsTokenCount"]);
    update(claims_.output, usage["candidatesTokenCount"]);
    update(claims_.total, usage["totalTokenCount"]);
    // What its own tools brought into the prompt is counted beside it.
    if (const auto tools = tokens(usage["toolUsePromptTokenCount"]); tools && claims_.prompt) {
      claims_.prompt = tokens(usage["promptTokenCount"]).value_or(core::Tokens{0}) + *tools;
    }
  }
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

  [[nodiscard]] std::unique_ptr<AnswerReader> reader(net::SecretMask mask) const override {
    return std::make_unique<Reader>(std::move(mask));
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
