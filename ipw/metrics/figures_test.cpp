// Five records worked out by hand, then everything that may be missing or odd.
#include "ipw/metrics/figures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ipw::metrics {
namespace {

constexpr float kAbsent = std::numeric_limits<float>::quiet_NaN();

/// Five questions, 2 s each, one after the other; 3 right; 100 J and 100 tokens in all.
struct FiveRecords {
  std::vector<float> score{1, 0, 1, 1, 0};
  std::vector<float> active{8, 18, 8, 26, 30};
  std::vector<float> total{10, 20, 10, 30, 30};
  std::vector<float> power{40, 50, 40, 60, 60};
  std::vector<double> started{0, 2, 4, 6, 8};
  std::vector<double> ended{2, 4, 6, 8, 10};
  std::vector<float> latency{2, 2.5, 2, 2, 2};
  std::vector<float> latency_sent{2, 2, 2, 2, 2};
  std::vector<float> ttft{0.5F, 0.25F, 0.5F, 0.75F, 0.5F};
  std::vector<float> tpot{0.1F, 0.1F, 0.2F, 0.1F, 0.1F};
  std::vector<float> prompt{5, 5, 5, 5, 10};
  std::vector<float> tokens{10, 20, 20, 25, 25};
  double systematic = 0.0;

  [[nodiscard]] Sample sample() const {
    Sample sample;
    sample.score = score;
    sample.started = started;
    sample.ended = ended;
    sample.latency = latency;
    sample.latency_sent = latency_sent;
    sample.ttft = ttft;
    sample.tpot = tpot;
    sample.prompt_tokens = prompt;
    sample.output_tokens = tokens;
    sample.energy.push_back(
        {{record::Source::kMeasured, "rapl-powercap"}, active, total, power, systematic});
    return sample;
  }
};

std::vector<NamedFigure> computed(const Sample& sample, const FigureOptions& options = {}) {
  auto result = figures(sample, options);
  EXPECT_TRUE(result) << result.error().message;
  return *std::move(result);
}

void expect_figure(const std::vector<NamedFigure>& all, const std::string& name, double value,
                   double low, double high, const std::string& unit) {
  const record::Figure* figure = find(all, name);
  ASSERT_NE(figure, nullptr) << name;
  ASSERT_TRUE(figure->value && figure->low && figure->high) << name << ": " << figure->reason;
  EXPECT_NEAR(*figure->value / value, 1.0, 1e-6) << name;
  EXPECT_NEAR(*figure->low / low, 1.0, 1e-6) << name;
  EXPECT_NEAR(*figure->high / high, 1.0, 1e-6) << name;
  EXPECT_EQ(figure->unit, unit) << name;
  EXPECT_EQ(figure->n, 5) << name;
}

TEST(Figures, OfFiveRecordsAreThoseWorkedByHand) {
  const FiveRecords five;
  const auto all = computed(five.sample());
  // Accuracy 3/5 by Wilson. Means: Student's t(4) = 2.776445 with the skewness
  // taken off, ratios of sums the same of the logarithm, recomputed by an independent program; e.g.
  // joules: 20 J, standard error sqrt(100/5) = 4.4721, no skewness. ipw and ipj: MOVER of both,
  // with the jackknife correlation (-.456435).
  expect_figure(all, "accuracy", 0.6, 0.23072428127601, 0.88237922576735, "1");
  expect_figure(all, "j_per_query", 20, 7.583360017962335, 32.41663998203767, "J");
  expect_figure(all, "j_per_query_active", 18, 5.459808318354659, 30.91741637667712, "J");
  expect_figure(all, "watts", 50, 37.58336001796233, 62.41663998203767, "W");
  expect_figure(all, "ipj", 0.03, 0.008575801161568043, 0.09915142992842232, "1/J");
  expect_figure(all, "ipj_active", 1.0 / 30, 0.008808088745618475, 0.1406221110065954, "1/J");
  expect_figure(all, "ipw", 0.012, 0.004097944144327717, 0.02134438247319292, "1/W");
  // 100 J in 10 s: 10 W. All windows are alike, so its limits are twice those of ipj.
  expect_figure(all, "ipw_energy_weighted", 0.06, 0.01715160232313609, 0.1983028598568446, "1/W");
  expect_figure(all, "j_per_token", 1.0, 0.2701788967058232, 1.461049535942945, "J/token");
  expect_figure(all, "ttft_mean", 0.5, 0.2805027417287289, 0.7194972582712725, "s");
  expect_figure(all, "latency_sent_mean", 2, 2, 2, "s");
  EXPECT_DOUBLE_EQ(*find(all, "latency_mean")->value, 2.1);
  EXPECT_DOUBLE_EQ(*find(all, "tokens_per_s")->value, 10.0);
  EXPECT_DOUBLE_EQ(*find(all, "throughput_tokens")->value, 10.0);
  EXPECT_DOUBLE_EQ(*find(all, "throughput_questions")->value, 0.5);
  EXPECT_NEAR(*find(all, "tpot_mean")->value, 0.12, 1e-8);
  EXPECT_DOUBLE_EQ(*find(all, "prompt_tokens_mean")->value, 6.0);
  EXPECT_DOUBLE_EQ(*find(all, "output_tokens_mean")->value, 20.0);
  EXPECT_DOUBLE_EQ(*find(all, "ttft_p50")->value, 0.5);
  EXPECT_NEAR(*find(all, "ttft_p90")->value, 0.65, 1e-7);  // .5 + .6 · (.75 - .5)
  EXPECT_FALSE(find(all, "ttft_p99")->high);
  EXPECT_EQ(find(all, "ttft_p99")->reason,
            "no upper limit: needs 368 independent observations, has 5");
  EXPECT_EQ(find(all, "ipw")->interval, "mover");
  EXPECT_EQ(find(all, "ipj")->provenance.method, "rapl-powercap");
  EXPECT_EQ(find(all, "ipw_active"), nullptr);  // power is gross: there is no such figure
}

TEST(Figures, AreUniqueByNameAndProvenance) {
  const FiveRecords five;
  Sample sample = five.sample();
  sample.energy.push_back(
      {{record::Source::kEstimated, "cpu-time-model"}, five.active, {}, five.power, 0});
  std::set<std::pair<std::string, std::string>> keys;
  for (const auto& [name, figure] : computed(sample)) {
    EXPECT_TRUE(keys.emplace(name, record::name(figure.provenance.source)).second) << name;
  }
}

TEST(Figures, ShowSystematicErrorBesideTheRandomOne) {
  FiveRecords five;
  five.systematic = 0.1;
  const auto all = computed(five.sample());
  const record::Figure& joules = *find(all, "j_per_query");
  const double random = std::log(*joules.high / *joules.value);
  EXPECT_NEAR(std::log(*joules.high_total / *joules.value), std::hypot(random, 0.195996398), 1e-8);
  const double below = std::log(*joules.value / *joules.low);
  EXPECT_NEAR(std::log(*joules.value / *joules.low_total), std::hypot(below, 0.195996398), 1e-8);
  EXPECT_FALSE(find(all, "accuracy")->low_total);
}

TEST(Figures, WithoutIdleAreActiveOnlyAndSayWhyIpwMeansLittle) {
  const FiveRecords five;
  Sample sample = five.sample();
  sample.energy[0].provenance = {record::Source::kEstimated, "cpu-time-model"};
  sample.energy[0].total_j = {};
  const auto all = computed(sample);
  for (const char* name : {"ipw", "ipj", "j_per_query", "j_per_token", "watts"}) {
    EXPECT_FALSE(find(all, name)->value) << name;
    EXPECT_NE(find(all, name)->reason.find("idle power is unknown"), std::string::npos) << name;
  }
  EXPECT_NEAR(*find(all, "ipw_active")->value, 0.012, 1e-12);
  EXPECT_EQ(find(all, "ipw_active")->reason,
            "power is nearly constant in this model: ipw follows accuracy alone; read ipj");
  EXPECT_NEAR(*find(all, "ipj_active")->value, 1.0 / 30, 1e-9);
}

TEST(Figures, OfTwoSourcesAreSplitAndMixedNeverMelted) {
  const FiveRecords five;
  Sample sample = five.sample();
  sample.energy.push_back(
      {{record::Source::kMeasured, "nvml-counter"}, five.active, five.total, five.power, 0});
  sample.energy.push_back(
      {{record::Source::kEstimated, "cpu-time-model"}, five.active, {}, five.power, 0});
  std::vector<std::pair<std::string, double>> found;
  for (const auto& [name, figure] : computed(sample)) {
    if (name != "j_per_query_active") continue;
    found.emplace_back(
        std::string(record::name(figure.provenance.source)) + " " + figure.provenance.method,
        *figure.value);
  }
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0], std::pair(std::string("measured rapl-powercap+nvml-counter"), 36.0));
  EXPECT_EQ(found[1], std::pair(std::string("estimated cpu-time-model"), 18.0));
  EXPECT_EQ(found[2],
            std::pair(std::string("mixed rapl-powercap+nvml-counter+cpu-time-model"), 54.0));
  EXPECT_DOUBLE_EQ(*find(computed(sample), "j_per_query_active")->value, 54.0);
  EXPECT_FALSE(find(computed(sample), "j_per_query")->value);  // one part has no idle
}

