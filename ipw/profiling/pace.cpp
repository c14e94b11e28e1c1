// See pace.h.
#include "ipw/profiling/pace.h"

#include <fmt/format.h>

#include <chrono>

namespace ipw::profiling {
namespace {

constexpr std::chrono::milliseconds kLeadIn{10};  // in which the threads come up

std::chrono::nanoseconds rounded(core::Seconds span) {
  return std::chrono::round<std::chrono::nanoseconds>(span);
}

}  // namespace

Pace::Pace(const Arrivals& arrivals, std::uint64_t seed, const core::Clock& clock,
           std::int64_t sent)
    : arrivals_(arrivals), clock_(clock), begin_(clock.now()) {
  if (arrivals.law == ArrivalLaw::kClosed) return;
  begin_ += kLeadIn;
  schedule_.emplace(arrivals, seed);
  core::Seconds last{0};
  for (; sent > 0; --sent) last = schedule_->next().value_or(last);
  begin_ -= rounded(last);
}

std::optional<Turn> Pace::next() {
  if (schedule_) {
    const std::optional<core::Seconds> due = schedule_->next();
    if (!due) return std::nullopt;
    return Turn{begin_ + rounded(*due)};
  }
  if (arrivals_.duration && clock_.now() - begin_ >= *arrivals_.duration) return std::nullopt;
  return Turn{};
}

void Punctuality::sent(core::Seconds delay) {
  ++sent_;
  if (delay > kLate) ++late_;
  double worst = worst_.load();
  while (delay.count() > worst && !worst_.compare_exchange_weak(worst, delay.count())) {
  }
}

void Punctuality::claimed(core::Seconds delay) {
  if (delay > kLate) ++claimed_late_;
}

bool Punctuality::fell_behind() const { return 100 * late_ > sent_; }

std::string Punctuality::text(int in_flight) const {
  const std::int64_t sent = sent_;
  const std::int64_t late = late_;
  std::string text = fmt::format(
      "{}: {} of {} requests left over {:.0f} ms late, the latest by {:.3g} s",
      fell_behind() ? "fell behind" : "on time", late, sent, 1e3 * kLate.count(), worst_.load());
  if (!fell_behind()) return text;
  if (2 * claimed_late_ >= late) {
    return text + fmt::format("; {} were in flight and no more may be (--concurrency)", in_flight);
  }
  return text + "; this machine was too busy to send them in time (send less, or from another one)";
}

}  // namespace ipw::profiling
