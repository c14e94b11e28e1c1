// Volts times amperes: see ina3221.h.

#include "ipw/energy/ina3221.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/energy/hwmon_tree.h"

namespace ipw::energy {

namespace {

namespace fs = std::filesystem;

constexpr const char* kMethod = "ina3221-power";

struct Rail {
  std::string device;  // "1-0040", the monitor's address on its bus
  int channel = 0;
  std::string label;

  [[nodiscard]] bool is_input() const { return label == "VDD_IN" || label == "POM_5V_IN"; }
  [[nodiscard]] bool works() const {
    constexpr std::array<std::string_view, 4> kParts{"CPU", "GPU", "SOC", "CV"};
    return std::ranges::any_of(
        kParts, [&](std::string_view part) { return label.find(part) != std::string::npos; });
  }
};

// …/ina3221/1-0040/hwmon/hwmonN, looked for anew because N may change.
fs::path monitor(const fs::path& root, const std::string& device) {
  const fs::path folder = root / "sys/bus/i2c/drivers/ina3221" / device / "hwmon";
  const std::vector<std::string> names = names_in(folder);
  return names.empty() ? fs::path() : folder / names.front();
}

std::vector<Rail> find_rails(const fs::path& root) {
  std::vector<Rail> rails;
  for (const std::string& device : names_in(root / "sys/bus/i2c/drivers/ina3221")) {
    const fs::path folder = monitor(root, device);
    if (folder.empty()) continue;
    for (int channel = 1; channel <= 3; ++channel) {
      const std::string label = read_line(folder / fmt::format("in{}_label", channel)).value_or("");
      if (label.empty() || label == "NC") continue;
      rails.push_back({device, channel, label});
    }
  }
  return rails;
}

// mV × mA are µW.
ReadPower rail_power(const fs::path& root, const Rail& rail) {
  const auto locate = [root, rail](const char* what) -> Locate {
    return [root, rail, what] {
      const fs::path folder = monitor(root, rail.device);
      return folder.empty() ? fs::path() : folder / fmt::format("{}{}_input", what, rail.channel);
    };
  };
  return [volts = std::make_shared<LocatedFile>(locate("in")),
          amperes = std::make_shared<LocatedFile>(locate("curr"))]() -> core::Result<core::Watts> {
    IPW_TRY(const std::string_view voltage, volts->read());
    IPW_TRY(const double millivolts, parse_whole(voltage, "a rail's voltage"));
    IPW_TRY(const std::string_view current, amperes->read());
    IPW_TRY(const double milliamperes, parse_whole(current, "a rail's current"));
    return core::Watts(millivolts * milliamperes * 1e-6);
  };
}

SensorDescription describe(const Rail& rail, bool billed) {
  SensorDescription description;
  description.id = fmt::format("ina3221:{}/{}", rail.device, rail.label);
  description.device = "Jetson rail " + rail.label;
  description.provenance = {record::Source::kMeasured, kMethod};
  description.scope = rail.is_input() ? Scope::kModule : Scope::kChip;
  // The conversion time of the driver's default averaging; one reading crosses a slow bus.
  description.update_period = core::Seconds(0.01);
  description.resolution = core::Watts(0.005) * description.update_period;
  description.max_power = core::Watts(300.0);
  description.method_uncertainty = 0.05;
  description.billed = billed;
  return description;
}

}  // namespace

Probe probe_ina3221(const fs::path& root) {
  Probe probe;
  const std::vector<Rail> rails = find_rails(root);
  const bool has_input = std::ranges::any_of(rails, &Rail::is_input);
  for (const Rail& rail : rails) {
    const bool billed = has_input ? rail.is_input() : rail.works();
    const SensorDescription description = describe(rail, billed);
    std::unique_ptr<Sensor> sensor = power_sensor(description, rail_power(root, rail));
    if (const auto sample = sensor->read(core::Instant{}); !sample) {
      const bool denied = sample.error().code == core::ErrorCode::kPermissionDenied;
      probe.findings.push_back({denied ? Finding::Status::kDenied : Finding::Status::kBroken,
                                kMethod, description.id, sample.error().message,
                                denied ? "sudo chmod a+r /sys/bus/i2c/drivers/ina3221/*/hwmon/"
                                         "hwmon*/{in,curr}*_input"
                                       : ""});
      continue;
    }
    const char* note = billed      ? ""
                       : has_input ? "; recorded, not billed: VDD_IN contains it"
                                   : "; recorded, not billed: no processor's rail";
    probe.findings.push_back({Finding::Status::kUsed, kMethod, description.id,
                              description.device + ", power integrated" + note, ""});
    probe.sensors.push_back(std::move(sensor));
  }
  if (probe.findings.empty()) {
    probe.findings.push_back({Finding::Status::kAbsent, kMethod,
                              (root / "sys/bus/i2c/drivers/ina3221").string(),
                              "no INA3221 monitor: not a Jetson", ""});
  }
  return probe;
}

}  // namespace ipw::energy
