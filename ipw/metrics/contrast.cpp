#include "ipw/metrics/contrast.h"

#include <algorithm>
#include <cmath>

#include "ipw/core/random.h"
#include "ipw/metrics/linear.h"
#include "ipw/metrics/measure.h"
#include "ipw/metrics/student.h"
#include "ipw/metrics/tally.h"

namespace ipw::metrics {
namespace {

constexpr std::size_t kFewQuestions = 200;  // as for figures of one run (docs/metrics.md)
constexpr std::size_t kMostUnits = 4096;

// Columns of the sums: of cell i Σscore, Σcost, and at the end the number of records.
UnitSums add_up(const ContrastSample& sample, std::uint64_t seed) {
  const auto unit_of =
      units_of_clusters(sample.questions, kMostUnits, core::derive_seed(seed, "units"));
  const std::size_t units = std::ranges::max(unit_of) + std::size_t{1};
  UnitSums sums(units, 2 * sample.cells + 1, sample.repeats);
  std::size_t at = 0;
  for (std::size_t question = 0; question < sample.questions; ++question) {
    for (std::size_t cell = 0; cell < sample.cells; ++cell) {
      for (std::size_t repeat = 0; repeat < sample.repeats; ++repeat, ++at) {
        sums.add(unit_of[question], repeat, 2 * cell, sample.score[at]);
        sums.add(unit_of[question], repeat, 2 * cell + 1, sample.cost[at]);
      }
    }
    for (std::size_t repeat = 0; repeat < sample.repeats; ++repeat) {
      sums.add(unit_of[question], repeat, 2 * sample.cells, 1.0);
    }
  }
  return sums;
}

double logarithm(std::span<const double> sums, std::size_t column) {
  const double mean = sums[column] / sums.back();
  return mean > 0.0 ? std::log(mean) : kNaN;
}

double weighted(std::span<const double> sums, std::span<const double> accuracy,
                std::span<const double> cost) {
  double value = 0.0;
  for (std::size_t i = 0; i < accuracy.size(); ++i) {
    if (accuracy[i] != 0.0) value += accuracy[i] * logarithm(sums, 2 * i);
    if (cost[i] != 0.0) value += cost[i] * logarithm(sums, 2 * i + 1);
  }
  return value;
}

Statistic statistic_of(const LogContrast& contrast) {
  return [&contrast](std::span<const double> sums) {
    const double value = weighted(sums, contrast.accuracy, contrast.cost);
    if (contrast.whole.empty()) return std::exp(value);
    std::vector<double> costs = contrast.whole;
    for (double& weight : costs) weight = -weight;
    return value / weighted(sums, contrast.whole, costs);
  };
}

bool few_answers(const ContrastSample& sample, const std::vector<double>& totals) {
  for (std::size_t cell = 0; cell < sample.cells; ++cell) {
    const double right = totals[2 * cell] / static_cast<double>(sample.repeats);
    const double wrong = static_cast<double>(sample.questions) - right;
    if (std::min(right, wrong) < kFewAnswers) return true;
  }
  return false;
}

// How the columns of the sums (all but the last) go together from unit to unit, row by row; 0 where
// one does not vary.
std::vector<double> correlations(const UnitSums& sums) {
  const std::size_t columns = sums.columns - 1;
  std::vector<double> mean = sums.totals();
  for (double& total : mean) total /= static_cast<double>(sums.units);
  std::vector<double> products(columns * columns, 0.0);
  for (std::size_t u = 0; u < sums.units; ++u) {
    const double* unit = sums.by_unit.data() + u * sums.columns;
    for (std::size_t i = 0; i < columns; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        products[i * columns + j] += (unit[i] - mean[i]) * (unit[j] - mean[j]);
      }
    }
  }
  std::vector<double> result(columns * columns, 0.0);
  for (std::size_t i = 0; i < columns; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      const double spread = std::sqrt(products[i * columns + i] * products[j * columns + j]);
      if (spread > 0.0) {
        result[i * columns + j] = std::clamp(products[i * columns + j] / spread, -1.0, 1.0);
      }
    }
  }
  return result;
}