TEST(Figures, SayThatRequestsSharedTheDevices) {
  FiveRecords five;
  five.started = {0, 0, 0, 0, 0};
  five.ended = {2, 2, 2, 2, 2};
  const auto all = computed(five.sample());
  EXPECT_NE(find(all, "ipw")->reason.find("shared the devices"), std::string::npos);
  EXPECT_NEAR(*find(all, "ipw_energy_weighted")->value, 0.6 / (100.0 / 2.0), 1e-9);
  EXPECT_DOUBLE_EQ(*find(all, "throughput_tokens")->value, 50.0);
  EXPECT_DOUBLE_EQ(*find(all, "tokens_per_s")->value, 10.0);
}

TEST(Figures, CountJoulesOnlyWhereTheyWereMeasured) {
  FiveRecords five;
  five.total[1] = kAbsent;
  const auto all = computed(five.sample());
  EXPECT_DOUBLE_EQ(*find(all, "j_per_query")->value, 20.0);
  EXPECT_EQ(find(all, "j_per_query")->n, 4);
  EXPECT_NE(find(all, "j_per_query")->reason.find("of 80 % of the records"), std::string::npos);
  EXPECT_NEAR(*find(all, "ipj")->value, 0.75 / 20.0, 1e-12);  // one population for both means
}

