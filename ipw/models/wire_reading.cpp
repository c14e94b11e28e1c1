// See wire_reading.h.
#include "ipw/models/wire_reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "ipw/models/finish_words.h"

namespace ipw::models {
namespace {

constexpr std::int64_t kMostToolCalls = 4096;
constexpr int kDeepestPart = 8;
constexpr std::string_view kBlanks = " \t\r\n";

// The longest tokens of common vocabularies are runs of 128 blanks; the counts of a server include
// a few tokens that are no text (end of turn, start of a tool call).
constexpr std::int64_t kMostBytesPerToken = 128;
constexpr std::int64_t kTextlessTokens = 16;

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t from = std::min(text.find_first_not_of(kBlanks), text.size());
  return text.substr(from, text.find_last_not_of(kBlanks) + 1 - from);
}

// Whether the lines of `text` are documents of their own: one ends in '}', and the next line that
// is not blank begins with '{', as no lines of one document do.
bool is_lines(std::string_view text) {
  for (std::size_t end = text.find('}'); end != std::string_view::npos; end = text.find('}', end)) {
    const std::size_t next = text.find_first_not_of(kBlanks, ++end);
    if (next == std::string_view::npos) return false;
    if (text[next] == '{' && text.substr(end, next - end).contains('\n')) return true;
    end = next;
  }
  return false;
}

// Whether text may be lost with data that is no JSON: words like "ping" or "[DONE]" hold none.
bool may_hold_text(std::string_view data) {
  return data.starts_with('{') ||
         (data.starts_with('[') && trimmed(data.substr(1)).starts_with('{'));
}

// What the parts of a content are, by their types.
enum class Part { kAsGiven, kText, kThinking, kRefusal };
struct PartType {
  std::string_view type;
  Part part;
};
constexpr auto kPartTypes = std::to_array<PartType>({
    {"", Part::kAsGiven},
    {"text", Part::kAsGiven},  // within thinking it is thinking
    {"text_delta", Part::kText},
    {"output_text", Part::kText},
    {"message", Part::kText},
    {"refusal", Part::kRefusal},
    {"thinking", Part::kThinking},
    {"thinking_delta", Part::kThinking},
    {"thought", Part::kThinking},
    {"reasoning", Part::kThinking},
    {"reasoning_content", Part::kThinking},
    {"reasoning_text", Part::kThinking},
    {"reasoning.text", Part::kThinking},
    {"reasoning.summary", Part::kThinking},
    {"summary_text", Part::kThinking},
});
// Where a part has what it says; the first that is there.
constexpr auto kPartFields =
    std::to_array<std::string_view>({"text", "thinking", "content", "refusal", "reasoning",
                                     "reasoning_content", "summary", "value"});

net::Failure no_end(bool begun) {
  return {.kind = net::FailureKind::kProtocol,
          .message = begun
                         ? "the answer stopped before its end (the server was cut off; ask again)"
                         : "the answer ended before it began (the server gave nothing; ask again)"};
}

std::int64_t size_of(const std::string& text) { return static_cast<std::int64_t>(text.size()); }

void add_clause(std::string& text, const std::string& clause) {
  if (!text.empty() && !clause.empty()) text += "; ";
  text += clause;
}

}  // namespace

std::unexpected<net::Failure> JsonAnswerReader::reported(int status, std::string_view said) const {
  return std::unexpected(net::Failure{
      .kind = net::FailureKind::kStatus,
      .message = "the server broke off with an error: " + net::quoted(said, mask_) + " (ask again)",
      .status = status,
      .answered = true});
}

std::unexpected<net::Failure> unreadable(const std::string& why) {
  return std::unexpected(net::Failure{
      .kind = net::FailureKind::kProtocol,
      .message = "cannot read the answer: " + why + " (check that the address is that of the API)",
      .answered = true});
}

// ---- documents ----

WireResult JsonAnswerReader::read_event(std::string_view event, std::string_view data,
                                        const PieceSink& sink) {
  return read_data(event, data, sink, Lines::kMayCome);
}

