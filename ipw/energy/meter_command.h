#pragma once
// An external power meter, read from whatever program knows how to talk to it: the user names a
// command that prints a line for each reading.

#include <string>
#include <string_view>

#include "ipw/core/result.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

struct MeterLine {
  enum class Quantity { kPower, kEnergy } quantity = Quantity::kPower;
  double value = 0.0;  // W or J
};

/// "NUMBER UNIT" with W (which may be left out), mW, kW, or, for a meter that counts, J, mJ, kJ,
/// Wh, kWh. kInvalidData for anything else, negative and infinite numbers included.
[[nodiscard]] core::Result<MeterLine> parse_meter_line(std::string_view line);

/// Starts `/bin/sh -c command`, waits up to `patience` for its first line and gives one sensor,
/// "meter:command", of scope wall. Lines of watts are integrated, each holding until the next, at
/// most five seconds; lines of joules are a counter. A command that ends is started again, and what
/// was used in between is unknown. Empty lines and lines that begin with # are skipped. The command
/// ends with the sensor.
[[nodiscard]] Probe probe_meter_command(const std::string& command,
                                        core::Seconds patience = core::Seconds(5.0));

}  // namespace ipw::energy
