#pragma once
// The last resort where nothing measures: joules as busy CPU time × watts per busy core, of the
// model's own work where that can be told, else of the whole machine. It is a model, so it says
// `estimated` everywhere, and its power is nearly constant by construction: joules rank CPU time,
// not energy.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "ipw/core/units.h"
#include "ipw/energy/sensor.h"
#include "ipw/energy/work_clock.h"

namespace ipw::energy {

/// Watts of one busy core, and where they come from.
struct BusyCorePower {
  core::Watts watts;         // memory included
  double uncertainty = 0.5;  // relative, one standard deviation
  std::string assumption;    // one line for people
};

/// In this order: `override` (what the user knows; memory included), the named chip's TDP / its
/// cores where both are known, else 7 W; the last two plus 1 W of memory for each busy core.
///
/// Sources. TDP: data/cpu_power.csv. 7 W: the middle of what makers state for chips of servers and
/// desktops since 2019 at full load (EPYC 9654 360 W / 96 = 3.8; EPYC 7763 280 / 64 = 4.4; Xeon
/// Platinum 8280 205 / 28 = 7.3; Ryzen 9 7950X 170 / 16 = 10.6), taken as ±50 %. Memory: eight
/// DIMMs of about 4 W in use beside about 30 cores.
[[nodiscard]] BusyCorePower busy_core_power(const std::filesystem::path& root,
                                            std::optional<core::Watts> override);

/// One sensor, `cpu-time:host`, or a finding where the kernel's CPU times cannot be read.
///
/// Busy is user, nice, system, irq and softirq time of the whole machine; idle, iowait and steal
/// are not. The source is the finest one that covers the whole machine: a cgroup's counter is
/// machine-wide only in the root group, which is told by files that only the root has
/// (`release_agent` in version 1) or that it alone lacks (`cgroup.type` in version 2).
[[nodiscard]] Probe probe_cpu_time(const std::filesystem::path& root,
                                   std::optional<core::Watts> watts_per_busy_core);

/// One sensor, `cpu-time:model`: the same watts × the CPU time of the model's own work, whatever
/// else the machine does. Its counter answers when asked. A finding where the clock cannot tell.
[[nodiscard]] Probe probe_work_time(const std::filesystem::path& root,
                                    std::optional<core::Watts> watts_per_busy_core,
                                    std::shared_ptr<WorkClock> work);

}  // namespace ipw::energy
