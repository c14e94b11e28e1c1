// Hostile text in every file of /sys that a sensor parses, and from a meter's command: no crash, no
// figure that is not finite.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ipw/energy/hwmon_tree.h"
#include "ipw/energy/meter_command.h"
#include "ipw/energy/rapl_perf.h"
#include "ipw/energy/sysfs_sensor.h"
#include "ipw/energy/visible_devices.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace energy = ipw::energy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto number = energy::parse_whole(text, "x"); number && !std::isfinite(*number)) {
    std::abort();
  }
  (void)energy::parse_count(text, "x");
  (void)energy::parse_perf_event(text);
  if (const auto cpus = energy::parse_cpu_list(text); cpus && cpus->size() > 4096) std::abort();
  if (const auto line = energy::parse_meter_line(text);
      line && !(std::isfinite(line->value) && line->value >= 0.0)) {
    std::abort();
  }
  if (energy::is_pci_address(text) && size != 12) std::abort();
  const energy::Environment everywhere = [&](const std::string&) { return std::string(text); };
  const energy::HipDevice devices[] = {{"0000:01:00.0", "GPU-a"}, {"0000:02:00.0", ""}};
  (void)energy::hip_shows(everywhere, devices, 1);
  const unsigned tiles[] = {2, 0};
  (void)energy::level_zero_shows(everywhere, tiles, 1);
  return 0;
}
