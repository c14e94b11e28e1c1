#pragma once
// The figures of a run, overall and by task: what docs/metrics.md defines, each with its interval.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/metrics/sample.h"
#include "ipw/record/figure.h"

namespace ipw::metrics {

struct FigureOptions {
  std::uint64_t seed = 0;      // of the bootstrap; derive it from the run's seed by name
  int resamples = 1000;        // 100 or more
  std::size_t block = 0;       // records per moving block, for a run under load; 0: independent
  std::size_t units = 4096;    // above so many clusters they are merged at random into units / 2
  double missing_limit = .01;  // share of missing verdicts above which there is no headline
};

/// A figure under the name of docs/metrics.md ("ipj", "latency_p99", …). A name stands once per
/// source of energy, and once more as `mixed` where there are several sources; (name,
/// figure.provenance) is unique within a list.
struct NamedFigure {
  std::string name;
  record::Figure figure;
};

struct TaskFigures {
  std::uint16_t task = 0;  // index of Sample::task
  std::vector<NamedFigure> figures;
};

/// All figures of the run, in the order in which a table shows them. A figure that the columns
/// cannot give stands there without value and with the reason. Fails with kUsage where columns have
/// different lengths, resamples < 100, or a score is outside [0, 1]. Time O(n + resamples × units),
/// memory below 20 MB for a million records. Pure and thread-safe; the same seed gives the same
/// figures.
[[nodiscard]] core::Result<std::vector<NamedFigure>> figures(const Sample& sample,
                                                             const FigureOptions& options);

/// The same for every task that has a record, by ascending task index.
[[nodiscard]] core::Result<std::vector<TaskFigures>> figures_by_task(const Sample& sample,
                                                                     const FigureOptions& options);

/// The figure called `name`; of several sources the mixed one, else the first; null: not there.
[[nodiscard]] const record::Figure* find(const std::vector<NamedFigure>& figures,
                                         const std::string& name);

}  // namespace ipw::metrics
