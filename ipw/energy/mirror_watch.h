#pragma once
// Counters that show the same joules twice: dies that repeat their socket's value, a zone by two
// drivers, a GPU by two libraries. Names do not tell them from devices that are merely alike, such
// as two sockets; watching does.

#include <cstddef>
#include <optional>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/units.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// One thread at a time. Memory does not grow.
///
/// Two counters of one scope mirror each other where both moved by the same energy at the same
/// instants, to their resolution, in most of at least 20 looks, and never drifted apart by more
/// than their largest step at either end; and where chance cannot explain that: they show the same
/// value, or their power over stretches of a quarter of a second differed by half while they were
/// watched. What is too little to tell is no mirror.
class MirrorWatch {
 public:
  explicit MirrorWatch(std::vector<SensorDescription> sensors);

  /// Readings that succeeded, in order of time; sensors by their place in the list, which are read
  /// in turn.
  void add(std::size_t sensor, const Sample& sample);

  /// For each sensor the first one that it mirrors; nothing for those that stand for themselves.
  [[nodiscard]] std::vector<std::optional<std::size_t>> mirrors() const;

 private:
  struct Track {
    SensorDescription sensor;
    std::optional<Sample> last;
    core::Joules sum;  // since the first reading, over wraps
    core::Joules largest_step;
    std::size_t resets = 0;
    std::optional<core::Instant> stretch_from;
    core::Joules stretch_begun;
    std::optional<core::Watts> lowest, highest;  // mean power of a stretch
  };
  struct Pair {
    std::size_t first = 0;
    std::size_t second = 0;
    std::optional<core::Joules> first_sum, second_sum;  // at the last look
    core::Joules least_apart, most_apart;               // difference of the two sums
    std::size_t looks = 0;                              // at which either had moved
    std::size_t alike = 0;                              // of these, both had, by the same energy
    std::size_t equal = 0;                              // looks that found both at one value
    bool comparable = true;                             // false: one of them was reset
  };
  void follow(Track& track, const Sample& sample);
  void look(Pair& pair);
  [[nodiscard]] bool mirrored(const Pair& pair) const;
  [[nodiscard]] core::Joules exactness(const Pair& pair) const;
  [[nodiscard]] core::Joules step(const Pair& pair) const;

  std::vector<Track> tracks_;
  std::vector<Pair> pairs_;
};

}  // namespace ipw::energy
