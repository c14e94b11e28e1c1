#pragma once
// Contrasts of ln(mean score / mean cost) between cells that answered the same questions: ratios,
// Shapley shares and slopes, with paired intervals.

#include <cstddef>
#include <span>
#include <vector>

#include "ipw/metrics/bootstrap.h"
#include "ipw/metrics/interval.h"

namespace ipw::metrics {

/// Scores in [0, 1] and costs (watts, joules) by question, cell and repeat, in that order.
struct ContrastSample {
  std::size_t questions = 0;
  std::size_t cells = 0;
  std::size_t repeats = 1;
  std::vector<double> score;
  std::vector<double> cost;
};

/// Σ accuracy_i · ln(mean score of cell i) + cost_i · ln(mean cost of cell i). Its exponential, or,
/// where `whole` is not empty, its share in Σ whole_i · ln(mean score / mean cost).
struct LogContrast {
  std::vector<double> accuracy;
  std::vector<double> cost;
  std::vector<double> whole;
};

struct ContrastEstimate {
  double value = 0.0;  // NaN where a mean is zero or below
  Limits limits;
};

/// One estimate per contrast, paired by question: student_limits() of its logarithm; where a cell
/// has fewer than 20 right or wrong answers MOVER of Wilson's limits and the costs', with their
/// correlation over the questions. Shares have limits from 200 questions on: absent, with the
/// reason, where answers are few or the whole cannot be told from zero. Without resamples (0)
/// values alone.
[[nodiscard]] std::vector<ContrastEstimate> contrasts(const ContrastSample& sample,
                                                      std::span<const LogContrast> contrasts,
                                                      const BootstrapOptions& options);

}  // namespace ipw::metrics
