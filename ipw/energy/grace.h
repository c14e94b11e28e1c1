#pragma once
// NVIDIA Grace (and Grace Hopper, Grace Blackwell): ACPI power meters in /sys/class/hwmon that say
// in power1_oem_info what they cover.

#include <filesystem>

#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// One sensor for each "Grace Power Socket N": the processor with its memory. What lies inside it
/// (CPU, SysIO) is left out; "Module Power Socket N" contains it and the GPU, and is recorded, not
/// billed, unless there is no Grace socket.
/// Source: NVIDIA Grace Performance Tuning Guide, "Power and thermal management".
[[nodiscard]] Probe probe_grace(const std::filesystem::path& root);

}  // namespace ipw::energy
