// Counting is all; what is counted is decided by the scorers.
#include "ipw/profiling/references.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ipw/scoring/answer_text.h"

namespace ipw::profiling {
namespace {

constexpr std::size_t kListed = 1000;

}  // namespace

void References::add(const scoring::Scorer& scorer, const record::Question& question) {
  const std::string rule = scorer.rule_for(question);
  ++judged_by[rule];
  if (!scoring::compares_formula_as_text(question, rule)) return;
  ++formulas;
  if (formula_list.size() == kListed) return;
  formula_list.push_back(fmt::format("question {}: '{}'",
                                     question.external_id.value_or(question.id),
                                     scoring::shown(question.reference)));
}

core::Result<References> references_of(datasets::QuestionSet& set, const scoring::Scorer& scorer) {
  References references;
  while (true) {
    IPW_TRY(const auto question, set.next());
    if (!question) break;
    references.add(scorer, *question);
  }
  IPW_CHECK(set.rewind());
  return references;
}

std::vector<std::string> notes(const References& references) {
  std::vector<std::string> lines;
  if (references.judged_by.size() > 1) {
    std::vector<std::string> rules;
    rules.reserve(references.judged_by.size());
    for (const auto& [rule, count] : references.judged_by) {
      rules.push_back(fmt::format("{}: {}", rule, count));
    }
    lines.push_back(fmt::format("judged by {}", fmt::join(rules, ", ")));
  }
  if (references.formulas > 0) {
    lines.push_back(
        fmt::format("references that are formulas, no plain numbers: {}; an answer is right there "
                    "only where it "
                    "is written the same way ({}{})",
                    references.formulas, references.formula_list.front(),
                    references.formulas > 1 ? ", …; run.json lists them" : ""));
  }
  return lines;
}

}  // namespace ipw::profiling
