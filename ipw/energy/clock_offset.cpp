// The intersection of what exchanges allow: see clock_offset.h.
#include "ipw/energy/clock_offset.h"

#include <algorithm>
#include <chrono>

namespace ipw::energy {

namespace {

core::Instant::duration drift(core::Instant::duration elapsed) {
  return std::chrono::duration_cast<core::Instant::duration>(
      core::Seconds(elapsed) * ClockOffset::kDrift + std::chrono::nanoseconds(1));
}

}  // namespace

bool ClockOffset::add(const ClockExchange& exchange) {
  if (exchange.answered < exchange.asked) return true;
  const Confines fresh{exchange.theirs - exchange.answered, exchange.theirs - exchange.asked,
                       exchange.answered};
  if (!confines_) {
    confines_ = fresh;
    return true;
  }
  const auto wider = drift(std::max(core::Instant::duration{0}, fresh.as_of - confines_->as_of));
  const Confines both{std::max(fresh.low, confines_->low - wider),
                      std::min(fresh.high, confines_->high + wider),
                      std::max(fresh.as_of, confines_->as_of)};
  const bool agree = both.low <= both.high;
  confines_ = agree ? both : fresh;
  return agree;
}

std::optional<ClockEstimate> ClockOffset::at(core::Instant now) const {
  if (!confines_) return std::nullopt;
  const auto wider = drift(std::max(core::Instant::duration{0}, now - confines_->as_of));
  const auto half = (confines_->high - confines_->low) / 2;
  return ClockEstimate{confines_->low + half, core::Seconds(half + wider)};
}

}  // namespace ipw::energy
