#pragma once
// A sensor beside an external meter: their clocks aligned, then average watts, joules, error and
// drift, each with an interval. Formulas: docs/validation.md.

#include <cstdint>
#include <optional>
#include <string>

#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/energy/meter_log.h"
#include "ipw/record/figure.h"
#include "ipw/report/power_trace.h"

namespace ipw::report {

struct ValidationOptions {
  std::optional<energy::EpochNanoseconds> begin;  // on the meter's clock
  std::optional<energy::EpochNanoseconds> end;
  core::Seconds most_offset{60.0};      // how far apart the clocks may be
  std::optional<core::Seconds> offset;  // given: the clocks are not aligned by the data
  core::Seconds sensor_update{0.0};     // part of the bound
};

/// The meter's clock minus the run's.
struct ClockOffset {
  core::Seconds value{0.0};
  std::optional<core::Seconds> bound;  // 95 %, either way; absent: given by the user
  double correlation = 0.0;            // of the two powers at that offset
};

struct SensorValidation {
  ClockOffset clock;
  std::int64_t samples = 0;   // meter intervals that the sensor covers, which are compared
  core::Seconds length{0.0};  // their time
  core::Joules meter_energy;
  core::Joules sensor_energy;
  core::Watts meter_power;
  core::Watts sensor_power;
  record::Figure error;    // (sensor − meter) / meter, joules
  record::Figure drift;    // change of that error in an hour
  record::Figure gain;     // watts of the sensor for one more watt of the meter
  record::Figure at_zero;  // W: what the sensor would show where the meter shows 0
};

/// Aligns and compares. The offset is where the two powers correlate best (Pearson), found on a
/// grid of half the meter's step and refined; its bound is the least-squares error of that place
/// plus half an update of the sensor and half a step of the meter, whose stamps may mean either
/// end. kUsage where they cannot be aligned, saying why: power too even, two places fit as well,
/// best place at the edge of the search, no correlation; kNotFound where the two share no time.
[[nodiscard]] core::Result<SensorValidation> validate_sensor(const PowerTrace& sensor,
                                                             const energy::MeterLog& meter,
                                                             const ValidationOptions& options);

}  // namespace ipw::report
