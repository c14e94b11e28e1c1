// Two sums over time, interpolated: see cpu_times.h.

#include "ipw/energy/cpu_times.h"

#include <algorithm>
#include <cstddef>

namespace ipw::energy {

namespace {

constexpr std::size_t kFewest = 2;  // knots that tell a rate

}  // namespace

void CpuTimes::add(const CpuMoment& moment) {
  if (!ours_.empty() && moment.at <= ours_.back().at) return;
  const core::Seconds before = ours_.empty() ? moment.ours : ours_.back().sum;
  ours_.push_back({moment.at, std::max(before, moment.ours)});
  if (!moment.busy) return;
  if (!last_busy_) {
    others_.push_back({moment.at, core::Seconds(0.0)});
    last_busy_ = moment;
    return;
  }
  core::Seconds grown{0.0};  // a counter that goes backwards tells nothing of its stretch
  if (*moment.busy >= *last_busy_->busy && moment.ours >= last_busy_->ours) {
    grown = (*moment.busy - *last_busy_->busy) - (moment.ours - last_busy_->ours);
  }
  owed_ = std::max(owed_ + grown, -2.0 * kTick);
  const core::Seconds counted = std::max(owed_, core::Seconds(0.0));
  others_.push_back({moment.at, others_.back().sum + counted});
  owed_ -= counted;
  last_busy_ = moment;
}

core::Seconds CpuTimes::at(const std::deque<Knot>& knots, core::Instant instant) {
  auto after = std::ranges::lower_bound(knots, instant, {}, &Knot::at);
  if (after == knots.begin()) ++after;
  if (after == knots.end()) --after;
  const Knot& from = *(after - 1);
  const double part = core::Seconds(instant - from.at) / core::Seconds(after->at - from.at);
  return from.sum + std::max(part, 0.0) * (after->sum - from.sum);
}

std::optional<CpuUse> CpuTimes::between(core::Instant from, core::Instant to) const {
  if (ours_.size() < kFewest || others_.size() < kFewest || from >= to) return std::nullopt;
  return CpuUse{.ours = at(ours_, to) - at(ours_, from),
                .others = at(others_, to) - at(others_, from)};
}

std::optional<core::Instant> CpuTimes::told_until() const {
  if (others_.size() < kFewest) return std::nullopt;
  return others_.back().at;
}

void CpuTimes::drop_before(core::Instant until) {
  for (std::deque<Knot>* knots : {&ours_, &others_}) {
    while (knots->size() > kFewest && (*knots)[1].at <= until) knots->pop_front();
  }
}

}  // namespace ipw::energy
