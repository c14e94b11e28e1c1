#pragma once
// What the machine gave to others while a benchmark ran: on a shared host, the first thing to look
// at when a delay is long.

#include <array>
#include <cstdint>
#include <fstream>
#include <numeric>
#include <string>

namespace ipw::bench {

/// Time since boot that this machine wanted and its host gave to another one ("steal" of
/// /proc/stat), and all time, in ticks over all processors. Both 0 where there is no /proc.
struct Steal {
  std::uint64_t stolen = 0;
  std::uint64_t all = 0;

  static Steal now() {
    std::ifstream stat("/proc/stat");
    std::string cpu;
    std::array<std::uint64_t, 8> ticks{};  // user, nice, system, idle, iowait, irq, softirq, steal
    stat >> cpu;
    for (std::uint64_t& field : ticks) stat >> field;
    return {.stolen = ticks.back(),
            .all = std::accumulate(ticks.begin(), ticks.end(), std::uint64_t{0})};
  }
  /// Of the time since `before`; 0 … 1.
  [[nodiscard]] double share_since(const Steal& before) const {
    if (all == before.all) return 0.0;
    return static_cast<double>(stolen - before.stolen) / static_cast<double>(all - before.all);
  }
};

}  // namespace ipw::bench
