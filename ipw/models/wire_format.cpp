// The table of formats, and what all their readers share.
#include "ipw/models/wire_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ipw/models/anthropic_format.h"
#include "ipw/models/gemini_format.h"
#include "ipw/models/ollama_format.h"
#include "ipw/models/openai_format.h"

namespace ipw::models {
namespace {

// The longest tokens of common vocabularies are runs of 128 blanks; the counts of a server include
// a few tokens that are no text (end of turn, start of a tool call).
constexpr std::int64_t kMostBytesPerToken = 128;
constexpr std::int64_t kTextlessTokens = 16;

std::int64_t size_of(const std::string& text) { return static_cast<std::int64_t>(text.size()); }

}  // namespace

std::span<const WireFormat* const> wire_formats() {
  static const std::array formats{&ollama_format(), &openai_format(), &anthropic_format(),
                                  &gemini_format()};
  return formats;
}

const WireFormat* find_wire_format(std::string_view scheme) {
  const auto formats = wire_formats();
  const auto found = std::ranges::find_if(
      formats, [&](const WireFormat* format) { return format->traits().scheme == scheme; });
  return found == formats.end() ? nullptr : *found;
}

WireResult AnswerReader::at_end() const {
  if (answer_.finish) return {};
  const bool begun =
      !answer_.text.empty() || !answer_.reasoning.empty() || !answer_.tool_calls.empty();
  return std::unexpected(net::Failure{
      .kind = net::FailureKind::kProtocol,
      .message = begun ? "the answer stopped before its end (the server was cut off; ask again)"
                       : "the answer ended before it began (the server gave nothing; ask again)"});
}

std::string contradiction(const WireAnswer& answer) {
  if (!answer.usage.output) return {};
  const std::int64_t counted = answer.usage.output->count;
  std::int64_t bytes = size_of(answer.text) + size_of(answer.reasoning);
  for (const record::ToolCall& call : answer.tool_calls) {
    bytes += size_of(call.name) + size_of(call.arguments);
  }
  const std::int64_t hidden = answer.usage.reasoning ? answer.usage.reasoning->count : 0;
  if (counted < 0 || counted * kMostBytesPerToken < bytes) {
    return fmt::format("the server counted {} output tokens for {} bytes", counted, bytes);
  }
  const bool calls_tools = !answer.tool_calls.empty();  // whose frame is tokens without text
  if (!calls_tools && counted - hidden > bytes + kTextlessTokens) {
    return fmt::format("the server counted {} output tokens for {} bytes", counted, bytes);
  }
  return {};
}

}  // namespace ipw::models
