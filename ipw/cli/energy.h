#pragma once
// The parts of `ipw energy`: one file each.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipw/cli/command.h"
#include "ipw/cli/electricity_flags.h"
#include "ipw/cli/flags.h"
#include "ipw/core/result.h"
#include "ipw/energy/sensors.h"

namespace ipw::cli {

struct Context;

struct EnergyFlags {
  std::vector<std::string> command;
  int repeat = 1;
  double idle_s = 1.0;
  double interval_s = 1.0;
  std::optional<double> duration_s;
  std::optional<double> cpu_watts;
  bool json = false;
  bool csv = false;
  std::string out;
  std::string samples;
  ElectricityFlags electricity;      // of a command that is measured
  std::optional<std::string> serve;  // where Prometheus scrapes: ADDRESS:PORT
};

struct ValidateFlags {
  std::string meter;
  std::string run;
  std::string sensor;
  std::string begin;
  std::string end;
  std::string time_column;
  std::string power_column;
  std::string series;
  double utc_offset_h = 0.0;
  double max_offset_s = 60.0;
  std::optional<double> offset_s;
  bool json = false;
};

/// The step `validate`.
Action declare_energy_validate(const Flags& app, Context& context);

/// The sensors of this machine; kUnavailable where there are none.
[[nodiscard]] core::Result<std::vector<std::unique_ptr<energy::Sensor>>> energy_sensors(
    const EnergyFlags& flags, const Context& context);

/// Runs the command and reports to standard error, or to --out. The command's own exit status, 128
/// + signal where one ended it, of the first run that failed; 127 where there is no such program,
/// 126 where it cannot be run.
[[nodiscard]] core::Result<int> measure_program(const EnergyFlags& flags, Context& context);

/// Shows power and joules until Ctrl-C or --duration, then the sum: rewritten in place on a
/// terminal, rows elsewhere.
[[nodiscard]] core::Result<int> show_power(const EnergyFlags& flags, Context& context);

/// Answers GET /metrics at --serve with the sensors' joules and watts until Ctrl-C or --duration;
/// says on standard error where. kUsage for a place that is none, else as net::HttpServer::open.
[[nodiscard]] core::Result<int> serve_power(const EnergyFlags& flags, Context& context);

}  // namespace ipw::cli
