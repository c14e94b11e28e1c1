// Controls worked by hand, and every reference of the generated questions judged as an answer.
#include "ipw/profiling/controls.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "ipw/datasets/catalog.h"
#include "ipw/datasets/generated_questions.h"

namespace ipw::profiling {
namespace {

/// Five colours, three of them red.
class FiveQuestions : public datasets::QuestionSet {
 public:
  datasets::SetDescription describe() const override { return {}; }
  core::Result<std::optional<record::Question>> next() override {
    if (at_ == 5) return std::nullopt;
    const char* colour = at_ < 3 ? "red" : at_ == 3 ? "blue" : "green";
    ++at_;
    return record::Question{.task = "colour", .prompt = colour, .reference = colour};
  }
  core::Result<void> rewind() override {
    at_ = 0;
    return {};
  }

 private:
  int at_ = 0;
};

TEST(Controls, AreWhatTheySay) {
  FiveQuestions questions;
  const auto scorer = *scoring::make_scorer("normalized");
  const auto scores = score_controls(questions, *scorer, 1);
  ASSERT_TRUE(scores) << scores.error().message;
  ASSERT_EQ(scores->size(), 2U);  // all, and the one task
  const auto& all = scores->front().accuracy;
  ASSERT_EQ(all.size(), controls().size());
  EXPECT_DOUBLE_EQ(*all[0].value, 0.0);  // empty
  EXPECT_DOUBLE_EQ(*all[1].value, 1.0);  // echo: here the prompt is the answer
  EXPECT_DOUBLE_EQ(*all[2].value, 0.6);  // majority
  EXPECT_EQ(all[2].n, 5);
  EXPECT_NEAR(*all[2].low, 0.2307, 5e-5);  // Wilson, 3 of 5
  EXPECT_NEAR(*all[2].high, 0.8824, 5e-5);
}

TEST(GeneratedQuestions, AreJudgedCorrectWhenAnsweredByTheirReference) {
  const auto scorer = *scoring::make_scorer("auto");
  for (const datasets::Split split : {datasets::Split::kTrain, datasets::Split::kHeldOut}) {
    datasets::Generator generator = *datasets::Generator::create(split, 11);
    for (int i = 0; i < 8'000; ++i) {
      const datasets::GeneratedRow row = generator.next();
      const record::Question question{.task = std::string(row.task),
                                      .prompt = row.question.prompt,
                                      .choices = row.question.choices,
                                      .reference = row.question.reference};
      ASSERT_TRUE(scorer->check(question)) << row.id;
      const auto verdict = scorer->score(question, " " + row.question.reference);
      ASSERT_EQ(verdict.outcome, record::Outcome::kCorrect)
          << row.question.prompt << " -> " << row.question.reference << ": " << verdict.why;
    }
  }
}

TEST(GeneratedQuestions, CannotBeGuessed) {  // but for sentiment, which has two answers
  const auto set = *datasets::open("ipw-mini");
  const auto scorer = *scoring::make_scorer(set->describe().scorer);
  const auto scores = score_controls(*set, *scorer, 1);
  ASSERT_TRUE(scores);
  for (const record::Figure& figure : scores->front().accuracy) EXPECT_LT(*figure.value, 0.15);
}

}  // namespace
}  // namespace ipw::profiling
