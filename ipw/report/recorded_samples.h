#pragma once
// Raw samples as a run kept them, one sensor's second at a time.

#include <vector>

#include "ipw/core/result.h"
#include "ipw/energy/sensor.h"
#include "ipw/store/run.h"

namespace ipw::report {

/// The samples of `second`, in their order, at their times on the run's time line. kInvalidData
/// where they cannot be decoded, or one of them lies outside of the second under which it is kept:
/// sums and differences of their times fit. Otherwise as energy::decode_telemetry.
[[nodiscard]] core::Result<std::vector<energy::Sample>> recorded_samples(
    const store::TelemetrySecond& second);

}  // namespace ipw::report