TEST(Figures, WithoutEnergySaySo) {
  const FiveRecords five;
  Sample sample = five.sample();
  sample.energy.clear();
  const auto all = computed(sample);
  EXPECT_FALSE(find(all, "ipj")->value);
  EXPECT_EQ(find(all, "ipj")->reason, "no energy was measured");
}

TEST(Missing, AboveOnePercentLeavesBoundsInsteadOfAHeadline) {
  FiveRecords five;
  five.score[3] = kAbsent;
  const auto all = computed(five.sample());
  const record::Figure& accuracy = *find(all, "accuracy");
  EXPECT_FALSE(accuracy.value);
  EXPECT_FALSE(accuracy.low || accuracy.high) << "bounds are no interval";
  EXPECT_DOUBLE_EQ(*accuracy.all_wrong, 0.4);
  EXPECT_DOUBLE_EQ(*accuracy.all_right, 0.6);
  EXPECT_EQ(accuracy.interval, "missing-bounds");
  EXPECT_EQ(accuracy.reason.substr(0, 4), "20 %");
  EXPECT_FALSE(find(all, "ipj")->value);
  EXPECT_NEAR(*find(all, "ipj")->all_wrong, 0.4 / 20, 1e-12);
  EXPECT_NEAR(*find(all, "ipj")->all_right, 0.6 / 20, 1e-12);
  EXPECT_DOUBLE_EQ(*find(all, "j_per_query")->value, 20.0);  // its energy was spent
  EXPECT_DOUBLE_EQ(*find(all, "accuracy_all_wrong")->value, 0.4);
  EXPECT_DOUBLE_EQ(*find(all, "accuracy_all_right")->value, 0.6);
}

