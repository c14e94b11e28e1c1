// See openai_format.h.
#include "ipw/models/openai_format.h"

#include <array>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "ipw/models/wire_reading.h"
#include "ipw/models/wire_writing.h"

namespace ipw::models {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 1> kKeyVariables{"OPENAI_API_KEY"};

// OpenAI's, llama.cpp's, vLLM's and other servers' words for a prompt that is too long.
constexpr auto kOverflow = std::to_array<std::string_view>(
    {"context_length_exceeded", "exceed_context_size", "maximum context length",
     "exceeds the available context", "context window", "context size", "prompt is too long",
     "input is too long", "max_model_len"});

Json function_call(const record::ToolCall& call) {
  return {{"id", call.id},
          {"type", "function"},
          {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

Json message_json(const Message& message) {
  Json json = {{"role", message.role}, {"content", message.content}};
  for (const record::ToolCall& call : message.tool_calls) {
    json["tool_calls"].push_back(function_call(call));
  }
  if (!message.tool_call_id.empty()) json["tool_call_id"] = message.tool_call_id;
  return json;
}

// OpenAI's own models that think take no sampling parameters (platform.openai.com/docs/guides/
// reasoning).
bool takes_sampling(const std::string& model, const WireOptions& options) {
  const bool thinks = model.starts_with("gpt-5") ||
                      (model.size() > 1 && model[0] == 'o' && model[1] >= '1' && model[1] <= '9');
  return !options.providers_own || !thinks;
}

void add_sampling(Json& body, const Sampling& sampling, const WireOptions& options) {
  body["temperature"] = sampling.temperature;
  if (sampling.top_p < 1.0) body["top_p"] = sampling.top_p;
  body["seed"] = short_seed(sampling.seed);
  if (options.providers_own) return;  // which refuses what it does not know
  if (sampling.top_k > 0) body["top_k"] = sampling.top_k;
  if (sampling.min_p > 0.0) body["min_p"] = sampling.min_p;
  if (sampling.repetition_penalty != 1.0) body["repetition_penalty"] = sampling.repetition_penalty;
}

core::Result<void> add_chat(Json& body, const Request& request) {
  body["messages"] = Json::array();
  for (const Message& message : request.messages) body["messages"].push_back(message_json(message));
  if (request.logprobs) body["logprobs"] = true;
  if (!request.reasoning_effort.empty()) body["reasoning_effort"] = request.reasoning_effort;
  for (const Tool& tool : request.tools) {
    IPW_TRY(Json parameters, parsed(tool.parameters, "the schema of tool " + tool.name));
    body["tools"].push_back({{"type", "function"},
                             {"function",
                              {{"name", tool.name},
                               {"description", tool.description},
                               {"parameters", std::move(parameters)}}}});
  }
  if (!request.json_schema.empty()) {
    IPW_TRY(Json schema, parsed(request.json_schema, "the schema of the answer"));
    body["response_format"] = {
        {"type", "json_schema"},
        {"json_schema", {{"name", "answer"}, {"strict", true}, {"schema", std::move(schema)}}}};
  }
  return {};
}

int status_of(JsonValue error) {
  const std::int64_t code = error["code"].integer().value_or(0);
  if (code >= 400 && code < 600) return static_cast<int>(code);
  const std::string_view type = error["type"].text().value_or("");
  if (type.starts_with("rate_limit") || type == "insufficient_quota") return 429;
  if (type.starts_with("invalid_request") || type.starts_with("exceed_context")) return 400;
  return type.starts_with("overloaded") ? 503 : 500;
}

// Where servers tell what they counted, with the names of this API and of others.
struct UsagePath {
  std::optional<core::Tokens> TokenClaims::* claim;
  std::string_view member;
  std::string_view inner;  // empty: `member` is the count
};
constexpr auto kUsagePaths = std::to_array<UsagePath>({
    {&TokenClaims::prompt, "prompt_tokens", ""},
    {&TokenClaims::prompt, "input_tokens", ""},
    {&TokenClaims::output, "completion_tokens", ""},
    {&TokenClaims::output, "output_tokens", ""},
    {&TokenClaims::total, "total_tokens", ""},
    {&TokenClaims::cached, "prompt_cache_hit_tokens", ""},  // DeepSeek's
    {&TokenClaims::cached, "cached_tokens", ""},            // Moonshot's
    {&TokenClaims::cached, "cache_read_input_tokens", ""},
    {&TokenClaims::cached, "prompt_tokens_details", "cached_tokens"},
    {&TokenClaims::cached, "input_tokens_details", "cached_tokens"},
    {&TokenClaims::cache_written, "cache_creation_input_tokens", ""},
    {&TokenClaims::cache_written, "prompt_tokens_details", "cache_write_tokens"},
    {&TokenClaims::reasoning, "reasoning_tokens", ""},
    {&TokenClaims::reasoning, "completion_tokens_details", "reasoning_tokens"},
    {&TokenClaims::reasoning, "output_tokens_details", "reasoning_tokens"},
});

// Where thinking stands beside the content; the first that is not empty, as some say it twice.
constexpr auto kThinking = std::to_array<std::string_view>(
    {"reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks"});

bool is_empty(JsonValue value) {
  return !value.present() || value.text() == "" || (value.is_array() && !value.front().present());
}

class Reader final : public JsonAnswerReader {
 public:
  explicit Reader(net::SecretMask mask)
      : JsonAnswerReader(std::move(mask),
                         {.thinking_beside_output = false, .cached_beside_prompt = false}) {}

 protected:
  WireResult take_event(std::string_view event, JsonValue document,
                        const PieceSink& sink) override {
    const JsonValue error = document["error"].present() ? document["error"] : document;
    if (event == "error" || document["error"].present()) {
      const auto message = error["message"].text();
      return reported(status_of(error), message ? *message : error.json());
    }
    return take(document, sink);
  }

  WireResult take_whole(JsonValue document, const PieceSink& sink) override {
    if (document["error"].present()) return take_event({}, document, sink);
    if (!document["choices"].is_array()) return unreadable("it has no \"choices\"");
    return take(document, sink);
  }

 private:
  WireResult take(JsonValue document, const PieceSink& sink) {
    if (const auto model = document["model"].text()) answer_.served_by = *model;
    WireResult result;
    document["choices"].for_each([&](JsonValue choice) {
      if (result && choice["index"].integer().value_or(0) == 0) result = take_choice(choice, sink);
    });
    take_usage(document["usage"]);
    take_usage(document["x_groq"]["usage"]);
    take_timings(document["timings"]);
    return result;
  }

  WireResult take_choice(JsonValue choice, const PieceSink& sink) {
    const JsonValue delta = choice["delta"];
    const JsonValue message = choice["message"];
    // Some repeat the whole message at the end of what came in deltas.
    const bool by_message = !came_in_deltas_ && message.present() && is_empty(delta["content"]);
    const JsonValue part = by_message ? message : delta;
    take_usage(choice["usage"]);
    take_usage(part["usage"]);
    WireResult result = take_message(part, choice, sink);
    if (!result) return result;
    came_in_deltas_ = came_in_deltas_ || (delta.present() && has_output());
    const JsonValue finish = choice["finish_reason"];
    return take_finish(finish.text().value_or(finish["type"].text().value_or("")));
  }

  WireResult take_message(JsonValue delta, JsonValue choice, const PieceSink& sink) {
    const std::optional<double> logprob = take_logprobs(choice["logprobs"]);
    for (const std::string_view name : kThinking) {
      if (is_empty(delta[name])) continue;
      add_content(delta[name], PieceKind::kReasoning, sink, logprob);
      break;
    }
    add_content(delta["content"], PieceKind::kText, sink, logprob);
    add_content(choice["text"], PieceKind::kText, sink, logprob);
    if (const auto text = delta["refusal"].text(); text && !text->empty()) {
      refused_ = true;
      add(PieceKind::kText, *text, sink);
    }
    WireResult result;
    delta["tool_calls"].for_each([&](JsonValue call) {
      if (result) result = take_tool_call(call, sink);
    });
    return result;
  }

  WireResult take_tool_call(JsonValue delta, const PieceSink& sink) {
    const auto next = static_cast<std::int64_t>(answer_.tool_calls.size());
    record::ToolCall* call = tool_call(delta["index"].integer().value_or(next));
    if (call == nullptr) return unreadable("a tool call has no plausible index");
    const JsonValue function = delta["function"];
    if (const auto id = delta["id"].text()) call->id = *id;
    if (const auto name = function["name"].text()) call->name += *name;
    const JsonValue arguments = function["arguments"];
    add_arguments(*call, arguments.is_object() ? arguments.json() : arguments.text().value_or(""),
                  sink);
    return {};
  }

  // Adds the logprobs of an event; the one that belongs to its only token, if there is one only.
  std::optional<double> take_logprobs(JsonValue logprobs) {
    const std::size_t before = answer_.token_logprobs.size();
    logprobs["content"].for_each([&](JsonValue token) {
      answer_.token_logprobs.push_back(token["logprob"].number().value_or(std::nan("")));
    });
    logprobs["token_logprobs"].for_each([&](JsonValue logprob) {
      answer_.token_logprobs.push_back(logprob.number().value_or(std::nan("")));
    });
    if (answer_.token_logprobs.size() != before + 1) return std::nullopt;
    return answer_.token_logprobs.back();
  }

  void take_usage(JsonValue usage) {
    if (!usage.present()) return;
    for (const UsagePath& path : kUsagePaths) {
      const JsonValue member = usage[path.member];
      update(claims_.*path.claim, path.inner.empty() ? member : member[path.inner]);
    }
  }

  void take_timings(JsonValue timings) {  // llama.cpp's
    const auto milliseconds = [&](std::string_view name) -> std::optional<core::Seconds> {
      const auto value = timings[name].number();
      return value ? std::optional(core::Seconds(*value * 1e-3)) : std::nullopt;
    };
    if (!timings.present()) return;
    answer_.server.prompt = milliseconds("prompt_ms");
    answer_.server.decode = milliseconds("predicted_ms");
    spare_claims_.cached = tokens(timings["cache_n"]);
    spare_claims_.output = tokens(timings["predicted_n"]);
    if (const auto computed = tokens(timings["prompt_n"])) {  // without what the cache spared
      spare_claims_.prompt = *computed + spare_claims_.cached.value_or(core::Tokens{0});
    }
  }

  bool came_in_deltas_ = false;
};

class OpenAi final : public WireFormat {
 public:
  [[nodiscard]] const WireTraits& traits() const override {
    static const WireTraits traits{.scheme = "openai",
                                   .default_url = "https://api.openai.com/v1",
                                   .url_variable = "OPENAI_BASE_URL",
                                   .key_variables = kKeyVariables,
                                   .framing = Framing::kServerSentEvents,
                                   .needs_key = true};
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
      if (request.logprobs) body["logprobs"] = 1;
    } else {
      IPW_CHECK(add_chat(body, request));
    }
    body[options.providers_own ? "max_completion_tokens" : "max_tokens"] = request.max_tokens;
    if (takes_sampling(model, options)) add_sampling(body, request.sampling, options);
    if (!request.stop.empty()) body["stop"] = request.stop;
    if (request.fixed_length && !options.providers_own) body["ignore_eos"] = true;
    body["stream"] = options.stream;
    if (options.stream) body["stream_options"] = {{"include_usage", true}};
    return finished(request.raw_prompt ? "completions" : "chat/completions", std::move(body),
                    options);
  }

  [[nodiscard]] std::unique_ptr<AnswerReader> reader(net::SecretMask mask) const override {
    return std::make_unique<Reader>(std::move(mask));
  }

  [[nodiscard]] bool is_context_overflow(int status, std::string_view body) const override {
    return (status == 400 || status == 413 || status == 422) && mentions(body, kOverflow);
  }
};

}  // namespace

const WireFormat& openai_format() {
  static const OpenAi format;
  return format;
}

WireRequest openai_embedding_request(const std::string& model,
                                     const std::vector<std::string>& texts) {
  const Json body = {{"model", model}, {"input", texts}, {"encoding_format", "float"}};
  return {.path = "embeddings",
          .headers = {{"Content-Type", "application/json"}},
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

std::expected<Embeddings, net::Failure> read_openai_embeddings(std::string_view body) {
  JsonParser parser;
  const core::Result<JsonValue> document = parser.parse(body);
  if (!document) return unreadable(document.error().message);
  Embeddings embeddings;
  std::size_t filled = 0;
  bool sound = true;
  std::size_t count = 0;
  (*document)["data"].for_each([&](JsonValue) { ++count; });
  embeddings.vectors.resize(count);
  (*document)["data"].for_each([&](JsonValue row) {
    const std::int64_t index = row["index"].integer().value_or(static_cast<std::int64_t>(filled));
    ++filled;
    if (index < 0 || static_cast<std::size_t>(index) >= count) {
      sound = false;
      return;
    }
    std::vector<float>& vector = embeddings.vectors[static_cast<std::size_t>(index)];
    row["embedding"].for_each([&](JsonValue value) {
      sound = sound && value.number().has_value();
      vector.push_back(static_cast<float>(value.number().value_or(0.0)));
    });
  });
  for (const std::vector<float>& vector : embeddings.vectors) {
    sound = sound && !vector.empty() && vector.size() == embeddings.vectors.front().size();
  }
  if (!sound || count == 0) return unreadable("its embeddings are not one vector per text");
  update(embeddings.usage.prompt, (*document)["usage"]["prompt_tokens"]);
  return embeddings;
}

}  // namespace ipw::models
