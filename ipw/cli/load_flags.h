#pragma once
// The flags of `ipw profile` that say when requests are sent.

#include <optional>
#include <string>

#include "ipw/cli/flags.h"
#include "ipw/core/result.h"
#include "ipw/store/manifest.h"

namespace ipw::cli {

struct LoadFlags {
  std::optional<double> rate;
  std::string arrivals;
  std::string ramp;
  std::string duration;
  std::string trace;
  double trace_speed = 1.0;
  std::string goodput;
  std::string sweep;
};

void declare_load_flags(const Flags& app, LoadFlags& flags);

/// Fills in what the flags say about the load. kUsage where they contradict each other.
[[nodiscard]] core::Result<void> plan_load(const LoadFlags& flags, bool concurrency_given,
                                           bool dataset_given, store::Manifest& plan);

}  // namespace ipw::cli
