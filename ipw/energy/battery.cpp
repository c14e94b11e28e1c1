// Discharge: see battery.h. Attributes and units (µW, µA, µV; the current's sign differs between
// drivers): Documentation/ABI/testing/sysfs-class-power of Linux.

#include "ipw/energy/battery.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>

#include "ipw/energy/sysfs_sensor.h"

namespace ipw::energy {

namespace {

namespace fs = std::filesystem;

constexpr const char* kMethod = "battery-power";

class Discharge {
 public:
  explicit Discharge(const fs::path& folder)
      : status_(at(folder / "status")),
        power_(at(folder / "power_now")),
        current_(at(folder / "current_now")),
        voltage_(at(folder / "voltage_now")) {}

  core::Result<core::Watts> read() {
    IPW_TRY(const std::string_view status, status_.read());
    if (!status.starts_with("Discharging")) {
      return core::fail(core::ErrorCode::kUnavailable,
                        fmt::format("cannot tell the machine's power from its battery: it is "
                                    "\"{}\" (pull the plug to measure by it)",
                                    status.substr(0, status.find('\n'))));
    }
    if (const core::Result<double> microwatts = whole(power_)) {
      return core::Watts(std::abs(*microwatts) * 1e-6);
    }
    IPW_TRY(const double microamperes, whole(current_));
    IPW_TRY(const double microvolts, whole(voltage_));
    return core::Watts(std::abs(microamperes) * 1e-6 * std::abs(microvolts) * 1e-6);
  }

 private:
  static Locate at(const fs::path& path) {
    return [path] { return path; };
  }
  static core::Result<double> whole(LocatedFile& file) {
    IPW_TRY(const std::string_view text, file.read());
    return parse_whole(text, "a battery's figure");
  }

  LocatedFile status_;
  LocatedFile power_;
  LocatedFile current_;
  LocatedFile voltage_;
};

SensorDescription describe(const std::string& name) {
  SensorDescription description;
  description.id = "battery:" + name;
  description.device = "battery " + name + " (the whole machine, screen included)";
  description.provenance = {record::Source::kMeasured, kMethod};
  description.scope = Scope::kWall;
  description.update_period = core::Seconds(2.0);  // firmware answers every 1 to 30 s
  description.resolution = core::Watts(0.01) * description.update_period;
  description.max_power = core::Watts(500.0);
  description.method_uncertainty = 0.1;
  return description;
}

}  // namespace

Probe probe_battery(const fs::path& root) {
  Probe probe;
  const fs::path tree = root / "sys/class/power_supply";
  for (const std::string& name : names_in(tree)) {
    const fs::path folder = tree / name;
    if (read_line(folder / "type").value_or("") != "Battery") continue;
    // "Device" is that of a mouse or a keyboard.
    if (read_line(folder / "scope").value_or("System") == "Device") continue;
    const SensorDescription description = describe(name);
    auto discharge = std::make_shared<Discharge>(folder);
    const core::Result<core::Watts> power = discharge->read();
    if (!power) {
      const bool mains = !read_line(folder / "status").value_or("").starts_with("Discharging");
      probe.findings.push_back({mains ? Finding::Status::kSpare : Finding::Status::kBroken, kMethod,
                                description.id, power.error().message, ""});
      continue;
    }
    probe.findings.push_back(
        {Finding::Status::kUsed, kMethod, description.id,
         fmt::format("{}, {:.1f} W now, power integrated", description.device, power->count()),
         ""});
    probe.sensors.push_back(power_sensor(description, [discharge] { return discharge->read(); }));
  }
  if (probe.findings.empty()) {
    probe.findings.push_back({Finding::Status::kAbsent, kMethod, tree.string(), "no battery", ""});
  }
  return probe;
}

}  // namespace ipw::energy
