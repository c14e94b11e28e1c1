// Answers that are well-formed JSON with the fields of the APIs, and anything in them: types that
// no API has there, numbers beyond all bounds, halves of surrogate pairs, thinking within thinking.
// Plain bytes (the formats' own fuzzers) hardly ever get that far.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ipw/models/answer_stream.h"

namespace ipw::models {
namespace {

// The fuzzer's bytes as choices.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  std::size_t below(std::size_t count) { return at_ < size_ ? data_[at_++] % count : 0; }
  [[nodiscard]] bool empty() const { return at_ >= size_; }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

constexpr auto kFields = std::to_array<const char*>({"choices",
                                                     "delta",
                                                     "message",
                                                     "content",
                                                     "text",
                                                     "type",
                                                     "thinking",
                                                     "reasoning",
                                                     "reasoning_content",
                                                     "reasoning_details",
                                                     "thinking_blocks",
                                                     "finish_reason",
                                                     "index",
                                                     "usage",
                                                     "prompt_tokens",
                                                     "completion_tokens",
                                                     "total_tokens",
                                                     "completion_tokens_details",
                                                     "reasoning_tokens",
                                                     "prompt_tokens_details",
                                                     "cached_tokens",
                                                     "tool_calls",
                                                     "function",
                                                     "name",
                                                     "arguments",
                                                     "id",
                                                     "model",
                                                     "refusal",
                                                     "logprobs",
                                                     "token_logprobs",
                                                     "logprob",
                                                     "error",
                                                     "code",
                                                     "timings",
                                                     "prompt_n",
                                                     "predicted_n",
                                                     "cache_n",
                                                     "done",
                                                     "done_reason",
                                                     "response",
                                                     "prompt_eval_count",
                                                     "eval_count",
                                                     "eval_duration",
                                                     "content_block",
                                                     "stop_reason",
                                                     "input_tokens",
                                                     "output_tokens",
                                                     "cache_read_input_tokens",
                                                     "cache_creation_input_tokens",
                                                     "partial_json",
                                                     "input",
                                                     "candidates",
                                                     "parts",
                                                     "thought",
                                                     "functionCall",
                                                     "args",
                                                     "finishReason",
                                                     "usageMetadata",
                                                     "promptTokenCount",
                                                     "candidatesTokenCount",
                                                     "thoughtsTokenCount",
                                                     "totalTokenCount",
                                                     "promptFeedback",
                                                     "blockReason",
                                                     "summary",
                                                     "value"});
constexpr auto kWords = std::to_array<const char*>({"",
                                                    "text",
                                                    "thinking",
                                                    "reasoning",
                                                    "tool_use",
                                                    "message_start",
                                                    "message_delta",
                                                    "content_block_start",
                                                    "content_block_delta",
                                                    "text_delta",
                                                    "thinking_delta",
                                                    "input_json_delta",
                                                    "message",
                                                    "error",
                                                    "stop",
                                                    "null",
                                                    "length",
                                                    "end_turn",
                                                    "MAX_TOKENS",
                                                    "lunch",
                                                    "abort",
                                                    "refusal",
                                                    "a",
                                                    "4",
                                                    "\\ud83d",
                                                    "\\ude00",
                                                    "\\ud83d\\ude00",
                                                    "\\u0000",
                                                    "[DONE]",
                                                    "é",
                                                    "\xF4\x8F\xA0\xBD",
                                                    "sk-0123key4567that89stays2secret"});
constexpr auto kNumbers = std::to_array<const char*>(
    {"0", "1", "2", "7", "-1", "4096", "1e3", "0.5", "-0.0", "1e308", "536870912", "536870913",
     "9223372036854775807", "18446744073709551615", "9007199254740993.0", "1e999"});

std::string value(Choices& choices, int depth);

std::string object(Choices& choices, int depth) {
  std::string json = "{";
  const std::size_t members = choices.below(5);
  for (std::size_t i = 0; i < members; ++i) {
    if (i > 0) json += ',';
    json.append("\"").append(kFields[choices.below(kFields.size())]).append("\":");
    json += value(choices, depth + 1);
  }
  return json + "}";
}

std::string value(Choices& choices, int depth) {
  constexpr int kDeepest = 12;
  switch (depth > kDeepest ? choices.below(4) : choices.below(9)) {
    case 0: return "null";
    case 1: return kNumbers[choices.below(kNumbers.size())];
    case 2:
    case 3: return "\"" + std::string(kWords[choices.below(kWords.size())]) + "\"";
    case 4: return choices.below(2) == 0 ? "true" : "false";
    case 5:
    case 6: {
      std::string json = "[";
      const std::size_t elements = choices.below(4);
      for (std::size_t i = 0; i < elements; ++i)
        json += (i > 0 ? "," : "") + value(choices, depth + 1);
      return json + "]";
    }
    default: return object(choices, depth);
  }
}

// Shapes that the APIs have, so that what is within them is reached.
std::string document(Choices& choices) {
  const auto any = [&] { return value(choices, 3); };
  switch (choices.below(9)) {
    case 0: return R"({"choices":[{"delta":)" + any() + R"(,"finish_reason":)" + any() + "}]}";
    case 1: return R"({"choices":[{"message":)" + any() + R"(,"delta":)" + any() + "}]}";
    case 2:
      return R"({"choices":[{"delta":{"content":)" + any() + R"(,"reasoning":)" + any() + "}}]}";
    case 3: return R"({"choices":[],"usage":)" + any() + R"(,"timings":)" + any() + "}";
    case 4:
      return R"({"message":{"content":)" + any() + R"(,"thinking":)" + any() + R"(},"done":)" +
             any() + "}";
    case 5: return R"({"type":"content_block_delta","index":0,"delta":)" + any() + "}";
    case 6: return R"({"type":"message_delta","delta":)" + any() + R"(,"usage":)" + any() + "}";
    case 7:
      return R"({"candidates":[{"content":{"parts":)" + any() + R"(},"finishReason":)" + any() +
             R"(}],"usageMetadata":)" + any() + "}";
    default: return value(choices, 0);
  }
}

struct Heard {
  WireResult result;
  WireAnswer answer;
};

Heard read(const WireFormat& format, std::string_view body, std::size_t step) {
  AnswerStream stream(format);
  std::string heard;
  const PieceSink sink = [&](const WirePiece& piece) {
    if (piece.kind == PieceKind::kText) heard += piece.text;
  };
  Heard got;
  for (std::size_t at = 0; at < body.size() && got.result; at += step) {
    got.result = stream.push(body.substr(at, step), sink);
  }
  const WireResult ended = stream.end(sink);
  if (got.result) got.result = ended;
  got.answer = stream.answer();
  if (got.answer.text != heard) std::abort();
  return got;
}

bool within(const std::optional<core::Tokens>& part, const std::optional<core::Tokens>& whole) {
  if (part && part->count < 0) return false;
  return !part || !whole || *part <= *whole;
}

void check(const Heard& got) {
  const record::Usage& usage = got.answer.usage;
  if (got.result && !got.answer.finish) std::abort();
  if (!within(usage.cached, usage.prompt) || !within(usage.reasoning, usage.output)) std::abort();
  if (!within(usage.prompt, {}) || !within(usage.output, {})) std::abort();
  if (got.answer.text.contains("\xED\xA0")) std::abort();  // half a pair
}

}  // namespace
}  // namespace ipw::models

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ipw::models;
  Choices choices(data, size);
  const auto formats = wire_formats();
  const WireFormat& format = *formats[choices.below(formats.size())];
  const std::size_t framing = choices.below(4);
  std::string body;
  while (!choices.empty() && body.size() < 100'000) {
    if (framing == 0) body += "data: " + document(choices) + "\n\n";
    if (framing == 1) body += "data:" + document(choices) + "\r\n";
    if (framing == 2) body += document(choices) + "\n";
    if (framing == 3) body += (body.empty() ? "[" : ",") + document(choices);
  }
  if (framing == 3) body += "]";
  const Heard whole = read(format, body, body.size() + 1);
  check(whole);
  // However it is cut, it is the same answer.
  const Heard cut = read(format, body, 1 + size % 13);
  check(cut);
  if (whole.result.has_value() != cut.result.has_value()) std::abort();
  if (whole.result &&
      (whole.answer.text != cut.answer.text || whole.answer.reasoning != cut.answer.reasoning ||
       whole.answer.finish != cut.answer.finish || whole.answer.caution != cut.answer.caution)) {
    std::abort();
  }
  return 0;
}
