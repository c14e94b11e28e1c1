#include "ipw/analysis/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace ipw::analysis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

ModelOutcomes model(const char* name, std::vector<float> score, std::optional<double> size,
                    std::optional<double> year = {}) {
  ModelOutcomes outcomes;
  outcomes.model = name;
  outcomes.score = std::move(score);
  outcomes.properties.parameters_b = size;
  outcomes.properties.year = year;
  outcomes.verdicts = {record::Source::kPublished, "a table"};
  return outcomes;
}

// Five questions: both, small, big, big, nobody.
Outcomes five() {
  Outcomes outcomes;
  outcomes.questions = {"a", "b", "c", "d", "e"};
  outcomes.categories = {"", "law", "art"};
  outcomes.category = {1, 1, 1, 2, 2};
  outcomes.options = {2, 2, 2, 4, 4};
  outcomes.models = {model("big", {1, 0, 1, 1, 0}, 70, 2025),
                     model("small", {1, 1, 0, 0, 0}, 3, 2024), model("cloud", {1, 0, 1, 1, 1}, {})};
  return outcomes;
}

CoverageOptions both() {
  return {.pools = {{"both", {0, 1}}},
          .reference = 2,
          .within_seconds = std::nullopt,
          .within_memory_gb = std::nullopt};
}

const record::Figure& figure(const Coverage& found, const std::string& section,
                             const std::string& label, const std::string& name) {
  for (const FindingSection& each : found.findings.sections) {
    if (each.name != section) continue;
    for (const FindingRow& row : each.rows) {
      if (!row.label.starts_with(label)) continue;
      if (const record::Figure* there = metrics::find(row.figures, name)) return *there;
    }
  }
  static const record::Figure kNowhere;
  ADD_FAILURE() << section << " / " << label << " / " << name << " is not there";
  return kNowhere;
}

double value(const Coverage& found, const std::string& section, const std::string& label,
             const std::string& name) {
  return figure(found, section, label, name).value.value_or(-1.0);
}

TEST(CoverageAnalysis, CountsByHand) {
  const auto found = coverage(five(), both());
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_DOUBLE_EQ(value(*found, "models", "big", "coverage"), .6);
  EXPECT_DOUBLE_EQ(value(*found, "models", "big", "only_it"), .4);
  EXPECT_DOUBLE_EQ(value(*found, "models", "small", "only_it"), .2);
  EXPECT_DOUBLE_EQ(value(*found, "models", "cloud (reference)", "coverage"), .8);
  EXPECT_DOUBLE_EQ(value(*found, "pools", "both", "best_of"), .8);
  EXPECT_DOUBLE_EQ(value(*found, "pools", "both", "best_single"), .6);
  EXPECT_DOUBLE_EQ(value(*found, "pools", "both", "gain"), .2);
  EXPECT_DOUBLE_EQ(value(*found, "pools", "both", "win_or_tie"), .8);
  EXPECT_DOUBLE_EQ(value(*found, "pools", "both", "difference"), 0.0);
  EXPECT_DOUBLE_EQ(value(*found, "pools", "both", "chance_floor"),
                   (3 * .75 + 2 * (1 - .75 * .75)) / 5);
  EXPECT_DOUBLE_EQ(value(*found, "one_by_one", "1. big", "gain"), .6);
  EXPECT_DOUBLE_EQ(value(*found, "one_by_one", "2. small", "gain"), .2);
  EXPECT_DOUBLE_EQ(value(*found, "by_category", "law", "best_of"), 1.0);
  EXPECT_DOUBLE_EQ(value(*found, "by_category", "art", "best_of"), .5);
  EXPECT_DOUBLE_EQ(value(*found, "by_category", "art", "reference"), 1.0);
  EXPECT_DOUBLE_EQ(value(*found, "by_year", "2024 (1", "best_of"), .4);
  EXPECT_DOUBLE_EQ(value(*found, "by_year", "2025 (2", "best_of"), .8);
  EXPECT_DOUBLE_EQ(value(*found, "difficulty", "L1 up to 4 B", "share"), .4);
  EXPECT_DOUBLE_EQ(value(*found, "difficulty", "L4 up to 235 B", "share"), .4);
  EXPECT_DOUBLE_EQ(value(*found, "difficulty", "unsolved", "share"), .2);
  EXPECT_THAT(figure(*found, "difficulty", "L2", "share").reason, HasSubstr("no model"));
  EXPECT_THAT(found->smallest, ElementsAre(1U, 1U, 0U, 0U, metrics::kNoModel));
}

TEST(CoverageAnalysis, EveryFigureHasAnIntervalOrSaysWhyNot) {
  CoverageOptions options = both();
  options.within_seconds = 1.0;
  options.within_memory_gb = 8.0;
  const auto found = coverage(five(), options);
  ASSERT_TRUE(found);
  for (const FindingSection& section : found->findings.sections) {
    for (const FindingRow& row : section.rows) {
      for (const auto& [name, f] : row.figures) {
        EXPECT_TRUE((f.low && f.high && f.low <= f.high) || !f.reason.empty())
            << section.name << " " << row.label << " " << name;
        const bool around = !f.value || !f.low || (*f.low <= *f.value && *f.value <= *f.high);
        EXPECT_TRUE(around) << name;
      }
    }
  }
}

