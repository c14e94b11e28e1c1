#include "ipw/analysis/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "ipw/analysis/savings.h"
#include "ipw/core/random.h"

namespace ipw::analysis {
namespace {

using ::testing::HasSubstr;

ModelOutcomes model(const char* name, std::vector<float> score, std::vector<float> joules) {
  ModelOutcomes outcomes;
  outcomes.model = name;
  outcomes.score = std::move(score);
  QuantityColumn& column = outcomes.quantities[static_cast<std::size_t>(Quantity::kJoules)];
  column.value = std::move(joules);
  column.sources = {{record::Source::kMeasured, "meter"}};
  return outcomes;
}

// Four questions: the local model answers the first two, the cloud the first three.
Outcomes four() {
  Outcomes outcomes;
  outcomes.questions = {"a", "b", "c", "d"};
  outcomes.models = {model("local", {1, 1, 0, 0}, {1, 2, 3, 4}),
                     model("cloud", {1, 1, 1, 0}, {10, 10, 10, 10})};
  return outcomes;
}

TEST(OracleReplay, SendsWhatTheLocalModelAnswersToItAndTheRestToTheCloud) {
  const auto table = replay_table(four(), {0}, 1);
  ASSERT_TRUE(table) << table.error().message;
  const Resource& joules = *table->find("joules");
  const OracleRouter oracle(*table, joules, Suffices::kAdequate);
  const Replay found = replay(*table, oracle, FixedRouter(*table, 1), {});
  EXPECT_DOUBLE_EQ(*found.saved[0].value, 1 - (1 + 2 + 10 + 10) / 40.0);
  EXPECT_DOUBLE_EQ(*found.quality.value, .75);
  EXPECT_DOUBLE_EQ(*found.quality_difference.value, 0.0);
  EXPECT_DOUBLE_EQ(*found.reference_share.value, .5);
  EXPECT_EQ(found.saved[0].provenance.source, record::Source::kMeasured);

  const OracleRouter no_worse(*table, joules, Suffices::kWinOrTie);
  const Replay ties = replay(*table, no_worse, FixedRouter(*table, 1), {});
  EXPECT_DOUBLE_EQ(*ties.saved[0].value, 1 - (1 + 2 + 10 + 4) / 40.0)
      << "nobody answers the last question: the cheap wrong answer ties";
}

TEST(ImperfectReplay, SavesItsAccuracyTimesTheOracleWhereMisroutesGoUp) {
  core::Random random(4);
  Outcomes outcomes;
  std::vector<float> local, cloud, cheap, dear;
  for (int i = 0; i < 500; ++i) {
    outcomes.questions.push_back(std::to_string(i));
    local.push_back(random.unit() < .6 ? 1.0F : 0.0F);
    cloud.push_back(random.unit() < .8 ? 1.0F : 0.0F);
    cheap.push_back(static_cast<float>(1 + random.unit()));
    dear.push_back(static_cast<float>(10 + 9 * random.unit()));
  }
  outcomes.models = {model("local", local, cheap), model("cloud", cloud, dear)};
  const auto table = replay_table(outcomes, {0}, 1);
  ASSERT_TRUE(table);
  const Resource& joules = *table->find("joules");
  const OracleRouter oracle(*table, joules, Suffices::kAdequate);
  const FixedRouter all_cloud(*table, 1);
  const double saved = *replay(*table, oracle, all_cloud, {}).saved[0].value;
  for (const double accuracy : {.9, .8, .6}) {
    const ImperfectRouter up(oracle, *table, joules, accuracy, Misroutes::kToReference);
    const Replay paper = replay(*table, up, all_cloud, {});
    EXPECT_NEAR(*paper.saved[0].value, accuracy * saved, 1e-12);
    EXPECT_GE(*paper.quality_difference.value, 0.0) << "misroutes never cost quality";

    const ImperfectRouter both(oracle, *table, joules, accuracy, Misroutes::kEitherWay);
    const Replay honest = replay(*table, both, all_cloud, {});
    EXPECT_GT(*honest.saved[0].value, *paper.saved[0].value) << "wrong answers come cheap";
    EXPECT_LT(*honest.quality.value, *paper.quality.value) << "and they are wrong";
  }
}

TEST(Replay, IsTheSameInOtherUnitsAndOrders) {
  Outcomes outcomes = four();
  const auto saved = [](const Outcomes& from) {
    const auto table = replay_table(from, {0}, 1);
    const OracleRouter oracle(*table, *table->find("joules"), Suffices::kAdequate);
    return *replay(*table, oracle, FixedRouter(*table, 1), {}).saved[0].value;
  };
  const double before = saved(outcomes);
  for (ModelOutcomes& each : outcomes.models) {
    for (float& joules : each.quantities[1].value) joules *= 3600;
    std::ranges::reverse(each.score);
    std::ranges::reverse(each.quantities[1].value);
  }
  EXPECT_NEAR(saved(outcomes), before, 1e-12);
}

TEST(Replay, LeavesQuestionsWithoutCostOutOfThatFigureAlone) {
  Outcomes outcomes = four();
  outcomes.models[1].quantities[1].value[3] = std::numeric_limits<float>::quiet_NaN();
  const auto table = replay_table(outcomes, {0}, 1);
  const OracleRouter oracle(*table, *table->find("joules"), Suffices::kAdequate);
  const Replay found = replay(*table, oracle, FixedRouter(*table, 1), {});
  EXPECT_EQ(found.quality.n, 4);
  EXPECT_EQ(found.saved[0].n, 3);
  EXPECT_DOUBLE_EQ(*found.saved[0].value, 1 - 13 / 30.0);
  EXPECT_THAT(found.saved[0].reason, HasSubstr("1 of 4 questions have no joules"));
  EXPECT_FALSE(found.saved[1].value);
  EXPECT_THAT(found.saved[1].reason, HasSubstr("parameters_b"));
}

TEST(Replay, IntervalsCoverAtTheStatedRate) {
  // Cost 1 or 10, local right with probability .6: the oracle saves .9 × .6.
  int covered = 0;
  constexpr int kTrials = 400;
  core::Random random(8);
  for (int trial = 0; trial < kTrials; ++trial) {
    Outcomes outcomes;
    std::vector<float> local;
    for (int i = 0; i < 200; ++i) {
      outcomes.questions.push_back(std::to_string(i));
      local.push_back(random.unit() < .6 ? 1.0F : 0.0F);
    }
    outcomes.models = {model("local", local, std::vector<float>(200, 1)),
                       model("cloud", std::vector<float>(200, 1), std::vector<float>(200, 10))};
    const auto table = replay_table(outcomes, {0}, 1);
    const OracleRouter oracle(*table, *table->find("joules"), Suffices::kAdequate);
    const Replay found = replay(*table, oracle, FixedRouter(*table, 1),
                                {.seed = static_cast<std::uint64_t>(trial), .resamples = 400});
    covered += *found.saved[0].low <= .54 && .54 <= *found.saved[0].high ? 1 : 0;
  }
  EXPECT_NEAR(covered / double(kTrials), .95, .035);  // 3 standard errors
}

TEST(SavingsAnalysis, ComparesWithTheCheapestModelThatIsNoWorse) {
  Outcomes outcomes = four();
  outcomes.models.push_back(model("third", {1, 1, 1, 0}, {5, 5, 5, 5}));
  const auto found =
      savings(outcomes, {.locals = {0, 2}, .reference = 1, .by = "joules", .accuracies = {.8}});
  ASSERT_TRUE(found) << found.error().message;
  const auto section =
      std::ranges::find(found->sections, "against_best_single", &FindingSection::name);
  ASSERT_NE(section, found->sections.end());
  EXPECT_EQ(section->rows.front().label, "oracle against third");
  // Oracle: 1 + 2 + 5 + 10 (hopeless goes to the reference), third alone: 20.
  EXPECT_DOUBLE_EQ(*section->rows.front().figures.front().figure.value, 1 - 18 / 20.0);
}

TEST(SavingsAnalysis, SaysWhatItCannotRouteBy) {
  const auto none = savings(four(), {.locals = {0}, .reference = 1, .by = "dollars"});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("local has no dollars"));
  EXPECT_FALSE(savings(four(), {.locals = {}, .reference = 1}));
  EXPECT_FALSE(savings(four(), {.locals = {1}, .reference = 1}));
  EXPECT_FALSE(savings(four(), {.locals = {0}, .reference = 1, .accuracies = {1.5}}));
}

}  // namespace
}  // namespace ipw::analysis
