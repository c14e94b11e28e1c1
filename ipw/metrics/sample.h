#pragma once
// What the figures are computed from: the records of one run, by columns, so that a million of them
// are a few tens of megabytes and every pass streams. Views only; whoever reads the store owns the
// memory.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ipw/record/provenance.h"

namespace ipw::metrics {

/// The joules and watts that one kind of sensor saw. Sensors of the same provenance (source and
/// method) are already added up per record; different provenances are different EnergyColumns.
/// One number per record; NaN: not measured for that record.
struct EnergyColumns {
  record::Provenance provenance;
  std::span<const float> active_j;  // above idle, joules
  std::span<const float> total_j;   // active + loaded idle; empty: idle is unknown
  std::span<const float> power_w;  // mean device power in service; above idle where idle is unknown
  double systematic = 0.0;  // relative standard deviation of the error that all records share
};

/// The records of one run (or of both its sides, for a comparison). A record is one question in one
/// repeat. Every column is either empty (nothing of the kind is known) or as long as `score`; NaN
/// means "not measured" in any float or double column. Records stand in the order of their start.
struct Sample {
  std::span<const float> score;            // in [0, 1]; NaN: missing (infrastructure or judge)
  std::span<const std::uint32_t> cluster;  // dense index of the question, or of the passage or
                                           // conversation that questions share; empty: all differ
  std::span<const std::uint16_t> repeat;   // 0-based; empty: one repeat
  std::span<const std::uint16_t> task;     // dense index; empty: no tasks

  std::span<const double> started;      // seconds on one clock: service begins …
  std::span<const double> ended;        // … and ends with the last token
  std::span<const float> latency;       // seconds from the intended send time to the last token
  std::span<const float> latency_sent;  // seconds from the actual send time
  std::span<const float> delay;         // seconds from the intended to the actual send time; empty:
                                        // a closed loop, which intends no time
  std::span<const float> good;  // 1: answered within the bounds of the run's goodput, 0: not
  std::span<const float> ttft;  // seconds from the intended send time to the first token
  std::span<const float> tpot;  // (last - first token) / (output tokens - 1), seconds
  std::span<const float> prompt_tokens;  // as counted by the model
  std::span<const float> output_tokens;
  std::span<const float> usd;  // what the provider asks for the answer; empty: no price is known

  std::vector<EnergyColumns> energy;

  [[nodiscard]] std::size_t size() const { return score.size(); }
};

}  // namespace ipw::metrics
