// Hostile trees of /sys: the first byte says which file the rest becomes; every kind of sensor
// looks at the tree and reads what it found. No crash, and no counter that is not finite.

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "ipw/energy/sensors.h"

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<const char*, const char*>, 24> kFiles{{
    {"sys/class/powercap/intel-rapl:0/name", "package-0\n"},
    {"sys/class/powercap/intel-rapl:0/energy_uj", "123\n"},
    {"sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850\n"},
    {"sys/bus/event_source/devices/power/type", "23\n"},
    {"sys/bus/event_source/devices/power/cpumask", "0\n"},
    {"sys/bus/event_source/devices/power/events/energy-pkg", "event=0x02\n"},
    {"sys/bus/event_source/devices/power/events/energy-pkg.scale", "2.3e-10\n"},
    {"sys/bus/event_source/devices/power/events/energy-pkg.unit", "Joules\n"},
    {"sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n"},
    {"sys/class/hwmon/hwmon0/name", "xe\n"},
    {"sys/class/hwmon/hwmon0/energy1_input", "5\n"},
    {"sys/class/hwmon/hwmon0/energy1_label", "card\n"},
    {"sys/class/hwmon/hwmon1/name", "power_meter\n"},
    {"sys/class/hwmon/hwmon1/power1_average", "5000000\n"},
    {"sys/class/hwmon/hwmon1/power1_oem_info", "Grace Power Socket 0\n"},
    {"sys/class/hwmon/hwmon1/power1_average_interval", "100\n"},
    {"sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon2/in1_label", "VDD_IN\n"},
    {"sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon2/in1_input", "5000\n"},
    {"sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon2/curr1_input", "1000\n"},
    {"sys/class/power_supply/BAT0/type", "Battery\n"},
    {"sys/class/power_supply/BAT0/status", "Discharging\n"},
    {"sys/class/power_supply/BAT0/current_now", "-1000000\n"},
    {"sys/class/power_supply/BAT0/voltage_now", "12000000\n"},
    {"proc/stat", "cpu  1 2 3 4 5 6 7 8 9 0\n"},
}};

void write(const fs::path& root, const char* path, std::string_view text) {
  std::ofstream(root / path, std::ios::binary) << text;
}

// A sound tree, made once.
const fs::path& tree() {
  static const fs::path root = [] {
    std::string pattern = (fs::temp_directory_path() / "ipw-fuzz-XXXXXX").string();
    const fs::path made = ::mkdtemp(pattern.data());
    for (const auto& [path, text] : kFiles) {
      fs::create_directories((made / path).parent_path());
      write(made, path, text);
    }
    return made;
  }();
  return root;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace energy = ipw::energy;
  if (size == 0) return 0;
  const auto& [path, sound] = kFiles.at(data[0] % kFiles.size());
  write(tree(), path, {reinterpret_cast<const char*>(data) + 1, size - 1});
  energy::ProbeOptions options;
  options.root = tree();
  options.environment = [](const std::string&) { return std::nullopt; };
  options.nvml_libraries = options.amd_smi_libraries = {};
  options.rocm_smi_libraries = options.level_zero_libraries = {};
  options.perf_open = [](const energy::PerfEvent&) { return -1; };
  const energy::ProbeReport report = energy::probe_sensors(options);
  for (const auto& sensor : report.sensors) {
    const ipw::core::Instant start;
    for (int i = 1; i <= 3; ++i) {
      const auto sample = sensor->read(start + std::chrono::milliseconds(10 * i));
      if (sample && !std::isfinite(sample->counter.count())) std::abort();
    }
  }
  write(tree(), path, sound);
  return 0;
}
