// Windows over update intervals: see timeline.h.

#include "ipw/energy/timeline.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ipw::energy {

double cut_deviation(double share) {
  const double clamped = std::clamp(share, 0.0, 1.0);
  return std::sqrt(clamped * (1.0 - clamped) / 3.0);
}

Timeline::Timeline(const SensorDescription& sensor) : sensor_(sensor), stream_(sensor) {}

void Timeline::add(const Sample& sample) {
  if (const auto interval = stream_.add(sample)) append(*interval);
}

void Timeline::append(const Interval& interval) {
  Entry entry{interval, Nanojoules{0}, core::Instant::duration::zero()};
  if (!entries_.empty()) {
    Entry& last = entries_.back();
    const bool both_quiet = last.interval.known && interval.known &&
                            last.interval.energy.count == 0 && interval.energy.count == 0;
    if (both_quiet) {
      last.interval.to = interval.to;
      return;
    }
    entry.energy_before = last.energy_before;
    entry.known_before = last.known_before;
    if (last.interval.known) {
      entry.energy_before += last.interval.energy;
      entry.known_before += last.interval.to - last.interval.from;
    }
  }
  entries_.push_back(entry);
}

void Timeline::drop_before(core::Instant until) {
  while (!entries_.empty() && entries_.front().interval.to <= until) entries_.pop_front();
}

void Timeline::thin(core::Instant from, core::Instant to) {
  const auto kept_before = std::ranges::upper_bound(
      entries_, from, {}, [](const Entry& entry) { return entry.interval.to; });
  const auto past = std::ranges::upper_bound(entries_, to, {},
                                             [](const Entry& entry) { return entry.interval.to; });
  if (past - kept_before <= 2) return;
  entries_.erase(std::next(kept_before), std::prev(past));
}

std::optional<core::Instant> Timeline::settled_until() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.back().interval.to;
}

namespace {

struct Sum {
  double energy = 0.0;    // J
  double covered = 0.0;   // s
  double variance = 0.0;  // J², of the edges
};

// The part of `interval` that [from, to] takes.
Sum cut(const Interval& interval, core::Instant from, core::Instant to,
        const WindowOptions& options, core::Seconds update_period) {
  if (!interval.known) return {};
  const core::Seconds taken = std::min(to, interval.to) - std::max(from, interval.from);
  const double share = taken / interval.length();
  const double energy = to_joules(interval.energy).count();
  const double idle = std::min(energy, (options.idle * interval.length()).count());
  const double above = energy - idle;
  if (options.edges == EdgeRule::kProportional) {
    return {energy * share, taken.count(), std::pow(above * cut_deviation(share), 2)};
  }
  if (!interval.watched) {
    const double theirs = std::min(1.0, (taken + update_period) / interval.length());
    return {idle * share + above * theirs, taken.count(),
            std::pow(above * cut_deviation(theirs), 2)};
  }
  // The boundary itself is known to half an update period either way.
  const double stamp = above / interval.length().count() * update_period.count();
  return {idle * share + above, taken.count(), stamp * stamp / 12.0};
}

}  // namespace

std::optional<WindowEnergy> Timeline::window(core::Instant from, core::Instant to,
                                             const WindowOptions& options) const {
  if (from >= to) return std::nullopt;
  const auto ends_after = [](core::Instant at, const Entry& entry) {
    return at < entry.interval.to;
  };
  const auto starts_before = [](const Entry& entry, core::Instant at) {
    return entry.interval.from < at;
  };
  const auto first = std::upper_bound(entries_.begin(), entries_.end(), from, ends_after);
  // Windows are short beside what is kept: look near the first interval before searching the rest.
  auto reach = std::min<std::ptrdiff_t>(64, entries_.end() - first);
  while (reach < entries_.end() - first && starts_before(first[reach], to)) {
    reach = std::min(4 * reach, entries_.end() - first);
  }
  const auto past = std::lower_bound(first, first + reach, to, starts_before);
  if (first == past) return std::nullopt;
  const auto last = std::prev(past);

  Sum sum;
  const auto add = [&](const Sum& part) {
    sum.energy += part.energy;
    sum.covered += part.covered;
    sum.variance += part.variance;
  };
  const auto take = [&](const Interval& interval) {
    const bool whole = from <= interval.from && interval.to <= to;
    if (!whole) return add(cut(interval, from, to, options, sensor_.update_period));
    if (interval.known) add({to_joules(interval.energy).count(), interval.length().count(), 0.0});
  };
  take(first->interval);
  if (last != first) {
    Nanojoules before_second = first->energy_before;
    core::Instant::duration known_before_second = first->known_before;
    if (first->interval.known) {
      before_second += first->interval.energy;
      known_before_second += first->interval.to - first->interval.from;
    }
    add({to_joules(last->energy_before - before_second).count(),
         core::Seconds(last->known_before - known_before_second).count(), 0.0});
    take(last->interval);
  }
  if (sum.covered <= 0.0) return std::nullopt;

  const double length = core::Seconds(to - from).count();
  const double power = sum.energy / sum.covered;
  const double resolution = sensor_.resolution.count();
  const double method = sensor_.method_uncertainty * sum.energy;
  const double uncovered = power * std::max(0.0, length - sum.covered);
  // A window that lies too early or late loses at one edge what lies above idle, and gains idle.
  const double late =
      std::max(0.0, power - options.idle.count()) * sensor_.clock_uncertainty.count();
  // Two readings, each rounded to the resolution: 2 · resolution² / 12.
  const double variance = sum.variance + late * late / 3.0 + resolution * resolution / 6.0 +
                          method * method + uncovered * uncovered;
  return WindowEnergy{core::Joules(sum.energy), std::min(1.0, sum.covered / length),
                      core::Watts(power), core::Joules(std::sqrt(variance))};
}

}  // namespace ipw::energy
