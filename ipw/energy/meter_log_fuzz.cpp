// Hostile meter logs: reading never crashes, and what is accepted is a log: times rise, watts are
// numbers, and windows over it can be asked for.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ipw/energy/meter_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto log = ipw::energy::parse_meter_log(text, "fuzz");
  if (!log) return 0;
  if (log->readings.empty()) std::abort();
  for (std::size_t i = 0; i < log->readings.size(); ++i) {
    if (i > 0 && log->readings[i].at <= log->readings[i - 1].at) std::abort();
    if (!std::isfinite(log->readings[i].power.count())) std::abort();
  }
  const auto window = ipw::energy::meter_window(*log, {}, {});
  if (!window || window->samples != static_cast<std::int64_t>(log->readings.size())) std::abort();
  if (!std::isfinite(window->energy.count())) std::abort();
  return 0;
}
