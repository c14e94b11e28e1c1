// The table of sensor kinds and what is billed among them: see sensors.h.

#include "ipw/energy/sensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <utility>

#include "ipw/energy/amd_smi.h"
#include "ipw/energy/apple_ioreport.h"
#include "ipw/energy/battery.h"
#include "ipw/energy/cpu_time_model.h"
#include "ipw/energy/grace.h"
#include "ipw/energy/hwmon.h"
#include "ipw/energy/hwmon_tree.h"
#include "ipw/energy/ina3221.h"
#include "ipw/energy/level_zero.h"
#include "ipw/energy/meter_command.h"
#include "ipw/energy/nvml.h"
#include "ipw/energy/rapl_powercap.h"
#include "ipw/energy/remote_sensor.h"

namespace ipw::energy {

namespace {

Probe rapl(const ProbeOptions& options) { return probe_rapl_powercap(options.root); }

Probe rapl_events(const ProbeOptions& options) {
  return probe_rapl_perf(options.root, options.perf_open);
}

Probe nvml(const ProbeOptions& options) {
  return probe_nvml({options.nvml_libraries, options.environment("CUDA_VISIBLE_DEVICES")});
}

Probe amd_smi(const ProbeOptions& options) {
  return probe_amd_smi({options.amd_smi_libraries, options.environment});
}

Probe rocm_smi(const ProbeOptions& options) {
  return probe_rocm_smi({options.rocm_smi_libraries, options.environment});
}

Probe level_zero(const ProbeOptions& options) {
  return probe_level_zero({options.level_zero_libraries, options.environment});
}

// The kernel lists GPUs by PCI address, as the vendors' runtimes do.
bool gpu_in_use(const ProbeOptions& options, const std::string& driver, const std::string& pci) {
  std::vector<HipDevice> gpus;
  for (const HwmonChip& chip : hwmon_chips(options.root)) {
    if (chip.name != driver || !chip.on_pci()) continue;
    const auto file = chip.folder / "device" / "unique_id";
    const std::string unique = read_line(file).value_or("");
    gpus.push_back({chip.device, unique.empty() ? "" : "GPU-" + unique});
  }
  const auto gpu = std::ranges::find(gpus, pci, &HipDevice::pci_address);
  if (gpu == gpus.end()) return true;
  const auto index = static_cast<std::size_t>(gpu - gpus.begin());
  if (driver == "amdgpu") return hip_shows(options.environment, gpus, index);
  return level_zero_shows(options.environment, std::vector<unsigned>(gpus.size(), 1), index);
}

Probe hwmon(const ProbeOptions& options) {
  return probe_hwmon({options.root,
                      [&](const std::string& driver, const std::string& pci) {
                        return gpu_in_use(options, driver, pci);
                      },
                      options.devices});
}

Probe grace(const ProbeOptions& options) { return probe_grace(options.root); }
Probe jetson(const ProbeOptions& options) { return probe_ina3221(options.root); }
Probe apple(const ProbeOptions&) { return probe_apple_ioreport(); }
Probe battery(const ProbeOptions& options) { return probe_battery(options.root); }
Probe meter(const ProbeOptions& options) { return probe_meter_command(options.meter_command); }

Probe cpu_time(const ProbeOptions& options) {
  if (options.work) return probe_work_time(options.root, options.watts_per_busy_core, options.work);
  return probe_cpu_time(options.root, options.watts_per_busy_core);
}

Probe daemon(const ProbeOptions& options) {
  if (!options.ask_daemon) {
    return {{},
            {{Finding::Status::kAbsent, "sensor-daemon", "", "not asked: this is the daemon", ""}}};
  }
  const auto named = options.environment("IPW_ENERGY_SOCKET");
  return probe_daemon(named && !named->empty()
                          ? std::filesystem::path(*named)
                          : options.root / std::filesystem::path(kDaemonSocket).relative_path());
}

// In each domain the first row that can be read is used.
constexpr SensorKind kKinds[] = {
    {"rapl-powercap", "processor packages and memory (RAPL)", false, rapl},
    {"rapl-perf", "the same by performance events", false, rapl_events},
    {"nvml-counter", "NVIDIA GPUs (NVML)", false, nvml},
    {"amd-smi-counter", "AMD GPUs (amd-smi)", false, amd_smi},
    {"rocm-smi-counter", "AMD GPUs (rocm-smi)", false, rocm_smi},
    {"level-zero-counter", "Intel GPUs (Level Zero)", false, level_zero},
    {"hwmon", "AMD and Intel GPUs, power meters (hwmon)", false, hwmon},
    {"grace-power", "NVIDIA Grace processors", false, grace},
    {"ina3221-power", "NVIDIA Jetson supply rails", false, jetson},
    {"apple-ioreport", "Apple silicon", false, apple},
    {"battery-power", "the whole machine on its battery", false, battery},
    {"meter-command", "an external meter", false, meter},
    {"sensor-daemon", "what this machine's sensor daemon reads", false, daemon},
    {"cpu-time-model", "processor, estimated from CPU time", true, cpu_time},
};

// psys and a Jetson's input (scope module) contain the package, a wall meter everything.
bool measures_processor(const std::unique_ptr<Sensor>& sensor) {
  const SensorDescription description = sensor->describe();
  return description.billed && description.provenance.source == record::Source::kMeasured &&
         (description.scope == Scope::kPackage || description.scope == Scope::kModule ||
          description.scope == Scope::kWall);
}

// Says in the sensor's finding why it is not billed, or not used.
void explain(ProbeReport& report, const std::string& id, Finding::Status status,
             const std::string& why) {
  const auto finding = std::ranges::find_if(report.findings, [&](const Finding& finding) {
    return finding.subject == id && finding.status == Finding::Status::kUsed;
  });
  if (finding == report.findings.end()) return;
  finding->status = status;
  finding->detail += "; " + why;
}

void drop_repeats(ProbeReport& report) {
  std::map<std::string, std::string> first;  // by domain
  std::erase_if(report.sensors, [&](const std::unique_ptr<Sensor>& sensor) {
    const SensorDescription description = sensor->describe();
    const std::string& domain = description.domain.empty() ? description.id : description.domain;
    const auto [found, is_new] = first.try_emplace(domain, description.id);
    if (is_new) return false;
    explain(report, description.id, Finding::Status::kSpare, "the same joules as " + found->second);
    return true;
  });
}

template <class Predicate>
void record_only(ProbeReport& report, const std::string& why, Predicate chosen) {
  for (std::unique_ptr<Sensor>& sensor : report.sensors) {
    SensorDescription description = sensor->describe();
    if (!description.billed || !chosen(description)) continue;
    explain(report, description.id, Finding::Status::kUsed, "recorded, not billed: " + why);
    description.billed = false;
    sensor = described_as(std::move(description), std::move(sensor));
  }
}

// A joule that two sensors count must be billed once: see sensors.h.
void bill_once(ProbeReport& report) {
  const auto any = [&](auto predicate) {
    return std::ranges::any_of(report.sensors, [&](const std::unique_ptr<Sensor>& sensor) {
      const SensorDescription description = sensor->describe();
      return description.billed && predicate(description);
    });
  };
  const auto is_meter = [](const SensorDescription& d) {
    return d.provenance.method == "meter-command";
  };
  const auto is_wall = [](const SensorDescription& d) { return d.scope == Scope::kWall; };
  const auto is_gpu_module = [](const SensorDescription& d) {
    return d.scope == Scope::kModule && d.id.starts_with("nvml:");
  };
  if (any(is_meter)) {
    record_only(report, "the external meter counts it",
                [&](const SensorDescription& d) { return !is_meter(d); });
    return;
  }
  const bool processor = any([&](const SensorDescription& d) {
    return !is_wall(d) && (d.scope == Scope::kPackage || d.scope == Scope::kModule);
  });
  if (processor) {
    record_only(report, "its parts are measured", is_wall);
  } else if (any(is_wall)) {
    record_only(report, "the whole machine is measured",
                [&](const SensorDescription& d) { return !is_wall(d); });
  }
  if (any(is_gpu_module)) {
    record_only(report, "the module's counter contains it",
                [](const SensorDescription& d) { return d.provenance.method == "grace-power"; });
  }
}

// What measured the processor measures nothing: the machine's own meter takes its place, or else
// the estimate.
void replace_processor(ProbeReport& report, const ProbeOptions& options) {
  bool whole_machine = false;
  for (std::unique_ptr<Sensor>& sensor : report.sensors) {
    SensorDescription description = sensor->describe();
    if (description.scope != Scope::kWall) continue;
    description.billed = true;
    sensor = described_as(std::move(description), std::move(sensor));
    whole_machine = true;
  }
  if (!whole_machine) {
    Probe estimate = cpu_time(options);
    std::erase_if(report.findings, [](const Finding& finding) {
      return finding.method == std::string_view("cpu-time-model");
    });
    std::ranges::move(estimate.sensors, std::back_inserter(report.sensors));
    std::ranges::move(estimate.findings, std::back_inserter(report.findings));
  }
  bill_once(report);
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
    if (options.meter_alone && kind.probe != meter) {
      report.findings.push_back({Finding::Status::kSpare, kind.method, "",
                                 "not asked: the work is done on another machine", ""});
      continue;
    }
    if (kind.last_resort && std::ranges::any_of(report.sensors, measures_processor)) {
      report.findings.push_back(
          {Finding::Status::kSpare, kind.method, "", "not needed: the processor is measured", ""});
      continue;
    }
    Probe probe = kind.probe(options);
    std::ranges::move(probe.sensors, std::back_inserter(report.sensors));
    std::ranges::move(probe.findings, std::back_inserter(report.findings));
  }
  drop_repeats(report);
  bill_once(report);
  return report;
}

void watch_sensors(ProbeReport& report, const ProbeOptions& options, core::Clock& clock,
                   const CharacteriseOptions& watching) {
  const auto mirrors = characterise(report.sensors, clock, watching);
  std::vector<SensorDescription> seen;
  seen.reserve(report.sensors.size());
  for (const auto& sensor : report.sensors) seen.push_back(sensor->describe());
  std::map<std::string, std::string> repeats;  // id: of which sensor
  bool processor_lost = false;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (stands_still(seen[i])) {
      processor_lost |= measures_processor(report.sensors[i]);
      explain(report, seen[i].id, Finding::Status::kBroken,
              fmt::format("not used: it stood still for {:.2g} s, so it measures nothing",
                          seen[i].seen->watched.count()));
    } else if (i < mirrors.size() && mirrors[i] && options.devices.empty()) {
      repeats[seen[i].id] = seen[*mirrors[i]].id;
    }
  }
  std::erase_if(report.sensors,
                [](const auto& sensor) { return stands_still(sensor->describe()); });
  for (const auto& [id, first] : repeats) {
    record_only(report, "it mirrors " + first + ", tick by tick",
                [&](const SensorDescription& sensor) { return sensor.id == id; });
  }
  if (!processor_lost || std::ranges::any_of(report.sensors, measures_processor)) return;
  replace_processor(report, options);
}

