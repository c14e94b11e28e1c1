// See ollama_format.h.
#include "ipw/models/ollama_format.h"

#include <array>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "ipw/models/wire_reading.h"
#include "ipw/models/wire_writing.h"

namespace ipw::models {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 1> kKeyVariables{"OLLAMA_API_KEY"};  // of ollama.com
constexpr auto kOverflow = std::to_array<std::string_view>(
    {"exceeds the context", "exceeds maximum context", "exceeds the available context",
     "context length", "exceed_context_size"});

core::Result<Json> message_json(const Message& message) {
  Json json = {{"role", message.role}, {"content", message.content}};
  for (const record::ToolCall& call : message.tool_calls) {
    IPW_TRY(Json arguments, parsed(call.arguments, "the arguments of a call of " + call.name));
    json["tool_calls"].push_back(
        {{"function", {{"name", call.name}, {"arguments", std::move(arguments)}}}});
  }
  if (!message.tool_call_id.empty()) json["tool_name"] = message.tool_call_id;
  return json;
}

// All of them, since Ollama's own defaults are neither greedy nor plain.
Json options_json(const Request& request, const WireOptions& options) {
  const Sampling& sampling = request.sampling;
  Json json = {{"num_predict", request.max_tokens}, {"temperature", sampling.temperature},
               {"top_p", sampling.top_p},           {"top_k", sampling.top_k},
               {"min_p", sampling.min_p},           {"repeat_penalty", sampling.repetition_penalty},
               {"seed", short_seed(sampling.seed)}};
  if (!request.stop.empty()) json["stop"] = request.stop;
  if (options.context_tokens > 0) json["num_ctx"] = options.context_tokens;
  return json;
}

core::Result<void> add_chat(Json& body, const Request& request) {
  body["messages"] = Json::array();
  for (const Message& message : request.messages) {
    IPW_TRY(Json json, message_json(message));
    body["messages"].push_back(std::move(json));
  }
  for (const Tool& tool : request.tools) {
    IPW_TRY(Json parameters, parsed(tool.parameters, "the schema of tool " + tool.name));
    body["tools"].push_back({{"type", "function"},
                             {"function",
                              {{"name", tool.name},
                               {"description", tool.description},
                               {"parameters", std::move(parameters)}}}});
  }
  return {};
}

std::optional<core::Seconds> nanoseconds(JsonValue value) {
  const auto count = value.integer();
  if (!count || *count < 0) return std::nullopt;
  return core::Seconds(static_cast<double>(*count) * 1e-9);
}

class Reader final : public JsonAnswerReader {
 public:
  explicit Reader(net::SecretMask mask) : JsonAnswerReader(std::move(mask), {}) {}

 protected:
  WireResult take_event(std::string_view, JsonValue document, const PieceSink& sink) override {
    if (const JsonValue error = document["error"]; error.present()) {
      return reported(500, error.text().value_or(error.json()));
    }
    const std::size_t before = answer_.token_logprobs.size();
    document["logprobs"].for_each([&](JsonValue token) {
      answer_.token_logprobs.push_back(token["logprob"].number().value_or(std::nan("")));
    });
    std::optional<double> logprob;
    if (answer_.token_logprobs.size() == before + 1) logprob = answer_.token_logprobs.back();

    const JsonValue message = document["message"];
    for (const JsonValue text : {message["thinking"], document["thinking"]}) {
      add_content(text, PieceKind::kReasoning, sink, logprob);
    }
    for (const JsonValue text : {message["content"], document["response"]}) {
      add_content(text, PieceKind::kText, sink, logprob);
    }
    message["tool_calls"].for_each([&](JsonValue call) {
      const JsonValue function = call["function"];
      const JsonValue arguments = function["arguments"];
      add_tool_call(call["id"].text().value_or(""), function["name"].text().value_or(""),
                    arguments.text() ? std::string(*arguments.text()) : arguments.json(), sink);
    });
    return document["done"].is_true() ? take_end(document) : WireResult{};
  }

  WireResult take_whole(JsonValue document, const PieceSink& sink) override {
    if (!document["done"].present() && !document["error"].present()) {
      return unreadable("it has no \"done\"");
    }
    return take_event({}, document, sink);
  }

 private:
  WireResult take_end(JsonValue document) {
    if (const auto model = document["model"].text()) answer_.served_by = *model;
    update(claims_.prompt, document["prompt_eval_count"]);
    update(claims_.output, document["eval_count"]);
    answer_.server = {.load = nanoseconds(document["load_duration"]),
                      .prompt = nanoseconds(document["prompt_eval_duration"]),
                      .decode = nanoseconds(document["eval_duration"]),
                      .total = nanoseconds(document["total_duration"])};
    // Older servers say that it is done, and not why.
    return take_finish(document["done_reason"].text().value_or("stop"));
  }
};

class Ollama final : public WireFormat {
 public:
  [[nodiscard]] const WireTraits& traits() const override {
    static const WireTraits traits{.scheme = "ollama",
                                   .default_url = "http://127.0.0.1:11434",
                                   .url_variable = "OLLAMA_HOST",
                                   .key_variables = kKeyVariables,
                                   .framing = Framing::kJsonLines,
                                   .needs_key = false};
    return traits;
  }

  [[nodiscard]] net::Headers key_headers(const std::string& key) const override {
    return {{"Authorization", "Bearer " + key}};
  }

  [[nodiscard]] core::Result<WireRequest> write(const std::string& model, const Request& request,
                                                const WireOptions& options) const override {
    Json body = {{"model", model}};
    if (request.raw_prompt) {
      body["prompt"] = *request.raw_prompt;
      body["raw"] = true;
    } else {
      IPW_CHECK(add_chat(body, request));
    }
    body["options"] = options_json(request, options);
    if (request.logprobs) body["logprobs"] = true;
    if (request.reasoning_effort == "none") {
      body["think"] = false;
    } else if (!request.reasoning_effort.empty()) {
      body["think"] = request.reasoning_effort;
    }
    if (!request.json_schema.empty()) {
      IPW_TRY(body["format"], parsed(request.json_schema, "the schema of the answer"));
    }
    if (options.keep_alive) body["keep_alive"] = options.keep_alive->count();
    body["truncate"] = false;  // a prompt that is too long is to fail, not to lose its beginning
    body["shift"] = false;
    body["stream"] = options.stream;
    return finished(request.raw_prompt ? "api/generate" : "api/chat", std::move(body), options);
  }

  [[nodiscard]] std::unique_ptr<AnswerReader> reader(net::SecretMask mask) const override {
    return std::make_unique<Reader>(std::move(mask));
  }

  [[nodiscard]] bool is_context_overflow(int status, std::string_view body) const override {
    return (status == 400 || status == 500) && mentions(body, kOverflow);
  }
};

}  // namespace

const WireFormat& ollama_format() {
  static const Ollama format;
  return format;
}

}  // namespace ipw::models