// Verdicts that are missing bound a figure from both sides, whatever is known; never as an
// interval.
TEST(Missing, BoundsAreTheFiguresWithAllWrongAndAllRight) {
  struct Case {
    int right, wrong, missing;
    double all_wrong, all_right;
  };
  const Case cases[] = {{0, 0, 1, 0.0, 1.0},      {0, 0, 50, 0.0, 1.0},   {1, 0, 1, 0.5, 1.0},
                        {0, 1, 1, 0.0, 0.5},      {2, 2, 1, 0.4, 0.6},    {60, 30, 10, 0.6, 0.7},
                        {98, 0, 2, 0.98, 1.0},    {0, 98, 2, 0.0, 0.02},  {10, 80, 10, 0.1, 0.2},
                        {490, 490, 20, .49, .51}, {1, 97, 2, 0.01, 0.03}, {33, 33, 34, .33, .67}};
  for (const Case& c : cases) {
    std::vector<float> score(static_cast<std::size_t>(c.right), 1.0F);
    score.insert(score.end(), static_cast<std::size_t>(c.wrong), 0.0F);
    score.insert(score.end(), static_cast<std::size_t>(c.missing), kAbsent);
    std::vector<float> joules(score.size(), 2.0F);
    Sample sample;
    sample.score = score;
    EnergyColumns energy;
    energy.provenance = {record::Source::kMeasured, "test"};
    energy.active_j = joules;
    sample.energy.push_back(energy);
    const auto all = computed(sample);
    const std::string what = std::to_string(c.right) + " right, " + std::to_string(c.wrong) +
                             " wrong, " + std::to_string(c.missing) + " missing";
    for (const auto& [name, per] : {std::pair{"accuracy", 1.0}, {"ipj_active", 2.0}}) {
      const record::Figure& figure = *find(all, name);
      EXPECT_FALSE(figure.value || figure.low || figure.high) << name << ": " << what;
      ASSERT_TRUE(figure.all_wrong && figure.all_right) << name << ": " << what;
      EXPECT_NEAR(*figure.all_wrong, c.all_wrong / per, 1e-6) << name << ": " << what;
      EXPECT_NEAR(*figure.all_right, c.all_right / per, 1e-6) << name << ": " << what;
      EXPECT_EQ(figure.interval, "missing-bounds") << name << ": " << what;
      EXPECT_FALSE(figure.reason.empty()) << name << ": " << what;
    }
    EXPECT_NEAR(*find(all, "j_per_query_active")->value, 2.0, 1e-6) << "energy was spent: " << what;
  }
}

TEST(Missing, UpToOnePercentIsLeftOutWithBoundsBeside) {
  std::vector<float> score(100, 1.0F);
  score[7] = kAbsent;
  Sample sample;
  sample.score = score;
  const auto all = computed(sample);
  EXPECT_DOUBLE_EQ(*find(all, "accuracy")->value, 1.0);
  EXPECT_EQ(find(all, "accuracy")->n, 99);
  EXPECT_DOUBLE_EQ(*find(all, "accuracy_all_wrong")->value, 0.99);
}

TEST(Figures, OfNothingAreAbsentWithReason) {
  for (const auto& [name, figure] : computed(Sample{})) {
    EXPECT_FALSE(figure.value) << name;
    EXPECT_FALSE(figure.reason.empty()) << name;
    EXPECT_EQ(figure.n, 0) << name;
  }
}

