#pragma once
// The grid on which the 95 % intervals are tried: for every command its headline on simulated
// material whose truth is known. bench/interval_coverage runs all of it, interval_grid_test.cpp ten
// cells. docs/metrics.md, "How good the intervals are".

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ipw/analysis/gdi.h"
#include "ipw/analysis/replay.h"
#include "ipw/core/random.h"
#include "ipw/metrics/comparison.h"
#include "ipw/metrics/contrast.h"
#include "ipw/metrics/coverage.h"
#include "ipw/metrics/distribution.h"
#include "ipw/metrics/figures.h"
#include "ipw/metrics/interval.h"
#include "ipw/metrics/linear.h"
#include "ipw/metrics/simulated_run.h"
#include "ipw/metrics/weighted_score.h"

namespace ipw::analysis {

/// One setting, and how often the intervals of its figures hold the truth there.
struct GridCell {
  std::string command;
  std::string setting;  // what is special about it
  std::size_t questions = 0;
  double accuracy = 0.0;
  double sigma = 0.0;  // of ln joules
  bool heavy = false;  // a heavy tail: the median stands beside the mean
  std::vector<std::string> figures;
  /// One simulated run: by figure whether its interval holds the truth. Empty: `exact` counts.
  std::function<std::vector<bool>(std::uint64_t seed)> once;
  /// By figure the probability, enumerated.
  std::function<std::vector<double>()> exact;
};

namespace grid {

struct Truth {
  std::string figure;
  double value = 0.0;
};

inline bool holds(const std::optional<double>& low, const std::optional<double>& high,
                  double truth) {
  return (!low || *low <= truth) && (!high || truth <= *high);
}

inline std::vector<bool> held(const std::vector<metrics::NamedFigure>& figures,
                              const std::vector<Truth>& truths) {
  std::vector<bool> result;
  for (const Truth& truth : truths) {
    const record::Figure* figure = metrics::find(figures, truth.figure);
    result.push_back(figure != nullptr && holds(figure->low, figure->high, truth.value));
  }
  return result;
}

inline std::vector<std::string> names(const std::vector<Truth>& truths) {
  std::vector<std::string> result;
  result.reserve(truths.size());
  for (const Truth& truth : truths) result.push_back(truth.figure);
  return result;
}

inline double normal(core::Random& random) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - random.unit()));
  return radius * std::cos(2.0 * std::numbers::pi * random.unit());
}

inline double binomial(std::int64_t k, std::int64_t n, double p) {
  const auto real = [](std::int64_t value) { return static_cast<double>(value); };
  return std::exp(std::lgamma(real(n) + 1) - std::lgamma(real(k) + 1) -
                  std::lgamma(real(n - k) + 1) + real(k) * std::log(p) +
                  real(n - k) * std::log1p(-p));
}

// --- report --------------------------------------------------------------------------------------

inline GridCell accuracy_cell(std::size_t n, double accuracy) {
  return {.command = "report",
          .setting = "enumerated",
          .questions = n,
          .accuracy = accuracy,
          .figures = {"accuracy"},
          .once = {},
          .exact = [n, accuracy] {
            const auto trials = static_cast<std::int64_t>(n);
            double sum = 0.0;
            for (std::int64_t k = 0; k <= trials; ++k) {
              const metrics::Limits limits =
                  metrics::wilson(static_cast<double>(k), static_cast<double>(n));
              if (holds(limits.low, limits.high, accuracy)) sum += binomial(k, trials, accuracy);
            }
            return std::vector{sum};
          }};
}

