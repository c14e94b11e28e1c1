#pragma once
// What single figures of run_plots.h are made from; for those who write one.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/record/verdict.h"
#include "ipw/report/plot.h"
#include "ipw/report/power_curve.h"
#include "ipw/report/run_report.h"
#include "ipw/report/token_scatter.h"
#include "ipw/store/run.h"

namespace ipw::report {

/// Which share of the answers was there within how many seconds.
struct TimeCurve {
  std::vector<PlotPoint> points;  // a few hundred, rising
  std::int64_t without = 0;       // records that have no such time
};

/// A question while it was in service, on the axis of a PowerCurve.
struct ServiceSpan {
  double from = 0.0;
  double to = 0.0;
  record::Outcome outcome = record::Outcome::kMissing;
  std::size_t lane = 0;  // spans that overlap are in different ones
};

struct PowerPart {
  PowerCurve curve;
  std::vector<ServiceSpan> spans;  // empty: too many to tell apart
  std::size_t lanes = 0;
};

struct TokenPart {
  std::optional<TokenScatter> scatter;
  TokenJoules answers;  // empty: too many, and the scatter's cells stand for them
};

/// Beyond the report, what the figure at hand needs of a run.
struct RunDetail {
  TimeCurve times;
  PowerPart power;
  TokenPart tokens;
};

struct RunSet {
  std::vector<RunReport> reports;
  std::vector<std::string> labels;
  std::vector<RunDetail> details;

  [[nodiscard]] bool several() const { return reports.size() > 1; }
};

[[nodiscard]] TimeCurve time_curve(std::span<const float> seconds);
[[nodiscard]] core::Result<PowerPart> power_part(store::Run& run, const metrics::Sample& sample);
[[nodiscard]] TokenPart token_part(const metrics::Sample& sample);

using Plots = core::Result<std::vector<Plot>>;

/// Accuracy against "j_per_query" or "watts", with the efficient frontier.
[[nodiscard]] Plots tradeoff_plots(const RunSet& runs, const std::string& cost,
                                   const std::string& title, const std::string& axis);
/// `name` is "latency" or "ttft".
[[nodiscard]] Plots time_plots(const RunSet& runs, const std::string& name,
                               const std::string& title);
[[nodiscard]] Plots power_plots(const RunSet& runs);
/// `name` is "accuracy" or "j_per_query".
[[nodiscard]] Plots task_plots(const RunSet& runs, const std::string& name,
                               const std::string& title, const std::string& axis);
[[nodiscard]] Plots token_plots(const RunSet& runs);
/// Of the runs of a sweep.
[[nodiscard]] Plots load_plots(const RunSet& runs);

/// The name of an energy figure that all runs have most of: itself, or with "_active" where some
/// run knows only what is above idle.
struct EnergyName {
  std::string name;
  bool above_idle = false;
};
[[nodiscard]] EnergyName energy_name(const RunSet& runs, const std::string& name);

/// The figure of a run; null where it has no value.
[[nodiscard]] const record::Figure* figure_of(const std::vector<metrics::NamedFigure>& figures,
                                              const std::string& name);

/// Adds "Not drawn, because the figure is missing: a, b." where there are such runs.
void note_missing(Plot& plot, const std::vector<std::string>& labels);

/// Why no run has the figure, as an error.
[[nodiscard]] std::unexpected<core::Error> nothing_to_draw(const std::string& what,
                                                           const std::string& reason);

}  // namespace ipw::report
