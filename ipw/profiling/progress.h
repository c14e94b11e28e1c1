#pragma once
// How far a run is, as told to whoever watches it. Counts only what is durable.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "ipw/core/units.h"
#include "ipw/record/provenance.h"

namespace ipw::profiling {

enum class Phase { kIdleBefore, kLoading, kIdleLoaded, kWarmup, kAsking, kIdleAfter };

struct Progress {
  Phase phase = Phase::kAsking;
  std::int64_t planned = 0;  // requests of this run; 0: not known, it ends after a time
  std::int64_t done = 0;     // durable, with a verdict; those of an earlier session included
  std::int64_t asked = 0;    // durable in this session, missing ones included
  std::int64_t missing = 0;  // of `asked`
  double score = 0.0;        // sum over `asked` minus `missing` of this session
  core::Seconds elapsed{0};  // since the first question of this session
  std::optional<core::Joules> joules;  // active, of this session, one source; absent: not measured
  record::Provenance provenance;       // of `joules`
};

using ProgressSink = std::function<void(const Progress&)>;

}  // namespace ipw::profiling
