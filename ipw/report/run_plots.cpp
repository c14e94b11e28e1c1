// The visible list of figures, and what each reads of a run.
#include "ipw/report/run_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ipw/report/page_data.h"
#include "ipw/report/run_plot_parts.h"

namespace ipw::report {
namespace {

using core::ErrorCode;
using core::fail;

constexpr std::array kFigures{
    RunFigure{"accuracy-joules", "accuracy against joules per question, with the frontier"},
    RunFigure{"accuracy-watts", "accuracy against watts in service, with the frontier"},
    RunFigure{"latency", "share of the answers that were there within so many seconds"},
    RunFigure{"ttft", "the same for the first token"},
    RunFigure{"power", "watts over time, with the questions below"},
    RunFigure{"tasks-accuracy", "accuracy by task"},
    RunFigure{"tasks-joules", "joules per question by task"},
    RunFigure{"tokens-joules", "joules against output tokens of each answer, with the line"},
    RunFigure{"load-latency", "latency and answers against the load of a sweep, with the knee"}};

struct Maker {
  core::Result<void> (*read)(store::Run& run, const metrics::Sample& sample, RunDetail& detail);
  Plots (*draw)(const RunSet& runs);
};

core::Result<void> read_nothing(store::Run&, const metrics::Sample&, RunDetail&) { return {}; }

core::Result<void> read_power(store::Run& run, const metrics::Sample& sample, RunDetail& detail) {
  IPW_TRY(detail.power, power_part(run, sample));
  return {};
}

constexpr std::array<Maker, kFigures.size()> kMakers{{
    {read_nothing,
     [](const RunSet& runs) {
       return tradeoff_plots(runs, "j_per_query", "Accuracy against joules per question",
                             "joules per question");
     }},
    {read_nothing,
     [](const RunSet& runs) {
       return tradeoff_plots(runs, "watts", "Accuracy against watts in service",
                             "watts in service");
     }},
    {[](store::Run&, const metrics::Sample& sample, RunDetail& detail) -> core::Result<void> {
       detail.times = time_curve(sample.latency);
       return {};
     },
     [](const RunSet& runs) { return time_plots(runs, "latency", "Latency"); }},
    {[](store::Run&, const metrics::Sample& sample, RunDetail& detail) -> core::Result<void> {
       detail.times = time_curve(sample.ttft);
       return {};
     },
     [](const RunSet& runs) { return time_plots(runs, "ttft", "Time to the first token"); }},
    {read_power, power_plots},
    {read_nothing,
     [](const RunSet& runs) {
       return task_plots(runs, "accuracy", "Accuracy by task", "accuracy");
     }},
    {read_nothing,
     [](const RunSet& runs) {
       return task_plots(runs, "j_per_query", "Joules per question by task", "joules per question");
     }},
    {[](store::Run&, const metrics::Sample& sample, RunDetail& detail) -> core::Result<void> {
       detail.tokens = token_part(sample);
       return {};
     },
     token_plots},
    {read_nothing, load_plots},
}};

}  // namespace

std::span<const RunFigure> run_figures() { return kFigures; }

core::Result<std::vector<Plot>> run_plots(std::string_view figure,
                                          const std::vector<std::filesystem::path>& runs,
                                          const RunPlotOptions& options) {
  const auto* known = std::ranges::find(kFigures, figure, &RunFigure::name);
  if (known == kFigures.end()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("no figure is called {} (ipw list figures)", figure));
  }
  const Maker& maker = kMakers[static_cast<std::size_t>(known - kFigures.begin())];
  RunSet set;
  for (const std::filesystem::path& directory : runs) {
    IPW_TRY(store::Run run, store::Run::open(directory));
    IPW_TRY(RunReading reading, read_run(run, {.resamples = options.resamples}));
    IPW_CHECK(maker.read(run, reading.sample.view(), set.details.emplace_back()));
    set.reports.push_back(std::move(reading.report));
  }
  set.labels = run_labels(set.reports);
  IPW_TRY(std::vector<Plot> plots, maker.draw(set));
  if (!options.titles) {
    for (Plot& plot : plots) plot.title.clear();
  }
  return plots;
}

EnergyName energy_name(const RunSet& runs, const std::string& name) {
  const auto count = [&](const std::string& figure) {
    return std::ranges::count_if(runs.reports, [&](const RunReport& report) {
      return figure_of(report.figures, figure) != nullptr;
    });
  };
  const bool above_idle = count(name + "_active") > count(name);
  return {above_idle ? name + "_active" : name, above_idle};
}

const record::Figure* figure_of(const std::vector<metrics::NamedFigure>& figures,
                                const std::string& name) {
  const record::Figure* figure = metrics::find(figures, name);
  return figure != nullptr && figure->value ? figure : nullptr;
}

void note_missing(Plot& plot, const std::vector<std::string>& labels) {
  if (labels.empty()) return;
  std::string note = "Not drawn, because the figure is missing: ";
  for (std::size_t i = 0; i < labels.size(); ++i) note += (i > 0 ? ", " : "") + labels[i];
  plot.notes.push_back(note + ".");
}

std::unexpected<core::Error> nothing_to_draw(const std::string& what, const std::string& reason) {
  return fail(
      ErrorCode::kUnsupported,
      fmt::format("cannot draw {}: {}", what,
                  reason.empty() ? "no run has what it shows (ipw report RUN says why)" : reason));
}

}  // namespace ipw::report
