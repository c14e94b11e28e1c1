// From a run folder to its figures.
#include "ipw/report/run_report.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "ipw/core/random.h"
#include "ipw/metrics/figures.h"
#include "ipw/report/run_sample.h"

namespace ipw::report {
namespace {

void count_outcomes(const store::Columns& columns, RunReport& report) {
  report.records = static_cast<std::int64_t>(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    switch (columns.outcome(i)) {
      case record::Outcome::kCorrect: ++report.correct; break;
      case record::Outcome::kIncorrect: ++report.incorrect; break;
      case record::Outcome::kMissing: ++report.missing; break;
    }
  }
  const std::int64_t planned = report.manifest.planned().value_or(0);
  report.not_asked = std::max<std::int64_t>(planned - report.records, 0);
}

std::uint64_t bootstrap_seed(const store::Manifest& manifest) {
  const auto seed = manifest.seeds.find("bootstrap");
  return seed == manifest.seeds.end() ? 0 : seed->second;
}

// Neighbours in time share a queue when requests run beside each other: blocks of about the cube
// root of n (Künsch 1989), and at least two rounds of the slots.
std::size_t block_length(std::int64_t records, const store::Manifest& manifest) {
  const int concurrency = manifest.options.concurrency;
  if (concurrency <= 1 && manifest.load.arrivals == "closed") return 0;
  const auto root = static_cast<std::size_t>(std::cbrt(static_cast<double>(records)));
  return std::max<std::size_t>(root, 2 * static_cast<std::size_t>(concurrency));
}

void add_electricity(std::vector<metrics::NamedFigure>& figures, const Electricity& electricity) {
  std::vector<metrics::NamedFigure> more = electricity_figures(figures, electricity);
  figures.insert(figures.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
}

}  // namespace

core::Result<RunReport> read_report(const std::filesystem::path& directory,
                                    const ReportOptions& options) {
  IPW_TRY(store::Run run, store::Run::open(directory));
  IPW_TRY(RunReading reading, read_run(run, options));
  return std::move(reading.report);
}

core::Result<RunReading> read_run(store::Run& run, const ReportOptions& options) {
  RunReport report{.directory = run.directory(), .manifest = run.manifest()};
  IPW_TRY(store::Columns columns, run.columns());
  IPW_TRY(report.idle, run.idle());
  count_outcomes(columns, report);

  RunSample sample(std::move(columns), report.manifest);
  report.load = metrics::summarize_load(sample.view());
  const metrics::FigureOptions figure_options{
      .seed = bootstrap_seed(report.manifest),
      .resamples = options.resamples,
      .block = block_length(report.records, report.manifest)};
  IPW_TRY(report.figures, metrics::figures(sample.view(), figure_options));
  add_electricity(report.figures, options.electricity);
  if (options.by_task && sample.tasks().size() > 1) {
    IPW_TRY(std::vector<metrics::TaskFigures> tasks,
            metrics::figures_by_task(sample.view(), figure_options));
    for (metrics::TaskFigures& task : tasks) {
      add_electricity(task.figures, options.electricity);
      report.tasks.push_back({sample.tasks()[task.task], std::move(task.figures)});
    }
  }
  return RunReading{std::move(report), std::move(sample)};
}

}  // namespace ipw::report
