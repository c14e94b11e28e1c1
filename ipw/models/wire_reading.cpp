// See wire_reading.h.
#include "ipw/models/wire_reading.h"

#include <algorithm>
#include <cctype>

namespace ipw::models {
namespace {

constexpr std::int64_t kMostToolCalls = 4096;
constexpr std::size_t kLongestMessage = 300;

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

}  // namespace

std::unexpected<net::Failure> reported(int status, std::string_view message) {
  return std::unexpected(net::Failure{.kind = net::FailureKind::kStatus,
                                      .message = "the server broke off with an error: " +
                                                 std::string(message.substr(0, kLongestMessage)) +
                                                 " (ask again)",
                                      .status = status,
                                      .answered = true});
}

std::unexpected<net::Failure> unreadable(const std::string& why) {
  return std::unexpected(net::Failure{
      .kind = net::FailureKind::kProtocol,
      .message = "cannot read the answer: " + why + " (check that the address is that of the API)",
      .answered = true});
}

std::expected<JsonValue, net::Failure> JsonAnswerReader::parse(std::string_view text) {
  const core::Result<JsonValue> document = parser_.parse(text);
  if (!document) return unreadable(document.error().message);
  if (!document->is_object()) return unreadable("it is JSON, but not an object");
  return *document;
}

WireResult JsonAnswerReader::read_event(std::string_view event, std::string_view data,
                                        const PieceSink& sink) {
  if (is_end(data)) return {};
  const auto document = parse(data);
  if (!document) return std::unexpected(document.error());
  return take_event(event, *document, sink);
}

WireResult JsonAnswerReader::read_whole(std::string_view body, const PieceSink& sink) {
  const auto document = parse(body);
  if (!document) return std::unexpected(document.error());
  return take_whole(*document, sink);
}

bool JsonAnswerReader::is_end(std::string_view) { return false; }

void JsonAnswerReader::add(PieceKind kind, std::string_view text, const PieceSink& sink,
                           std::optional<double> logprob) {
  if (text.empty()) return;
  (kind == PieceKind::kReasoning ? answer_.reasoning : answer_.text) += text;
  if (sink) sink({.kind = kind, .text = text, .logprob = logprob});
}

record::ToolCall* JsonAnswerReader::tool_call(std::int64_t index) {
  if (index < 0 || index >= kMostToolCalls) return nullptr;
  const auto position = static_cast<std::size_t>(index);
  if (position > answer_.tool_calls.size()) return nullptr;  // they come in order
  if (position == answer_.tool_calls.size()) answer_.tool_calls.emplace_back();
  return &answer_.tool_calls[position];
}

void JsonAnswerReader::add_tool_call(std::string_view id, std::string_view name,
                                     std::string_view arguments, const PieceSink& sink) {
  answer_.tool_calls.push_back(
      {.id = std::string(id), .name = std::string(name), .arguments = std::string(arguments)});
  if (sink) sink({.kind = PieceKind::kToolCall, .text = arguments, .logprob = std::nullopt});
}

std::optional<core::Tokens> tokens(JsonValue value) {
  const auto count = value.integer();
  return count && *count >= 0 ? std::optional(core::Tokens{*count}) : std::nullopt;
}

void update(std::optional<core::Tokens>& field, JsonValue value) {
  if (const auto count = tokens(value)) field = count;
}

bool mentions(std::string_view body, std::span<const std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) {
    return !std::ranges::search(body, word, {}, lower, lower).empty();
  });
}

}  // namespace ipw::models
