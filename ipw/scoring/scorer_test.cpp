// The table of scorers, references that cannot be judged, and real letters of real models.
#include "ipw/scoring/scorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "ipw/scoring/answer_text.h"
#include "ipw/scoring/number.h"

namespace ipw::scoring {
namespace {

using ::testing::HasSubstr;

std::filesystem::path shared_data() {
  const char* given = std::getenv("IPW_SHARED");
  const std::filesystem::path folder =
      given != nullptr ? given : std::filesystem::path(IPW_SOURCE_DIR) / "../shared";
  return folder / "data";
}

record::Question question(std::string reference, std::vector<std::string> choices = {}) {
  record::Question made;
  made.id = "0123456789abcdef0123456789abcdef";
  made.reference = std::move(reference);
  made.choices = std::move(choices);
  return made;
}

TEST(Scorers, AreMadeByTheNamesOfTheirTable) {
  EXPECT_EQ(scorers().size(), 7U);
  for (const ScorerRow& row : scorers()) {
    const auto scorer = make_scorer(row.name);
    ASSERT_TRUE(scorer) << row.name;
    EXPECT_EQ((*scorer)->name(), row.name);
    EXPECT_FALSE(row.summary.empty());
  }
}

TEST(Scorers, RefuseAnUnknownNameAndTellTheKnownOnes) {
  const auto scorer = make_scorer("fuzzy");
  ASSERT_FALSE(scorer);
  EXPECT_EQ(scorer.error().code, core::ErrorCode::kUsage);
  EXPECT_THAT(scorer.error().message, HasSubstr("numeric"));
}

TEST(Scorers, RefuseAPatternThatDoesNotCompile) {
  for (const char* spec : {"regex:", "regex:(", "regex:(?=ahead)"}) {
    const auto scorer = make_scorer(spec);
    ASSERT_FALSE(scorer) << spec;
    EXPECT_EQ(scorer.error().code, core::ErrorCode::kUsage);
  }
}

TEST(Scorers, TellWhatAReferenceAsksFor) {
  EXPECT_EQ(scorer_for(question("A", {"x", "y"})), "choice");
  EXPECT_EQ(scorer_for(question("so\n#### 12")), "numeric");
  EXPECT_EQ(scorer_for(question("$1,200.50")), "numeric");
  EXPECT_EQ(scorer_for(question("-3/4")), "numeric");
  EXPECT_EQ(scorer_for(question("12 monkeys")), "normalized");
  EXPECT_EQ(scorer_for(question("Oslo")), "normalized");
}

TEST(Scorers, CheckReferencesBeforeARun) {
  const auto refuses = [](const char* scorer, const record::Question& asked) {
    return !(*make_scorer(scorer))->check(asked).has_value();
  };
  EXPECT_TRUE(refuses("choice", question("C", {"x", "y"})));
  EXPECT_TRUE(refuses("choice", question("x", {"x", "y"})));
  EXPECT_TRUE(refuses("choice", question("A")));
  EXPECT_TRUE(refuses("exact", question("")));
  EXPECT_TRUE(refuses("contains", question("?!")));
  EXPECT_TRUE(refuses("regex", question("(")));
  EXPECT_TRUE(refuses("auto", question("  ")));
  EXPECT_FALSE(refuses("choice", question("B", {"x", "y"})));
  EXPECT_FALSE(refuses("regex", question("a|b")));
}

TEST(Choice, TellsALetterBeyondTheOptions) {
  const auto verdict =
      (*make_scorer("choice"))->score(question("A", {"red", "green"}), "Answer: K");
  EXPECT_EQ(verdict.outcome, record::Outcome::kIncorrect);
  EXPECT_THAT(verdict.why, HasSubstr("K is none of the options"));
}

TEST(Choice, ReadsAllTenLettersOfMmluProAndAllTwentySixOfTheAlphabet) {
  std::vector<std::string> options;
  for (char c = 'a'; c <= 'z'; ++c) options.push_back("option text " + std::string(2, c));
  const auto scorer = make_scorer("choice");
  for (char c = 'A'; c <= 'Z'; ++c) {
    const std::string letter(1, c);
    for (const char* form : {"Answer: %.", "The answer is %", "**%**", "(%)", "\\boxed{%}", "%",
                             "The final answer is **(%)**.", "Answer: % because it fits"}) {
      std::string answer = form;
      answer.replace(answer.find('%'), 1, letter);
      EXPECT_EQ((*scorer)->score(question(letter, options), answer).outcome,
                record::Outcome::kCorrect)
          << answer;
    }
  }
}

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> found;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, '\t');) found.push_back(cell);
  return found;
}

