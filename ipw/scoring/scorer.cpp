// The scorers and their table.
#include "ipw/scoring/scorer.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "ipw/scoring/answer_text.h"
#include "ipw/scoring/choice.h"
#include "ipw/scoring/formula.h"
#include "ipw/scoring/numeric.h"
#include "ipw/scoring/stated.h"
#include "ipw/scoring/thinking.h"

namespace ipw::scoring {
namespace {

using core::ErrorCode;
using record::Outcome;
using record::Question;
using record::Verdict;

Verdict verdict(bool correct, std::string extracted, std::string why) {
  return {correct ? Outcome::kCorrect : Outcome::kIncorrect, correct ? 1.0 : 0.0,
          std::move(extracted), std::move(why)};
}

core::Result<void> unfit(const Question& question, const std::string& scorer,
                         const std::string& why) {
  return core::fail(ErrorCode::kInvalidData,
                    "question " + question.external_id.value_or(question.id) +
                        " cannot be judged by the " + scorer + " scorer: " + why +
                        " (choose another scorer: auto takes the one that each reference asks "
                        "for; or correct the reference)");
}

std::string what_was_cut(const Spoken& spoken) {
  return std::to_string(spoken.cut) + " bytes of thinking (" + shown(spoken.form) +
         ") are not part of it";
}

/// What all scorers share: thinking cut off, empty answers incorrect, an unfit reference missing.
class RuleScorer : public Scorer {
 public:
  explicit RuleScorer(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] std::string name() const final { return name_; }

  [[nodiscard]] core::Result<void> check(const Question& question) const final {
    const std::string why = unfit_because(question);
    if (!why.empty()) return unfit(question, name_, why);
    return {};
  }

  [[nodiscard]] Verdict score(const Question& question, std::string_view answer) const final {
    if (const std::string why = unfit_because(question); !why.empty()) {
      return {Outcome::kMissing, 0.0, {}, why};
    }
    // A reference that speaks of such marks asks about them: then they are text.
    if (names_thinking(question.reference)) return judged(question, answer, {});
    const Spoken spoken = without_thinking(answer);
    return judged(question, spoken.answer, spoken);
  }

 private:
  /// Why the reference cannot be judged against; empty where it can.
  [[nodiscard]] virtual std::string unfit_because(const Question& question) const {
    return trimmed(question.reference).empty() ? "the reference is empty" : "";
  }
  [[nodiscard]] virtual Verdict judge(const Question& question, std::string_view answer) const = 0;

  [[nodiscard]] Verdict judged(const Question& question, std::string_view answer,
                               const Spoken& spoken) const {
    const std::string_view text = trimmed(answer);
    if (!text.empty()) {
      Verdict result = judge(question, text);
      if (spoken.cut > 0) result.why += "; " + what_was_cut(spoken);
      return result;
    }
    return verdict(false, {},
                   spoken.cut == 0
                       ? "the answer is empty"
                       : "the answer holds nothing but reasoning: " + what_was_cut(spoken));
  }

  std::string name_;
};

class Exact final : public RuleScorer {
 public:
  using RuleScorer::RuleScorer;

 private:
  [[nodiscard]] Verdict judge(const Question& question, std::string_view answer) const override {
    const bool same = answer == trimmed(question.reference);
    return verdict(same, std::string(answer),
                   same ? "the same text" : "not '" + shown(question.reference) + "'");
  }
};

class Normalized final : public RuleScorer {
 public:
  using RuleScorer::RuleScorer;

 private:
  [[nodiscard]] Verdict judge(const Question& question, std::string_view answer) const override {
    if (is_formula(question.reference)) return judge_formula(question, answer);
    const std::string expected = normalized(question.reference);
    std::string given = normalized(untagged(answer));
    const bool same = expected.empty() ? answer == trimmed(question.reference) : given == expected;
    return verdict(same, std::move(given),
                   same ? "the same words" : "not '" + shown(expected) + "'");
  }

  // Nothing is calculated: the formula that the answer states, or is, must be written the same way.
  static Verdict judge_formula(const Question& question, std::string_view answer) {
    const std::string expected = formula_text(stated_text(question.reference));
    std::string given = formula_text(stated_text(answer));
    const bool same = given == expected;
    return verdict(same, std::move(given),
                   same ? "the same formula, as text"
                        : "not '" + shown(expected) + "' (formulas are compared as text)");
  }
};

class Contains final : public RuleScorer {
 public:
  using RuleScorer::RuleScorer;