WireResult JsonAnswerReader::read_data(std::string_view event, std::string_view data,
                                       const PieceSink& sink, Lines lines) {
  data = trimmed(data);
  if (data.empty()) return {};  // a heartbeat
  const core::Result<JsonValue> document = parser_.parse(data);
  if (document) return take_documents(event, *document, sink);
  // Servers that leave out the blank line between two events join them to one.
  if (lines == Lines::kMayCome && is_lines(data)) return read_lines(data, sink);
  if (event == "error") return reported(500, data);
  if (may_hold_text(data)) return unreadable(document.error().message);
  return {};
}

WireResult JsonAnswerReader::read_lines(std::string_view text, const PieceSink& sink) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    WireResult read = read_data({}, text.substr(0, end), sink, Lines::kAreHere);
    if (!read) return read;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

// An object, or each of an array; all else brings nothing.
WireResult JsonAnswerReader::take_documents(std::string_view event, JsonValue document,
                                            const PieceSink& sink) {
  if (document.is_object()) return take_event(event, document, sink);
  if (event == "error") return reported(500, document.text().value_or(document.json()));
  WireResult result;
  document.for_each([&](JsonValue element) {
    if (result && element.is_object()) result = take_event(event, element, sink);
  });
  return result;
}

WireResult JsonAnswerReader::read_whole(std::string_view body, const PieceSink& sink) {
  body = trimmed(body);
  if (body.starts_with('<')) {
    return std::unexpected(net::Failure{
        .kind = net::FailureKind::kProtocol,
        .message = "the server answered with a web page instead of an answer (check the "
                   "address; a proxy may stand between)",
        .answered = true});
  }
  const core::Result<JsonValue> document = parser_.parse(body);
  if (!document && is_lines(body)) return read_lines(body, sink);
  if (!document) return unreadable(document.error().message);
  if (document->is_object()) return take_whole(*document, sink);
  if (!document->front().is_object()) return unreadable("it is JSON, but not an object");
  return take_documents({}, *document, sink);
}

WireResult JsonAnswerReader::end(const PieceSink& sink) {
  for (const PieceKind kind : {PieceKind::kReasoning, PieceKind::kText}) {
    const std::string rest = halves_[static_cast<std::size_t>(kind)].rest();
    if (rest.empty()) continue;
    (kind == PieceKind::kReasoning ? answer_.reasoning : answer_.text) += rest;
    if (sink) sink({.kind = kind, .text = rest, .logprob = std::nullopt});
  }
  settle();
  mask_answer();
  if (answer_.finish) return {};
  return std::unexpected(no_end(has_output()));
}

// ---- text ----

void JsonAnswerReader::add(PieceKind kind, std::string_view text, const PieceSink& sink,
                           std::optional<double> logprob) {
  if (text.empty()) return;
  HalfJoiner& halves = halves_[static_cast<std::size_t>(kind)];
  std::string joined;
  if (parser_.has_halves() || halves.waits()) {
    joined = halves.joined(text, parser_.has_halves());
    text = joined;
    if (text.empty()) return;
  }
  (kind == PieceKind::kReasoning ? answer_.reasoning : answer_.text) += text;
  if (sink) sink({.kind = kind, .text = text, .logprob = logprob});
}

void JsonAnswerReader::add_content(JsonValue content, PieceKind kind, const PieceSink& sink,
                                   std::optional<double> logprob) {
  add_part(content, kind, sink, logprob, 0);
}

void JsonAnswerReader::add_part(JsonValue part, PieceKind kind, const PieceSink& sink,
                                std::optional<double> logprob, int depth) {
  if (depth > kDeepestPart) return;
  if (const auto text = part.text()) return add(kind, *text, sink, logprob);
  if (part.is_array()) {
    part.for_each([&](JsonValue inner) { add_part(inner, kind, sink, logprob, depth + 1); });
    return;
  }
  const std::string_view type = part["type"].text().value_or("");
  const auto* row = std::ranges::find(kPartTypes, type, &PartType::type);
  if (row == kPartTypes.end()) return;
  if (row->part == Part::kText || row->part == Part::kRefusal) kind = PieceKind::kText;
  if (row->part == Part::kThinking || part["thought"].is_true()) kind = PieceKind::kReasoning;
  for (const std::string_view field : kPartFields) {
    const JsonValue inner = part[field];
    if (!inner.present()) continue;
    refused_ = refused_ || row->part == Part::kRefusal;
    return add_part(inner, kind, sink, logprob, depth + 1);
  }
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
  answer_.tool_calls.push_back({.id = std::string(id), .name = std::string(name), .arguments = {}});
  add_arguments(answer_.tool_calls.back(), arguments, sink);
}

