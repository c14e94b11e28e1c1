#pragma once
// A whole run as a structure of arrays: what reports compute from, without texts, at some 80 bytes
// a record and 36 more per sensor, so that a million records fit a laptop's memory.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/record/completion.h"
#include "ipw/record/provenance.h"
#include "ipw/record/verdict.h"
#include "ipw/store/sqlite.h"

namespace ipw::store {

/// One sensor's energy, one element per record; summed over attempts as attempt_sum.h says. NaN
/// where the sensor has no share in the record, or the quantity is unknown.
struct SensorColumns {
  std::string sensor;
  record::Provenance provenance;
  std::vector<core::Joules> active;
  std::vector<core::Joules> loaded_idle;
  std::vector<core::Watts> device_power;
  std::vector<core::Joules> uncertainty;  // one standard deviation
  std::vector<float> coverage;            // [0, 1]; 0 where there is no share
};

/// A span of service on the run's time line.
struct ServiceWindow {
  std::chrono::nanoseconds started;
  std::chrono::nanoseconds ended;
};

/// Element i of every vector belongs to record i, a question and repeat; records are in the order
/// of questions (as first recorded) and repeats. Verdict, tokens and timings are those of the last
/// attempt. Times are offsets on the run's time line, which goes on over all sessions.
struct Columns {
  static constexpr std::chrono::nanoseconds kNever = std::chrono::nanoseconds::min();
  static constexpr std::int32_t kUncounted = -1;  // tokens that nobody told

  std::vector<std::uint32_t> question;  // index into Run::question_keys()
  std::vector<std::uint32_t> task;      // index into tasks
  std::vector<std::uint16_t> repeat;
  std::vector<std::uint16_t> attempts;
  std::vector<std::uint8_t> outcomes;  // record::Outcome, in one byte: outcome(i)
  std::vector<std::uint8_t> finishes;  // record::FinishReason, in one byte: finish(i)
  std::vector<double> value;           // in [0, 1]; NaN while missing
  std::vector<std::int32_t> prompt_tokens;
  std::vector<std::int32_t> output_tokens;
  std::vector<std::int32_t> cached_tokens;     // empty where never told
  std::vector<std::int32_t> reasoning_tokens;  // empty where never told
  std::vector<std::chrono::nanoseconds> intended;
  std::vector<std::chrono::nanoseconds> sent;
  std::vector<std::chrono::nanoseconds> started;
  std::vector<std::chrono::nanoseconds> first_token;  // kNever: no token came
  std::vector<std::chrono::nanoseconds> last_token;
  std::vector<double> flops;  // of the last attempt, NaN where unknown; empty where never known

  std::vector<SensorColumns> sensors;
  std::vector<std::string> tasks;
  /// Service of the attempts that later ones replaced: with [started, last_token] of the records
  /// these are all the windows that the energy belongs to.
  std::vector<ServiceWindow> earlier_service;

  [[nodiscard]] std::size_t size() const { return question.size(); }
  [[nodiscard]] record::Outcome outcome(std::size_t i) const {
    return static_cast<record::Outcome>(outcomes[i]);
  }
  [[nodiscard]] record::FinishReason finish(std::size_t i) const {
    return static_cast<record::FinishReason>(finishes[i]);
  }
  /// Time to the first token from the intended send time; absent where no token came.
  [[nodiscard]] std::optional<core::Seconds> ttft(std::size_t i) const {
    if (first_token[i] == kNever) return std::nullopt;
    return first_token[i] - intended[i];
  }
  /// From the intended send time to the last token.
  [[nodiscard]] core::Seconds latency(std::size_t i) const { return last_token[i] - intended[i]; }
  /// From the real send time to the last token.
  [[nodiscard]] core::Seconds latency_sent(std::size_t i) const { return last_token[i] - sent[i]; }
  /// How long after its intended time it was sent.
  [[nodiscard]] core::Seconds dispatch_delay(std::size_t i) const { return sent[i] - intended[i]; }
  /// Queueing kept apart.
  [[nodiscard]] core::Seconds service(std::size_t i) const { return last_token[i] - started[i]; }
};

/// One snapshot of all records. kInvalidData where the file is damaged, kOutOfSpace.
[[nodiscard]] core::Result<Columns> read_columns(Database& database, bool disturbed);

}  // namespace ipw::store
