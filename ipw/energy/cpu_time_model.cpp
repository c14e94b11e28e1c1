// Busy seconds × watts: see cpu_time_model.h.

#include "ipw/energy/cpu_time_model.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>

#include "ipw/energy/counter_file.h"
#include "ipw/energy/cpu_power.h"

namespace ipw::energy {

namespace {

namespace fs = std::filesystem;

constexpr const char* kMethod = "cpu-time-model";
constexpr core::Watts kMemoryPerBusyCore{1.0};
constexpr core::Watts kUnnamedCore{7.0};

using Parse = core::Result<core::Seconds> (*)(std::string_view text);

core::Result<core::Seconds> parse_cpuacct(std::string_view text) {
  IPW_TRY(const std::uint64_t nanoseconds, parse_count(text, "cpuacct.usage"));
  return core::Seconds(static_cast<double>(nanoseconds) * 1e-9);
}

// "usage_usec 5\nuser_usec 3\nsystem_usec 2\n…": user + system, because some kernels count stolen
// time into usage.
core::Result<core::Seconds> parse_cpu_stat(std::string_view text) {
  double microseconds = 0.0;
  for (const std::string_view key : {"user_usec ", "system_usec "}) {
    const auto at = text.find(key);
    if (at == std::string_view::npos) {
      return core::fail(core::ErrorCode::kInvalidData,
                        "cannot use cpu.stat: it has no user_usec or system_usec");
    }
    IPW_TRY(const std::uint64_t part, parse_count(text.substr(at + key.size()), "cpu.stat"));
    microseconds += static_cast<double>(part);
  }
  return core::Seconds(microseconds * 1e-6);
}

// "cpu  user nice system idle iowait irq softirq steal …" in ticks of 1/_SC_CLK_TCK s.
core::Result<core::Seconds> parse_proc_stat(std::string_view text) {
  constexpr std::array<double, 7> kBusy{1, 1, 1, 0, 0, 1, 1};
  static const double ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  double ticks = 0.0;
  text.remove_prefix(std::min<std::size_t>(text.size(), 3));
  for (const double busy : kBusy) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    IPW_TRY(const std::uint64_t part, parse_count(text, "/proc/stat"));
    ticks += busy * static_cast<double>(part);
    text.remove_prefix(std::min(text.find(' '), text.size()));
  }
  return core::Seconds(ticks / ticks_per_second);
}

// Where busy time stands, finest first. The step is the scheduler's tick (1 to 10 ms, 4 ms on most
// kernels), at which a running task is charged; /proc/stat rounds to 10 ms.
struct BusyTimeSource {
  const char* path;
  Parse parse;
  core::Seconds step;
  const char* only_root_has;  // file beside it that proves the root group; nullptr: no such test
  const char* root_has_not;
};
constexpr BusyTimeSource kSources[] = {
    {"sys/fs/cgroup/cpuacct/cpuacct.usage", parse_cpuacct, core::Seconds(0.004), "release_agent",
     nullptr},
    {"sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", parse_cpuacct, core::Seconds(0.004),
     "release_agent", nullptr},
    {"sys/fs/cgroup/cpu.stat", parse_cpu_stat, core::Seconds(0.004), nullptr, "cgroup.type"},
    {"proc/stat", parse_proc_stat, core::Seconds(0.010), nullptr, nullptr},
};

bool covers_machine(const BusyTimeSource& source, const fs::path& file) {
  std::error_code ignored;
  if (source.only_root_has && !fs::exists(file.parent_path() / source.only_root_has, ignored)) {
    return false;
  }
  return !source.root_has_not || !fs::exists(file.parent_path() / source.root_has_not, ignored);
}

class CpuTimeSensor final : public Sensor {
 public:
  CpuTimeSensor(SensorDescription description, const BusyTimeSource& source, fs::path file,
                core::Watts watts)
      : description_(std::move(description)),
        parse_(source.parse),
        file_(std::move(file)),
        watts_(watts) {}

  [[nodiscard]] SensorDescription describe() const override { return description_; }

  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    IPW_TRY(const std::string_view text, file_.read());
    IPW_TRY(const core::Seconds busy, parse_(text));
    // Sums over CPUs are not taken at one instant and may step back by a tick; that is no reset.
    const bool jitter = busy < busiest_ && busiest_ - busy < core::Seconds(1.0);
    if (!jitter) busiest_ = busy;
    return Sample{now, watts_ * busiest_, file_.openings()};
  }

 private:
  SensorDescription description_;
  Parse parse_;
  CounterFile file_;
  core::Watts watts_;
  core::Seconds busiest_{0.0};
};

// Joules of the model's own work.
class WorkSensor final : public Sensor {
 public:
  WorkSensor(SensorDescription description, std::shared_ptr<WorkClock> work, core::Watts watts)
      : description_(std::move(description)), work_(std::move(work)), watts_(watts) {}

  [[nodiscard]] SensorDescription describe() const override { return description_; }

  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    IPW_TRY(const core::Seconds busy, work_->read());
    return Sample{now, watts_ * busy, 0};
  }

 private:
  SensorDescription description_;
  std::shared_ptr<WorkClock> work_;
  core::Watts watts_;
};