// Each model's letter, said in a sentence, must be correct exactly where it is the gold letter, and
// "-" (no letter was found) must be incorrect. Option texts are not needed for that.
TEST(Choice, GivesTheLettersOfMmluProModelsTheirKnownVerdicts) {
  std::ifstream file(shared_data() / "mmlu_pro/preds.tsv");
  if (!file) GTEST_SKIP() << "no shared/data/mmlu_pro";
  std::vector<std::string> options;
  for (char c = 'a'; c <= 'j'; ++c) options.push_back("text " + std::string(2, c));
  const auto scorer = make_scorer("choice");
  std::string line;
  std::getline(file, line);
  std::size_t judged = 0;
  std::size_t rows = 0;
  while (std::getline(file, line)) {
    const auto row = cells(line);
    const record::Question asked = question(row.at(2), options);
    for (std::size_t i = 3; i < row.size(); ++i) {
      if (row[i].empty() || (rows + i) % 7 != 0) continue;  // every seventh: seconds, not minutes
      const auto verdict = (*scorer)->score(asked, "The answer is (" + row[i] + ").");
      ASSERT_EQ(verdict.outcome == record::Outcome::kCorrect, row[i] == row[2]) << line;
      ASSERT_EQ(verdict.extracted, row[i] == "-" ? "" : row[i]) << line;
      ++judged;
    }
    ++rows;
  }
  EXPECT_EQ(rows, 12032U);
  EXPECT_GT(judged, 40000U);
}

TEST(Scorers, SurviveLongAndBrokenAnswers) {
  const std::vector<std::string> options = {"red", "green", "\xff\xfe"};
  for (const ScorerRow& row : scorers()) {
    const auto scorer = make_scorer(row.name);
    for (const char* piece : {"\xff", "(", "A ", "**A**", "answer is ", "\\boxed{", "\xe2\x80"}) {
      std::string answer;
      while (answer.size() < std::size_t{1} << 18) answer += piece;
      const auto asked = row.name == "choice" ? question("B", options) : question("7");
      EXPECT_NE((*scorer)->score(asked, answer).outcome, record::Outcome::kMissing) << row.name;
    }
  }
}

TEST(AnswerText, ShowsLongTextsOnOneLineCutBetweenCharacters) {
  EXPECT_EQ(shown("a\nb"), "a b");
  EXPECT_EQ(shown("ääää", 3), "ä…");
  EXPECT_EQ(shown("\xff"), "\ufffd");
}

TEST(AnswerText, FindsWordsOnlyAsWholeWords) {
  EXPECT_TRUE(holds_words("the cat sat", "cat"));
  EXPECT_FALSE(holds_words("concatenate", "cat"));
  EXPECT_TRUE(holds_words("concat cat", "cat"));
  EXPECT_FALSE(holds_words("écat", "cat"));
  EXPECT_FALSE(holds_words("cat", ""));
}

TEST(Numbers, AreEqualExactlyWhenWholeAndWithinTheToleranceOtherwise) {
  const auto number = [](const char* text) { return numbers_in(plain_mathematics(text)).at(0); };
  EXPECT_TRUE(equal(number("007"), number("7")));
  EXPECT_TRUE(equal(number("-0"), number("0")));
  EXPECT_FALSE(equal(number("1000000.4"), number("1000000")));
  EXPECT_TRUE(equal(number("0.3333333"), number("1/3")));
  EXPECT_FALSE(equal(number("0.33333"), number("1/3")));
  EXPECT_FALSE(equal(number("0"), number("1e-9")));
}

}  // namespace
}  // namespace ipw::scoring
