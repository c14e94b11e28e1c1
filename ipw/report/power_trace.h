#pragma once
// One sensor's joules over wall-clock time, as a run recorded them: what an external meter's log is
// laid beside.

#include <cstddef>
#include <string>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/energy/meter_log.h"
#include "ipw/record/provenance.h"
#include "ipw/store/run.h"

namespace ipw::report {

/// Known update intervals in order of time. Built once, then read by any thread.
class PowerTrace {
 public:
  /// An interval after all others; one that is not later is left out. `grain` joins neighbours
  /// until they are that long.
  explicit PowerTrace(core::Seconds grain = core::Seconds(0.0)) : grain_(grain) {}
  void add(energy::EpochNanoseconds from, energy::EpochNanoseconds to, core::Joules energy);

  struct Span {
    core::Joules energy;
    core::Seconds known{0.0};  // how much of it known intervals cover
  };
  /// [from, to], intervals cut in proportion. O(log size).
  [[nodiscard]] Span span(energy::EpochNanoseconds from, energy::EpochNanoseconds to) const;

  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  [[nodiscard]] energy::EpochNanoseconds from() const { return pieces_.front().from; }
  [[nodiscard]] energy::EpochNanoseconds to() const { return pieces_.back().to; }

 private:
  struct Piece {
    energy::EpochNanoseconds from = 0;
    energy::EpochNanoseconds to = 0;
    double joules = 0.0;
    double joules_before = 0.0;
    double seconds_before = 0.0;
  };
  [[nodiscard]] std::pair<double, double> until(energy::EpochNanoseconds at) const;

  core::Seconds grain_;
  std::vector<Piece> pieces_;
};

struct RecordedTrace {
  std::string sensor;
  record::Provenance provenance;
  std::string scope;
  core::Seconds update_period{0.0};
  PowerTrace trace;
};

/// Every sensor of the run that has telemetry, on the wall clock that the run's sessions noted,
/// kept as fine as `grain`. Memory O(run time / grain).
[[nodiscard]] core::Result<std::vector<RecordedTrace>> recorded_traces(store::Run& run,
                                                                       core::Seconds grain);

}  // namespace ipw::report