/// Of continuous values the interval holds the quantile where the number below it, a Binomial(n,
/// p), lies between the ranks. Where a limit is absent only the other side can miss.
inline GridCell percentile_cell(std::size_t n, double p) {
  return {.command = "report",
          .setting = "enumerated",
          .questions = n,
          .figures = {"latency_p" + std::to_string(static_cast<int>(std::lround(100 * p)))},
          .once = {},
          .exact = [n, p] {
            std::vector<float> ranks;
            for (std::size_t i = 1; i <= n; ++i) ranks.push_back(static_cast<float>(i));
            const metrics::Limits limits =
                metrics::order_statistic_limits(ranks, p, static_cast<double>(n));
            const auto trials = static_cast<double>(n);
            const double above =
                limits.high ? metrics::binomial_cdf(*limits.high - 1, trials, p) : 1;
            const double below = limits.low ? metrics::binomial_cdf(*limits.low - 1, trials, p) : 0;
            return std::vector{above - below};
          }};
}

inline GridCell run_cell(const std::string& setting, const metrics::SimulationOptions& options) {
  const double joules = metrics::SimulatedRun::mean_joules(options);
  std::vector<Truth> truths{{"ipj_active", options.accuracy / joules},
                            {"j_per_query_active", joules}};
  if (options.repeats > 1) truths.push_back({"accuracy", options.accuracy});
  return {.command = "report",
          .setting = setting,
          .questions = options.questions,
          .accuracy = options.accuracy,
          .sigma = options.sigma,
          .heavy = options.runaway_share > 0.0 || options.sigma >= 1.0,
          .figures = names(truths),
          .once =
              [options, truths](std::uint64_t seed) {
                const metrics::SimulatedRun run(options, seed);
                return held(*metrics::figures(run.energy_sample(), {.seed = seed}), truths);
              },
          .exact = {}};
}

/// Half the questions are easy and half hard, and half of the variance of ln joules is theirs.
inline GridCell repeated_cell(std::size_t n, std::uint16_t repeats, double accuracy,
                              double repeat_sigma) {
  metrics::SimulationOptions options;
  options.questions = n;
  options.repeats = repeats;
  options.accuracy = accuracy;
  options.difficulty_spread = std::min({0.3, accuracy, 1.0 - accuracy});
  options.question_share = 0.5;
  options.sigma = 0.5;
  options.repeat_sigma = repeat_sigma;
  return run_cell(
      std::to_string(repeats) + " repeats" + (repeat_sigma > 0.0 ? " that differ by 5 %" : ""),
      options);
}

// --- compare and coverage ------------------------------------------------------------------------

/// Several models over the same questions: in seven of ten a question is as hard for each as for
/// the others, and half of the variance of ln joules is the question's.
struct SharedQuestions {
  static constexpr double kShared = 0.7;
  static constexpr double kWrong = 1.5;  // a wrong answer takes so much longer

  std::vector<double> accuracy;  // by model
  double sigma = 0.5;
  double runaway_share = 0.0;

  struct Answer {
    bool right = false;
    double joules = 0.0;
  };

  /// Writes what each model does with one question.
  void draw(core::Random& random, std::span<Answer> answers) const {
    const double hardness = random.unit();
    const double question = std::sqrt(0.5) * normal(random);
    for (std::size_t m = 0; m < accuracy.size(); ++m) {
      const double own = random.unit() < kShared ? hardness : random.unit();
      const bool runaway = runaway_share > 0.0 && random.unit() < runaway_share;
      answers[m].right = own < accuracy[m];
      answers[m].joules = std::exp(sigma * (question + std::sqrt(0.5) * normal(random))) *
                          (answers[m].right ? 1.0 : kWrong) *
                          (runaway ? metrics::SimulationOptions::kRunaway : 1.0);
    }
  }

  [[nodiscard]] double mean_joules(std::size_t m) const {
    const double longer = 1.0 + runaway_share * (metrics::SimulationOptions::kRunaway - 1.0);
    return longer * std::exp(sigma * sigma / 2.0) * (accuracy[m] + kWrong * (1.0 - accuracy[m]));
  }

