// Pairs of counters, look by look: see mirror_watch.h.

#include "ipw/energy/mirror_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ipw/energy/counter.h"

namespace ipw::energy {

namespace {

constexpr std::size_t kFewestLooks = 20;
constexpr double kMostlyAlike = 0.6;  // a look between two readings catches one of them updated
constexpr double kMostlyEqual = 0.75;
constexpr core::Seconds kStretch{0.25};
constexpr double kVaried = 1.5;        // of the power of two stretches
constexpr double kTogether = 0.5;      // update periods between the two readings of a look
constexpr core::Seconds kTurn{0.002};  // that reading sensors in turn may take

bool counts(const SensorDescription& sensor) {
  return sensor.billed && sensor.sees_idle && !sensor.integrated;
}

core::Joules distance(core::Joules a, core::Joules b) {
  return core::Joules(std::abs((a - b).count()));
}

}  // namespace

MirrorWatch::MirrorWatch(std::vector<SensorDescription> sensors) {
  for (SensorDescription& sensor : sensors) tracks_.push_back({.sensor = std::move(sensor)});
  for (std::size_t second = 0; second < tracks_.size(); ++second) {
    for (std::size_t first = 0; first < second; ++first) {
      const SensorDescription& a = tracks_[first].sensor;
      const SensorDescription& b = tracks_[second].sensor;
      if (counts(a) && counts(b) && a.scope == b.scope) {
        pairs_.push_back({.first = first, .second = second});
      }
    }
  }
}

void MirrorWatch::add(std::size_t sensor, const Sample& sample) {
  follow(tracks_.at(sensor), sample);
  for (Pair& pair : pairs_) {
    if (pair.second == sensor) look(pair);
  }
}

void MirrorWatch::follow(Track& track, const Sample& sample) {
  if (!track.last) {
    track.last = sample;
    return;
  }
  if (sample.counter == track.last->counter && sample.epoch == track.last->epoch) {
    track.last->at = sample.at;
    return;
  }
  const CounterDelta delta = counter_delta(track.sensor, *track.last, sample);
  track.last = sample;
  if (delta.step == CounterStep::kReset) {
    ++track.resets;
    return;
  }
  track.sum += delta.energy;
  track.largest_step = std::max(track.largest_step, delta.energy);
  if (!track.stretch_from) {  // from update to update
    track.stretch_from = sample.at;
    track.stretch_begun = track.sum;
  }
  const core::Seconds length = sample.at - *track.stretch_from;
  if (length < kStretch) return;
  const core::Watts power = (track.sum - track.stretch_begun) / length;
  track.lowest = std::min(track.lowest.value_or(power), power);
  track.highest = std::max(track.highest.value_or(power), power);
  track.stretch_from = sample.at;
  track.stretch_begun = track.sum;
}

core::Joules MirrorWatch::exactness(const Pair& pair) const {
  return tracks_[pair.first].sensor.resolution + tracks_[pair.second].sensor.resolution;
}

core::Joules MirrorWatch::step(const Pair& pair) const {
  return std::max(tracks_[pair.first].largest_step, tracks_[pair.second].largest_step);
}

void MirrorWatch::look(Pair& pair) {
  const Track& first = tracks_[pair.first];
  const Track& second = tracks_[pair.second];
  if (!first.last || !second.last) return;
  pair.comparable = pair.comparable && first.resets + second.resets == 0;
  const core::Seconds between = second.last->at - first.last->at;
  const core::Seconds period = std::min(first.sensor.update_period, second.sensor.update_period);
  if (std::abs(between.count()) > std::max(kTurn, kTogether * period).count()) return;
  const core::Joules apart = first.sum - second.sum;
  if (pair.first_sum) {
    const core::Joules first_moved = first.sum - *pair.first_sum;
    const core::Joules second_moved = second.sum - *pair.second_sum;
    if (first_moved == core::Joules(0.0) && second_moved == core::Joules(0.0)) return;
    ++pair.looks;
    if (distance(first_moved, second_moved) <= exactness(pair)) ++pair.alike;
  } else {
    pair.least_apart = pair.most_apart = apart;
  }
  pair.first_sum = first.sum;
  pair.second_sum = second.sum;
  pair.least_apart = std::min(pair.least_apart, apart);
  pair.most_apart = std::max(pair.most_apart, apart);
  if (distance(first.last->counter, second.last->counter) <= exactness(pair)) ++pair.equal;
}

bool MirrorWatch::mirrored(const Pair& pair) const {
  if (!pair.comparable || pair.looks < kFewestLooks) return false;
  const auto looks = static_cast<double>(pair.looks);
  if (static_cast<double>(pair.alike) < kMostlyAlike * looks) return false;
  if (pair.most_apart - pair.least_apart > 2.0 * step(pair) + exactness(pair)) return false;
  const Track& track = tracks_[pair.first];
  const bool varied = track.lowest && *track.highest > kVaried * *track.lowest;
  return varied || static_cast<double>(pair.equal) >= kMostlyEqual * looks;
}

std::vector<std::optional<std::size_t>> MirrorWatch::mirrors() const {
  std::vector<std::optional<std::size_t>> found(tracks_.size());
  for (const Pair& pair : pairs_) {  // by their second, then by their first
    if (!found[pair.second] && !found[pair.first] && mirrored(pair)) {
      found[pair.second] = pair.first;
    }
  }
  return found;
}

}  // namespace ipw::energy
