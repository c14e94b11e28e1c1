#pragma once
// The seam to every energy sensor: it describes itself and reads; time comes in from outside.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/record/provenance.h"

namespace ipw::energy {

/// What a joule of this sensor covers.
enum class Scope { kChip, kPackage, kDram, kModule, kBoard, kWall };

/// What watching a sensor for a moment showed (characterise.h). Absent: it could not be seen.
struct Characterisation {
  core::Seconds watched{0.0};
  std::int64_t readings = 0;                   // that succeeded
  std::int64_t updates = 0;                    // readings that differed from the one before
  std::optional<core::Seconds> update_period;  // median time between updates
  bool period_is_bound = false;  // it updates about as fast as it was watched, or faster
  std::optional<core::Joules> smallest_step;  // of the counter; an upper bound of its resolution
  core::Joules counted;                       // from the first reading to the last, less resets
  std::optional<core::Seconds> reading_time;  // median time that one reading takes
  std::optional<double> counter_over_power;   // joules of the counter / those of power × time
};

struct SensorDescription {
  std::string id;      // stable across restarts: by UUID, PCI address or zone name, not by index
  std::string device;  // for people: "Intel Xeon … package 0", "NVIDIA H100 PCIe"
  record::Provenance provenance;
  Scope scope = Scope::kPackage;
  core::Seconds update_period{0.001};      // how often the value really changes
  core::Joules resolution;                 // smallest step
  std::optional<core::Joules> wrap_range;  // counter restarts at 0 beyond this; absent: never
  core::Watts max_power{1000.0};           // no higher mean is believed: tells a wrap from a reset
  double method_uncertainty = 0.0;         // systematic, relative, one standard deviation
  bool sees_idle = true;   // false: a model of the work only, so that idle power is unknown
  bool billed = true;      // false: recorded, but not a device of this run
  std::string assumption;  // what an estimate assumes, in one line; empty for measurements
  bool answers_when_asked = false;  // a counter that is exact whenever it is read, by any thread:
                                    // read when a request begins and ends, and seldom between
  bool integrated = false;  // power integrated over the sensor's own readings: each one is news
  std::string domain;  // whose joules: "cpu/package-0", "gpu/0000:03:00.0". Of several sensors with
                       // one domain the first of the table is used; empty: nobody else counts them
  std::optional<Characterisation> seen;
  core::Seconds clock_uncertainty{0.0};  // another machine's clock: its samples' times may all be
                                         // off by so much
  core::Seconds told_after{0.0};  // a sample can be read so long after its time: a daemon gathers
                                  // samples, and a network carries them
};

/// One reading of a cumulative counter since an arbitrary origin.
struct Sample {
  core::Instant at;
  core::Joules counter;
  std::uint32_t epoch = 0;  // rises when the device vanished and came back: counters of different
                            // epochs cannot be subtracted
};

/// Read from one thread at a time.
class Sensor {
 public:
  virtual ~Sensor() = default;
  [[nodiscard]] virtual SensorDescription describe() const = 0;
  /// The counter at `now`. An error is no sample, never 0: kPermissionDenied, kUnavailable (device
  /// lost, file vanished; may come back), kUnsupported.
  [[nodiscard]] virtual core::Result<Sample> read(core::Instant now) = 0;
  /// The power that the device itself tells, to hold the counter against; kUnsupported where it
  /// tells none.
  [[nodiscard]] virtual core::Result<core::Watts> power();
};

/// The same sensor under another description.
[[nodiscard]] std::unique_ptr<Sensor> described_as(SensorDescription description,
                                                   std::unique_ptr<Sensor> sensor);

/// "chip", "package", "dram", "module", "board" or "wall".
[[nodiscard]] const char* name(Scope scope);

/// One place where a sensor was looked for, as `ipw doctor` shows it.
struct Finding {
  enum class Status {
    kUsed,    // a sensor of the report
    kSpare,   // readable, but another one covers the same joules
    kAbsent,  // this machine does not have it
    kDenied,  // there, but this user may not read it
    kBroken,  // there, readable, and without a usable value
  };
  Status status = Status::kAbsent;
  std::string method;   // as in record::Provenance
  std::string subject;  // sensor id, path or library
  std::string detail;   // what was found or why not, one line
  std::string cure;     // commands or steps that change it, possibly several lines; may be empty
};

/// "used", "spare", "absent", "denied" or "broken".
[[nodiscard]] const char* name(Finding::Status status);

/// What looking for one kind of sensor gave.
struct Probe {
  std::vector<std::unique_ptr<Sensor>> sensors;
  std::vector<Finding> findings;
};

}  // namespace ipw::energy