  /// The share of questions that some of the first `models` answer.
  [[nodiscard]] double covered(std::size_t models) const {
    constexpr int kSteps = 100000;
    double sum = 0.0;
    for (int step = 0; step < kSteps; ++step) {
      const double hardness = (step + 0.5) / kSteps;
      double none = 1.0;
      for (std::size_t m = 0; m < models; ++m) {
        none *=
            1.0 - kShared * (hardness < accuracy[m] ? 1.0 : 0.0) - (1.0 - kShared) * accuracy[m];
      }
      sum += (1.0 - none) / kSteps;
    }
    return sum;
  }
};

/// A model's answers as columns.
struct AnswerColumns {
  std::vector<float> score, joules;
  std::vector<std::uint32_t> cluster;

  void add(const SharedQuestions::Answer& answer) {
    cluster.push_back(static_cast<std::uint32_t>(score.size()));
    score.push_back(answer.right ? 1.0F : 0.0F);
    joules.push_back(static_cast<float>(answer.joules));
  }
  [[nodiscard]] metrics::Sample sample() const {
    metrics::Sample view;
    view.score = score;
    view.cluster = cluster;
    metrics::EnergyColumns energy;
    energy.provenance = {record::Source::kMeasured, "nvml-counter"};
    energy.active_j = joules;
    view.energy.push_back(energy);
    return view;
  }
};

inline GridCell compare_cell(const std::string& setting, std::size_t n,
                             const SharedQuestions& both) {
  const double energy = both.mean_joules(0) / both.mean_joules(1);
  std::vector<Truth> truths{{"ipj_active_ratio", both.accuracy[0] / both.accuracy[1] / energy},
                            {"j_per_query_active_ratio", energy}};
  if (both.sigma < 1.0) {  // verdicts do not know of sigma
    truths.push_back({"accuracy_difference", both.accuracy[0] - both.accuracy[1]});
  }
  return {.command = "compare",
          .setting = setting,
          .questions = n,
          .accuracy = both.accuracy[0],
          .sigma = both.sigma,
          .heavy = both.runaway_share > 0.0 || both.sigma >= 1.0,
          .figures = names(truths),
          .once =
              [n, both, truths](std::uint64_t seed) {
                core::Random random(seed);
                AnswerColumns a;
                AnswerColumns b;
                std::array<SharedQuestions::Answer, 2> answers;
                for (std::size_t q = 0; q < n; ++q) {
                  both.draw(random, answers);
                  a.add(answers[0]);
                  b.add(answers[1]);
                }
                return held(metrics::compare(a.sample(), b.sample(), {})->figures, truths);
              },
          .exact = {}};
}

/// Two models as a pool against a reference.
inline GridCell coverage_cell(std::size_t n, double accuracy) {
  const SharedQuestions three{{accuracy, 0.8 * accuracy, 0.9 * accuracy}};
  const double pool = three.covered(2);
  return {.command = "coverage",
          .setting = "two models and a reference",
          .questions = n,
          .accuracy = accuracy,
          .figures = {"best_of", "difference"},
          .once =
              [n, three, pool](std::uint64_t seed) {
                using metrics::Mark;
                core::Random random(seed);
                std::array<SharedQuestions::Answer, 3> answers;
                std::array<std::vector<Mark>, 3> marks;
                for (std::size_t q = 0; q < n; ++q) {
                  three.draw(random, answers);
                  for (std::size_t m = 0; m < 3; ++m) {
                    marks[m].push_back(answers[m].right ? Mark::kRight : Mark::kWrong);
                  }
                }
                const std::vector<metrics::Marks> two{marks[0], marks[1]};
                const std::vector<Mark> best = metrics::pooled(two, n);
                const record::Figure share = metrics::share_covered(metrics::count(best));
                const record::Figure difference =
                    metrics::paired_difference(metrics::count_pairs(best, marks[2]));
                return std::vector<bool>{
                    holds(share.low, share.high, pool),
                    holds(difference.low, difference.high, pool - three.accuracy[2])};
              },
          .exact = {}};
}

