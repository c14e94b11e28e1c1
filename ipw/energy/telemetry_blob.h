#pragma once
// Raw samples as the store keeps them: one compact blob per sensor and second.
//
// Layout, version 1. A varint is unsigned LEB128 (seven bits a byte, lowest first, high bit set on
// all but the last byte), at most ten bytes and 64 bits. A signed number is zigzag-coded first:
// (n << 1) ^ (n >> 63). Differences wrap in 64-bit two's complement.
//
//   byte    1, the version
//   varint  unit: nanojoules per counter step (the largest of 10^6, 10^3 and 1 that loses nothing)
//   varint  number of samples
//   then for each sample
//     zigzag  time: for the first, nanoseconds on the run's monotonic clock; for the second, the
//             difference to the first; from then on the difference of differences
//     zigzag  counter in units: for the first its value, then the difference
//     zigzag  epoch: for the first its value, then the difference
//
// and nothing after. Counters are kept to the nanojoule. Samples 1 ms apart of a 100 W meter in
// microjoules take about 6 bytes each.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// Samples in order of time. Pure; thread-safe.
[[nodiscard]] std::string encode_telemetry(std::span<const Sample> samples);

/// kUnsupported for a version that is not 1; kInvalidData, naming the place, for anything that
/// encode_telemetry() does not write. Pure; thread-safe; safe on hostile bytes.
[[nodiscard]] core::Result<std::vector<Sample>> decode_telemetry(std::string_view blob);

}  // namespace ipw::energy
