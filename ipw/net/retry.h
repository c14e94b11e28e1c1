#pragma once
// When to ask again: pure, so that whoever waits decides how (a thread sleeps, a load generator
// schedules).

#include <optional>
#include <string_view>

#include "ipw/core/clock.h"
#include "ipw/core/random.h"
#include "ipw/core/units.h"
#include "ipw/net/failure.h"

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

/// Retry-After in seconds or as an HTTP date (RFC 9110 §10.2.3), from `now` on, never negative;
/// absent where `value` is neither.
[[nodiscard]] std::optional<core::Seconds> parse_retry_after(std::string_view value,
                                                             core::WallTime now);

}  // namespace ipw::net