TEST(CoverageAnalysis, WithinALatencyALateAnswerIsNone) {
  Outcomes outcomes = five();
  for (std::size_t m : {0U, 1U}) {
    QuantityColumn& seconds = outcomes.models[m].quantities[0];
    seconds.value = m == 0 ? std::vector<float>{1, 1, 9, 1, 1} : std::vector<float>{1, 9, 1, 1, 1};
    seconds.sources = {{record::Source::kMeasured, "clock"}};
  }
  CoverageOptions options = both();
  options.within_seconds = 2.0;
  const auto found = coverage(outcomes, options);
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(value(*found, "within_latency", "big", "coverage"), .4);
  EXPECT_DOUBLE_EQ(value(*found, "within_latency", "both", "coverage"), .4);
}

TEST(CoverageAnalysis, WithinAMemoryNamesTheModelWhoseNeedIsNotKnown) {
  Outcomes outcomes = five();
  outcomes.models[1].properties.memory_gb = 6;
  CoverageOptions options = both();
  options.within_memory_gb = 8.0;
  const auto found = coverage(outcomes, options);
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(value(*found, "within_memory", "small", "coverage"), .4);
  const record::Figure& pool = figure(*found, "within_memory", "both", "coverage");
  EXPECT_FALSE(pool.value) << "big may or may not fit";
  EXPECT_THAT(pool.reason, HasSubstr("memory_gb of big is not told"));
}

TEST(CoverageAnalysis, WithoutASizeTheLevelsSayWhoseIsMissing) {
  Outcomes outcomes = five();
  outcomes.models[1].properties.parameters_b.reset();
  const auto found = coverage(outcomes, both());
  ASSERT_TRUE(found);
  EXPECT_THAT(found->smallest, IsEmpty());
  EXPECT_THAT(figure(*found, "difficulty", "levels", "share").reason, HasSubstr("small"));
}

TEST(CoverageAnalysis, ChoosesOnOneRepeatAndScoresOnTheOther) {
  Outcomes outcomes = five();
  for (std::size_t m : {0U, 1U}) {
    ModelOutcomes second = outcomes.models[m];
    second.repeat = 1;
    second.score = {1, 0, 0, 0, 0};
    outcomes.models.push_back(std::move(second));
  }
  const auto found = coverage(outcomes, both());
  ASSERT_TRUE(found);
  // By question: chosen on 0, scored on 1: 1, 0, 0, 0, 0; chosen on 1, scored on 0: 1, ½, ½, ½, 0.
  EXPECT_DOUBLE_EQ(value(*found, "pools", "both", "held_out"), (1 + .25 + .25 + .25 + 0) / 5);
}

TEST(CoverageAnalysis, DoesNotDependOnTheOrderOfQuestionsOrModels) {
  Outcomes outcomes = five();
  const auto before = coverage(outcomes, both());
  for (ModelOutcomes& each : outcomes.models) std::ranges::reverse(each.score);
  std::ranges::reverse(outcomes.questions);
  std::ranges::reverse(outcomes.category);
  std::ranges::reverse(outcomes.options);
  CoverageOptions turned = both();
  turned.pools[0].models = {1, 0};
  const auto after = coverage(outcomes, turned);
  ASSERT_TRUE(before && after);
  for (const char* name : {"best_of", "gain", "win_or_tie", "chance_floor"}) {
    EXPECT_DOUBLE_EQ(value(*before, "pools", "both", name), value(*after, "pools", "both", name));
  }
}

TEST(CoverageAnalysis, LeavesIncompleteQuestionsOutOnlyWhenAsked) {
  Outcomes outcomes = five();
  outcomes.models[0].score[4] = kNone;
  const auto found = coverage(outcomes, both());
  ASSERT_TRUE(found);
  EXPECT_FALSE(figure(*found, "models", "big", "coverage").value) << "one in five is missing";
  EXPECT_FALSE(figure(*found, "pools", "both", "best_of").value);
  const Outcomes complete = complete_questions(outcomes, std::vector<std::size_t>{0, 1, 2});
  EXPECT_EQ(complete.questions.size(), 4U);
  EXPECT_THAT(complete.notes, ElementsAre(HasSubstr("1 of 5 questions are left out")));
  EXPECT_DOUBLE_EQ(value(*coverage(complete, both()), "pools", "both", "best_of"), 1.0);
}

TEST(CoverageAnalysis, RefusesWhatMakesNoSense) {
  EXPECT_FALSE(coverage(five(), {}));
  EXPECT_FALSE(coverage(five(), {.pools = {{"none", {}}}}));
  EXPECT_FALSE(coverage(five(), {.pools = {{"twice", {0, 0}}}}));
  EXPECT_FALSE(coverage(five(), {.pools = {{"one", {0}}}, .adequate = 0.0}));
  EXPECT_FALSE(coverage(five(), {.pools = {{"one", {0}}}, .levels = {8, 4}}));
}

}  // namespace
}  // namespace ipw::analysis
