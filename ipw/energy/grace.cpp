// Sockets by their OEM text: see grace.h.

#include "ipw/energy/grace.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "ipw/energy/hwmon_tree.h"

namespace ipw::energy {

namespace {

constexpr const char* kMethod = "grace-power";

struct Meter {
  HwmonChip chip;
  std::string part;    // "Grace", "Module", "CPU", "SysIO"
  std::string socket;  // "0"
};

std::optional<Meter> as_meter(const HwmonChip& chip) {
  const auto path = chip.attribute("power1_oem_info");
  if (chip.name != "power_meter" || path.empty()) return std::nullopt;
  const std::string text = read_line(path).value_or("");
  constexpr std::string_view kBetween = " Power Socket ";
  const auto at = text.find(kBetween);
  if (at == std::string::npos) return std::nullopt;
  std::string socket = text.substr(at + kBetween.size());
  while (!socket.empty() && socket.back() == ' ') socket.pop_back();
  return Meter{chip, text.substr(0, at), socket};
}

SensorDescription describe(const Meter& meter, bool billed) {
  const bool module = meter.part == "Module";
  SensorDescription description;
  description.id = fmt::format("grace:{}-{}", module ? "module" : "socket", meter.socket);
  description.device = fmt::format("NVIDIA {} {}", module ? "Grace module" : "Grace", meter.socket);
  description.provenance = {record::Source::kMeasured, kMethod};
  description.scope = module ? Scope::kModule : Scope::kPackage;
  const auto interval = meter.chip.attribute("power1_average_interval");
  const double milliseconds = interval.empty() ? 0.0 : number_in(interval).value_or(0.0);
  description.update_period =
      core::Seconds(milliseconds >= 1.0 && milliseconds <= 60'000.0 ? milliseconds * 1e-3 : 0.05);
  description.resolution = core::Watts(0.001) * description.update_period;
  description.max_power = core::Watts(5000.0);
  description.method_uncertainty = 0.1;
  description.billed = billed;
  if (!module) description.domain = "cpu/package-" + meter.socket;
  return description;
}

}  // namespace

Probe probe_grace(const std::filesystem::path& root) {
  std::vector<Meter> meters;
  for (const HwmonChip& chip : hwmon_chips(root)) {
    if (auto meter = as_meter(chip)) meters.push_back(std::move(*meter));
  }
  Probe probe;
  const bool has_socket = std::ranges::find(meters, "Grace", &Meter::part) != meters.end();
  for (const Meter& meter : meters) {
    if (meter.part != "Grace" && meter.part != "Module") continue;
    const bool billed = meter.part == "Grace" || !has_socket;
    const SensorDescription description = describe(meter, billed);
    std::unique_ptr<Sensor> sensor = power_sensor(
        description,
        file_power(locate_attribute(root, meter.chip.key(), "power1_average"), core::Watts(1e-6)));
    if (const auto sample = sensor->read(core::Instant{}); !sample) {
      const bool denied = sample.error().code == core::ErrorCode::kPermissionDenied;
      probe.findings.push_back(
          {denied ? Finding::Status::kDenied : Finding::Status::kBroken, kMethod, description.id,
           sample.error().message,
           denied ? "let this user read " + meter.chip.attribute("power1_average").string() : ""});
      continue;
    }
    probe.findings.push_back(
        {Finding::Status::kUsed, kMethod, description.id,
         description.device + ", power integrated" +
             (billed ? "" : "; recorded, not billed: it contains the sockets and GPUs"),
         ""});
    probe.sensors.push_back(std::move(sensor));
  }
  if (probe.findings.empty()) {
    probe.findings.push_back({Finding::Status::kAbsent, kMethod,
                              (root / "sys/class/hwmon").string(),
                              "no power meter of a Grace socket", ""});
  }
  return probe;
}

}  // namespace ipw::energy
