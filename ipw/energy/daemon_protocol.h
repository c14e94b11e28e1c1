#pragma once
// What sensor daemon and client say to each other, version 1: JSON over HTTP, all of it GET. The
// words stand in docs/formats.md. Pure: no I/O, no clock; reading is safe on hostile bytes.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

constexpr int kDaemonProtocol = 1;
constexpr const char* kSensorsPath = "/v1/sensors";
constexpr const char* kClockPath = "/v1/clock";
constexpr const char* kSamplesPath = "/v1/samples";

/// What the daemon is and what it reads.
struct DaemonSensors {
  std::string instance;  // another one after each start of the daemon
  std::string host;
  std::vector<SensorDescription> sensors;
};

/// The daemon's clocks at one moment.
struct DaemonClock {
  std::string instance;
  core::Instant monotonic;
  std::int64_t wall_ns = 0;  // since 1970 UTC
  std::string identity;      // of the monotonic clock: see clock_identity(); empty: unknown
};

/// A line of the stream of samples. The first says which sensors the numbers mean; a clock comes
/// at least twice a second, so that silence means a broken connection.
struct StreamLine {
  enum class Kind { kHead, kSamples, kError, kClock };
  Kind kind = Kind::kClock;
  std::string instance;              // kHead
  std::vector<std::string> sensors;  // kHead: ids
  std::size_t sensor = 0;            // kSamples, kError: index into them
  std::vector<Sample> samples;       // kSamples: in order of time, on the daemon's clock
  std::string error;                 // kError: why there are none just now
};

[[nodiscard]] std::string format_sensors(const DaemonSensors& sensors);
[[nodiscard]] std::string format_clock(const DaemonClock& clock);
/// Each with its line end.
[[nodiscard]] std::string format_head(const DaemonSensors& sensors);
[[nodiscard]] std::string format_samples(std::size_t sensor, std::span<const Sample> samples);
[[nodiscard]] std::string format_error(std::size_t sensor, std::string_view why);

/// kInvalidData, naming the field, for what this version does not write; kUnsupported for another
/// protocol. Fields that are not known are passed over.
[[nodiscard]] core::Result<DaemonSensors> parse_sensors(std::string_view text);
[[nodiscard]] core::Result<DaemonClock> parse_clock(std::string_view text);
[[nodiscard]] core::Result<StreamLine> parse_stream_line(std::string_view line);

/// What tells one monotonic clock from another: the boot and the time namespace of this process.
/// Two processes with the same one need no exchange. Empty where the system does not say.
[[nodiscard]] std::string clock_identity();

}  // namespace ipw::energy
