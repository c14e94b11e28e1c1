// Answers come from models: any bytes. No scorer may crash, hang or call an answer missing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ipw/scoring/scorer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using ipw::scoring::make_scorer;
  const std::string_view answer(reinterpret_cast<const char*>(data), size);
  ipw::record::Question question;
  question.id = "0123456789abcdef0123456789abcdef";
  for (const auto& row : ipw::scoring::scorers()) {
    const auto scorer = make_scorer(row.name);
    question.choices.clear();
    question.reference = "#### 1,234";
    if (row.name == "regex") question.reference = "(a+)+$";
    if (row.name == "choice") {
      question.choices = {"red", "a green one", "\xff", "12"};
      question.reference = "B";
    }
    const auto verdict = (*scorer)->score(question, answer);
    if (verdict.outcome == ipw::record::Outcome::kMissing || verdict.why.empty()) std::abort();
  }
  return 0;
}
