#pragma once
// Sending on time: every request leaves when its schedule says, or as soon after it as there is a
// thread for it, and neither is hidden.

#include <functional>
#include <optional>
#include <stop_token>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"

namespace ipw::profiling {

/// One request that is to be sent. `send` is called once, at `due` or later, with the time at which
/// it was meant to go; it may block until the answer is there, or only begin the request.
struct Dispatch {
  std::optional<core::Instant> due;  // absent: at once
  std::function<void(core::Instant intended)> send;
};

/// The next request, in the order of their times; nothing: there are no more. Called by one thread
/// at a time, ahead of the request's time.
using NextDispatch = std::function<core::Result<std::optional<Dispatch>>()>;

/// The most threads that one dispatch() keeps; a blocking model has at most so many requests in
/// flight.
inline constexpr int kMostInFlight = 4096;

/// Sends everything that `next` gives, `in_flight` at a time (1 … kMostInFlight), and returns when
/// all of it came back. Threads take turns: one claims the next request and waits until it is due
/// while another stands ready, and then sends it itself, so that no request is handed from thread
/// to thread (Leader/Followers, Schmidt et al. 2000); there are never more than are in flight, and
/// one. Where all are busy the claim comes late: the schedule is the queue, and the intended time
/// stays. A stop request ends the waiting, and nothing further is sent. The first error of `next`,
/// or what is thrown while a request is sent, ends it likewise, after what is in flight came back.
[[nodiscard]] core::Result<void> dispatch(const NextDispatch& next, core::Clock& clock,
                                          int in_flight, const std::stop_token& stop);

}  // namespace ipw::profiling
