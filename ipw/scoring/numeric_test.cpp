// The numeric scorer on real data: every gold answer of GSM8K, and answers that real models gave.
#include "ipw/scoring/numeric.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "ipw/scoring/scorer.h"

namespace ipw::scoring {
namespace {

std::filesystem::path shared_data() {
  const char* given = std::getenv("IPW_SHARED");
  const std::filesystem::path folder =
      given != nullptr ? given : std::filesystem::path(IPW_SOURCE_DIR) / "../shared";
  return folder / "data";
}

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> found(1);
  for (const char c : line) {
    if (c == '\t') {
      found.emplace_back();
    } else {
      found.back().push_back(c);
    }
  }
  return found;
}

// The value of `key` in one line of GSM8K's file, with the escapes that it uses undone.
std::string json_text(const std::string& line, const std::string& key) {
  std::string text;
  std::string opening(1, '"');
  opening.append(key).append("\": \"");
  const std::size_t start = line.find(opening) + opening.size();
  for (std::size_t i = start; i < line.size() && line[i] != '"'; ++i) {
    const bool escape = line[i] == '\\';
    if (escape) ++i;
    text.push_back(escape && line[i] == 'n' ? '\n' : line[i]);
  }
  return text;
}

record::Question with_reference(std::string reference) {
  record::Question question;
  question.id = "0123456789abcdef0123456789abcdef";
  question.reference = std::move(reference);
  return question;
}

std::vector<std::string> gold_answers() {
  std::vector<std::string> gold;
  std::ifstream file(shared_data() / "gsm8k/test.jsonl");
  for (std::string line; std::getline(file, line);) gold.push_back(json_text(line, "answer"));
  return gold;
}

TEST(Numeric, JudgesEveryGoldAnswerOfGsm8kCorrectAgainstItselfAndWrongAgainstItsNeighbour) {
  if (!std::filesystem::exists(shared_data() / "gsm8k")) GTEST_SKIP() << "no shared/data/gsm8k";
  const std::vector<std::string> gold = gold_answers();
  ASSERT_EQ(gold.size(), 1319U);
  const auto scorer = make_scorer("numeric");
  std::size_t neighbours_equal = 0;
  for (std::size_t i = 0; i < gold.size(); ++i) {
    const record::Question question = with_reference(gold[i]);
    EXPECT_EQ(std::string(scorer_for(question)), "numeric");
    ASSERT_TRUE((*scorer)->check(question)) << gold[i];
    EXPECT_EQ(numeric_answer(gold[i]).where, "after ####");
    EXPECT_EQ((*scorer)->score(question, gold[i]).outcome, record::Outcome::kCorrect) << gold[i];
    const record::Verdict other = (*scorer)->score(question, gold[(i + 1) % gold.size()]);
    if (other.outcome == record::Outcome::kCorrect) ++neighbours_equal;
  }
  EXPECT_LT(neighbours_equal, gold.size() / 20);
}

// ZeroEval's extracted answers with ZeroEval's own verdicts: the same answers must mostly get the
// same verdicts. Where they differ, ZeroEval compared strings ("18.00" is not "18" there).
TEST(Numeric, AgreesWithZeroEvalOnTheAnswersOfFortyFourModels) {
  const auto folder = shared_data() / "zeroeval_gsm8k";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared/data/zeroeval_gsm8k";
  const std::vector<std::string> gold = gold_answers();
  std::ifstream given(folder / "gsm.preds_wide.tsv");
  std::ifstream judged(folder / "gsm.correct.tsv");
  std::string answers;
  std::string verdicts;
  std::getline(given, answers);
  std::getline(judged, verdicts);
  ASSERT_EQ(answers, verdicts);
  const auto scorer = make_scorer("numeric");
  std::size_t same = 0;
  std::size_t lost = 0;
  std::size_t gained = 0;
  for (std::size_t row = 0; row < gold.size(); ++row) {
    ASSERT_TRUE(std::getline(given, answers));
    ASSERT_TRUE(std::getline(judged, verdicts));
    const auto answer = cells(answers);
    const auto verdict = cells(verdicts);
    ASSERT_EQ(answer.size(), verdict.size());
    for (std::size_t i = 1; i < answer.size(); ++i) {
      const bool correct = (*scorer)->score(with_reference(gold[row]), answer[i]).outcome ==
                           record::Outcome::kCorrect;
      if (correct == (verdict[i] == "1")) {
        ++same;
      } else {
        ++(correct ? gained : lost);
        if (std::getenv("IPW_SHOW_DIFFERENCES") != nullptr) {
          std::printf("%s | %s | %s | %d\n", answer[0].c_str(), answer[i].c_str(),
                      numeric_answer(gold[row]).text.c_str(), correct);
        }
      }
    }
  }
  RecordProperty("same", static_cast<int>(same));
  RecordProperty("gained", static_cast<int>(gained));
  RecordProperty("lost", static_cast<int>(lost));
  std::printf("same %zu, gained %zu, lost %zu\n", same, gained, lost);
  EXPECT_GT(same, (same + gained + lost) * 99 / 100);
}

TEST(Numeric, SaysWhyAReferenceCannotBeJudgedAgainst) {
  const auto scorer = make_scorer("numeric");
  for (const char* reference : {"blue", "", "3 and 4", "#### 3 or 4"}) {
    const record::Question question = with_reference(reference);
    const auto checked = (*scorer)->check(question);
    ASSERT_FALSE(checked) << reference;
    EXPECT_EQ(checked.error().code, core::ErrorCode::kInvalidData);
    EXPECT_EQ((*scorer)->score(question, "3").outcome, record::Outcome::kMissing);
  }
}

TEST(Numeric, StaysLinearOnAMegabyteOfDigitsAndHashes) {
  const auto scorer = make_scorer("numeric");
  for (const char* piece :
       {"1",           "1,",         "#### ",          "#### 1. x ",  "\\boxed{",
        "\\boxed{1} ", "answer is ", "answer is x 1 ", "1/",          "-$",
        "- ",          "\\frac{1}{", "\\frac12",       "x^{",         "\\sqrt[",
        "(((1+",       "1+",         "18 m^2 ",        "negative 3 ", "1 or 2 ",
        "<answer>1",   "½",          "答案是"}) {
    std::string text;
    while (text.size() < std::size_t{1} << 20) text += piece;
    EXPECT_NE((*scorer)->score(with_reference("7"), text).outcome, record::Outcome::kMissing);
  }
}

}  // namespace
}  // namespace ipw::scoring
