// Chips that tell energy or power: see hwmon.h. Units and names of the attributes:
// Documentation/hwmon/sysfs-interface.rst of Linux (µJ, µW, ms); those of the GPUs:
// Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon, …-intel-xe-hwmon,
// gpu/amdgpu/thermal.rst.

#include "ipw/energy/hwmon.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ipw/energy/hwmon_tree.h"

namespace ipw::energy {

namespace {

namespace fs = std::filesystem;

constexpr const char* kMethod = "hwmon";
constexpr const char* kCure =
    "let a group read it, once and for every boot:\n"
    "  sudo groupadd -f powercap && sudo usermod -aG powercap \"$USER\"\n"
    "  echo 'SUBSYSTEM==\"hwmon\", ACTION==\"add\", RUN+=\"/bin/sh -c \\\"chgrp powercap "
    "/sys%p/energy*_input /sys%p/power*; chmod g+r /sys%p/energy*_input /sys%p/power*\\\"\"' | "
    "sudo "
    "tee /etc/udev/rules.d/70-hwmon-power.rules\n"
    "  sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=hwmon --action=add\n"
    "then log in again";

// One attribute that tells joules or watts.
struct Channel {
  std::string file;   // "energy1_input", "power1_average"
  std::string label;  // of energyN_label or powerN_label; may be empty
  bool is_energy = false;

