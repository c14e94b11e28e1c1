#pragma once
// What came back from a model for one call, and when.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/units.h"

namespace ipw::record {

enum class FinishReason {
  kStop,       // end-of-text token or stop string
  kLength,     // maximum tokens, or the context was full
  kCancelled,  // the caller stopped it
};

struct Usage {
  core::Tokens prompt;                    // as the model saw it, template included
  core::Tokens output;                    // generated tokens, the end token not counted
  std::optional<core::Tokens> cached;     // prompt tokens that a kept prefix spared
  std::optional<core::Tokens> reasoning;  // output tokens of a thinking phase
};

/// All on one monotonic clock, intended <= sent <= started <= first_token <= last_token.
struct Timings {
  core::Instant intended;                    // when the schedule wanted it sent
  core::Instant sent;                        // when generate() was called
  core::Instant started;                     // when the model began on it (queueing ends)
  std::optional<core::Instant> first_token;  // absent: no token came
  core::Instant last_token;                  // end of service: the last token, or the failure

  /// Service time, queueing kept apart.
  [[nodiscard]] core::Seconds service() const { return last_token - started; }
};

struct Completion {
  std::string text;
  Usage usage;
  FinishReason finish = FinishReason::kStop;
  Timings timings;
  std::optional<double> flops;                     // 2 × active parameters × tokens + attention
  std::optional<std::uint64_t> peak_memory_bytes;  // of the process or device that did the work
  std::vector<double> token_logprobs;              // natural log, one per output token, if asked
};

/// "stop", "length" or "cancelled" (OpenAI's words where they exist).
[[nodiscard]] const char* name(FinishReason finish);

}  // namespace ipw::record
