#include "ipw/metrics/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "ipw/core/random.h"

namespace ipw::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<Mark> marks(const char* text) {
  std::vector<Mark> result;
  for (; *text != 0; ++text) {
    result.push_back(*text == '1' ? Mark::kRight : *text == '0' ? Mark::kWrong : Mark::kUnknown);
  }
  return result;
}

TEST(Pool, IsRightWhereAnyModelIsAndUnknownOnlyWhereItMatters) {
  const auto a = marks("110?0?");
  const auto b = marks("1001??");
  const std::vector<Marks> models{a, b};
  EXPECT_EQ(pooled(models, 6), marks("1101??"));
  EXPECT_EQ(pooled({}, 2), marks("00")) << "no model answers nothing";
}

TEST(Pool, IsTheSameInEveryOrder) {
  const auto a = marks("10?0");
  const auto b = marks("0?01");
  const auto c = marks("??00");
  EXPECT_EQ(pooled(std::vector<Marks>{a, b, c}, 4), pooled(std::vector<Marks>{c, a, b}, 4));
}

TEST(ShareRight, HasWilsonLimitsAndLeavesTheFewUnknownOut) {
  const record::Figure figure = share_right({.right = 81, .wrong = 182, .unknown = 1});
  // Newcombe 1998, Statistics in Medicine 17:857, table I: 81 of 263 by method 3.
  EXPECT_NEAR(*figure.value, .3080, 5e-5);
  EXPECT_NEAR(*figure.low, .2553, 5e-5);
  EXPECT_NEAR(*figure.high, .3662, 5e-5);
  EXPECT_EQ(figure.n, 263);
  EXPECT_THAT(figure.reason, HasSubstr("1 of 264"));
}

TEST(ShareRight, HasNoHeadlineAboveOnePercentMissing) {
  const record::Figure figure = share_right({.right = 60, .wrong = 30, .unknown = 10});
  EXPECT_FALSE(figure.value);
  EXPECT_FALSE(figure.low || figure.high) << "bounds are no interval";
  EXPECT_DOUBLE_EQ(*figure.all_wrong, .60);
  EXPECT_DOUBLE_EQ(*figure.all_right, .70);
  EXPECT_EQ(figure.interval, "missing-bounds");
}

TEST(ShareCovered, CountsWhatTheAnswersGivenCover) {
  const record::Figure figure = share_covered({.right = 995, .wrong = 2, .unknown = 3});
  EXPECT_DOUBLE_EQ(*figure.value, .995);
  EXPECT_DOUBLE_EQ(*figure.low, *share_right({.right = 995, .wrong = 5}).low);
  EXPECT_DOUBLE_EQ(*figure.high, *share_right({.right = 998, .wrong = 2}).high);
  EXPECT_FALSE(share_covered({.right = 900, .wrong = 50, .unknown = 50}).value);
}

TEST(PairedDifference, IsNewcombesMethodTen) {
  // Newcombe 1998, Statistics in Medicine 17:2635, 36 / 12 / 2 / 0: .0569 to .3404.
  const record::Figure figure =
      paired_difference({.both = 36, .only_a = 12, .only_b = 2, .neither = 0});
  EXPECT_DOUBLE_EQ(*figure.value, .2);
  EXPECT_NEAR(*figure.low, .0569, 2e-4);
  EXPECT_NEAR(*figure.high, .3404, 2e-4);
  EXPECT_EQ(figure.n, 50);
  // 20 / 12 / 2 / 16, where the correlation is positive and so corrected: .0562 to .3292.
  const record::Figure corrected =
      paired_difference({.both = 20, .only_a = 12, .only_b = 2, .neither = 16});
  EXPECT_NEAR(*corrected.low, .0562, 5e-5);
  EXPECT_NEAR(*corrected.high, .3292, 5e-5);
}

TEST(PairedDifference, OfModelsThatNeverDifferIsNotCertain) {
  const record::Figure alike =
      paired_difference({.both = 15, .only_a = 0, .only_b = 0, .neither = 15});
  EXPECT_EQ(*alike.value, 0.0);
  EXPECT_LT(*alike.low, -.05);
  EXPECT_GT(*alike.high, .05);
}

TEST(PairedDifference, ChangesItsSignWithTheOrder) {
  const PairedCounts counts{.both = 400, .only_a = 60, .only_b = 25, .neither = 15};
  const PairedCounts turned{.both = 400, .only_a = 25, .only_b = 60, .neither = 15};
  EXPECT_DOUBLE_EQ(*paired_difference(counts).value, -*paired_difference(turned).value);
  EXPECT_NEAR(*paired_difference(counts).low, -*paired_difference(turned).high, 1e-12);
}

