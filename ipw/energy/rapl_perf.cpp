// The `power` PMU: see rapl_perf.h. Layout: arch/x86/events/rapl.c of Linux; the scale is that of
// the event's file, 2^-32 J.

#include "ipw/energy/rapl_perf.h"

#include <fmt/format.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/perf_event.h>
#include <sys/syscall.h>
#endif

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "ipw/energy/cpu_power.h"
#include "ipw/energy/sysfs_sensor.h"

namespace ipw::energy {

namespace {

namespace fs = std::filesystem;

constexpr const char* kMethod = "rapl-perf";
constexpr const char* kCure =
    "give ipw the capability to open performance events, which needs no other right:\n"
    "  sudo setcap cap_perfmon+ep \"$(readlink -f \"$(command -v ipw)\")\"\n"
    "or let everybody, until the next boot (-1 where 0 is not enough):\n"
    "  sudo sysctl kernel.perf_event_paranoid=0";

struct Domain {
  const char* event;  // file in events/
  const char* suffix;
  Scope scope;
};
constexpr Domain kPackage{"energy-pkg", "", Scope::kPackage};
constexpr Domain kDram{"energy-ram", "/dram", Scope::kDram};
constexpr Domain kPsys{"energy-psys", "", Scope::kModule};

struct Event {
  PerfEvent event;
  core::Joules step;
};

class PerfSensor final : public Sensor {
 public:
  PerfSensor(SensorDescription description, Event event, PerfOpen open)
      : description_(std::move(description)), event_(event), open_(std::move(open)) {}
  ~PerfSensor() override { close(); }
  PerfSensor(const PerfSensor&) = delete;
  PerfSensor& operator=(const PerfSensor&) = delete;

  [[nodiscard]] SensorDescription describe() const override { return description_; }

  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    if (descriptor_ < 0) {
      const int opened = open_(event_.event);
      if (opened < 0) return failure(-opened);
      descriptor_ = opened;
      ++epoch_;  // an event counts from where it was opened
    }
    std::uint64_t count = 0;
    const ssize_t got = ::read(descriptor_, &count, sizeof count);
    if (got == static_cast<ssize_t>(sizeof count)) {
      return Sample{now, event_.step * static_cast<double>(count), epoch_};
    }
    // End of file: the event was closed, as when its CPU went off line. An error may pass.
    const int error = got < 0 ? errno : ENODEV;
    if (got >= 0) close();
    return failure(error);
  }

 private:
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  [[nodiscard]] std::unexpected<core::Error> failure(int error) const {
    const bool denied = error == EACCES || error == EPERM;
    return core::fail(denied ? core::ErrorCode::kPermissionDenied : core::ErrorCode::kUnavailable,
                      fmt::format("cannot read the performance event of {}: {}", description_.id,
                                  std::generic_category().message(error)));
  }

  SensorDescription description_;
  Event event_;
  PerfOpen open_;
  int descriptor_ = -1;
  std::uint32_t epoch_ = 0;
};

core::Result<Event> read_event(const fs::path& pmu, const char* name, int cpu) {
  const fs::path file = pmu / "events" / name;
  IPW_TRY(const std::string type, read_line(pmu / "type"));
  IPW_TRY(const std::uint64_t number, parse_count(type, (pmu / "type").string()));
  IPW_TRY(const std::string text, read_line(file));
  IPW_TRY(const std::uint64_t config, parse_perf_event(text));
  IPW_TRY(const std::string unit, read_line(fs::path(file).concat(".unit")));
  IPW_TRY(const std::string scale, read_line(fs::path(file).concat(".scale")));
  double step = 0.0;
  const auto [end, error] = std::from_chars(scale.data(), scale.data() + scale.size(), step);
  if (unit != "Joules" || error != std::errc{} || !(step > 0.0 && step <= 1.0)) {
    return core::fail(core::ErrorCode::kInvalidData,
                      fmt::format("cannot use {}: unit \"{}\", scale \"{}\" are not joules",
                                  file.string(), unit, scale));
  }
  return Event{{static_cast<std::uint32_t>(number), config, cpu}, core::Joules(step)};
}

// "package-0", or "package-0-die-1" where packages have several dies, as powercap names them.
std::map<int, std::string> name_packages(const fs::path& root, const std::vector<int>& cpus) {
  std::map<int, int> package_of;
  std::map<int, int> uses;
  const auto topology = [&](int cpu, const char* what) {
    const fs::path file = root / fmt::format("sys/devices/system/cpu/cpu{}/topology/{}", cpu, what);
    return static_cast<int>(number_in(file).value_or(0.0));
  };
  for (const int cpu : cpus) ++uses[package_of[cpu] = topology(cpu, "physical_package_id")];
  std::map<int, std::string> names;
  for (const auto& [cpu, package] : package_of) {
    names[cpu] = fmt::format("package-{}", package);
    if (uses[package] > 1) names[cpu] += fmt::format("-die-{}", topology(cpu, "die_id"));
  }
  return names;
}

SensorDescription describe(const std::string& zone, const std::string& cpu, const Domain& domain) {
  SensorDescription description;
  description.id = "rapl-perf:" + zone;
  description.device = cpu + " " + zone;
  description.provenance = {record::Source::kMeasured, kMethod};
  description.scope = domain.scope;
  description.update_period = core::Seconds(0.001);
  description.resolution = core::Joules(0x1.0p-14);  // of the hardware; the event's is finer
  description.max_power = core::Watts(1000.0);
  description.method_uncertainty = 0.05;
  description.domain = "cpu/" + zone;
  return description;
}

void take(const fs::path& pmu, const PerfOpen& open, const std::string& model,
          const std::string& zone, int cpu, const Domain& domain, Probe& probe) {
  const SensorDescription description = describe(zone, model, domain);
  const auto finding = [&](Finding::Status status, std::string detail, std::string cure) {
    probe.findings.push_back({status, kMethod, description.id, std::move(detail), std::move(cure)});
  };
  const core::Result<Event> event = read_event(pmu, domain.event, cpu);
  if (!event) {
    finding(Finding::Status::kBroken, event.error().message, "");
    return;
  }
  auto sensor = std::make_unique<PerfSensor>(description, *event, open);
  if (const auto sample = sensor->read(core::Instant{}); !sample) {
    const bool denied = sample.error().code == core::ErrorCode::kPermissionDenied;
    finding(denied ? Finding::Status::kDenied : Finding::Status::kBroken, sample.error().message,
            denied ? kCure : "");
    return;
  }
  finding(Finding::Status::kUsed, description.device + ", by a performance event", "");
  probe.sensors.push_back(std::move(sensor));
}

}  // namespace