core::Result<ProbeReport> open_sensors(const ProbeOptions& options) {
  ProbeReport report = probe_sensors(options);
  const auto meter = std::ranges::find_if(report.findings, [](const Finding& finding) {
    return finding.subject == "meter:command" && finding.status != Finding::Status::kUsed;
  });
  if (meter != report.findings.end()) {
    return core::fail(core::ErrorCode::kUnavailable, meter->detail);
  }
  IPW_CHECK(bill_only(report, options.devices));
  return report;
}

core::Result<void> bill_only(ProbeReport& report, std::span<const std::string> ids) {
  if (ids.empty()) return {};
  std::vector<SensorDescription> descriptions;
  std::string known;
  for (const auto& sensor : report.sensors) {
    descriptions.push_back(sensor->describe());
    descriptions.back().billed = false;
    known += (known.empty() ? "" : ", ") + descriptions.back().id;
  }
  for (const std::string& id : ids) {
    std::vector<SensorDescription*> fitting;
    for (SensorDescription& description : descriptions) {
      if (description.id == id) {
        fitting = {&description};
        break;
      }
      if (!id.empty() && description.id.starts_with(id)) fitting.push_back(&description);
    }
    if (fitting.size() != 1) {
      return core::fail(
          fitting.empty() ? core::ErrorCode::kNotFound : core::ErrorCode::kUsage,
          fmt::format("cannot bill \"{}\": it names {} sensors (choose from {}; "
                      "`ipw doctor` says why others are missing)",
                      id, fitting.empty() ? "no" : "several", known.empty() ? "none" : known));
    }
    fitting.front()->billed = true;
  }
  for (std::size_t i = 0; i < report.sensors.size(); ++i) {
    if (report.sensors[i]->describe().billed == descriptions[i].billed) continue;
    report.sensors[i] = described_as(descriptions[i], std::move(report.sensors[i]));
  }
  return {};
}

}  // namespace ipw::energy
