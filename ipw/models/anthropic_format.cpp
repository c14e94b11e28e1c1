// See anthropic_format.h.
#include "ipw/models/anthropic_format.h"

#include <array>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "ipw/models/wire_reading.h"
#include "ipw/models/wire_writing.h"

namespace ipw::models {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 1> kKeyVariables{"ANTHROPIC_API_KEY"};
constexpr auto kOverflow = std::to_array<std::string_view>(
    {"prompt is too long", "exceed context limit", "context window", "request_too_large"});

constexpr std::pair<std::string_view, int> kErrorStatus[] = {
    {"invalid_request_error", 400}, {"authentication_error", 401},
    {"billing_error", 402},         {"permission_error", 403},
    {"not_found_error", 404},       {"request_too_large", 413},
    {"rate_limit_error", 429},      {"api_error", 500},
    {"timeout_error", 504},         {"overloaded_error", 529},
};

core::Result<Json> message_json(const Message& message) {
  if (message.role == "tool") {
    return Json{{"role", "user"},
                {"content", Json::array({{{"type", "tool_result"},
                                          {"tool_use_id", message.tool_call_id},
                                          {"content", message.content}}})}};
  }
  if (message.tool_calls.empty()) {
    return Json{{"role", message.role}, {"content", message.content}};
  }
  Json blocks = Json::array();
  if (!message.content.empty()) blocks.push_back({{"type", "text"}, {"text", message.content}});
  for (const record::ToolCall& call : message.tool_calls) {
    IPW_TRY(Json input, parsed(call.arguments, "the arguments of a call of " + call.name));
    blocks.push_back(
        {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", std::move(input)}});
  }
  return Json{{"role", message.role}, {"content", std::move(blocks)}};
}

void add_sampling(Json& body, const Sampling& sampling) {
  body["temperature"] = sampling.temperature;
  if (sampling.top_p < 1.0) body["top_p"] = sampling.top_p;
  if (sampling.top_k > 0) body["top_k"] = sampling.top_k;
}

class Reader final : public JsonAnswerReader {
 public:
  // The prompt is counted in three parts, of which input_tokens is only what no cache knew.
  explicit Reader(net::SecretMask mask)
      : JsonAnswerReader(std::move(mask),
                         {.thinking_beside_output = false, .cached_beside_prompt = true}) {}

 protected:
  WireResult take_event(std::string_view event, JsonValue document,
                        const PieceSink& sink) override {
    const std::string_view type = document["type"].text().value_or(event);
    if (type == "error") return take_error(document["error"]);
    if (type == "message_start") {
      take_message(document["message"]);
    } else if (type == "content_block_start") {
      take_block(document["index"].integer().value_or(-1), document["content_block"], sink);
    } else if (type == "content_block_delta") {
      take_delta(document["index"].integer().value_or(-1), document["delta"], sink);
    } else if (type == "message_delta") {
      take_usage(document["usage"]);
      return take_finish(document["delta"]["stop_reason"].text().value_or(""));
    } else if (type == "message") {  // whole, although a stream was asked for
      return take_whole(document, sink);
    }
    return {};
  }

  WireResult take_whole(JsonValue document, const PieceSink& sink) override {
    if (document["type"].text() == "error") return take_error(document["error"]);
    const JsonValue content = document["content"];
    if (!content.is_array() && !content.text()) return unreadable("it has no \"content\"");
    take_message(document);
    if (content.text()) add_content(content, PieceKind::kText, sink);
    content.for_each([&](JsonValue block) { take_block(-1, block, sink); });
    return take_finish(document["stop_reason"].text().value_or(""));
  }

 private:
  [[nodiscard]] WireResult take_error(JsonValue error) const {
    int status = 500;
    for (const auto& [type, code] : kErrorStatus) {
      if (error["type"].text() == type) status = code;
    }
    return reported(status, error["message"].text().value_or(error.json()));
  }

  void take_message(JsonValue message) {
    if (const auto model = message["model"].text()) answer_.served_by = *model;
    take_usage(message["usage"]);
  }

  void take_block(std::int64_t index, JsonValue block, const PieceSink& sink) {
    if (block["type"].text() != "tool_use") return add_content(block, PieceKind::kText, sink);
    calls_[index] = static_cast<std::int64_t>(answer_.tool_calls.size());
    // A stream begins with an empty input and adds to it.
    const bool whole = index < 0;
    add_tool_call(block["id"].text().value_or(""), block["name"].text().value_or(""),
                  whole ? block["input"].json() : "", sink);
  }

  void take_delta(std::int64_t index, JsonValue delta, const PieceSink& sink) {
    // All but text and thinking are left out: a signature, a citation.
    if (delta["type"].text() != "input_json_delta") {
      return add_content(delta, PieceKind::kText, sink);
    }
    const auto call = calls_.find(index);
    if (call == calls_.end()) return;  // of a tool that runs at Anthropic's
    const std::string_view arguments = delta["partial_json"].text().value_or("");
    if (!arguments.empty()) add_arguments(*tool_call(call->second), arguments, sink);
  }

  void take_usage(JsonValue usage) {
    update(claims_.prompt, usage["input_tokens"]);
    update(claims_.cached, usage["cache_read_input_tokens"]);
    update(claims_.cache_written, usage["cache_creation_input_tokens"]);
    update(claims_.output, usage["output_tokens"]);
    update(claims_.reasoning, usage["output_tokens_details"]["thinking_tokens"]);
  }

  std::map<std::int64_t, std::int64_t> calls_;  // number of a block -> number of its tool call
};

class Anthropic final : public WireFormat {
 public:
  [[nodiscard]] const WireTraits& traits() const override {
    static const WireTraits traits{.scheme = "anthropic",
                                   .default_url = "https://api.anthropic.com",
                                   .url_variable = "ANTHROPIC_BASE_URL",
                                   .key_variables = kKeyVariables,
                                   .framing = Framing::kServerSentEvents,
                                   .needs_key = true};
    return traits;
  }

  [[nodiscard]] net::Headers key_headers(const std::string& key) const override {
    return {{"x-api-key", key}};
  }

  [[nodiscard]] core::Result<WireRequest> write(const std::string& model, const Request& request,
                                                const WireOptions& options) const override {
    if (request.raw_prompt) return inexpressible("Anthropic", "prompt without a chat template");
    if (request.logprobs) return inexpressible("Anthropic", "logprobs");
    Json body = {{"model", model}, {"max_tokens", request.max_tokens}};
    if (std::string system = system_text(request); !system.empty()) body["system"] = system;
    body["messages"] = Json::array();
    for (const Message& message : request.messages) {
      if (message.role == "system") continue;
      IPW_TRY(Json json, message_json(message));
      body["messages"].push_back(std::move(json));
    }
    for (const Tool& tool : request.tools) {
      IPW_TRY(Json schema, parsed(tool.parameters, "the schema of tool " + tool.name));
      body["tools"].push_back({{"name", tool.name},
                               {"description", tool.description},
                               {"input_schema", std::move(schema)}});
    }
    if (request.reasoning_effort.empty() || request.reasoning_effort == "none") {
      add_sampling(body, request.sampling);  // which thinking excludes
    } else {
      body["thinking"] = {{"type", "adaptive"}};
      body["output_config"]["effort"] = request.reasoning_effort;
    }
    if (!request.json_schema.empty()) {
      IPW_TRY(Json schema, parsed(request.json_schema, "the schema of the answer"));
      body["output_config"]["format"] = {{"type", "json_schema"}, {"schema", std::move(schema)}};
    }
    if (!request.stop.empty()) body["stop_sequences"] = request.stop;
    body["stream"] = options.stream;
    IPW_TRY(WireRequest wire, finished("v1/messages", std::move(body), options));
    wire.headers.push_back({"anthropic-version", "2023-06-01"});
    return wire;
  }

  [[nodiscard]] std::unique_ptr<AnswerReader> reader(net::SecretMask mask) const override {
    return std::make_unique<Reader>(std::move(mask));
  }

  [[nodiscard]] bool is_context_overflow(int status, std::string_view body) const override {
    return (status == 400 || status == 413) && mentions(body, kOverflow);
  }
};

}  // namespace

const WireFormat& anthropic_format() {
  static const Anthropic format;
  return format;
}

}  // namespace ipw::models