 private:
  [[nodiscard]] std::string unfit_because(const Question& question) const override {
    return normalized(question.reference).empty() ? "the reference has no words" : "";
  }
  [[nodiscard]] Verdict judge(const Question& question, std::string_view answer) const override {
    const std::string expected = normalized(question.reference);
    const bool holds = holds_words(normalized(answer), expected);
    return verdict(holds, holds ? expected : std::string(),
                   (holds ? "holds '" : "does not hold '") + shown(expected) + "'");
  }
};

class Numeric final : public RuleScorer {
 public:
  using RuleScorer::RuleScorer;

 private:
  [[nodiscard]] std::string unfit_because(const Question& question) const override {
    const NumericAnswer reference = reference_number(question);
    if (reference.formula) {
      return "the reference '" + shown(question.reference) + "' is a formula, not a plain number";
    }
    if (!reference.number) {
      return "the reference '" + shown(question.reference) + "' is not a number";
    }
    if (reference.ambiguous || (!reference.stated && reference.candidates > 1)) {
      return "the reference '" + shown(question.reference) + "' holds more than one number";
    }
    return {};
  }

  // Words may stand around a reference that is to be a number ("12 monkeys"), mathematics may not.
  static NumericAnswer reference_number(const Question& question) {
    if (auto number = plain_number(question.reference)) return *number;
    NumericAnswer reference = numeric_answer(question.reference);
    if (!reference.stated && is_mathematical(question.reference)) reference.formula = true;
    return reference;
  }

  [[nodiscard]] Verdict judge(const Question& question, std::string_view answer) const override {
    const NumericAnswer reference = reference_number(question);
    NumericAnswer given = numeric_answer(answer);
    if (given.formula) {
      return verdict(false, given.text,
                     "the answer is a formula, not a plain number (" + given.where + ")");
    }
    if (!given.number) return verdict(false, {}, "the answer holds no number");
    if (given.ambiguous) {
      return verdict(false, given.text, "the answer leaves open which number it means");
    }
    const bool same = equal(*given.number, *reference.number);
    std::string why =
        "read " + given.text + " (" + given.where + "); the reference is " + reference.text;
    return verdict(same, std::move(given.text), std::move(why));
  }
};

class Choice final : public RuleScorer {
 public:
  using RuleScorer::RuleScorer;

 private:
  // The reference as an index: one capital letter within the options.
  static std::size_t right_option(const Question& question) {
    const std::string_view letter = trimmed(question.reference);
    if (letter.size() != 1 || letter[0] < 'A') return question.choices.size();
    return static_cast<std::size_t>(letter[0] - 'A');
  }

  [[nodiscard]] std::string unfit_because(const Question& question) const override {
    if (question.choices.empty()) return "it has no choices";
    if (right_option(question) < question.choices.size()) return {};
    return "the reference '" + shown(question.reference) + "' is not the letter of a choice";
  }

  [[nodiscard]] Verdict judge(const Question& question, std::string_view answer) const override {
    ChoiceAnswer given = reader_.read(answer, question.choices);
    if (!given.option) return verdict(false, {}, std::move(given.why));
    return verdict(*given.option == right_option(question),
                   std::string(1, static_cast<char>('A' + *given.option)),
                   given.why + "; the reference is " + question.reference);
  }

  ChoiceReader reader_;
};

// RE2's own logging is off: its errors are in our messages.
re2::RE2::Options quiet() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

/// "regex": the reference is the pattern.
class ReferencePattern final : public RuleScorer {
 public:
  using RuleScorer::RuleScorer;

 private:
  [[nodiscard]] std::string unfit_because(const Question& question) const override {
    if (question.reference.empty()) return "the reference is empty";
    const re2::RE2 pattern(question.reference, quiet());
    return pattern.ok() ? "" : "the reference is not a regular expression: " + pattern.error();
  }
  [[nodiscard]] Verdict judge(const Question& question, std::string_view answer) const override {
    const re2::RE2 pattern(question.reference, quiet());
    const re2::StringPiece text(answer.data(), answer.size());
    re2::StringPiece match;
    const bool found = pattern.Match(text, 0, text.size(), re2::RE2::UNANCHORED, &match, 1);
    return verdict(found, std::string(match),
                   (found ? "matches '" : "does not match '") + shown(question.reference) + "'");
  }
};

/// "regex:PATTERN": the pattern's last match (its first group, if it has one) is the answer.
class ExtractingPattern final : public RuleScorer {
 public:
  ExtractingPattern(std::string name, std::unique_ptr<re2::RE2> pattern)
      : RuleScorer(std::move(name)), pattern_(std::move(pattern)) {}