TEST(Figures, OfOneRecordHaveValuesWithoutLimits) {
  const std::vector<float> one{1};
  const std::vector<float> joules{7};
  Sample sample;
  sample.score = one;
  sample.energy.push_back(
      {{record::Source::kMeasured, "rapl-powercap"}, joules, joules, joules, 0});
  const auto all = computed(sample);
  EXPECT_DOUBLE_EQ(*find(all, "j_per_query")->value, 7.0);
  EXPECT_FALSE(find(all, "j_per_query")->low);
  EXPECT_EQ(find(all, "j_per_query")->reason, "one observation has no spread");
  EXPECT_NEAR(*find(all, "accuracy")->low, 0.2065, 5e-5);  // Wilson of 1 out of 1
  EXPECT_FALSE(find(all, "ipj")->low);
}

TEST(Figures, OfJoulesThatNoiseDrownedHaveNoAnswersPerJoule) {
  const std::vector<float> score{1, 0, 1};
  const std::vector<float> joules{-3, 1, -1};  // above idle, with more noise than signal
  Sample sample;
  sample.score = score;
  sample.energy.push_back({{record::Source::kEstimated, "cpu-time-model"}, joules, {}, joules, 0});
  const auto all = computed(sample);
  EXPECT_FALSE(find(all, "ipj_active")->value);
  EXPECT_NE(find(all, "ipj_active")->reason.find("drowned"), std::string::npos);
  EXPECT_FALSE(find(all, "ipw_active")->value);
  EXPECT_DOUBLE_EQ(*find(all, "j_per_query_active")->value, -1.0);
  EXPECT_FALSE(find(all, "j_per_query_active")->low);
  EXPECT_NE(find(all, "j_per_query_active")->reason.find("noise"), std::string::npos);
}

TEST(Figures, OfNoneCorrectHaveAnUpperLimitAboveZero) {
  FiveRecords five;
  five.score = {0, 0, 0, 0, 0};
  const auto all = computed(five.sample());
  EXPECT_EQ(*find(all, "ipj")->value, 0.0);
  EXPECT_EQ(*find(all, "ipj")->low, 0.0);
  const double b = 20.0;
  const double b_low = 7.583360017962335;
  EXPECT_NEAR(*find(all, "ipj")->high, 0.4344825 / std::sqrt(b_low * (2 * b - b_low)), 1e-6);
  five.score = {1, 1, 1, 1, 1};
  const auto right = computed(five.sample());
  EXPECT_LT(*find(right, "ipj")->low, 1 / 37.34);
  EXPECT_GT(*find(right, "ipj")->high, 0.05);
}

TEST(Figures, RefuseColumnsThatDoNotFit) {
  FiveRecords five;
  five.tokens.pop_back();
  EXPECT_EQ(figures(five.sample(), {}).error().code, core::ErrorCode::kUsage);
  FiveRecords bad;
  bad.score[0] = 1.5F;
  EXPECT_EQ(figures(bad.sample(), {}).error().code, core::ErrorCode::kUsage);
  EXPECT_FALSE(figures(FiveRecords{}.sample(), {.resamples = 10}));
}

TEST(TaskFigures, AreThoseOfTheTasksRecordsAlone) {
  const FiveRecords five;
  const std::vector<std::uint16_t> task{4, 1, 4, 1, 4};
  Sample sample = five.sample();
  sample.task = task;
  const auto tasks = figures_by_task(sample, {});
  ASSERT_TRUE(tasks);
  ASSERT_EQ(tasks->size(), 2U);
  EXPECT_EQ((*tasks)[0].task, 1);
  EXPECT_DOUBLE_EQ(*find((*tasks)[0].figures, "accuracy")->value, 0.5);
  EXPECT_DOUBLE_EQ(*find((*tasks)[0].figures, "j_per_query")->value, 25.0);
  EXPECT_EQ((*tasks)[1].task, 4);
  EXPECT_NEAR(*find((*tasks)[1].figures, "accuracy")->value, 2.0 / 3.0, 1e-12);
}

}  // namespace
}  // namespace ipw::metrics