// --- savings -------------------------------------------------------------------------------------

/// A local model that costs a tenth, and a reference that answers nine of ten. Hard questions are
/// half as long again. `right`: how often the router is.
inline GridCell savings_cell(std::size_t n, double accuracy, double sigma, double right) {
  constexpr double kCheap = 0.1;
  constexpr double kHard = 1.5;
  constexpr double kReference = 0.9;
  constexpr double kOwn = 0.3;  // sigma of what the two differ by
  const double base = accuracy + kHard * (1.0 - accuracy);
  const double served = kCheap * std::exp(kOwn * kOwn / 2.0) * accuracy + kHard * (1.0 - accuracy);
  const double oracle_quality = accuracy + (1.0 - accuracy) * kReference;
  std::vector<Truth> truths{{"joules_saved", right * (1.0 - served / base)}};
  if (sigma < 1.0) {
    truths.push_back({"quality", right * oracle_quality + (1.0 - right) * kReference});
  }
  return {
      .command = "savings",
      .setting = right == 1.0 ? "oracle" : "router that is right 4 of 5 times",
      .questions = n,
      .accuracy = accuracy,
      .sigma = sigma,
      .figures = names(truths),
      .once =
          [=](std::uint64_t seed) {
            core::Random random(seed);
            ReplayTable table;
            table.candidates = {"local", "reference"};
            table.score.resize(2);
            table.verdicts.resize(2);
            Resource joules{.name = "joules", .unit = "J", .provenance = {}, .cost = {}, .why = {}};
            joules.cost.resize(2);
            for (std::size_t q = 0; q < n; ++q) {
              const bool local = random.unit() < accuracy;
              const double cost = std::exp(sigma * normal(random)) * (local ? 1.0 : kHard);
              table.questions.push_back(static_cast<std::uint32_t>(q));
              table.score[0].push_back(local ? 1.0F : 0.0F);
              table.score[1].push_back(random.unit() < kReference ? 1.0F : 0.0F);
              joules.cost[0].push_back(
                  static_cast<float>(kCheap * cost * std::exp(kOwn * normal(random))));
              joules.cost[1].push_back(static_cast<float>(cost));
            }
            table.resources.push_back(std::move(joules));
            const OracleRouter oracle(table, table.resources[0], Suffices::kAdequate);
            const ImperfectRouter router(oracle, table, table.resources[0], right,
                                         Misroutes::kToReference);
            const FixedRouter reference(table, 1);
            const Replay found = right == 1.0 ? replay(table, oracle, reference, {.seed = seed})
                                              : replay(table, router, reference, {.seed = seed});
            return held({{"joules_saved", found.saved[0]}, {"quality", found.quality}}, truths);
          },
      .exact = {}};
}

// --- attribute and history -----------------------------------------------------------------------

/// Two models on two accelerators: cell 2·model + accelerator. On the other accelerator a model
/// gives the same verdict in `same` of the cases.
struct Attributed {
  std::size_t questions;
  double old_accuracy;
  double new_accuracy;
  double sigma;
  double same;

  static constexpr std::array<double, 4> kJoules{20.0, 12.0, 60.0, 24.0};

  [[nodiscard]] double accuracy(std::size_t cell) const {
    return cell < 2 ? old_accuracy : new_accuracy;
  }
  [[nodiscard]] double log_rate(std::size_t cell) const {
    const double joules = kJoules[cell] * std::exp(sigma * sigma / 2.0) *
                          (accuracy(cell) + 1.5 * (1.0 - accuracy(cell)));
    return std::log(accuracy(cell) / joules);
  }
  [[nodiscard]] metrics::ContrastSample draw(std::uint64_t seed) const {
    core::Random random(seed);
    metrics::ContrastSample drawn{
        .questions = questions, .cells = 4, .repeats = 1, .score = {}, .cost = {}};
    for (std::size_t q = 0; q < questions; ++q) {
      const double hardness = random.unit();
      for (std::size_t cell = 0; cell < 4; ++cell) {
        const double own = random.unit() < same ? hardness : random.unit();
        const bool right = own < accuracy(cell);
        drawn.score.push_back(right ? 1.0 : 0.0);
        drawn.cost.push_back(kJoules[cell] * std::exp(sigma * normal(random)) *
                             (right ? 1.0 : 1.5));
      }
    }
    return drawn;
  }
};