TEST(PairedDifference, CoversAtTheStatedRate) {
  core::Random random(7);
  int covered = 0;
  constexpr int kTrials = 2000;
  for (int trial = 0; trial < kTrials; ++trial) {
    PairedCounts counts;
    for (int i = 0; i < 300; ++i) {  // P(a) = .80, P(b) = .75, strongly dependent
      const double u = random.unit();
      if (u < .70)
        ++counts.both;
      else if (u < .80)
        ++counts.only_a;
      else if (u < .85)
        ++counts.only_b;
      else
        ++counts.neither;
    }
    const record::Figure figure = paired_difference(counts);
    covered += *figure.low <= .05 && .05 <= *figure.high ? 1 : 0;
  }
  EXPECT_NEAR(covered / double(kTrials), .95, .015);  // 3 standard errors
}

TEST(ChanceFloor, IsThatOfIndependentGuessers) {
  const std::vector<float> four(10, 4.0F);
  EXPECT_DOUBLE_EQ(*chance_floor(four, 1).value, .25);
  EXPECT_DOUBLE_EQ(*chance_floor(four, 2).value, 1 - .75 * .75);
  const std::vector<float> mixed{2.0F, 10.0F, std::numeric_limits<float>::quiet_NaN()};
  const record::Figure figure = chance_floor(mixed, 3);
  EXPECT_EQ(figure.provenance.source, record::Source::kEstimated);
  EXPECT_NEAR(*figure.value, ((1 - .125) + (1 - .729)) / 2, 1e-12);
  EXPECT_THAT(figure.reason, HasSubstr("1 of 3"));
  EXPECT_FALSE(chance_floor({}, 3).value);
}

TEST(SmallestRight, StopsAtAnAnswerThatIsNotKnown) {
  const auto small = marks("10?0");
  const auto big = marks("1110");
  const std::vector<Marks> models{small, big};
  EXPECT_THAT(smallest_right(models, 4), ElementsAre(0U, 1U, kUndecided, kNoModel));
}

TEST(AddedOneByOne, TakesTheModelThatAddsMost) {
  const auto a = marks("111000");
  const auto b = marks("110100");
  const auto c = marks("000110");
  const std::vector<Marks> models{a, b, c};
  const auto order = added_one_by_one(models, 6);
  ASSERT_EQ(order.size(), 3U);
  EXPECT_EQ(order[0].model, 0U);
  EXPECT_EQ(order[1].model, 2U);
  EXPECT_EQ(order[1].newly_right, 2);
  EXPECT_EQ(order[2].model, 1U);
  EXPECT_EQ(order[2].newly_right, 0);
  EXPECT_EQ(order[2].covered.right, 5);
}

TEST(AddedOneByOne, EndsAtThePoolAndEachGainIsTheDifference) {
  core::Random random(3);
  std::vector<std::vector<Mark>> all(6, std::vector<Mark>(200));
  for (auto& model : all) {
    for (Mark& mark : model) mark = static_cast<Mark>(random.below(3));
  }
  const std::vector<Marks> models(all.begin(), all.end());
  const auto order = added_one_by_one(models, 200);
  std::int64_t before = 0;
  for (const Addition& step : order) {
    EXPECT_EQ(step.covered.right - before, step.newly_right);
    before = step.covered.right;
  }
  EXPECT_EQ(before, count(pooled(models, 200)).right);
}

TEST(RightAlone, CountsOnlyWhereAllOthersAreKnownToBeWrong) {
  const auto a = marks("1110");
  const auto b = marks("0?10");
  EXPECT_THAT(right_alone(std::vector<Marks>{a, b}, 4), ElementsAre(1, 0));
}

TEST(HeldOut, OfGuessersIsTheGuessersAccuracyAndNotTheUnion) {
  core::Random random(11);
  std::vector<std::vector<Mark>> first(5, std::vector<Mark>(20'000));
  auto second = first;
  for (auto* repeat : {&first, &second}) {
    for (auto& model : *repeat) {
      for (Mark& mark : model) mark = random.unit() < .25 ? Mark::kRight : Mark::kWrong;
    }
  }
  const auto chance = held_out(std::vector<Marks>(first.begin(), first.end()),
                               std::vector<Marks>(second.begin(), second.end()), 20'000);
  double mean = 0.0;
  for (const float value : chance) mean += static_cast<double>(value) / 20'000;
  EXPECT_NEAR(mean, .25, .01);
  EXPECT_NEAR(
      *share_covered(count(pooled(std::vector<Marks>(first.begin(), first.end()), 20'000))).value,
      1 - std::pow(.75, 5), .01)
      << "which is what the union of the same guessers shows";
}

TEST(HeldOut, ScoresTheModelsThatWereRightBefore) {
  const auto a1 = marks("1100");
  const auto b1 = marks("1000");
  const auto a2 = marks("10?1");
  const auto b2 = marks("0110");
  const auto chance = held_out(std::vector<Marks>{a1, b1}, std::vector<Marks>{a2, b2}, 4);
  EXPECT_FLOAT_EQ(chance[0], .5F);
  EXPECT_FLOAT_EQ(chance[1], 0.0F);
  EXPECT_TRUE(std::isnan(chance[2]));
  EXPECT_FLOAT_EQ(chance[3], .5F) << "nobody was right: any of them";
}

}  // namespace
}  // namespace ipw::metrics
