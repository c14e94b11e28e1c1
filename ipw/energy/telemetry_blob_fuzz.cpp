// Hostile telemetry: decoding never crashes, and what it accepts survives a round trip.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ipw/energy/telemetry_blob.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view blob(reinterpret_cast<const char*>(data), size);
  const auto samples = ipw::energy::decode_telemetry(blob);
  if (!samples) return 0;
  for (const ipw::energy::Sample& sample : *samples) {
    // Beyond 2^53 nanojoules a double no longer tells neighbours apart.
    if (std::abs(sample.counter.count()) > 9e6) return 0;
  }
  const auto again = ipw::energy::decode_telemetry(ipw::energy::encode_telemetry(*samples));
  if (!again || again->size() != samples->size()) std::abort();
  for (std::size_t i = 0; i < samples->size(); ++i) {
    const auto& a = (*samples)[i];
    const auto& b = (*again)[i];
    if (a.at != b.at || a.epoch != b.epoch) std::abort();
    if (std::abs(a.counter.count() - b.counter.count()) > 1e-8) std::abort();
  }
  return 0;
}
