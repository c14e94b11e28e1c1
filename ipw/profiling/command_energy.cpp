// Runs, windows and their means: see command_energy.h.
#include "ipw/profiling/command_energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ipw/metrics/distribution.h"

namespace ipw::profiling {
namespace {

constexpr core::Seconds kGlance{0.02};

// Waits for the end of the run, taking in samples and passing signals on.
Ended wait_for_end(Child& child, const CommandPlan& plan, energy::Watch& watch) {
  bool forwarded = false;
  while (true) {
    if (const std::optional<Ended> ended = child.wait_for(kGlance)) return *ended;
    watch.update();
    if (forwarded || !plan.signal_to_forward) continue;
    if (const int number = plan.signal_to_forward()) {
      child.signal(number);
      forwarded = true;
    }
  }
}

// What the runs of one sensor, or of several summed, gave.
struct Series {
  std::vector<double> joules;    // per run
  std::vector<double> variance;  // J², of each, without the method's
  std::vector<double> seconds;   // of each that samples cover
  double method = 0.0;           // J, one standard deviation of the mean
  double idle_watts = 0.0;
  double idle_error = 0.0;  // W, one standard error
};

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

record::Figure mean_figure(const std::vector<double>& values, const std::vector<double>& variance,
                           double systematic, double extra, const char* unit) {
  record::Figure figure{.unit = unit, .n = static_cast<std::int64_t>(values.size())};
  const auto n = static_cast<double>(values.size());
  const double centre = mean(values);
  double half = 0.0;
  if (values.size() > 1) {
    double squares = 0.0;
    for (const double value : values) squares += (value - centre) * (value - centre);
    half = metrics::student_quantile(0.975, n - 1.0) * std::sqrt(squares / (n - 1.0) / n);
    figure.interval = "student-t";
  } else {
    half = metrics::kZ95 * std::sqrt(variance.front());
    figure.interval = "sensor-uncertainty";
  }
  half = std::hypot(half, metrics::kZ95 * extra);
  const double with_method = std::hypot(half, metrics::kZ95 * systematic);
  figure.value = centre;
  figure.low = centre - half;
  figure.high = centre + half;
  if (systematic > 0.0) {
    figure.low_total = centre - with_method;
    figure.high_total = centre + with_method;
  }
  return figure;
}

record::Figure absent(const char* unit, std::string reason) {
  record::Figure figure{.unit = unit};
  figure.reason = std::move(reason);
  return figure;
}

Series series_of(const CommandEnergy& measured, std::size_t sensor) {
  Series series;
  const energy::SensorDescription& description = measured.sensors[sensor];
  for (const CommandRun& run : measured.runs) {
    const std::optional<energy::WindowEnergy>& gross = run.gross[sensor];
    if (!gross) continue;
    const double joules = gross->energy.count();
    const double method = description.method_uncertainty * joules;
    series.joules.push_back(joules);
    series.variance.push_back(
        std::max(0.0, std::pow(gross->uncertainty.count(), 2) - method * method));
    series.seconds.push_back(run.elapsed.count() * gross->coverage);
  }
  if (!series.joules.empty()) series.method = description.method_uncertainty * mean(series.joules);
  return series;
}

SensorFigures figures_of(const Series& series, const std::string& sensor,
                         const record::Provenance& provenance, bool idle_known,
                         const std::string& note) {
  SensorFigures figures{.sensor = sensor, .energy = {}, .active = {}, .power = {}, .coverage = {}};
  if (series.joules.empty()) {
    const std::string reason = "no sample of this sensor fell into the run";
    figures.energy = absent("J", reason);
    figures.active = absent("J", reason);
    figures.power = absent("W", reason);
  } else {
    figures.energy = mean_figure(series.joules, series.variance, series.method, 0.0, "J");
    std::vector<double> watts = series.joules;
    std::vector<double> watts_variance = series.variance;
    std::vector<double> active = series.joules;
    for (std::size_t i = 0; i < watts.size(); ++i) {
      watts[i] /= series.seconds[i];
      watts_variance[i] /= series.seconds[i] * series.seconds[i];
      active[i] -= series.idle_watts * series.seconds[i];
    }
    const double seconds = mean(series.seconds);
    figures.power = mean_figure(watts, watts_variance, series.method / seconds, 0.0, "W");
    figures.active =
        idle_known
            ? mean_figure(active, series.variance, series.method, series.idle_error * seconds, "J")
            : absent("J", "idle power was not measured (give --idle SECONDS, or more)");
  }
  for (record::Figure* figure : {&figures.energy, &figures.active, &figures.power}) {
    figure->provenance = provenance;
    if (figure->reason.empty()) figure->reason = note;
  }
  return figures;
}

// The billed sensors of one source, summed run by run over the runs that all of them cover.
std::optional<SensorFigures> total(const CommandEnergy& measured, record::Source source) {
  std::vector<std::size_t> billed;
  for (std::size_t i = 0; i < measured.sensors.size(); ++i) {
    const energy::SensorDescription& sensor = measured.sensors[i];
    if (sensor.billed && sensor.provenance.source == source) billed.push_back(i);
  }
  const auto at_the_wall = [&](std::size_t i) {
    return measured.sensors[i].scope == energy::Scope::kWall;
  };
  if (std::ranges::any_of(billed, at_the_wall)) {  // it contains all the others
    std::erase_if(billed, [&](std::size_t i) { return !at_the_wall(i); });
  }
  if (billed.size() < 2) return std::nullopt;
  Series sum;
  bool idle_known = true;
  for (const CommandRun& run : measured.runs) {
    double joules = 0.0;
    double variance = 0.0;
    double method = 0.0;
    double coverage = 1.0;
    bool covered = true;
    for (const std::size_t i : billed) {
      const std::optional<energy::WindowEnergy>& gross = run.gross[i];
      covered = covered && gross.has_value();
      if (!covered) break;
      const double systematic = measured.sensors[i].method_uncertainty * gross->energy.count();
      joules += gross->energy.count();
      variance += std::max(0.0, std::pow(gross->uncertainty.count(), 2) - systematic * systematic);
      method += systematic;  // the same error in all of a kind: not independent
      coverage = std::min(coverage, gross->coverage);
    }
    if (!covered) continue;
    sum.joules.push_back(joules);
    sum.variance.push_back(variance);
    sum.seconds.push_back(run.elapsed.count() * coverage);
    sum.method = std::max(sum.method, method);
  }
  std::string method;
  for (const std::size_t i : billed) {
    const std::optional<energy::IdlePower> idle = subtracted_idle(measured, i);
    idle_known = idle_known && idle.has_value();
    if (idle) {
      sum.idle_watts += idle->mean.count();
      sum.idle_error = std::hypot(sum.idle_error, idle->standard_error.count());
    }
    const std::string& one = measured.sensors[i].provenance.method;
    if (method.find(one) == std::string::npos) method += (method.empty() ? "" : " + ") + one;
  }
  return figures_of(sum, "total", {source, method}, idle_known, "");
}

}  // namespace

core::Result<CommandEnergy> measure_command(const CommandPlan& plan, energy::Watch& watch,
                                            core::Clock& clock, const std::stop_token& stop) {
  CommandEnergy measured;
  measured.sensors = watch.sensors();
  measured.idle_before = watch.idle(plan.idle, stop);

  struct Span {
    core::Instant from, to;
  };
  for (int i = 0; i < plan.repeat && !stop.stop_requested(); ++i) {
    watch.begin(clock.now());
    IPW_TRY(const std::unique_ptr<Child> child, Child::start(plan.program, plan.arguments, clock));
    CommandRun run;
    run.ended = wait_for_end(*child, plan, watch);
    run.elapsed = run.ended.at - child->started();
    watch.settle(run.ended.at, {});
    for (std::size_t sensor = 0; sensor < measured.sensors.size(); ++sensor) {
      energy::WindowOptions window;
      if (measured.sensors[sensor].answers_when_asked) {
        window.edges = energy::EdgeRule::kAlone;  // the work of the program alone
      } else if (!measured.idle_before.empty() && measured.idle_before[sensor]) {
        window = {energy::EdgeRule::kAlone, measured.idle_before[sensor]->mean};
      }
      run.gross.push_back(watch.timeline(sensor).window(child->started(), run.ended.at, window));
    }
    measured.runs.push_back(std::move(run));
  }
  measured.stopped = std::ssize(measured.runs) < plan.repeat;
  measured.idle_after = watch.idle(stop.stop_requested() ? core::Seconds(0.0) : plan.idle, stop);
  measured.health = watch.health();
  measured.dropped = watch.dropped();
  return measured;
}

std::optional<energy::IdlePower> subtracted_idle(const CommandEnergy& measured,
                                                 std::size_t sensor) {
  const std::optional<energy::IdlePower>& before = measured.idle_before.at(sensor);
  const std::optional<energy::IdlePower>& after = measured.idle_after.at(sensor);
  if (!before || !after) return before ? before : after;
  const double drift = (after->mean.count() - before->mean.count()) / 2.0;
  const double noise =
      std::hypot(before->standard_error.count(), after->standard_error.count()) / 2;
  return energy::IdlePower{(before->mean + after->mean) / 2.0,
                           core::Watts(std::hypot(noise, drift)), before->updates + after->updates};
}

std::vector<SensorFigures> command_figures(const CommandEnergy& measured) {
  std::vector<SensorFigures> figures;
  const std::size_t runs = measured.runs.size();
  for (std::size_t i = 0; i < measured.sensors.size(); ++i) {
    const energy::SensorDescription& sensor = measured.sensors[i];
    Series series = series_of(measured, i);
    const std::optional<energy::IdlePower> idle = subtracted_idle(measured, i);
    if (idle) {
      series.idle_watts = idle->mean.count();
      series.idle_error = idle->standard_error.count();
    }
    std::string note;
    if (series.joules.size() < runs) {
      note = fmt::format("{} of {} runs were covered by no sample and are left out",
                         runs - series.joules.size(), runs);
    }
    SensorFigures row = figures_of(series, sensor.id, sensor.provenance, idle.has_value(), note);
    double coverage = 0.0;
    for (const CommandRun& run : measured.runs) {
      if (run.gross[i]) coverage += run.gross[i]->coverage / static_cast<double>(runs);
    }
    if (runs > 0) row.coverage = coverage;
    figures.push_back(std::move(row));
  }
  for (const record::Source source : {record::Source::kMeasured, record::Source::kEstimated}) {
    if (auto sum = total(measured, source)) figures.push_back(std::move(*sum));
  }
  return figures;
}

record::Figure elapsed_figure(const CommandEnergy& measured) {
  std::vector<double> seconds;
  seconds.reserve(measured.runs.size());
  for (const CommandRun& run : measured.runs) seconds.push_back(run.elapsed.count());
  if (seconds.empty()) return absent("s", "the program did not run");
  record::Figure figure =
      mean_figure(seconds, std::vector<double>(seconds.size(), 0.0), 0.0, 0.0, "s");
  figure.provenance = {record::Source::kMeasured, "monotonic-clock"};
  if (seconds.size() == 1) {
    figure.low.reset();
    figure.high.reset();
    figure.interval.clear();
  }
  return figure;
}

}  // namespace ipw::profiling
