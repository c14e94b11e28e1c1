#pragma once
// NVIDIA Jetson: the INA3221 monitors on its board measure current and voltage of each supply rail.
// A GPU of a Jetson has no counter of its own.

#include <filesystem>

#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// Rails under /sys/bus/i2c/drivers/ina3221 (JetPack 5 and later, and as plain hwmon chips). Where
/// the module's input is measured (VDD_IN, or POM_5V_IN), it alone is billed and the rails behind
/// it are recorded; else the rails of processor, GPU and accelerators are billed. Channel 7, the
/// sum of shunt voltages, is no rail.
[[nodiscard]] Probe probe_ina3221(const std::filesystem::path& root);

}  // namespace ipw::energy
