#pragma once
// RAPL as a performance event: the same counters as powercap's, for those whom the kernel lets open
// events (CAP_PERFMON) but not read energy_uj.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

struct PerfEvent {
  std::uint32_t type = 0;    // of the PMU
  std::uint64_t config = 0;  // of the event
  int cpu = 0;
};

/// A descriptor from which each read(2) takes one 64-bit count, or −errno.
using PerfOpen = std::function<int(const PerfEvent&)>;

/// perf_event_open(2) for all processes on one CPU.
[[nodiscard]] int system_perf_open(const PerfEvent& event);

/// One sensor for each package and its DRAM ("rapl-perf:package-0", "rapl-perf:package-0/dram"),
/// psys only where there is no package, from /sys/bus/event_source/devices/power. Cores and the
/// integrated GPU are inside the package.
[[nodiscard]] Probe probe_rapl_perf(const std::filesystem::path& root, const PerfOpen& open);

/// "event=0x02" gives 2; kInvalidData otherwise.
[[nodiscard]] core::Result<std::uint64_t> parse_perf_event(std::string_view text);

/// "0,18-19" gives 0, 18, 19; kInvalidData where it is no such list or names more than 4096.
[[nodiscard]] core::Result<std::vector<int>> parse_cpu_list(std::string_view text);

}  // namespace ipw::energy
