#pragma once
// What the four formats' readers have in common: how text, counts and failures of any provider come
// into a WireAnswer.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/models/wire_format.h"
#include "ipw/models/wire_json.h"

namespace ipw::models {

/// An AnswerReader that parses each event once and hands the document on.
class JsonAnswerReader : public AnswerReader {
 public:
  [[nodiscard]] WireResult read_event(std::string_view event, std::string_view data,
                                      const PieceSink& sink) final;
  [[nodiscard]] WireResult read_whole(std::string_view body, const PieceSink& sink) final;

 protected:
  /// One event's document, an object.
  [[nodiscard]] virtual WireResult take_event(std::string_view event, JsonValue document,
                                              const PieceSink& sink) = 0;
  /// A whole answer's document, an object.
  [[nodiscard]] virtual WireResult take_whole(JsonValue document, const PieceSink& sink) = 0;
  /// Whether `data` ends the stream without being JSON ("[DONE]").
  [[nodiscard]] virtual bool is_end(std::string_view data);

  /// Adds to the answer and passes on, unless `text` is empty.
  void add(PieceKind kind, std::string_view text, const PieceSink& sink,
           std::optional<double> logprob = std::nullopt);
  /// The tool call number `index` of the answer, made where it is new; null: the number is absurd.
  [[nodiscard]] record::ToolCall* tool_call(std::int64_t index);
  /// Begins another tool call, whole.
  void add_tool_call(std::string_view id, std::string_view name, std::string_view arguments,
                     const PieceSink& sink);

 private:
  [[nodiscard]] std::expected<JsonValue, net::Failure> parse(std::string_view text);
  JsonParser parser_;
};

/// A count of tokens; absent where it is no whole number from 0 on.
[[nodiscard]] std::optional<core::Tokens> tokens(JsonValue value);
/// `field` becomes `value`'s count where there is one, and stays otherwise.
void update(std::optional<core::Tokens>& field, JsonValue value);

/// An error that came inside an answer. `status` is what it would have been outside.
[[nodiscard]] std::unexpected<net::Failure> reported(int status, std::string_view message);
[[nodiscard]] std::unexpected<net::Failure> unreadable(const std::string& why);

/// Whether `body` holds one of `words`, whatever the case.
[[nodiscard]] bool mentions(std::string_view body, std::span<const std::string_view> words);

}  // namespace ipw::models