inline metrics::LogContrast rate_contrast(const std::vector<double>& weights) {
  metrics::LogContrast contrast{.accuracy = weights, .cost = weights, .whole = {}};
  for (double& weight : contrast.cost) weight = -weight;
  return contrast;
}

inline GridCell contrast_cell(const std::string& command, const std::string& setting,
                              const Attributed& truth,
                              const std::vector<std::pair<std::string, std::vector<double>>>& of) {
  std::vector<Truth> truths;
  std::vector<metrics::LogContrast> contrasts;
  for (const auto& [figure, weights] : of) {
    double value = 0.0;
    for (std::size_t cell = 0; cell < 4; ++cell) value += weights[cell] * truth.log_rate(cell);
    truths.push_back({figure, std::exp(value)});
    contrasts.push_back(rate_contrast(weights));
  }
  return {
      .command = command,
      .setting = setting,
      .questions = truth.questions,
      .accuracy = truth.old_accuracy,
      .sigma = truth.sigma,
      .heavy = truth.sigma >= 1.0,
      .figures = names(truths),
      .once =
          [truth, truths, contrasts](std::uint64_t seed) {
            const auto found = metrics::contrasts(truth.draw(seed), contrasts, {.seed = seed});
            std::vector<bool> result;
            result.reserve(truths.size());
            for (std::size_t i = 0; i < truths.size(); ++i) {
              result.push_back(holds(found[i].limits.low, found[i].limits.high, truths[i].value));
            }
            return result;
          },
      .exact = {}};
}

inline GridCell attribute_cell(const Attributed& truth) {
  return contrast_cell("attribute", truth.same == 1.0 ? "same verdicts on both accelerators" : "",
                       truth,
                       {{"model", metrics::shapley_weights(2, 0)},
                        {"accelerator", metrics::shapley_weights(2, 1)},
                        {"interaction", metrics::interaction_weights(2, 0, 1)}});
}

/// The four cells as four moments, a year apart.
inline GridCell history_cell(const Attributed& truth) {
  return contrast_cell("history", "four runs, a year apart", truth,
                       {{"gain_per_year", metrics::slope_weights(std::vector{0.0, 1.0, 2.0, 3.0})},
                        {"latest_ratio", {0.0, 0.0, -1.0, 1.0}}});
}

// --- gdp and gdi ---------------------------------------------------------------------------------

