// What users may write about loads, and what nonsense gets.

#include "ipw/profiling/load_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ipw::profiling {
namespace {

using testing::HasSubstr;

TEST(LoadPlan, SpansHaveUnitsOrAreSeconds) {
  EXPECT_EQ(parse_span("500ms", "x"), core::Seconds(.5));
  EXPECT_EQ(parse_span("2m", "x"), core::Seconds(120));
  EXPECT_EQ(parse_span("1.5", "x"), core::Seconds(1.5));
  for (const char* text : {"", "0", "-1s", "nan", "inf", "5 s", "5years"}) {
    EXPECT_EQ(parse_span(text, "x").error().code, core::ErrorCode::kUsage) << text;
  }
}

TEST(LoadPlan, OnlyGammaTakesAShape) {
  store::ManifestLoad load;
  ASSERT_TRUE(parse_arrivals("gamma:0.25", load));
  EXPECT_EQ(load.arrivals, "gamma");
  EXPECT_DOUBLE_EQ(load.shape, .25);
  for (const char* text : {"poisson:2", "gamma:", "gamma:0", "gamma:x", "uniform", "", "trace"}) {
    EXPECT_EQ(parse_arrivals(text, load).error().code, core::ErrorCode::kUsage) << text;
  }
}

TEST(LoadPlan, GoodputBoundsEachStandOnce) {
  const auto bounds = parse_goodput("ttft=0.5s,tpot=50ms,e2e=2");
  ASSERT_TRUE(bounds) << bounds.error().message;
  EXPECT_EQ(*bounds, (std::map<std::string, double>{{"e2e", 2.0}, {"tpot", .05}, {"ttft", .5}}));
  EXPECT_THAT(parse_goodput("ttft=1,ttft=2").error().message, HasSubstr("bound twice"));
  EXPECT_THAT(parse_goodput("speed=1").error().message, HasSubstr("\"speed=1\" is no bound"));
  EXPECT_THAT(parse_goodput("ttft").error().message, HasSubstr("is no bound"));
  EXPECT_THAT(parse_goodput("ttft=-1").error().message, HasSubstr("is no span of time"));
}

TEST(LoadPlan, ASweepHasTwoPointsOrMoreInOrder) {
  const auto sweep = parse_sweep("rate=5,0.5,2");
  ASSERT_TRUE(sweep) << sweep.error().message;
  EXPECT_TRUE(sweep->of_rate);
  EXPECT_EQ(sweep->points, (std::vector<double>{.5, 2.0, 5.0}));
  EXPECT_FALSE(parse_sweep("concurrency=1,2,4")->of_rate);
  for (const char* text : {"rate=1", "rate=1,1", "rate=0,1", "concurrency=1.5,2", "tokens=1,2",
                           "rate", "rate=", "concurrency=1,2000"}) {
    EXPECT_EQ(parse_sweep(text).error().code, core::ErrorCode::kUsage) << text;
  }
}

store::Manifest planned(const std::string& arrivals, std::optional<double> rate,
                        std::optional<double> duration) {
  store::Manifest plan;
  plan.questions.selected = 40;
  plan.seeds["arrivals"] = 1;
  plan.load.arrivals = arrivals;
  plan.load.rate = rate;
  if (duration) plan.load.duration = core::Seconds(*duration);
  return plan;
}

TEST(LoadPlan, QuestionsAreRepeatedUntilTheTimeIsFull) {
  store::Manifest plan = planned("constant", 5.0, 20.0);
  ASSERT_TRUE(settle_load(plan, nullptr, false));
  EXPECT_EQ(plan.load.requests, 100);
  EXPECT_EQ(plan.options.repeat, 3);
  EXPECT_EQ(plan.planned(), 100);
}

TEST(LoadPlan, AGivenRepeatBoundsTheRequests) {
  store::Manifest plan = planned("constant", 5.0, 20.0);
  ASSERT_TRUE(settle_load(plan, nullptr, true));
  EXPECT_EQ(plan.load.requests, 40);
  EXPECT_EQ(plan.options.repeat, 1);
}

TEST(LoadPlan, WithoutATimeEveryQuestionIsAskedOnce) {
  store::Manifest plan = planned("poisson", 5.0, std::nullopt);
  ASSERT_TRUE(settle_load(plan, nullptr, false));
  EXPECT_EQ(plan.load.requests, std::nullopt);
  EXPECT_EQ(plan.planned(), 40);
}

TEST(LoadPlan, AClosedLoopForATimeHasNoPlannedNumber) {
  store::Manifest plan = planned("closed", std::nullopt, 20.0);
  ASSERT_TRUE(settle_load(plan, nullptr, false));
  EXPECT_EQ(plan.planned(), std::nullopt);
}

TEST(LoadPlan, ATimeInWhichNothingIsDueIsRefused) {
  store::Manifest plan = planned("poisson", 1e-6, 1e-3);
  const auto settled = settle_load(plan, nullptr, false);
  ASSERT_FALSE(settled);
  EXPECT_EQ(settled.error().code, core::ErrorCode::kUsage);
}

}  // namespace
}  // namespace ipw::profiling
