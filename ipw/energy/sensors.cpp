// The table of sensor kinds: see sensors.h.

#include "ipw/energy/sensors.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "ipw/energy/cpu_time_model.h"
#include "ipw/energy/nvml.h"
#include "ipw/energy/rapl_powercap.h"

namespace ipw::energy {

namespace {

Probe rapl(const ProbeOptions& options) { return probe_rapl_powercap(options.root); }

Probe nvml(const ProbeOptions& options) {
  return probe_nvml({options.nvml_libraries, options.environment("CUDA_VISIBLE_DEVICES")});
}

Probe cpu_time(const ProbeOptions& options) {
  return probe_cpu_time(options.root, options.watts_per_busy_core);
}

constexpr SensorKind kKinds[] = {
    {"rapl-powercap", "processor packages and memory (RAPL)", false, rapl},
    {"nvml-counter", "NVIDIA GPUs (NVML)", false, nvml},
    {"cpu-time-model", "processor, estimated from CPU time", true, cpu_time},
};

// psys (scope module) contains the package.
bool measures_processor(const std::unique_ptr<Sensor>& sensor) {
  const SensorDescription description = sensor->describe();
  return description.provenance.source == record::Source::kMeasured &&
         (description.scope == Scope::kPackage || description.scope == Scope::kModule ||
          description.scope == Scope::kWall);
}

}  // namespace

std::optional<std::string> process_environment(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  if (!value) return std::nullopt;
  return std::string(value);
}

std::span<const SensorKind> sensor_kinds() { return kKinds; }

ProbeReport probe_sensors(const ProbeOptions& options) {
  ProbeReport report;
  for (const SensorKind& kind : kKinds) {
    if (kind.last_resort && std::ranges::any_of(report.sensors, measures_processor)) {
      report.findings.push_back(
          {Finding::Status::kSpare, kind.method, "", "not needed: the processor is measured", ""});
      continue;
    }
    Probe probe = kind.probe(options);
    std::ranges::move(probe.sensors, std::back_inserter(report.sensors));
    std::ranges::move(probe.findings, std::back_inserter(report.findings));
  }
  return report;
}

}  // namespace ipw::energy
