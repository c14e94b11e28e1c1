#pragma once
// Every kind of sensor that ipw knows, in one table, and the search for those of this machine.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/energy/characterise.h"
#include "ipw/energy/rapl_perf.h"
#include "ipw/energy/sensor.h"
#include "ipw/energy/visible_devices.h"
#include "ipw/energy/work_clock.h"

namespace ipw::energy {

/// The process's own environment.
[[nodiscard]] std::optional<std::string> process_environment(const std::string& variable);

struct ProbeOptions {
  std::filesystem::path root = "/";  // of /sys and /proc
  Environment environment = process_environment;
  std::vector<std::string> nvml_libraries{"libnvidia-ml.so.1"};
  std::vector<std::string> amd_smi_libraries{"libamd_smi.so", "/opt/rocm/lib/libamd_smi.so"};
  std::vector<std::string> rocm_smi_libraries{"librocm_smi64.so", "/opt/rocm/lib/librocm_smi64.so"};
  std::vector<std::string> level_zero_libraries{"libze_loader.so.1"};
  PerfOpen perf_open = system_perf_open;
  std::optional<core::Watts> watts_per_busy_core;  // of the CPU-time estimate (--cpu-watts)
  std::shared_ptr<WorkClock> work;   // of the model; null: the estimate is of the whole machine
  std::string meter_command;         // of an external meter (--meter-command); empty: none
  std::vector<std::string> devices;  // sensors to bill, by id (--devices); empty: all in use
  bool meter_alone = false;  // the work is done on another machine: none of this one's own sensors
  bool ask_daemon = true;    // look for this machine's sensor daemon at IPW_ENERGY_SOCKET, else at
                             // run/ipw/energy.sock below `root`
};

/// One row of the table.
struct SensorKind {
  const char* method;  // as in its findings
  const char* title;   // for people
  bool last_resort;    // looked for only where nothing measures the processor package
  Probe (*probe)(const ProbeOptions& options);
};
[[nodiscard]] std::span<const SensorKind> sensor_kinds();

struct ProbeReport {
  std::vector<std::unique_ptr<Sensor>> sensors;  // to use; empty: nothing can be measured
  std::vector<Finding> findings;                 // at least one for each kind, in table order
};

/// Looks for every kind. Never fails: what is missing is a finding with its cure. No joule is
/// billed twice: of several sensors of one domain the first in table order is kept; where an
/// external meter was named, it alone is billed; other sensors of the whole machine (battery, ACPI
/// meter) are billed only where nothing measures the processor, and then alone; a module's counter
/// (GH200) contains its processors.
[[nodiscard]] ProbeReport probe_sensors(const ProbeOptions& options);

/// Bills the sensors in `ids` and no other, whatever the environment says; the user answers for
/// what contains what. An id may be shortened where that names one sensor only. kNotFound or kUsage
/// where it names none or several, with the ids that there are.
[[nodiscard]] core::Result<void> bill_only(ProbeReport& report, std::span<const std::string> ids);

/// Watches the sensors of a report (characterise.h) and bills by what that shows: of counters that
/// mirror each other the first, and none that stands still. Where that one was to measure the
/// processor, a sensor of the whole machine or the estimate takes its place. Where the user chose
/// `options.devices`, mirrors among them stay.
void watch_sensors(ProbeReport& report, const ProbeOptions& options, core::Clock& clock,
                   const CharacteriseOptions& watching = {});

/// probe_sensors() for a measurement: what the user asked for must be there. Errors as bill_only();
/// kUnavailable where the named meter gives nothing.
[[nodiscard]] core::Result<ProbeReport> open_sensors(const ProbeOptions& options);

}  // namespace ipw::energy
