#pragma once
// The seam to every energy sensor: it describes itself and reads; time comes in from outside.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/record/provenance.h"

namespace ipw::energy {

/// What a joule of this sensor covers.
enum class Scope { kChip, kPackage, kDram, kModule, kBoard, kWall };

struct SensorDescription {
  std::string id;      // stable across restarts: by UUID, PCI address or zone name, not by index
  std::string device;  // for people: "Intel Xeon … package 0", "NVIDIA H100 PCIe"
  record::Provenance provenance;
  Scope scope = Scope::kPackage;
  core::Seconds update_period{0.001};      // how often the value really changes
  core::Joules resolution;                 // smallest step
  std::optional<core::Joules> wrap_range;  // counter restarts at 0 beyond this; absent: never
  bool sees_idle = true;   // false: a model of the work only, so that idle power is unknown
  std::string assumption;  // what an estimate assumes, in one line; empty for measurements
};

/// One reading of a cumulative counter since an arbitrary origin.
struct Sample {
  core::Instant at;
  core::Joules counter;
};

/// Read from one thread at a time.
class Sensor {
 public:
  virtual ~Sensor() = default;
  [[nodiscard]] virtual SensorDescription describe() const = 0;
  /// The counter at `now`. An error is no sample, never 0: kPermissionDenied, kUnavailable (device
  /// lost, file vanished; may come back), kUnsupported.
  [[nodiscard]] virtual core::Result<Sample> read(core::Instant now) = 0;
};

/// "chip", "package", "dram", "module", "board" or "wall".
[[nodiscard]] const char* name(Scope scope);

}  // namespace ipw::energy
