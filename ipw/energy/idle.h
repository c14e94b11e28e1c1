#pragma once
// The power of a device that waits, measured over a quiet stretch of its timeline.

#include <cstdint>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/energy/timeline.h"

namespace ipw::energy {

struct IdlePower {
  core::Watts mean;
  core::Watts standard_error;
  std::int64_t updates = 0;  // known update intervals behind it
};

/// Mean power of [from, to]. Neighbouring updates are not independent, so the standard error is
/// that of up to 16 batch means of equal length (Law and Kelton, Simulation Modeling and Analysis,
/// batch means). kUnavailable where fewer than four batches have a known interval.
[[nodiscard]] core::Result<IdlePower> idle_power(const Timeline& timeline, core::Instant from,
                                                 core::Instant to);

}  // namespace ipw::energy