/// Five domains of equal size and unequal weight, easier and harder than the mean.
inline GridCell gdp_cell(std::size_t n, double accuracy, double sigma) {
  const std::vector<double> weights{0.4, 0.25, 0.2, 0.1, 0.05};
  const double spread = std::min({0.1, accuracy / 2.0, (1.0 - accuracy) / 2.0});
  std::vector<double> accuracies;
  double scored = 0.0;
  double paid = 0.0;
  for (std::size_t d = 0; d < weights.size(); ++d) {
    accuracies.push_back(accuracy + spread * (0.5 * static_cast<double>(d) - 1.0));
    scored += weights[d] * accuracies[d];
    paid += weights[d] * (1.0 + static_cast<double>(d)) *
            (accuracies[d] + 1.5 * (1.0 - accuracies[d])) * std::exp(sigma * sigma / 2.0);
  }
  std::vector<Truth> truths{{"value_per_joule", scored / paid}};
  if (sigma < 1.0) truths.push_back({"weighted_accuracy", scored});
  return {.command = "gdp",
          .setting = "five domains",
          .questions = n,
          .accuracy = accuracy,
          .sigma = sigma,
          .heavy = sigma >= 1.0,
          .figures = names(truths),
          .once =
              [=](std::uint64_t seed) {
                core::Random random(seed);
                metrics::WeightedSample sample{
                    .domains = weights.size(), .domain = {}, .score = {}, .cost = {}};
                std::vector<double> right(weights.size(), 0.0);
                std::vector<double> all(weights.size(), 0.0);
                for (std::size_t q = 0; q < n; ++q) {
                  const std::size_t d = q % weights.size();
                  const bool correct = random.unit() < accuracies[d];
                  right[d] += correct ? 1.0 : 0.0;
                  all[d] += 1.0;
                  sample.domain.push_back(static_cast<std::uint16_t>(d));
                  sample.score.push_back(correct ? 1.0F : 0.0F);
                  sample.cost.push_back(static_cast<float>((1.0 + static_cast<double>(d)) *
                                                           std::exp(sigma * normal(random)) *
                                                           (correct ? 1.0 : 1.5)));
                }
                std::vector<metrics::Estimate> estimates;
                for (std::size_t d = 0; d < weights.size(); ++d) {
                  const metrics::Limits limits = metrics::wilson(right[d], all[d]);
                  estimates.push_back({right[d] / all[d], *limits.low, *limits.high});
                }
                const metrics::Limits weighted = metrics::mover_linear(weights, estimates);
                const metrics::WeightedRate rate =
                    metrics::weighted_rate(sample, weights, {.seed = seed});
                std::vector<bool> result{holds(rate.limits.low, rate.limits.high, truths[0].value)};
                if (truths.size() > 1) {
                  result.push_back(holds(weighted.low, weighted.high, truths[1].value));
                }
                return result;
              },
          .exact = {}};
}

/// A scenario's limits are what its ranges leave open: worlds drawn from the ranges.
inline GridCell gdi_cell() {
  return {.command = "gdi",
          .setting = "scenario us",
          .figures = {"answers_per_s"},
          .once =
              [scenario = *parse_scenario(bundled_scenario("us"), "us"),
               found = gdi(*parse_scenario(bundled_scenario("us"), "us"), {.seed = 1})](
                  std::uint64_t seed) {
                core::Random random(seed);
                double answers = 0.0;
                for (const PowerPool& pool : scenario.pools) {
                  std::vector<double> values;
                  for (const Input& input : pool.inputs) {
                    const double width = input.high - input.low;
                    const double u = random.unit();
                    const double up = width * (input.value - input.low);
                    const double down = width * (input.high - input.value);
                    values.push_back(!input.swept() ? input.value
                                     : u * width < input.value - input.low
                                         ? input.low + std::sqrt(u * up)
                                         : input.high - std::sqrt((1.0 - u) * down));
                  }
                  answers += compute(pool, values).answers_per_s;
                }
                const record::Figure* figure =
                    metrics::find(found.sections.front().rows.front().figures, "answers_per_s");
                return std::vector<bool>{figure != nullptr &&
                                         holds(figure->low, figure->high, answers)};
              },
          .exact = {}};
}