  [[nodiscard]] std::string stem() const { return file.substr(0, file.find('_')); }
};

// What a known driver's channels mean; the first row that fits counts.
struct Kind {
  const char* chip;
  const char* channel;  // prefix of the stem; "energy" takes any of them
  const char* label;    // prefix of the label; "" takes any
  enum class Use { kGpu, kSocket, kMachine, kInside } use;
  const char* title;
};
constexpr Kind kKinds[] = {
    {"amdgpu", "power1", "", Kind::Use::kGpu, "AMD GPU"},
    {"xe", "energy1", "", Kind::Use::kGpu, "Intel GPU"},
    {"xe", "", "", Kind::Use::kInside, "part of the card"},
    {"i915", "energy1", "", Kind::Use::kGpu, "Intel GPU"},
    {"i915", "", "", Kind::Use::kInside, "part of the card"},
    {"amd_energy", "energy", "Esocket", Kind::Use::kSocket, "AMD processor"},
    {"amd_energy", "", "", Kind::Use::kInside, "part of the socket"},
    {"power_meter", "power1", "", Kind::Use::kMachine, "ACPI power meter"},
};

const Kind* kind_of(const HwmonChip& chip, const Channel& channel) {
  const auto* kind = std::ranges::find_if(kKinds, [&](const Kind& row) {
    return chip.name == row.chip && channel.file.starts_with(row.channel) &&
           channel.label.starts_with(row.label);
  });
  return kind == std::end(kKinds) ? nullptr : kind;
}

std::vector<Channel> channels_of(const HwmonChip& chip) {
  std::vector<std::string> files = names_in(chip.folder);
  std::ranges::copy(names_in(chip.folder / "device"), std::back_inserter(files));
  std::vector<Channel> channels;
  for (const std::string& file : files) {
    const bool energy = file.starts_with("energy") && file.ends_with("_input");
    const bool power =
        file.starts_with("power") && (file.ends_with("_input") || file.ends_with("_average"));
    if (!energy && !power) continue;
    Channel channel{file, "", energy};
    // One channel's average comes before its instant value in the order of names, and is enough.
    if (std::ranges::any_of(channels,
                            [&](const Channel& c) { return c.stem() == channel.stem(); })) {
      continue;
    }
    const fs::path label = chip.attribute(channel.stem() + "_label");
    if (!label.empty()) channel.label = read_line(label).value_or("");
    channels.push_back(std::move(channel));
  }
  return channels;
}

SensorDescription describe(const HwmonChip& chip, const Channel& channel, const Kind* kind) {
  SensorDescription description;
  description.id = fmt::format("hwmon:{}/{}", chip.key(), channel.stem());
  description.device = fmt::format("{} {}{}{}", kind ? kind->title : chip.name, chip.device,
                                   channel.label.empty() ? "" : " ", channel.label);
  description.provenance = {record::Source::kMeasured,
                            channel.is_energy ? "hwmon-energy" : "hwmon-power"};
  description.scope = Scope::kBoard;
  description.update_period = core::Seconds(channel.is_energy ? 0.001 : 0.05);
  description.resolution = core::Joules(channel.is_energy ? 1e-6 : 0.001);
  description.max_power = core::Watts(5000.0);
  description.method_uncertainty = channel.is_energy ? 0.05 : 0.1;
  const fs::path interval = chip.attribute(channel.stem() + "_average_interval");
  if (!interval.empty()) {
    const double milliseconds = number_in(interval).value_or(0.0);
    if (milliseconds >= 1.0 && milliseconds <= 60'000.0) {
      description.update_period = core::Seconds(milliseconds * 1e-3);
    }
  }
  if (!kind) return description;
  if (kind->use == Kind::Use::kGpu) description.domain = "gpu/" + chip.device;
  if (kind->use == Kind::Use::kMachine) {
    description.scope = Scope::kWall;
    description.max_power = core::Watts(100'000.0);
  }
  if (kind->use == Kind::Use::kSocket) {
    description.scope = Scope::kPackage;
    description.max_power = core::Watts(1000.0);
    description.domain = "cpu/package-" + channel.label.substr(std::string("Esocket").size());
  }
  return description;
}

// The figure of an APU is that of the whole chip, processor included; amdgpu then has no cap to
// set.
bool is_apu(const HwmonChip& chip) {
  return chip.name == "amdgpu" && chip.attribute("power1_cap").empty();
}

void probe_channel(const HwmonOptions& options, const HwmonChip& chip, const Channel& channel,
                   Probe& probe) {
  const Kind* kind = kind_of(chip, channel);
  SensorDescription description = describe(chip, channel, kind);
  const bool named = std::ranges::find(options.named, description.id) != options.named.end();
  const auto finding = [&](Finding::Status status, std::string detail, std::string cure) {
    probe.findings.push_back({status, kMethod, description.id, std::move(detail), std::move(cure)});
  };
  if (kind && kind->use == Kind::Use::kInside && !named) return;
  if (!kind && !named) {
    finding(Finding::Status::kSpare,
            fmt::format("{}: nobody knows what it covers, so it is not read", description.device),
            "where it covers what the run uses: --devices " + description.id);
    return;
  }
  std::string note;
  if (is_apu(chip)) {
    description.billed = named;
    description.domain.clear();
    note = "; recorded, not billed: an APU's figure is the whole chip's";
  } else if (kind && kind->use == Kind::Use::kGpu && options.gpu_in_use &&
             !options.gpu_in_use(chip.name, chip.device)) {
    description.billed = false;
    note = "; recorded, not billed: the environment hides it";
  }
  const Locate locate = locate_attribute(options.root, chip.key(), channel.file);
  std::unique_ptr<Sensor> sensor =
      channel.is_energy ? file_counter(description, locate, core::Joules(1e-6))
                        : power_sensor(description, file_power(locate, core::Watts(1e-6)));
  if (const auto sample = sensor->read(core::Instant{}); !sample) {
    const bool denied = sample.error().code == core::ErrorCode::kPermissionDenied;
    finding(denied ? Finding::Status::kDenied : Finding::Status::kBroken, sample.error().message,
            denied ? kCure : "a GPU that sleeps answers once it works");
    return;
  }
  finding(Finding::Status::kUsed,
          fmt::format("{}{}{}", description.device, channel.is_energy ? "" : ", power integrated",
                      note),
          "");
  probe.sensors.push_back(std::move(sensor));
}

}  // namespace

Probe probe_hwmon(const HwmonOptions& options) {
  Probe probe;
  for (const HwmonChip& chip : hwmon_chips(options.root)) {
    // Batteries and the rails of Jetson and Grace have sensors of their own.
    std::error_code ignored;
    if (chip.name == "ina3221" || chip.name.starts_with("BAT")) continue;
    if (chip.name == "power_meter" && !chip.attribute("power1_oem_info").empty() &&
        read_line(chip.attribute("power1_oem_info")).value_or("").find(" Power Socket ") !=
            std::string::npos) {
      continue;
    }
    for (const Channel& channel : channels_of(chip)) probe_channel(options, chip, channel, probe);
  }
  if (probe.findings.empty()) {
    probe.findings.push_back({Finding::Status::kAbsent, kMethod,
                              (options.root / "sys/class/hwmon").string(),
                              "no chip with an energy or power attribute", ""});
  }
  return probe;
}

}  // namespace ipw::energy
