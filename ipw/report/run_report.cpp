// From a run folder to its figures.
#include "ipw/report/run_report.h"

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
  const std::int64_t planned = report.manifest.questions.selected * report.manifest.options.repeat;
  report.not_asked = std::max<std::int64_t>(planned - report.records, 0);
}

std::uint64_t bootstrap_seed(const store::Manifest& manifest) {
  const auto seed = manifest.seeds.find("bootstrap");
  return seed == manifest.seeds.end() ? 0 : seed->second;
}

}  // namespace

core::Result<RunReport> read_report(const std::filesystem::path& directory,
                                    const ReportOptions& options) {
  IPW_TRY(store::Run run, store::Run::open(directory));
  RunReport report{.directory = directory, .manifest = run.manifest()};
  IPW_TRY(store::Columns columns, run.columns());
  IPW_TRY(report.idle, run.idle());
  count_outcomes(columns, report);

  const RunSample sample(std::move(columns), report.manifest);
  const metrics::FigureOptions figure_options{.seed = bootstrap_seed(report.manifest),
                                              .resamples = options.resamples};
  IPW_TRY(report.figures, metrics::figures(sample.view(), figure_options));
  if (options.by_task && sample.tasks().size() > 1) {
    IPW_TRY(std::vector<metrics::TaskFigures> tasks,
            metrics::figures_by_task(sample.view(), figure_options));
    for (metrics::TaskFigures& task : tasks) {
      report.tasks.push_back({sample.tasks()[task.task], std::move(task.figures)});
    }
  }
  return report;
}

}  // namespace ipw::report
