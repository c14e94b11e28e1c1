#pragma once
// The judgement of an answer against the reference by rule: no judge model, no network, the same
// verdict for the same text on every machine.

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ipw/core/result.h"
#include "ipw/record/question.h"
#include "ipw/record/verdict.h"

namespace ipw::scoring {

/// Raised with every change of a rule that changes the verdict on some answer, and recorded with
/// every run: results that were judged by different rules can be told apart. 1: <think> alone was
/// known; a formula was taken for its last number; a minus before anything but a digit was dropped
/// by "normalized".
inline constexpr int kRulesVersion = 2;

/// Thread-safe.
class Scorer {
 public:
  virtual ~Scorer() = default;

  /// As make_scorer() was called: "numeric", "regex:…".
  [[nodiscard]] virtual std::string name() const = 0;

  /// The rule that judges `question`: name(), but for "auto" what the question asks for.
  [[nodiscard]] virtual std::string rule_for(const record::Question& question) const;

  /// kInvalidData where the reference cannot be judged against (a numeric scorer needs a number).
  /// Ask before a run; it costs no model time.
  [[nodiscard]] virtual core::Result<void> check(const record::Question& question) const = 0;

  /// The verdict on `answer`, UTF-8 or not. An answer that is empty, hedges between two, or cannot
  /// be read is the model's own failure: incorrect, with the reason in `why`. Missing only where
  /// check() fails. Thinking in the text (ipw/scoring/thinking.h) is not part of the
  /// answer; how much was left out stands in `why`.
  [[nodiscard]] virtual record::Verdict score(const record::Question& question,
                                              std::string_view answer) const = 0;
};

struct ScorerRow {
  std::string_view name;
  std::string_view summary;  // one line for `ipw list`
};

/// The table of scorers.
[[nodiscard]] std::span<const ScorerRow> scorers();

/// The scorer called `spec`: a name of the table, or "regex:PATTERN". kUsage for an unknown name or
/// a pattern that RE2 does not take.
[[nodiscard]] core::Result<std::unique_ptr<Scorer>> make_scorer(std::string_view spec);

/// The scorer that "auto" uses for `question`: choice where it has options, numeric where its
/// reference is a number or GSM8K's "#### number", else normalized.
[[nodiscard]] std::string_view scorer_for(const record::Question& question);

/// Whether the reference of `question` is a formula that `rule` (as rule_for() says it) can only
/// compare as text: right is what is written the same way.
[[nodiscard]] bool compares_formula_as_text(const record::Question& question,
                                            std::string_view rule);

}  // namespace ipw::scoring