// The same, on the safe side for answers. Between cells that a contrast sets against each other
// agreement narrows the interval: less Newcombe's correction. Between cells that it adds agreement
// widens it, and is complete where nothing was seen to vary.
std::vector<double> safe_correlations(const UnitSums& sums, const LogContrast& contrast,
                                      double questions) {
  std::vector<double> result = correlations(sums);
  const std::vector<double> totals = sums.totals();
  const std::size_t cells = contrast.accuracy.size();
  for (std::size_t i = 0; i < cells; ++i) {
    for (std::size_t j = 0; j < cells; ++j) {
      double& own = result[4 * i * cells + 2 * j];  // rows of 2 · cells; every other is of scores
      const double a = totals[2 * i] / totals.back();
      const double b = totals[2 * j] / totals.back();
      const bool varies = a * (1.0 - a) * b * (1.0 - b) > 0.0;
      if (contrast.accuracy[i] * contrast.accuracy[j] < 0.0) {
        own = corrected_phi(own, a, b, questions);
      } else if (!varies) {
        own = 1.0;
      }
    }
  }
  return result;
}

// Closed forms where resamples would miss the rare answers: Wilson's limits of every accuracy and
// limits of every mean cost, combined with their correlation over the questions.
Limits blind_limits(const ContrastSample& sample, const LogContrast& contrast,
                    const UnitSums& sums) {
  const std::vector<double> totals = sums.totals();
  const auto n = static_cast<double>(sample.questions);
  std::vector<double> weights;
  std::vector<Estimate> estimates;
  for (std::size_t i = 0; i < sample.cells; ++i) {
    const Limits share = wilson(totals[2 * i] / static_cast<double>(sample.repeats), n);
    const Statistic mean_cost = [i](std::span<const double> all) {
      return all[2 * i + 1] / all.back();
    };
    const Limits cost = student_limits(sums, mean_cost, Scale::kLog);
    if (contrast.accuracy[i] != 0.0 && !(share.low && *share.low > 0.0)) {
      return {{}, {}, "mover", "no right answer in one of the cells"};
    }
    if (contrast.cost[i] != 0.0 && !cost.low) return {{}, {}, "mover", cost.reason};
    weights.insert(weights.end(), {contrast.accuracy[i], contrast.cost[i]});
    estimates.push_back(
        contrast.accuracy[i] == 0.0
            ? Estimate{}
            : Estimate{logarithm(totals, 2 * i), std::log(*share.low), std::log(*share.high)});
    estimates.push_back(
        contrast.cost[i] == 0.0
            ? Estimate{}
            : Estimate{logarithm(totals, 2 * i + 1), std::log(*cost.low), std::log(*cost.high)});
  }
  Limits limits = mover_linear(weights, estimates, safe_correlations(sums, contrast, n));
  limits.low = std::exp(*limits.low);
  limits.high = std::exp(*limits.high);
  return limits;
}

Limits paired(const UnitSums& sums, const Statistic& statistic, Scale scale) {
  Limits limits = student_limits(sums, statistic, scale);
  limits.method = "paired-student";
  return limits;
}

// Whether the whole that is shared lies on one side of zero with 95 % confidence.
bool clear_whole(const LogContrast& contrast, const UnitSums& sums) {
  const Statistic whole = [&contrast](std::span<const double> totals) {
    std::vector<double> costs = contrast.whole;
    for (double& weight : costs) weight = -weight;
    return std::exp(weighted(totals, contrast.whole, costs));
  };
  const Limits limits = student_limits(sums, whole, Scale::kLog);
  return limits.low && limits.high && (*limits.low > 1.0 || *limits.high < 1.0);
}

}  // namespace

std::vector<ContrastEstimate> contrasts(const ContrastSample& sample,
                                        std::span<const LogContrast> contrasts,
                                        const BootstrapOptions& options) {
  const UnitSums sums = add_up(sample, options.seed);
  const std::vector<double> totals = sums.totals();
  std::vector<Statistic> statistics;
  statistics.reserve(contrasts.size());
  for (const LogContrast& contrast : contrasts) statistics.push_back(statistic_of(contrast));
  const bool blind = few_answers(sample, totals);
  const bool few = blind || sample.questions < kFewQuestions;
  std::vector<ContrastEstimate> estimates(contrasts.size());
  for (std::size_t i = 0; i < contrasts.size(); ++i) {
    ContrastEstimate& estimate = estimates[i];
    estimate.value = statistics[i](totals);
    if (options.resamples == 0) continue;
    if (contrasts[i].whole.empty()) {
      estimate.limits = blind ? blind_limits(sample, contrasts[i], sums)
                              : paired(sums, statistics[i], Scale::kLog);
    } else if (!clear_whole(contrasts[i], sums)) {
      estimate.limits = {{}, {}, "", "the whole gain cannot be told from none"};
    } else if (few) {
      estimate.limits = {{},
                         {},
                         "",
                         "a share of the gain needs 200 questions, and 20 right and 20 "
                         "wrong answers in every cell"};
    } else {
      estimate.limits = paired(sums, statistics[i], Scale::kPlain);
    }
  }
  return estimates;
}

}  // namespace ipw::metrics