void JsonAnswerReader::add_arguments(record::ToolCall& call, std::string_view arguments,
                                     const PieceSink& sink) {
  HalfJoiner& halves = halves_[static_cast<std::size_t>(PieceKind::kToolCall)];
  const std::string joined = halves.joined(arguments, parser_.has_halves());
  call.arguments += joined;
  if (sink) sink({.kind = PieceKind::kToolCall, .text = joined, .logprob = std::nullopt});
}

bool JsonAnswerReader::has_output() const {
  return !answer_.text.empty() || !answer_.reasoning.empty() || !answer_.tool_calls.empty();
}

// ---- its end ----

WireResult JsonAnswerReader::take_finish(std::string_view word) {
  const FinishWord finish = finish_word(word);
  switch (finish.says) {
    case FinishWord::Says::kNothing: return {};
    case FinishWord::Says::kEnded: answer_.finish = finish.reason; break;
    case FinishWord::Says::kBrokenOff:
      return reported(502, "it ended the answer with \"" + std::string(word) + "\"");
    case FinishWord::Says::kUnknown:
      return std::unexpected(net::Failure{
          .kind = net::FailureKind::kProtocol,
          .message = "the answer did not end as far as one can tell: the server says \"" +
                     net::quoted(word, mask_) + "\" (ask again)",
          .answered = true});
  }
  if (answer_.finish == record::FinishReason::kStop && !answer_.tool_calls.empty()) {
    answer_.finish = record::FinishReason::kToolCalls;
  }
  if (refused_) answer_.finish = record::FinishReason::kRefused;
  return {};
}

void JsonAnswerReader::settle() {
  const auto spare = [](std::optional<core::Tokens>& claim, std::optional<core::Tokens> other) {
    if (!claim) claim = other;
  };
  spare(claims_.prompt, spare_claims_.prompt);
  spare(claims_.output, spare_claims_.output);
  spare(claims_.cached, spare_claims_.cached);
  SettledUsage settled = models::settled(claims_, habit_, has_output());
  answer_.usage = settled.usage;
  answer_.caution = std::move(settled.caution);
  if (!answer_.usage.output) return;

  const std::int64_t counted = answer_.usage.output->count;
  const std::int64_t hidden = answer_.usage.reasoning ? answer_.usage.reasoning->count : 0;
  std::int64_t bytes = size_of(answer_.text) + size_of(answer_.reasoning);
  for (const record::ToolCall& call : answer_.tool_calls) {
    bytes += size_of(call.name) + size_of(call.arguments);
  }
  const bool too_few = counted * kMostBytesPerToken < bytes;
  // The frame of a tool call is tokens without text.
  const bool too_many = answer_.tool_calls.empty() && counted - hidden > bytes + kTextlessTokens;
  if (!too_few && !too_many) return;
  add_clause(answer_.caution, fmt::format("the server counted {} output tokens for {} bytes{}",
                                          counted, bytes, too_few ? ", which cannot be" : ""));
  if (too_few) answer_.usage.output = answer_.usage.reasoning = std::nullopt;
}

void JsonAnswerReader::mask_answer() {
  answer_.text = mask_(std::move(answer_.text));
  answer_.reasoning = mask_(std::move(answer_.reasoning));
  answer_.served_by = mask_(std::move(answer_.served_by));
  for (record::ToolCall& call : answer_.tool_calls) {
    for (std::string* text : {&call.id, &call.name, &call.arguments}) {
      *text = mask_(std::move(*text));
    }
  }
}

// ---- counts, words ----

std::optional<core::Tokens> tokens(JsonValue value) {
  const auto count = value.integer();
  const bool plausible = count && *count >= 0 && *count <= kMostTokens;
  return plausible ? std::optional(core::Tokens{*count}) : std::nullopt;
}

void update(std::optional<core::Tokens>& field, JsonValue value) {
  const auto count = tokens(value);
  if (count && (count->count > 0 || !field)) field = count;
}

bool mentions(std::string_view body, std::span<const std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) {
    return !std::ranges::search(body, word, {}, lower, lower).empty();
  });
}

}  // namespace ipw::models
