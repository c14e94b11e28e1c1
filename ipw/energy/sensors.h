#pragma once
// Every kind of sensor that ipw knows, in one table, and the search for those of this machine.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/core/units.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

using Environment = std::function<std::optional<std::string>(const std::string& variable)>;

/// The process's own environment.
[[nodiscard]] std::optional<std::string> process_environment(const std::string& variable);

struct ProbeOptions {
  std::filesystem::path root = "/";  // of /sys and /proc
  Environment environment = process_environment;
  std::vector<std::string> nvml_libraries{"libnvidia-ml.so.1"};
  std::optional<core::Watts> watts_per_busy_core;  // of the CPU-time estimate (--cpu-watts)
};

/// One row of the table.
struct SensorKind {
  const char* method;  // as in record::Provenance
  const char* title;   // for people
  bool last_resort;    // looked for only where nothing measures the processor package
  Probe (*probe)(const ProbeOptions& options);
};
[[nodiscard]] std::span<const SensorKind> sensor_kinds();

struct ProbeReport {
  std::vector<std::unique_ptr<Sensor>> sensors;  // to use; empty: nothing can be measured
  std::vector<Finding> findings;                 // at least one for each kind, in table order
};

/// Looks for every kind. Never fails: what is missing is a finding with its cure.
[[nodiscard]] ProbeReport probe_sensors(const ProbeOptions& options);

}  // namespace ipw::energy
