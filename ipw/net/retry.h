#pragma once
// When to ask again: pure, so that whoever waits decides how (a thread sleeps, a load generator
// schedules).

#include <optional>
#include <string_view>

#include "ipw/core/clock.h"
#include "ipw/core/random.h"
#include "ipw/core/units.h"
#include "ipw/net/failure.h"
#include "ipw/net/header.h"

namespace ipw::net {

/// Exponential backoff with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS
/// Architecture Blog, 2015).
struct RetryPolicy {
  int attempts = 4;                       // in all; 1: never again
  core::Seconds first{0.5};               // most that the first wait takes
  core::Seconds most{20};                 // most that any wait takes
  core::Seconds longest_retry_after{60};  // a server that asks for more is not waited for
};

/// How long to wait after the failed attempt number `attempt` (0-based) before the next one;
/// absent: do not ask again. Asked again are dns, connect, timeout, protocol, 408, 425, 429, 500,
/// 502, 503, 504 and 529; never a refusal, a certificate or a cancellation. A server's Retry-After
/// is the least that is waited, the jitter comes on top of it.
[[nodiscard]] std::optional<core::Seconds> retry_delay(const RetryPolicy& policy,
                                                       const Failure& failure, int attempt,
                                                       core::Random& random);

/// What a value of Retry-After asks for, from `now` on: seconds, with a fraction or a unit ("1.5",
/// "30s", "500ms") where a server adds one, a Unix time of about now, an HTTP date in any of its
/// three forms (RFC 9110 §5.6.7, §10.2.3) or one of RFC 3339. Never negative nor more than a day;
/// absent where `value` is none of these.
[[nodiscard]] std::optional<core::Seconds> parse_retry_after(std::string_view value,
                                                             core::WallTime now);

/// What an answer asks for that is to be asked again: retry-after-ms or x-ms-retry-after-ms
/// (OpenAI, Azure), which are finer, before Retry-After, before the retryDelay of a
/// google.rpc.RetryInfo in the body (Gemini sends no field). Bounds as parse_retry_after.
[[nodiscard]] std::optional<core::Seconds> retry_after_of(const Headers& headers,
                                                          std::string_view body,
                                                          core::WallTime now);

}  // namespace ipw::net