 private:
  [[nodiscard]] Verdict judge(const Question& question, std::string_view answer) const override {
    const re2::StringPiece text(answer.data(), answer.size());
    std::array<re2::StringPiece, 2> groups;
    const int wanted = std::min(pattern_->NumberOfCapturingGroups(), 1) + 1;
    std::string extracted;
    bool found = false;
    for (std::size_t at = 0; at <= text.size();) {
      if (!pattern_->Match(text, at, text.size(), re2::RE2::UNANCHORED, groups.data(), wanted)) {
        break;
      }
      found = true;
      const re2::StringPiece& group = groups[static_cast<std::size_t>(wanted - 1)];
      extracted = group.data() == nullptr ? std::string() : std::string(group);
      const auto end = static_cast<std::size_t>(groups[0].data() - text.data()) + groups[0].size();
      at = std::max(end, at + 1);
    }
    if (!found) return verdict(false, {}, "nothing matches '" + shown(pattern_->pattern()) + "'");
    const bool same = trimmed(extracted) == trimmed(question.reference);
    return verdict(same, std::move(extracted),
                   same ? "the match is the reference" : "not '" + shown(question.reference) + "'");
  }

  std::unique_ptr<re2::RE2> pattern_;
};

/// "auto": for each question the scorer that its reference asks for.
class Auto final : public Scorer {
 public:
  [[nodiscard]] std::string name() const override { return "auto"; }
  [[nodiscard]] std::string rule_for(const Question& question) const override {
    return std::string(scorer_for(question));
  }
  [[nodiscard]] core::Result<void> check(const Question& question) const override {
    return fit(question).check(question);
  }
  [[nodiscard]] Verdict score(const Question& question, std::string_view answer) const override {
    return fit(question).score(question, answer);
  }

 private:
  [[nodiscard]] const Scorer& fit(const Question& question) const {
    const std::string_view name = scorer_for(question);
    if (name == "choice") return choice_;
    if (name == "numeric") return numeric_;
    return normalized_;
  }

  Choice choice_{"choice"};
  Numeric numeric_{"numeric"};
  Normalized normalized_{"normalized"};
};

template <class T>
std::unique_ptr<Scorer> rule(std::string_view name) {
  return std::make_unique<T>(std::string(name));
}

struct FactoryRow {
  ScorerRow row;
  std::unique_ptr<Scorer> (*make)(std::string_view name);
};

constexpr FactoryRow kFactories[] = {
    {{"exact", "the same text, white space at the ends aside"}, rule<Exact>},
    {{"normalized", "the same words, whatever the case, punctuation and articles"},
     rule<Normalized>},
    {{"numeric", "the same number, read from ####, \\boxed{}, 'answer is' or the end"},
     rule<Numeric>},
    {{"choice", "the right letter, or the full text of the right option"}, rule<Choice>},
    {{"contains", "the reference's words stand together in the answer"}, rule<Contains>},
    {{"regex", "the reference is an RE2 pattern that matches; regex:PATTERN extracts instead"},
     rule<ReferencePattern>},
    {{"auto", "choice, numeric or normalized, as each question asks for"},
     [](std::string_view) -> std::unique_ptr<Scorer> { return std::make_unique<Auto>(); }},
};

constexpr auto kRows = [] {
  std::array<ScorerRow, std::size(kFactories)> rows{};
  std::ranges::transform(kFactories, rows.begin(), &FactoryRow::row);
  return rows;
}();

core::Result<std::unique_ptr<Scorer>> extracting(std::string_view spec, std::string_view pattern) {
  auto compiled =
      std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), quiet());
  if (compiled->ok() && !pattern.empty()) {
    return std::make_unique<ExtractingPattern>(std::string(spec), std::move(compiled));
  }
  return core::fail(ErrorCode::kUsage, "the pattern of scorer '" + std::string(spec) +
                                           "' is not usable: " +
                                           (pattern.empty() ? "it is empty" : compiled->error()) +
                                           " (write it in RE2's syntax)");
}

}  // namespace

std::string Scorer::rule_for(const Question&) const { return name(); }

std::span<const ScorerRow> scorers() { return kRows; }

core::Result<std::unique_ptr<Scorer>> make_scorer(std::string_view spec) {
  constexpr std::string_view kRegex = "regex:";
  if (spec.starts_with(kRegex)) return extracting(spec, spec.substr(kRegex.size()));
  std::string known;
  for (const FactoryRow& factory : kFactories) {
    if (factory.row.name == spec) return factory.make(spec);
    known += (known.empty() ? "" : ", ") + std::string(factory.row.name);
  }
  return core::fail(ErrorCode::kUsage, "there is no scorer '" + std::string(spec) +
                                           "' (known are " + known + ", and regex:PATTERN)");
}

std::string_view scorer_for(const Question& question) {
  if (!question.choices.empty()) return "choice";
  return plain_number(question.reference) ? "numeric" : "normalized";
}

bool compares_formula_as_text(const Question& question, std::string_view rule) {
  const bool as_text = rule == "normalized" || rule == "exact" || rule == "contains";
  return as_text && is_formula(question.reference);
}

}  // namespace ipw::scoring
