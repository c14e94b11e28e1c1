#pragma once
// What several runs of the same thing say together: how far one lies from the next, which no single
// run can know of itself, and what that adds to the interval of a comparison.

#include <span>
#include <string>
#include <vector>

#include "ipw/metrics/comparison.h"
#include "ipw/metrics/figures.h"

namespace ipw::metrics {

struct RunToRun {
  std::string name;
  record::Figure
      figure;           // mean over the runs; limits: Student's t of the runs' own values; n: runs
  double spread = 0.0;  // standard deviation of one run, in the figure's unit
};

/// For every (name, source) of the first run that has a value in all of `runs`: the mean, and the
/// 95 % limits for another run of the same questions on the same machine. Limits of what cannot be
/// negative are not. Empty for fewer than two runs.
[[nodiscard]] std::vector<RunToRun> run_to_run(std::span<const std::vector<NamedFigure>> runs);

/// Comparisons of runs that were made in turn (A, B, A, B, …), as one. A difference is the mean of
/// theirs, a ratio the geometric mean. Its limits hold both for other questions (the mean of the
/// pairs' own half widths, for they share their questions) and for other moments (Student's t of
/// the pairs' values): the root of the sum of the squares of both, on the scale of the logarithm
/// for ratios. A figure that a pair lacks has no value and says so. One pair comes back as it is.
/// `pairs` is not empty.
[[nodiscard]] Comparison combined(std::span<const Comparison> pairs);

}  // namespace ipw::metrics