inline void add_report(std::vector<GridCell>& cells, std::size_t n) {
  for (const double accuracy : {0.02, 0.10, 0.30, 0.50, 0.70, 0.90, 0.98}) {
    cells.push_back(accuracy_cell(n, accuracy));
  }
  cells.push_back(percentile_cell(n, 0.5));
  if (n >= 100) cells.push_back(percentile_cell(n, 0.9));
  if (n >= 100) cells.push_back(percentile_cell(n, 0.95));
  if (n >= 1000) cells.push_back(percentile_cell(n, 0.99));
  for (const double sigma : {0.5, 1.0}) {
    for (const double accuracy : {0.02, 0.10, 0.50, 0.90, 0.98}) {
      cells.push_back(run_cell("", {.questions = n, .accuracy = accuracy, .sigma = sigma}));
    }
  }
  cells.push_back(run_cell("1 % runaways",
                           {.questions = n, .accuracy = 0.5, .sigma = 0.5, .runaway_share = 0.01}));
  if (n > 1000) return;
  for (const double repeat_sigma : {0.0, 0.05}) {
    cells.push_back(repeated_cell(n, 3, 0.5, repeat_sigma));
    cells.push_back(repeated_cell(n, 10, 0.5, repeat_sigma));
    cells.push_back(repeated_cell(n, 3, 0.9, repeat_sigma));
  }
}

inline void add_pairs(std::vector<GridCell>& cells, std::size_t n) {
  for (const auto& [one, other] : {std::pair{0.02, 0.05},
                                   {0.10, 0.15},
                                   {0.30, 0.25},
                                   {0.50, 0.40},
                                   {0.70, 0.65},
                                   {0.90, 0.85},
                                   {0.98, 0.95}}) {
    for (const double sigma : {0.5, 1.0}) {
      cells.push_back(compare_cell("", n, {{one, other}, sigma}));
    }
  }
  cells.push_back(compare_cell("1 % runaways", n, {{0.5, 0.4}, 0.5, 0.01}));
  for (const double accuracy : {0.10, 0.30, 0.50, 0.70, 0.90}) {
    cells.push_back(coverage_cell(n, accuracy));
  }
}

inline void add_economy(std::vector<GridCell>& cells, std::size_t n) {
  for (const double accuracy : {0.10, 0.30, 0.50, 0.70, 0.90, 0.98}) {
    cells.push_back(savings_cell(n, accuracy, 0.5, 1.0));
    cells.push_back(savings_cell(n, accuracy, 1.0, 1.0));
    cells.push_back(savings_cell(n, accuracy, 0.5, 0.8));
  }
  for (const double sigma : {0.5, 1.0}) {
    cells.push_back(attribute_cell({n, 0.3, 0.5, sigma, 0.9}));
    cells.push_back(attribute_cell({n, 0.5, 0.9, sigma, 0.9}));
    cells.push_back(history_cell({n, 0.3, 0.5, sigma, 0.9}));
    cells.push_back(history_cell({n, 0.5, 0.9, sigma, 0.9}));
    for (const double accuracy : {0.30, 0.50, 0.80}) cells.push_back(gdp_cell(n, accuracy, sigma));
  }
  cells.push_back(attribute_cell({n, 0.5, 0.9, 0.5, 1.0}));
}

}  // namespace grid

/// All cells, by number of questions.
inline std::vector<GridCell> interval_grid() {
  std::vector<GridCell> cells;
  for (const std::size_t n : {30UZ, 100UZ, 300UZ, 1000UZ, 3000UZ}) {
    grid::add_report(cells, n);
    grid::add_pairs(cells, n);
    grid::add_economy(cells, n);
  }
  cells.push_back(grid::gdi_cell());
  return cells;
}

/// By figure of the cell how often its interval held the truth in so many runs; enumerated where
/// the cell can be.
inline std::vector<double> covered(const GridCell& cell, int runs, std::uint64_t seed) {
  if (cell.exact) return cell.exact();
  std::vector<double> shares(cell.figures.size(), 0.0);
  core::Random seeds(core::derive_seed(seed, cell.command + cell.setting) + cell.questions +
                     static_cast<std::uint64_t>(std::lround(1000.0 * cell.accuracy)));
  for (int run = 0; run < runs; ++run) {
    const std::vector<bool> held = cell.once(seeds.next());
    for (std::size_t i = 0; i < held.size(); ++i) shares[i] += held[i] ? 1.0 / runs : 0.0;
  }
  return shares;
}

}  // namespace ipw::analysis
