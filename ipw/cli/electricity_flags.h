#pragma once
// The flags by which a command is told what a kilowatt-hour costs and emits.

#include <string>

#include "ipw/cli/flags.h"
#include "ipw/core/result.h"
#include "ipw/report/electricity.h"

namespace ipw::cli {

struct Context;

struct ElectricityFlags {
  std::string kwh_price;  // empty: see electricity()
  std::string grid;
};

/// Adds --kwh-price and --grid to the help's `group`.
void declare_electricity_flags(const Flags& app, ElectricityFlags& flags, const std::string& group);

/// What the flags say; where one was not given, the environment's IPW_KWH_PRICE or IPW_GRID. kUsage
/// for a price or a grid that is none.
[[nodiscard]] core::Result<report::Electricity> electricity(const ElectricityFlags& flags,
                                                            const Context& context);

}  // namespace ipw::cli
