// Pairs by hand, pairing that pays, and runs that do not match.
#include "ipw/metrics/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "ipw/metrics/simulated_run.h"

namespace ipw::metrics {
namespace {

struct Recorded {
  std::vector<float> score;
  std::vector<float> joules;
  std::vector<std::uint32_t> cluster;
  record::Provenance provenance{record::Source::kMeasured, "rapl-powercap"};
  double systematic = 0.0;

  [[nodiscard]] Sample sample() const {
    Sample sample;
    sample.score = score;
    sample.cluster = cluster;
    sample.energy.push_back({provenance, joules, joules, joules, systematic});
    return sample;
  }
};

Comparison compared(const Recorded& a, const Recorded& b, const ComparisonOptions& options = {}) {
  auto result = compare(a.sample(), b.sample(), options);
  EXPECT_TRUE(result);
  return *std::move(result);
}

TEST(Comparison, UsesOnlyTheQuestionsThatBothRunsHave) {
  const Recorded a{{1, 1, 0, 1}, {10, 10, 30, 500}, {0, 1, 2, 3}};
  const Recorded b{{0, 1, 0, 0}, {20, 20, 60, 900}, {0, 1, 2, 7}};
  const Comparison both = compared(a, b);
  EXPECT_EQ(both.pairs, 3);
  EXPECT_EQ(both.only_a, 1);
  EXPECT_EQ(both.only_b, 1);
  EXPECT_NEAR(*find(both.figures, "accuracy_difference")->value, 1.0 / 3.0, 1e-12);
  EXPECT_NEAR(*find(both.figures, "j_per_query_ratio")->value, 0.5, 1e-12);
  EXPECT_NEAR(*find(both.figures, "ipj_ratio")->value, 4.0, 1e-12);
  EXPECT_EQ(find(both.figures, "ipj_ratio")->n, 3);
}

TEST(Comparison, OfProportionalJoulesHasNoSpread) {  // what pairing is for
  const Recorded a{{1, 1, 0}, {10, 10, 30}, {0, 1, 2}};
  const Recorded b{{1, 1, 0}, {20, 20, 60}, {0, 1, 2}};
  const Comparison both = compared(a, b);
  const record::Figure& ratio = *find(both.figures, "j_per_query_ratio");
  EXPECT_NEAR(*ratio.low, 0.5, 1e-9);
  EXPECT_NEAR(*ratio.high, 0.5, 1e-9);
}

TEST(Comparison, CancelsSystematicErrorOnTheSameDevicesOnly) {
  const Recorded a{{1, 1, 0}, {10, 11, 30}, {0, 1, 2}, {record::Source::kMeasured, "x"}, 0.03};
  const Recorded b{{1, 1, 0}, {20, 20, 60}, {0, 1, 2}, {record::Source::kMeasured, "x"}, 0.04};
  const Comparison apart = compared(a, b);
  const record::Figure& ratio = *find(apart.figures, "j_per_query_ratio");
  EXPECT_NEAR(std::log(*ratio.high_total / *ratio.value),
              std::hypot(std::log(*ratio.high / *ratio.value), 1.959963985 * 0.05), 1e-9);
  ComparisonOptions same;
  same.same_devices = true;
  EXPECT_FALSE(find(compared(a, b, same).figures, "j_per_query_ratio")->high_total);
}

TEST(Comparison, OfDifferentSourcesIsMixedAndSaysSo) {
  const Recorded a{{1, 1, 0}, {10, 11, 30}, {0, 1, 2}};
  const Recorded b{
      {1, 1, 0}, {20, 20, 60}, {0, 1, 2}, {record::Source::kEstimated, "cpu-time-model"}};
  const Comparison both = compared(a, b);
  const record::Figure& ratio = *find(both.figures, "ipj_ratio");
  EXPECT_EQ(ratio.provenance.source, record::Source::kMixed);
  EXPECT_EQ(ratio.provenance.method, "rapl-powercap / cpu-time-model");
  EXPECT_NE(ratio.reason.find("not measured alike"), std::string::npos);
}

TEST(Comparison, HasNoRatioToARunWithoutARightAnswer) {
  const Recorded a{{1, 1, 0}, {10, 11, 30}, {0, 1, 2}};
  const Recorded b{{0, 0, 0}, {20, 20, 60}, {0, 1, 2}};
  const Comparison both = compared(a, b);
  EXPECT_FALSE(find(both.figures, "ipj_ratio")->value);
  EXPECT_FALSE(find(both.figures, "ipj_ratio")->reason.empty());
  EXPECT_TRUE(find(both.figures, "accuracy_difference")->low);
  EXPECT_EQ(*find(compared(b, a).figures, "ipj_ratio")->value, 0.0);
  EXPECT_GT(*find(compared(b, a).figures, "ipj_ratio")->high, 0.0);
}

TEST(Comparison, OfJoulesThatNoiseDrownedHasNoRatio) {
  const Recorded a{{1, 0, 1}, {-3, 1, -1}, {0, 1, 2}};
  const Recorded b{{1, 0, 1}, {3, 1, 1}, {0, 1, 2}};
  for (const Comparison& both : {compared(a, b), compared(b, a)}) {
    for (const char* name : {"ipj_ratio", "ipw_ratio", "j_per_query_ratio"}) {
      EXPECT_FALSE(find(both.figures, name)->value) << name;
      EXPECT_NE(find(both.figures, name)->reason.find("drowned"), std::string::npos) << name;
    }
    EXPECT_TRUE(find(both.figures, "accuracy_difference")->value);
  }
}

TEST(Comparison, LeavesOutQuestionsThatOneSideIsMissing) {
  const float missing = std::numeric_limits<float>::quiet_NaN();
  const Recorded a{{1, missing, 0}, {10, 11, 30}, {0, 1, 2}};
  const Recorded b{{1, 1, 0}, {20, 20, 60}, {0, 1, 2}};
  const Comparison both = compared(a, b);
  EXPECT_EQ(find(both.figures, "accuracy_difference")->n, 2);
  EXPECT_EQ(*find(both.figures, "accuracy_difference")->value, 0.0);
  EXPECT_EQ(find(both.figures, "j_per_query_ratio")->n, 3);
}

TEST(Comparison, OfRunsWithoutACommonQuestionIsEmptyHanded) {
  const Recorded a{{1}, {10}, {0}};
  const Recorded b{{1}, {10}, {1}};
  const Comparison both = compared(a, b);
  EXPECT_EQ(both.pairs, 0);
  for (const auto& [name, figure] : both.figures) {
    EXPECT_FALSE(figure.value) << name;
    EXPECT_FALSE(figure.reason.empty()) << name;
  }
  EXPECT_EQ(compared(Recorded{}, Recorded{}).pairs, 0);
}

// The two tables of Newcombe (1998) again, as two runs: .0562 to .3292.
TEST(Comparison, OfFewAnswersIsNewcombesMethodTen) {
  Recorded a;
  Recorded b;
  const auto add = [&](std::size_t count, float first, float second) {
    for (std::size_t i = 0; i < count; ++i) {
      a.cluster.push_back(static_cast<std::uint32_t>(a.score.size()));
      a.score.push_back(first);
      b.score.push_back(second);
    }
  };
  add(20, 1, 1);
  add(12, 1, 0);
  add(2, 0, 1);
  add(16, 0, 0);
  b.cluster = a.cluster;
  a.joules = b.joules = std::vector<float>(50, 2.0F);
  const Comparison both = compared(a, b);
  const record::Figure& difference = *find(both.figures, "accuracy_difference");
  EXPECT_NEAR(*difference.value, .2, 1e-7);
  EXPECT_NEAR(*difference.low, .0562, 5e-5);
  EXPECT_NEAR(*difference.high, .3292, 5e-5);
}

TEST(Comparison, OfEqualAnswersIsNotCertain) {
  Recorded run;
  for (std::uint32_t i = 0; i < 30; ++i) {
    run.cluster.push_back(i);
    run.score.push_back(i % 2 == 0 ? 1.0F : 0.0F);
    run.joules.push_back(2.0F);
  }
  const Comparison both = compared(run, run);
  for (const char* name : {"accuracy_difference", "ipj_ratio"}) {
    const record::Figure& figure = *find(both.figures, name);
    EXPECT_LT(*figure.low, *figure.value - .05) << name;
    EXPECT_GT(*figure.high, *figure.value + .05) << name;
  }
}

TEST(Comparison, NeedsToKnowWhichQuestionsAreTheSame) {
  Recorded a{{1}, {10}, {0}};
  a.cluster.clear();
  EXPECT_EQ(compare(a.sample(), a.sample(), {}).error().code, core::ErrorCode::kUsage);
}

TEST(Comparison, OfARunWithItselfIsOne) {
  const SimulationOptions options{.questions = 1000, .question_share = 0.9};
  const SimulatedRun a(options, 1);
  const SimulatedRun b(options, 1);  // the same run twice
  const auto both = compare(a.sample(), b.sample(), {});
  ASSERT_TRUE(both);
  const record::Figure& ratio = *find(both->figures, "ipj_ratio");
  EXPECT_EQ(ratio.interval, "paired-student");
  EXPECT_NEAR(*ratio.low, 1.0, 1e-9);
  EXPECT_NEAR(*ratio.high, 1.0, 1e-9);
  const SimulatedRun c(options, 2);
  const auto apart = compare(a.sample(), c.sample(), {});
  const record::Figure& other = *find(apart->figures, "latency_mean_ratio");
  EXPECT_LT(*other.low, *other.value);
  EXPECT_GT(*other.high, *other.value);
}

}  // namespace
}  // namespace ipw::metrics
