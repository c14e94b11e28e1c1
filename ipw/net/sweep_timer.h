#pragma once
// One timer for all connections of a loop. Bytes that pass only move an expiry back, so the timer
// is set anew for few of them, and no connection needs one of its own.

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "ipw/core/clock.h"

namespace ipw::net {

class SweepTimer {
 public:
  /// `sweep` expires what is due at the time given and returns when to come again.
  using Sweep = std::function<core::Instant(core::Instant)>;

  SweepTimer(boost::asio::io_context& context, core::Clock& clock, Sweep sweep)
      : clock_(clock), timer_(context), sweep_(std::move(sweep)) {}

  /// Sweeps at `until` or a few milliseconds later.
  void watch(core::Instant until) {
    if (until >= next_ || stopped_) return;
    next_ = std::max(until, last_ + kApart);
    timer_.expires_at(next_);
    timer_.async_wait([this](boost::system::error_code error) {
      if (error || stopped_) return;
      last_ = clock_.now();
      next_ = core::Instant::max();
      watch(sweep_(last_));
    });
  }

  void stop() {
    stopped_ = true;
    timer_.cancel();
  }

 private:
  static constexpr std::chrono::milliseconds kApart{5};
  core::Clock& clock_;
  boost::asio::steady_timer timer_;
  Sweep sweep_;
  core::Instant next_ = core::Instant::max();
  core::Instant last_;
  bool stopped_ = false;
};

}  // namespace ipw::net
