#pragma once
// Which processor this is, and what watts the committed table (data/cpu_power.csv) gives it.

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ipw/core/units.h"

namespace ipw::energy {

/// One row of data/cpu_power.csv.
struct CpuPower {
  std::string_view name;  // as its maker writes it
  double tdp_watts;       // thermal design power of the whole chip
};

/// The table as it was when the program was built.
[[nodiscard]] std::span<const CpuPower> cpu_power_table();

/// What /proc/cpuinfo tells.
struct CpuInfo {
  std::string model_name{"unknown processor"};
  int logical_cpus = 1;           // that the system schedules on
  std::optional<int> chip_cores;  // physical cores of the chip, where they can be known: from
                                  // the name ("64-Core"), or counted on bare metal
  bool virtual_machine = false;   // cores and caches are what the hypervisor chose to show
};
[[nodiscard]] CpuInfo read_cpu_info(const std::filesystem::path& root);

/// TDP of the chip that `model_name` (as in /proc/cpuinfo) names, by equality of the names without
/// trade marks, clock rate and core count. Nothing is guessed from similar names: a hypervisor's
/// "Intel(R) Xeon(R) Processor @ 2.50GHz" names no model.
[[nodiscard]] std::optional<core::Watts> chip_tdp(std::string_view model_name);

}  // namespace ipw::energy
