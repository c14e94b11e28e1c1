#pragma once
// One RAPL counter, simulated with wraps, a failed reading, gaps and a reset, and read by three
// rules: this library's, CodeCarbon's and Zeus's. The simulator knows what was really used.
//
// The others' rules are those of their published source (CodeCarbon b05965e, Zeus 75a8b93), written
// down again here:
//   CodeCarbon  reads every 15 s; a reading that fails counts as 0; a reading below the one before
//               adds the counter's range.
//   Zeus        a process beside the measured one reads every second, ten times a second within
//               100 J of the range, and counts a wrap whenever a reading is below the one before; a
//               window's joules are its last reading minus its first plus range times wraps. What
//               it does when a reading fails is not part of the rule: here such a reading is
//               skipped.

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/energy/timeline.h"

namespace ipw::bench {

/// A package that draws 60 W and, in bursts of random length, up to 260 W, for an hour and a half.
/// The counter counts steps of 2^-14 J, is updated every millisecond and wraps at 262,143.328850 J.
struct RaplTrace {
  std::string name;
  std::vector<std::pair<double, double>> unreadable;  // from … to, seconds
  std::vector<double> resets;                         // the counter starts again at 0

  static constexpr double kSeconds = 5400.0;
  static constexpr double kRange = 262'143.328850;
  static constexpr double kStep = 0x1.0p-14;
};

/// Cumulative joules of the simulated package.
class RaplPackage {
 public:
  explicit RaplPackage(std::uint64_t seed) {
    core::Random random(core::derive_seed(seed, "rapl-replay"));
    double time = 0.0;
    double joules = 0.0;
    while (time < RaplTrace::kSeconds + 60.0) {
      const double length = 0.2 + 30.0 * random.unit();
      const double watts = random.below(3) == 0 ? 60.0 : 120.0 + 140.0 * random.unit();
      steps_.push_back({time, joules, watts});
      time += length;
      joules += watts * length;
    }
  }

  [[nodiscard]] double joules(double time) const {
    std::size_t low = 0;
    std::size_t high = steps_.size();
    while (high - low > 1) {
      const std::size_t middle = (low + high) / 2;
      (steps_[middle].time <= time ? low : high) = middle;
    }
    return steps_[low].joules + steps_[low].watts * (time - steps_[low].time);
  }

 private:
  struct Step {
    double time, joules, watts;
  };
  std::vector<Step> steps_;
};

/// What a reader of `energy_uj` sees.
class RaplCounter {
 public:
  RaplCounter(const RaplPackage& package, const RaplTrace& trace)
      : package_(package), trace_(trace) {}

  /// Joules, or nothing where the reading fails.
  [[nodiscard]] std::optional<double> read(double time) const {
    for (const auto& [from, to] : trace_.unreadable) {
      if (time >= from && time < to) return std::nullopt;
    }
    const double updated = std::floor(time * 1000.0) / 1000.0;
    double origin = -200'000.0;  // the counter has run before
    for (const double reset : trace_.resets) {
      if (updated >= reset) origin = package_.joules(reset);
    }
    const double counted =
        std::floor((package_.joules(updated) - origin) / RaplTrace::kStep) * RaplTrace::kStep;
    return std::floor(std::fmod(counted, RaplTrace::kRange) * 1e6) / 1e6;
  }

