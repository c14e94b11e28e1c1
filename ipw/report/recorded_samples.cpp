// See recorded_samples.h.
#include "ipw/report/recorded_samples.h"

#include <fmt/format.h>

#include <chrono>
#include <string_view>

#include "ipw/energy/telemetry_blob.h"

namespace ipw::report {

core::Result<std::vector<energy::Sample>> recorded_samples(const store::TelemetrySecond& second) {
  const auto* const bytes = reinterpret_cast<const char*>(second.samples.data());
  IPW_TRY(std::vector<energy::Sample> samples,
          energy::decode_telemetry(std::string_view(bytes, second.samples.size())));
  for (const energy::Sample& sample : samples) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(sample.at.time_since_epoch());
    if (whole.count() == second.second) continue;
    return core::fail(core::ErrorCode::kInvalidData,
                      fmt::format("cannot read the telemetry of {}: a sample of second {} stands "
                                  "under second {} (restore the run from a copy)",
                                  second.sensor, whole.count(), second.second));
  }
  return samples;
}

}  // namespace ipw::report
