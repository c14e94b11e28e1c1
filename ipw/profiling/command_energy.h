#pragma once
// The joules of any program, run once or several times, after the manner of `perf stat`.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/energy/watch.h"
#include "ipw/profiling/child.h"
#include "ipw/record/figure.h"

namespace ipw::profiling {

struct CommandPlan {
  std::filesystem::path program;
  std::vector<std::string> arguments;  // the first is the program's name
  int repeat = 1;
  core::Seconds idle{1.0};  // watched before the first run and after the last; 0: not at all
  /// A signal that reached this process alone and that the program should get too; 0: none.
  std::function<int()> signal_to_forward;
};

/// One run of the program.
struct CommandRun {
  core::Seconds elapsed{0.0};
  Ended ended;
  std::vector<std::optional<energy::WindowEnergy>> gross;  // per sensor; absent: nothing is known
};

struct CommandEnergy {
  std::vector<energy::SensorDescription> sensors;
  std::vector<CommandRun> runs;
  std::vector<std::optional<energy::IdlePower>> idle_before;  // per sensor
  std::vector<std::optional<energy::IdlePower>> idle_after;
  std::vector<energy::SensorHealth> health;
  std::uint64_t dropped = 0;  // samples
  bool stopped = false;       // fewer runs than planned
};

/// Runs it as often as planned, waiting for its end each time. A run that fails is a run: its
/// energy was used. When stopped, the run at hand is waited for and is the last. kPermissionDenied
/// as Child::start.
[[nodiscard]] core::Result<CommandEnergy> measure_command(const CommandPlan& plan,
                                                          energy::Watch& watch, core::Clock& clock,
                                                          const std::stop_token& stop);

/// Idle power of a sensor as it is subtracted: the mean of before and after, its standard error
/// containing half their difference (it drifted by that much meanwhile). Absent where neither is.
[[nodiscard]] std::optional<energy::IdlePower> subtracted_idle(const CommandEnergy& measured,
                                                               std::size_t sensor);

/// Means over the runs. Limits: with several runs Student's t over them; with one run the sensor's
/// own uncertainty (edges, resolution, method, what no sample covers). In either case the standard
/// error of idle power where idle was subtracted. `low_total`, `high_total`: with the systematic
/// error of the sensor's method added in quadrature. n: runs behind it.
struct SensorFigures {
  std::string sensor;              // id, or "total" over the sensors billed of one provenance
  record::Figure energy;           // gross joules of a run
  record::Figure active;           // above idle; absent where idle was not watched
  record::Figure power;            // gross watts
  std::optional<double> coverage;  // mean share of a run that samples bound
};

/// One row per sensor, then one total for each source (measured, estimated) that has several
/// billed sensors: they are never added across.
[[nodiscard]] std::vector<SensorFigures> command_figures(const CommandEnergy& measured);

/// Wall seconds of a run, with Student's t where there are several.
[[nodiscard]] record::Figure elapsed_figure(const CommandEnergy& measured);

}  // namespace ipw::profiling
