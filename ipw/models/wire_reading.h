#pragma once
// What the four formats' readers have in common: how text, counts and failures of any provider come
// into a WireAnswer.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "ipw/models/token_claims.h"
#include "ipw/models/wire_format.h"
#include "ipw/models/wire_json.h"

namespace ipw::models {

/// An AnswerReader that parses each event once and hands the document on.
class JsonAnswerReader : public AnswerReader {
 public:
  [[nodiscard]] WireResult read_event(std::string_view event, std::string_view data,
                                      const PieceSink& sink) final;
  [[nodiscard]] WireResult read_whole(std::string_view body, const PieceSink& sink) final;
  [[nodiscard]] WireResult end(const PieceSink& sink) final;

 protected:
  JsonAnswerReader(net::SecretMask mask, CountingHabit habit)
      : mask_(std::move(mask)), habit_(habit) {}

  /// One event's document, an object.
  [[nodiscard]] virtual WireResult take_event(std::string_view event, JsonValue document,
                                              const PieceSink& sink) = 0;
  /// A whole answer's document, an object.
  [[nodiscard]] virtual WireResult take_whole(JsonValue document, const PieceSink& sink) = 0;

  /// Adds to the answer and passes on, unless `text` is empty.
  void add(PieceKind kind, std::string_view text, const PieceSink& sink,
           std::optional<double> logprob = std::nullopt);
  /// Adds what a content holds: a text, a part or a list of parts. `kind` is that of what does not
  /// say otherwise; parts that are neither text, thinking nor refusal are left out.
  void add_content(JsonValue content, PieceKind kind, const PieceSink& sink,
                   std::optional<double> logprob = std::nullopt);
  /// The tool call number `index` of the answer, made where it is new; null: the number is absurd.
  [[nodiscard]] record::ToolCall* tool_call(std::int64_t index);
  /// Begins another tool call, whole.
  void add_tool_call(std::string_view id, std::string_view name, std::string_view arguments,
                     const PieceSink& sink);
  /// Adds to `call`, one of the answer's, and passes on, also where it is empty.
  void add_arguments(record::ToolCall& call, std::string_view arguments, const PieceSink& sink);
  /// The word of a server for why the answer ended (finish_words.h). A failure: it broke off, or
  /// the word is not known to be an end.
  [[nodiscard]] WireResult take_finish(std::string_view word);
  [[nodiscard]] bool has_output() const;

  /// An error that came inside the answer. `status` is what it would have been outside.
  [[nodiscard]] std::unexpected<net::Failure> reported(int status, std::string_view said) const;

  TokenClaims claims_;
  TokenClaims spare_claims_;  // for what the claims lack
  bool refused_ = false;

 private:
  enum class Lines { kMayCome, kAreHere };
  [[nodiscard]] WireResult read_data(std::string_view event, std::string_view data,
                                     const PieceSink& sink, Lines lines);
  [[nodiscard]] WireResult read_lines(std::string_view text, const PieceSink& sink);
  [[nodiscard]] WireResult take_documents(std::string_view event, JsonValue document,
                                          const PieceSink& sink);
  void add_part(JsonValue part, PieceKind kind, const PieceSink& sink,
                std::optional<double> logprob, int depth);
  void settle();
  void mask_answer();

  net::SecretMask mask_;
  CountingHabit habit_;
  JsonParser parser_;
  std::array<HalfJoiner, 3> halves_;  // by kind of piece
};

/// A count of tokens; absent where it is no whole number from 0 to kMostTokens.
[[nodiscard]] std::optional<core::Tokens> tokens(JsonValue value);
/// `field` becomes `value`'s count where there is one; a 0 replaces nothing.
void update(std::optional<core::Tokens>& field, JsonValue value);

[[nodiscard]] std::unexpected<net::Failure> unreadable(const std::string& why);

/// Whether `body` holds one of `words`, whatever the case.
[[nodiscard]] bool mentions(std::string_view body, std::span<const std::string_view> words);

}  // namespace ipw::models