 private:
  const RaplPackage& package_;
  const RaplTrace& trace_;
};

struct ReplayRow {
  std::string trace;
  double truth = 0.0;
  double ours = 0.0;
  double uncertainty = 0.0;  // one standard deviation, as stated
  double unknown = 0.0;      // seconds without joules, as stated
  double codecarbon = 0.0;
  double zeus = 0.0;
};

inline double codecarbon_rule(const RaplCounter& counter) {
  constexpr double kEvery = 15.0;
  double last = counter.read(0.0).value_or(0.0);
  double sum = 0.0;
  for (double time = kEvery; time <= RaplTrace::kSeconds; time += kEvery) {
    const double now = counter.read(time).value_or(0.0);
    sum += last > now ? now + RaplTrace::kRange - last : now - last;
    last = now;
  }
  return sum;
}

inline double zeus_rule(const RaplCounter& counter) {
  const double first = counter.read(0.0).value_or(0.0);
  double last = first;
  double wraps = 0.0;
  for (double time = 0.0; time <= RaplTrace::kSeconds;) {
    if (const auto now = counter.read(time)) {
      if (*now < last) wraps += 1.0;
      last = *now;
    }
    time += RaplTrace::kRange - last < 100.0 ? 0.1 : 1.0;
  }
  return last - first + wraps * RaplTrace::kRange;
}

inline void our_rule(const RaplCounter& counter, ReplayRow& row) {
  energy::SensorDescription sensor;
  sensor.id = "rapl:package-0";
  sensor.update_period = core::Seconds(0.001);
  sensor.resolution = core::Joules(RaplTrace::kStep);
  sensor.wrap_range = core::Joules(RaplTrace::kRange);
  sensor.max_power = core::Watts(1000.0);
  energy::Timeline timeline(sensor);
  const auto at = [](double time) {
    return core::Instant(std::chrono::nanoseconds(std::llround(time * 1e9)));
  };
  for (int tick = 0; tick <= static_cast<int>((RaplTrace::kSeconds + 1.0) * 250.0); ++tick) {
    const double time = tick / 250.0 + 0.0005;
    if (const auto now = counter.read(time)) timeline.add({at(time), core::Joules(*now)});
  }
  const auto window = timeline.window(at(0.0), at(RaplTrace::kSeconds));
  if (!window) return;
  row.ours = window->energy.count();
  row.uncertainty = window->uncertainty.count();
  row.unknown = (1.0 - window->coverage) * RaplTrace::kSeconds;
}

inline std::vector<RaplTrace> rapl_traces() {
  return {{"wraps only", {}, {}},
          {"a reading fails (1 s)", {{2999.5, 3000.5}}, {}},
          {"unreadable for 60 s", {{2000.2, 2060.2}}, {}},
          {"unreadable for 30 min", {{2000.2, 3800.2}}, {}},
          {"a reset", {}, {3333.3}},
          {"all of it", {{999.5, 1000.5}, {2000.2, 2060.2}, {2999.5, 3000.5}}, {1500.7, 4444.4}}};
}

inline std::vector<ReplayRow> replay_all() {
  const RaplPackage package(2026);
  std::vector<ReplayRow> rows;
  for (const RaplTrace& trace : rapl_traces()) {
    const RaplCounter counter(package, trace);
    ReplayRow row{.trace = trace.name, .truth = package.joules(RaplTrace::kSeconds)};
    our_rule(counter, row);
    row.codecarbon = codecarbon_rule(counter);
    row.zeus = zeus_rule(counter);
    rows.push_back(row);
  }
  return rows;
}

/// The rows as a Markdown table, kilojoules and the error of each rule.
inline std::string replay_table(const std::vector<ReplayRow>& rows) {
  const auto error = [](double joules, double truth) {
    const double percent = 100.0 * (joules / truth - 1.0);
    return fmt::format("{:.1f} ({})", joules / 1000.0,
                       std::abs(percent) < 0.05 ? "0.0 %" : fmt::format("{:+.1f} %", percent));
  };
  const auto stated = [](double joules) {
    return joules < 1000.0 ? fmt::format("{:.2g} J", joules)
                           : fmt::format("{:.0f} kJ", joules / 1000.0);
  };
  std::string table =
      "| trace | used, kJ | ipw, kJ | stated | CodeCarbon, kJ | Zeus, kJ |\n"
      "|---|---|---|---|---|---|\n";
  for (const ReplayRow& row : rows) {
    table +=
        fmt::format("| {} | {:.1f} | {} | ± {}, {:.4g} s unknown | {} | {} |\n", row.trace,
                    row.truth / 1000.0, error(row.ours, row.truth), stated(1.96 * row.uncertainty),
                    row.unknown, error(row.codecarbon, row.truth), error(row.zeus, row.truth));
  }
  return table;
}

}  // namespace ipw::bench
