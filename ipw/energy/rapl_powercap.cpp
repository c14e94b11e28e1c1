// Zones of the powercap tree: see rapl_powercap.h.

#include "ipw/energy/rapl_powercap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "ipw/energy/counter_file.h"
#include "ipw/energy/cpu_power.h"
#include "ipw/energy/sysfs_sensor.h"

namespace ipw::energy {

namespace {

namespace fs = std::filesystem;

constexpr const char* kMethod = "rapl-powercap";

// The permission is that of CVE-2020-8694 (energy_uj is 0400 since Linux 5.10). sysfs keeps no
// ACLs, so setfacl cannot help; of the capabilities only CAP_DAC_READ_SEARCH would, and it opens
// every file of the machine.
constexpr const char* kPermissionCure =
    "let a group read the counters, once and for every boot:\n"
    "  sudo groupadd -f powercap && sudo usermod -aG powercap \"$USER\"\n"
    "  echo 'SUBSYSTEM==\"powercap\", ACTION==\"add\", RUN+=\"/bin/sh -c \\\"chgrp powercap "
    "/sys%p/energy_uj; chmod g+r /sys%p/energy_uj\\\"\"' | sudo tee "
    "/etc/udev/rules.d/70-powercap.rules\n"
    "  sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=powercap "
    "--action=add\n"
    "then log in again; or until the next boot, for everybody:\n"
    "  sudo chmod a+r /sys/class/powercap/*/energy_uj\n"
    "or let the sensor daemon read them for the members of group ipw:\n"
    "  sudo systemctl enable --now ipw-energy.socket && sudo usermod -aG ipw \"$USER\"\n"
    "or give ipw alone the capability (it then opens every file of the machine; perf events need\n"
    "only cap_perfmon):\n"
    "  sudo setcap cap_perfmon,cap_dac_read_search+ep \"$(readlink -f \"$(command -v ipw)\")\"\n"
    "(setfacl does not work on sysfs)";

constexpr const char* kMaskedCure =
    "a container runtime hides the counters: start the container with "
    "--security-opt systempaths=unconfined, or measure on the host";

struct Zone {
  fs::path folder;
  std::string control;  // "intel-rapl" or "intel-rapl-mmio"
  std::string package;  // number of the top-level zone: "0"
  std::string kind;     // "package", "dram", "psys", "core", …
  std::string id;       // "rapl:package-0", "rapl:package-0/dram"
};

std::vector<Zone> find_zones(const fs::path& tree) {
  static const std::regex pattern(R"((intel-rapl(?:-mmio)?):(\d+)(?::\d+)?)");
  std::vector<Zone> zones;
  std::error_code error;
  for (fs::directory_iterator entry(tree, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string folder = entry->path().filename().string();
    std::smatch match;
    if (!std::regex_match(folder, match, pattern)) continue;
    const std::string label = read_line(entry->path() / "name").value_or("");
    zones.push_back({entry->path(), match[1], match[2], label.substr(0, label.find('-')), label});
  }
  // intel-rapl sorts before intel-rapl-mmio, a package before its subzones.
  std::ranges::sort(zones, {}, [](const Zone& zone) {
    return std::pair(zone.control, zone.folder.filename().string());
  });
  std::map<std::pair<std::string, std::string>, std::string> parents;
  for (Zone& zone : zones) {
    const std::string label = std::exchange(zone.id, "");
    if (zone.kind == "dram") {
      const auto parent = parents.find({zone.control, zone.package});
      const std::string above =
          parent == parents.end() ? "rapl:package-" + zone.package : parent->second;
      zone.id = above + "/dram";
      continue;
    }
    zone.id = "rapl:" + (label.empty() ? zone.folder.filename().string() : label);
    if (zone.kind == "package") parents[{zone.control, zone.package}] = zone.id;
  }
  return zones;
}

SensorDescription describe_zone(const Zone& zone, const std::string& cpu, double range_uj) {
  SensorDescription description;
  description.id = zone.id;
  description.device = fmt::format("{} {}", cpu, zone.id.substr(zone.id.find(':') + 1));
  description.provenance = {record::Source::kMeasured, kMethod};
  description.scope = zone.kind == "dram"   ? Scope::kDram
                      : zone.kind == "psys" ? Scope::kModule
                                            : Scope::kPackage;
  description.update_period = core::Seconds(0.001);
  // The hardware's unit is 2^-14 J on most Intel chips and 2^-16 J on most AMD ones.
  description.resolution = core::Joules(0x1.0p-14);
  description.wrap_range = core::Joules(range_uj * 1e-6);
  // No socket sold by 2026 draws more: a wrap that would need more is a reset.
  description.max_power = core::Watts(1000.0);
  description.method_uncertainty = 0.05;
  description.domain = "cpu/" + zone.id.substr(zone.id.find(':') + 1);
  return description;
}

core::Result<std::uint64_t> read_range(const fs::path& path) {
  IPW_TRY(const std::string line, read_line(path));
  return parse_count(line, path.string());
}

// Adds the zone's sensor, or says why there is none. True if the zone gives joules.
bool take(const Zone& zone, const std::string& cpu, Probe& probe) {
  fs::path energy = zone.folder / "energy_uj";
  const auto finding = [&](Finding::Status status, std::string detail, std::string cure) {
    probe.findings.push_back({status, kMethod, zone.id, std::move(detail), std::move(cure)});
  };
  const auto range = read_range(zone.folder / "max_energy_range_uj");
  if (!range) {
    finding(Finding::Status::kBroken, range.error().message, kMaskedCure);
    return false;
  }
  auto sensor = file_counter(
      describe_zone(zone, cpu, static_cast<double>(*range)), [energy] { return energy; },
      core::Joules(1e-6));
  if (const auto sample = sensor->read(core::Instant{}); !sample) {
    const bool denied = sample.error().code == core::ErrorCode::kPermissionDenied;
    finding(denied ? Finding::Status::kDenied : Finding::Status::kBroken, sample.error().message,
            denied ? kPermissionCure : kMaskedCure);
    return false;
  }
  finding(Finding::Status::kUsed,
          fmt::format("{}, updated about every 1 ms, wraps after {:.0f} J",
                      sensor->describe().device, static_cast<double>(*range) * 1e-6),
          "");
  probe.sensors.push_back(std::move(sensor));
  return true;
}

}  // namespace

Probe probe_rapl_powercap(const fs::path& root) {
  Probe probe;
  const fs::path tree = root / "sys/class/powercap";
  const std::vector<Zone> zones = find_zones(tree);
  if (zones.empty()) {
    probe.findings.push_back(
        {Finding::Status::kAbsent, kMethod, tree.string(),
         "no intel-rapl zone: a virtual machine, another kind of processor, or a kernel without "
         "the driver",
         "on bare metal: sudo modprobe intel_rapl_msr; a virtual machine has no such counters"});
    return probe;
  }

  const std::string cpu = read_cpu_info(root).model_name;
  const bool has_package = std::ranges::find(zones, "package", &Zone::kind) != zones.end();
  std::vector<std::string> taken;
  for (const Zone& zone : zones) {
    if (zone.kind.empty()) {
      probe.findings.push_back({Finding::Status::kBroken, kMethod, zone.folder.string(),
                                "the zone is there but its files are not", kMaskedCure});
      continue;
    }
    const bool wanted =
        zone.kind == "package" || zone.kind == "dram" || (zone.kind == "psys" && !has_package);
    if (!wanted) continue;
    if (std::ranges::find(taken, zone.id) != taken.end()) {
      probe.findings.push_back({Finding::Status::kSpare, kMethod, zone.folder.filename().string(),
                                "repeats " + zone.id + ", which is read already", ""});
    } else if (take(zone, cpu, probe)) {
      taken.push_back(zone.id);
    }
  }
  return probe;
}

}  // namespace ipw::energy
