// What must hold for any run, shown on simulated ones: order, units, seeds, repeats, and that the
// intervals contain the truth about as often as they claim.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/metrics/figures.h"
#include "ipw/metrics/simulated_run.h"

namespace ipw::metrics {
namespace {

std::vector<NamedFigure> computed(const Sample& sample, const FigureOptions& options = {}) {
  auto result = figures(sample, options);
  EXPECT_TRUE(result);
  return *std::move(result);
}

void expect_same(const std::vector<NamedFigure>& a, const std::vector<NamedFigure>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].figure.value, b[i].figure.value) << a[i].name;
    EXPECT_EQ(a[i].figure.low, b[i].figure.low) << a[i].name;
    EXPECT_EQ(a[i].figure.high, b[i].figure.high) << a[i].name;
  }
}

TEST(Seed, AloneDecidesEveryLimit) {
  const SimulatedRun run({.questions = 500}, 1);
  const auto under_load = [&](std::uint64_t seed) {
    return computed(run.sample(), {.seed = seed, .block = 2});
  };
  expect_same(under_load(3), under_load(3));
  EXPECT_NE(find(under_load(3), "ipj")->low, find(under_load(4), "ipj")->low);
}

TEST(Order, OfRecordsChangesNoValueAndHardlyALimit) {
  const SimulatedRun run({.questions = 400}, 2);
  const Sample forward = run.sample();
  const std::vector<float> score(forward.score.rbegin(), forward.score.rend());
  const std::vector<float> joules(forward.energy[0].active_j.rbegin(),
                                  forward.energy[0].active_j.rend());
  Sample backward;
  backward.score = score;
  backward.energy.push_back(forward.energy[0]);
  backward.energy[0] = {forward.energy[0].provenance, joules, {}, {}, 0.0};
  for (const char* name : {"accuracy", "ipj_active", "j_per_query_active"}) {
    const auto one = computed(forward);
    const auto other = computed(backward);
    const record::Figure& a = *find(one, name);
    const record::Figure& b = *find(other, name);
    EXPECT_NEAR(*a.value / *b.value, 1.0, 1e-12) << name;
    EXPECT_NEAR(*a.low, *b.low, 0.15 * (*a.high - *a.low)) << name;
    EXPECT_NEAR(*a.high, *b.high, 0.15 * (*a.high - *a.low)) << name;
  }
}

TEST(Scale, OfJoulesScalesFiguresAndLimitsAlike) {
  for (const std::size_t questions : {50UL, 500UL}) {  // closed form and bootstrap
    const SimulatedRun run({.questions = questions}, 3);
    Sample millijoules = run.energy_sample();
    std::vector<float> scaled(millijoules.energy[0].active_j.begin(),
                              millijoules.energy[0].active_j.end());
    for (float& value : scaled) value *= 1024.0F;
    millijoules.energy[0].active_j = scaled;
    const auto small = computed(run.energy_sample());
    const auto large = computed(millijoules);
    EXPECT_NEAR(*find(large, "ipj_active")->low * 1024 / *find(small, "ipj_active")->low, 1, 1e-9);
    EXPECT_NEAR(
        *find(large, "j_per_query_active")->high / 1024 / *find(small, "j_per_query_active")->high,
        1, 1e-9);
  }
}

TEST(Limits, EncloseTheValueOfEveryFigure) {
  for (const double accuracy : {0.0, 0.02, 0.5, 0.98, 1.0}) {
    for (const std::size_t questions : {2UL, 5UL, 30UL, 300UL, 5000UL}) {
      const SimulatedRun run({.questions = questions, .accuracy = accuracy}, 4);
      for (const auto& [name, figure] : computed(run.sample(), {.resamples = 200})) {
        if (!figure.value) continue;
        EXPECT_TRUE(std::isfinite(*figure.value)) << name;
        EXPECT_LE(figure.low.value_or(*figure.value), *figure.value * (1 + 1e-9))
            << name << questions;
        EXPECT_GE(figure.high.value_or(*figure.value), *figure.value * (1 - 1e-9))
            << name << questions;
      }
    }
  }
}

