#pragma once
// One number as it is shown anywhere: with unit, interval, sample size and provenance, or absent
// with the reason.

#include <cstdint>
#include <optional>
#include <string>

#include "ipw/record/provenance.h"

namespace ipw::record {

struct Figure {
  std::optional<double> value;  // absent: `reason` says why
  std::string unit;             // "1", "J", "W", "s", "1/J", "1/W", "J/token", "tokens/s", …
  std::optional<double> low;    // 95 % limits; a limit the sample cannot give is absent
  std::optional<double> high;
  std::optional<double> low_total;   // the same with the sensors' systematic error; absent: no such
  std::optional<double> high_total;  // error is known, or the plain limit is absent
  std::optional<double> all_wrong;   // where too many verdicts are missing for a value: what it
  std::optional<double> all_right;   // would be with all of them wrong, and right. No interval
  std::int64_t n = 0;                // questions behind it
  Provenance provenance;
  std::string interval;  // "wilson", "paired-student", "order-statistic", "mover", …
  std::string reason;    // why value or a limit is absent; what to be careful about
};

}  // namespace ipw::record
