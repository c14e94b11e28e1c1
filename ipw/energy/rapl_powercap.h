#pragma once
// RAPL, the processor's own energy counters (Intel since Sandy Bridge, AMD since Zen), as the
// kernel's powercap tree shows them: SYSFS/class/powercap/intel-rapl:P[:N]/energy_uj in
// microjoules.

#include <filesystem>

#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// Looks under `root` ("/" or a test's folder) and gives one sensor for each package and each DRAM
/// zone that can be read. No joule is counted twice: core and uncore are inside the package; psys
/// contains it and is taken only where there is no package; `intel-rapl-mmio` repeats `intel-rapl`
/// and is taken only for zones that the latter does not give.
[[nodiscard]] Probe probe_rapl_powercap(const std::filesystem::path& root);

}  // namespace ipw::energy