TEST(Repeats, OfTheSameAnswersAddNoInformation) {
  // Ten identical repeats of 300 questions: the interval stays that of 300 questions.
  const SimulatedRun run({.questions = 300}, 5);
  const Sample once = run.energy_sample();
  std::vector<float> score, joules;
  std::vector<std::uint32_t> cluster;
  std::vector<std::uint16_t> repeat;
  for (std::uint16_t r = 0; r < 10; ++r) {
    score.insert(score.end(), once.score.begin(), once.score.end());
    joules.insert(joules.end(), once.energy[0].active_j.begin(), once.energy[0].active_j.end());
    cluster.insert(cluster.end(), once.cluster.begin(), once.cluster.end());
    repeat.insert(repeat.end(), 300, r);
  }
  Sample tenfold;
  tenfold.score = score;
  tenfold.cluster = cluster;
  tenfold.repeat = repeat;
  tenfold.latency = joules;
  tenfold.energy.push_back({once.energy[0].provenance, joules, {}, {}, 0.0});
  const auto one = computed(once, {.resamples = 4000});
  const auto ten = computed(tenfold, {.resamples = 4000});
  for (const char* name : {"accuracy", "ipj_active", "j_per_query_active"}) {
    const record::Figure& a = *find(one, name);
    const record::Figure& b = *find(ten, name);
    EXPECT_EQ(b.n, 300) << name;
    EXPECT_NEAR(*a.value / *b.value, 1.0, 1e-9) << name;
    EXPECT_NEAR((*b.high - *b.low) / (*a.high - *a.low), 1.0, 0.1) << name;
  }
  // The sample has 3,000 latencies, but they are worth 300: too few for p99's upper limit.
  EXPECT_FALSE(find(ten, "latency_p99")->high);
  EXPECT_TRUE(find(ten, "latency_p90")->high);
}

TEST(Grades, BetweenZeroAndOneAreWorthMoreThanBinaryDraws) {
  std::vector<float> grades;
  for (int i = 0; i < 400; ++i) grades.push_back(i % 2 == 0 ? 0.4F : 0.6F);
  Sample sample;
  sample.score = grades;
  const auto all = computed(sample);
  const record::Figure& accuracy = *find(all, "accuracy");
  EXPECT_EQ(accuracy.interval, "wilson");
  EXPECT_NEAR(*accuracy.high - *accuracy.low, 2 * 1.96 * 0.1 / 20, 0.002);  // Wilson: .098
}

TEST(Load, WidensTheLimitsOfRecordsThatFollowEachOther) {
  std::vector<float> latency;
  core::Random random(6);
  double level = 0.0;
  for (int i = 0; i < 3000; ++i) {
    level = 0.95 * level + random.unit() - 0.5;
    latency.push_back(static_cast<float>(20.0 + level));
  }
  const std::vector<float> score(3000, 1.0F);
  Sample sample;
  sample.score = score;
  sample.latency = latency;
  const auto independent = computed(sample);
  const auto blocks = computed(sample, {.block = 100});
  for (const char* name : {"latency_mean", "latency_p50", "latency_p90"}) {
    const record::Figure& a = *find(independent, name);
    const record::Figure& b = *find(blocks, name);
    EXPECT_EQ(a.value, b.value);
    EXPECT_GT(*b.high - *b.low, 2.0 * (*a.high - *a.low)) << name;
  }
}

/// The quick part of bench/interval_coverage.cpp: 95 % ± four binomial standard errors of 300 runs.
TEST(Coverage, IsNear95PercentOnAQuickGrid) {
  constexpr int kRuns = 300;
  for (const std::size_t questions : {30UL, 100UL, 300UL}) {
    for (const double accuracy : {0.1, 0.5, 0.98}) {
      const SimulationOptions options{.questions = questions, .accuracy = accuracy, .sigma = 0.5};
      const double joules = SimulatedRun::mean_joules(options);
      const std::vector<std::pair<std::string, double>> truths{{"accuracy", accuracy},
                                                               {"ipj_active", accuracy / joules},
                                                               {"j_per_query_active", joules}};
      std::vector<int> covered(truths.size(), 0);
      for (int i = 0; i < kRuns; ++i) {
        const SimulatedRun run(options, static_cast<std::uint64_t>(i) + 1);
        const auto all = computed(run.energy_sample(), {.resamples = 200});
        for (std::size_t t = 0; t < truths.size(); ++t) {
          const record::Figure& figure = *find(all, truths[t].first);
          covered[t] += *figure.low <= truths[t].second && truths[t].second <= *figure.high ? 1 : 0;
        }
      }
      for (std::size_t t = 0; t < truths.size(); ++t) {
        const double share = static_cast<double>(covered[t]) / kRuns;
        EXPECT_GT(share, 0.9) << truths[t].first << " n=" << questions << " p=" << accuracy;
        EXPECT_LT(share, 0.995) << truths[t].first << " n=" << questions << " p=" << accuracy;
      }
    }
  }
}

}  // namespace
}  // namespace ipw::metrics
