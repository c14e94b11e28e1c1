#pragma once
// What a laptop draws while it runs on its battery: the only measurement of the whole machine that
// needs neither rights nor a meter.

#include <filesystem>

#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// One sensor for each battery of /sys/class/power_supply that is discharging: power_now, or
/// current_now × voltage_now. While it is on mains or charging there is no reading, because the
/// battery then says nothing about the machine. Scope wall: the whole machine, screen included,
/// behind the power supply.
[[nodiscard]] Probe probe_battery(const std::filesystem::path& root);

}  // namespace ipw::energy
