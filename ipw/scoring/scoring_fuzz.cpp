// Answers come from models: any bytes. No scorer may crash, hang or call an answer missing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/scoring/scorer.h"

namespace {

using ipw::record::Question;
using ipw::scoring::Scorer;

struct Case {
  std::unique_ptr<Scorer> scorer;
  Question question;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& row : ipw::scoring::scorers()) {
    Question question;
    question.id = "0123456789abcdef0123456789abcdef";
    question.reference = row.name == "regex" ? "(a+)+$" : "#### 1,234";
    if (row.name == "choice") {
      question.choices = {"red", "a green one", "\xff", "12"};
      question.reference.assign(1, 'B');
    }
    cases.push_back({std::move(*ipw::scoring::make_scorer(row.name)), std::move(question)});
  }
  return cases;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Case> kCases = all_cases();
  const std::string_view answer(reinterpret_cast<const char*>(data), size);
  for (const auto& [scorer, question] : kCases) {
    const auto verdict = scorer->score(question, answer);
    if (verdict.outcome == ipw::record::Outcome::kMissing || verdict.why.empty()) std::abort();
  }
  return 0;
}