#ifdef __linux__
int system_perf_open(const PerfEvent& event) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = event.type;
  attributes.config = event.config;
  const long descriptor =
      ::syscall(SYS_perf_event_open, &attributes, -1, event.cpu, -1, PERF_FLAG_FD_CLOEXEC);
  return descriptor < 0 ? -errno : static_cast<int>(descriptor);
}
#else
int system_perf_open(const PerfEvent&) { return -ENOSYS; }
#endif

core::Result<std::uint64_t> parse_perf_event(std::string_view text) {
  constexpr std::string_view kStart = "event=";
  std::string_view digits = text;
  if (digits.starts_with(kStart)) digits.remove_prefix(kStart.size());
  int base = 10;
  if (digits.starts_with("0x")) {
    digits.remove_prefix(2);
    base = 16;
  }
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (text.starts_with(kStart) && error == std::errc{} && end == digits.data() + digits.size()) {
    return value;
  }
  return core::fail(core::ErrorCode::kInvalidData,
                    fmt::format("cannot use the event \"{}\": event=NUMBER is known", text));
}

core::Result<std::vector<int>> parse_cpu_list(std::string_view text) {
  constexpr int kMost = 4096;
  const auto bad = [&] {
    return core::fail(core::ErrorCode::kInvalidData,
                      fmt::format("cannot read the CPU list \"{}\"", text.substr(0, 80)));
  };
  const auto number = [](std::string_view& rest) -> std::optional<int> {
    int value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc{} || value < 0 || value >= kMost) return std::nullopt;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return value;
  };
  std::set<int> cpus;
  std::string_view rest = text;
  while (true) {
    const std::optional<int> first = number(rest);
    if (!first) return bad();
    int last = *first;
    if (rest.starts_with('-')) {
      rest.remove_prefix(1);
      const std::optional<int> end = number(rest);
      if (!end || *end < *first) return bad();
      last = *end;
    }
    for (int cpu = *first; cpu <= last; ++cpu) cpus.insert(cpu);
    if (rest.empty()) return std::vector<int>(cpus.begin(), cpus.end());
    if (!rest.starts_with(',')) return bad();
    rest.remove_prefix(1);
  }
}

Probe probe_rapl_perf(const fs::path& root, const PerfOpen& open) {
  Probe probe;
  const fs::path pmu = root / "sys/bus/event_source/devices/power";
  const core::Result<std::string> mask = read_line(pmu / "cpumask");
  const core::Result<std::vector<int>> cpus =
      mask ? parse_cpu_list(*mask) : std::unexpected(mask.error());
  if (!cpus) {
    const bool absent = !mask;
    probe.findings.push_back(
        {absent ? Finding::Status::kAbsent : Finding::Status::kBroken, kMethod, pmu.string(),
         absent ? "no `power` events: a virtual machine, another kind of processor, or a kernel "
                  "without them"
                : cpus.error().message,
         absent ? "on bare metal: sudo modprobe rapl" : ""});
    return probe;
  }
  std::error_code ignored;
  const auto has = [&](const Domain& domain) {
    return fs::exists(pmu / "events" / domain.event, ignored);
  };
  const std::string model = read_cpu_info(root).model_name;
  for (const auto& [cpu, package] : name_packages(root, *cpus)) {
    if (has(kPackage)) take(pmu, open, model, package, cpu, kPackage, probe);
    if (has(kDram)) take(pmu, open, model, package + kDram.suffix, cpu, kDram, probe);
  }
  if (!has(kPackage) && has(kPsys)) take(pmu, open, model, "psys", cpus->front(), kPsys, probe);
  if (probe.findings.empty()) {
    probe.findings.push_back({Finding::Status::kAbsent, kMethod, pmu.string(),
                              "the events have no package, memory or psys", ""});
  }
  return probe;
}

}  // namespace ipw::energy
