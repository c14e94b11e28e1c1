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
  kToolCalls,  // the model asked for tools
  kRefused,    // the model or its provider's filter would not answer
};

/// As the engine or the server counted; absent: it did not say.
struct Usage {
  std::optional<core::Tokens> prompt;         // as the model saw it, template included
  std::optional<core::Tokens> output;         // all that was generated, thinking included
  std::optional<core::Tokens> cached;         // prompt tokens that a kept prefix spared
  std::optional<core::Tokens> reasoning;      // output tokens of a thinking phase
  std::optional<core::Tokens> cache_written;  // prompt tokens that were kept for later, at a price
};

/// All on one monotonic clock, intended <= sent <= started <= first_token <= last_token.
struct Timings {
  core::Instant intended;                     // when the schedule wanted it sent
  core::Instant sent;                         // when generate() was called
  core::Instant started;                      // when the model began on it (queueing ends)
  std::optional<core::Instant> first_token;   // absent: no token came
  core::Instant last_token;                   // end of service: the last token, or the failure
  std::optional<core::Instant> first_answer;  // first token after the thinking, where that is told

  /// Service time, queueing kept apart.
  [[nodiscard]] core::Seconds service() const { return last_token - started; }
};

/// Durations as a server measured them on its own clock.
struct ServerTimings {
  std::optional<core::Seconds> load;    // of the model into memory, before it could begin
  std::optional<core::Seconds> prompt;  // prefill
  std::optional<core::Seconds> decode;
  std::optional<core::Seconds> total;
};

/// One call of a tool that the model asks for.
struct ToolCall {
  std::string id;  // empty: the server gives none
  std::string name;
  std::string arguments;  // JSON, as the model wrote it
  bool operator==(const ToolCall&) const = default;
};

struct Completion {
  std::string text;
  std::string reasoning;  // what a thinking phase wrote, apart from the answer
  std::vector<ToolCall> tool_calls;
  Usage usage;
  FinishReason finish = FinishReason::kStop;
  Timings timings;
  std::optional<double> flops;                     // 2 × active parameters × tokens + attention
  std::optional<std::uint64_t> peak_memory_bytes;  // of the process or device that did the work
  std::vector<double> token_logprobs;              // natural log, one per output token, if asked
  ServerTimings server;                            // of a remote model
  std::string served_by;  // the model that a server says it was; empty: it did not say
  int tries = 1;          // requests sent for this one answer; all their time counts
  std::string caution;    // what does not fit together in the answer; empty: nothing
};

/// "stop", "length", "cancelled", "tool_calls" or "content_filter" (OpenAI's words where they
/// exist).
[[nodiscard]] const char* name(FinishReason finish);

}  // namespace ipw::record