// What both sensors of this file have in common.
SensorDescription describe_estimate(const CpuInfo& cpu, const BusyCorePower& power) {
  SensorDescription description;
  description.device = cpu.model_name;
  description.provenance = {record::Source::kEstimated, kMethod};
  description.scope = Scope::kPackage;
  description.max_power = power.watts * (2.0 * cpu.logical_cpus + 2.0);
  description.method_uncertainty = power.uncertainty;
  description.sees_idle = false;
  return description;
}

SensorDescription describe_model(const CpuInfo& cpu, const BusyCorePower& power,
                                 const BusyTimeSource& source) {
  SensorDescription description = describe_estimate(cpu, power);
  description.id = "cpu-time:host";
  description.update_period = source.step;
  description.resolution = power.watts * source.step;
  description.assumption =
      fmt::format("{}, ±{:.0f} %, × busy CPU time of the whole machine from /{}", power.assumption,
                  100.0 * power.uncertainty, source.path);
  return description;
}

// A reading and the moment of the request that it marks lie some microseconds apart.
constexpr core::Seconds kEdge{20e-6};

}  // namespace

BusyCorePower busy_core_power(const fs::path& root, std::optional<core::Watts> override) {
  if (override) {
    return {*override, 0.3,
            fmt::format("{:.3g} W per busy core as given by the user", override->count())};
  }
  const CpuInfo cpu = read_cpu_info(root);
  const std::optional<core::Watts> tdp = chip_tdp(cpu.model_name);
  if (tdp && cpu.chip_cores) {
    const core::Watts core_power = *tdp / *cpu.chip_cores;
    return {core_power + kMemoryPerBusyCore, 0.4,
            fmt::format("{:.3g} W per busy core = {:.3g} W TDP of {} / {} cores + {:.3g} W memory",
                        (core_power + kMemoryPerBusyCore).count(), tdp->count(), cpu.model_name,
                        *cpu.chip_cores, kMemoryPerBusyCore.count())};
  }
  const char* why = tdp ? "whose number of cores is unknown here" : "which the watts table lacks";
  return {kUnnamedCore + kMemoryPerBusyCore, 0.5,
          fmt::format("{:.3g} W per busy core = default {:.3g} W for \"{}\", {}, + {:.3g} W memory",
                      (kUnnamedCore + kMemoryPerBusyCore).count(), kUnnamedCore.count(),
                      cpu.model_name, why, kMemoryPerBusyCore.count())};
}

Probe probe_cpu_time(const fs::path& root, std::optional<core::Watts> watts_per_busy_core) {
  Probe probe;
  std::string reasons;
  for (const BusyTimeSource& source : kSources) {
    const fs::path file = root / source.path;
    if (!covers_machine(source, file)) continue;
    const BusyCorePower power = busy_core_power(root, watts_per_busy_core);
    auto sensor = std::make_unique<CpuTimeSensor>(
        describe_model(read_cpu_info(root), power, source), source, file, power.watts);
    if (const auto sample = sensor->read(core::Instant{}); !sample) {
      reasons = sample.error().message;
      continue;
    }
    probe.findings.push_back({Finding::Status::kUsed, kMethod, "cpu-time:host",
                              sensor->describe().assumption,
                              watts_per_busy_core ? "" : "name the watts: --cpu-watts W"});
    probe.sensors.push_back(std::move(sensor));
    return probe;
  }
  probe.findings.push_back(
      {Finding::Status::kAbsent, kMethod, (root / "proc/stat").string(), reasons, "mount /proc"});
  return probe;
}

Probe probe_work_time(const fs::path& root, std::optional<core::Watts> watts_per_busy_core,
                      std::shared_ptr<WorkClock> work) {
  const CpuInfo cpu = read_cpu_info(root);
  const BusyCorePower power = busy_core_power(root, watts_per_busy_core);
  SensorDescription description = describe_estimate(cpu, power);
  description.id = "cpu-time:model";
  description.update_period = kEdge;
  description.resolution = power.watts * core::Seconds(1e-6);
  // The clock neither wraps nor resets; what a program's children did is told when they have ended.
  description.max_power = core::Watts(1e9);
  description.integrated = true;
  description.answers_when_asked = true;
  description.assumption = fmt::format("{}, ±{:.0f} %, × CPU time of {}", power.assumption,
                                       100.0 * power.uncertainty, work->whose());
  if (const auto read = work->read(); !read) {
    return {{},
            {{Finding::Status::kAbsent, kMethod, description.id,
              "whose CPU time is the model's cannot be told: " + read.error().message,
              "run ipw as the server's user, or where it can see the server's processes"}}};
  }
  Probe probe;
  probe.findings.push_back({Finding::Status::kUsed, kMethod, description.id, description.assumption,
                            watts_per_busy_core ? "" : "name the watts: --cpu-watts W"});
  probe.sensors.push_back(
      std::make_unique<WorkSensor>(std::move(description), std::move(work), power.watts));
  return probe;
}

}  // namespace ipw::energy
