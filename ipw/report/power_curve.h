#pragma once
// Power over time with what was asked meanwhile: the run's raw telemetry averaged over a few
// hundred steps, second by second as it is read, whatever the length of the run.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/metrics/sample.h"
#include "ipw/store/run.h"

namespace ipw::report {

/// Steps of equal length over the time in which something was asked. A pause (a run resumed a day
/// later) is cut out: the stretches on either side lie end to end.
struct TimeAxis {
  struct Stretch {
    double from = 0.0;  // seconds on the run's time line
    double to = 0.0;
    std::size_t first_step = 0;
    std::size_t steps = 0;
  };
  double step = 0.0;  // seconds
  std::vector<Stretch> stretches;

  [[nodiscard]] std::size_t steps() const;
};

/// What the records did in one step.
struct ActivityStep {
  double in_flight = 0.0;     // mean number of questions in service
  std::uint32_t correct = 0;  // by the step in which they ended
  std::uint32_t incorrect = 0;
  std::uint32_t missing = 0;
};

/// What one sensor saw in one step: absent where no sample bounds it.
struct PowerStep {
  std::optional<float> mean;  // watts
  float low = 0.0F;           // least and most of any update interval in the step
  float high = 0.0F;
};

struct SensorCurve {
  std::string sensor;
  std::vector<PowerStep> steps;
};

struct PowerCurve {
  TimeAxis axis;
  std::vector<ActivityStep> activity;
  std::vector<SensorCurve> sensors;  // those with telemetry
  std::int64_t unreadable = 0;       // seconds of telemetry that could not be decoded
};

/// `sample` is the run's own, in the order of start. Steps are no shorter than the slowest sensor's
/// update. Memory O(steps), time O(samples + records).
[[nodiscard]] core::Result<PowerCurve> power_curve(store::Run& run, const metrics::Sample& sample);

}  // namespace ipw::report
