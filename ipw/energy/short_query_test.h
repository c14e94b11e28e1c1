#pragma once
// Queries alone on a device whose power steps up when they start and down when they end, under a
// sensor that updates a few times in each, judged by four rules. Used by the test and by
// bench/attribution_coverage.

#include <cmath>
#include <cstddef>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/energy/attribution.h"
#include "ipw/energy/attribution_simulation_test.h"
#include "ipw/energy/timeline.h"

namespace ipw::energy::simulation {

struct ShortQueries {
  double idle_watts = 60.0;
  double busy_watts = 300.0;
  double window = 0.2;   // s
  double update = 0.05;  // s, of the sensor
  int count = 2000;
};

/// Σ (rule − truth) / Σ truth over all queries, gross joules of the window.
struct Bias {
  double ours = 0.0;          // Timeline::window, EdgeRule::kAlone
  double share = 0.0;         // Attributor: active + loaded idle
  double proportional = 0.0;  // edge updates cut in proportion to time
  double last_sample = 0.0;  // last sample within the window minus the first: the reference harness
  double within_two = 0.0;   // queries whose truth lies within two stated deviations of `share`
};

inline Bias short_queries(const ShortQueries& setting) {
  core::Random random(core::derive_seed(2026, "short-queries"));
  struct Query {
    double start, end;
  };
  std::vector<Query> queries;
  double time = 1.0;
  for (int i = 0; i < setting.count; ++i) {
    time += 0.3 + 0.4 * random.unit();
    queries.push_back({time, time + setting.window});
    time += setting.window;
  }
  const double above = setting.busy_watts - setting.idle_watts;
  std::size_t before = 0;  // queries that ended before the update at hand
  const auto joules = [&](double now) {
    while (before < queries.size() && queries[before].end <= now) ++before;
    double busy = setting.window * static_cast<double>(before);
    if (before < queries.size()) busy += std::max(0.0, now - queries[before].start);
    return setting.idle_watts * now + above * busy;
  };

  SensorDescription sensor;
  sensor.id = "slow";
  sensor.update_period = core::Seconds(setting.update);
  sensor.resolution = core::Joules(0.001);
  sensor.max_power = core::Watts(10'000.0);
  const IdlePower idle{core::Watts(setting.idle_watts), core::Watts(0.0), 1000};
  Timeline timeline(sensor);
  Attributor attributor({{sensor, idle}});
  for (std::size_t i = 0; i < queries.size(); ++i) {
    attributor.finish({.id = i,
                       .started = at(queries[i].start),
                       .first_token = {},
                       .ended = at(queries[i].end),
                       .prompt = {},
                       .output = {}});
  }
  struct Shown {
    double time, joules;
  };
  std::vector<Shown> samples;  // what the reference harness polls: every update, at once
  const double phase = setting.update * random.unit();
  double shown = 0.0;
  double updated = -1.0;
  for (double now = 0.0; now < time + 1.0;) {
    const double update = std::floor((now - phase) / setting.update) * setting.update + phase;
    if (update > updated && update > 0.0) {
      updated = update;
      shown = joules(update);
      samples.push_back({update, shown});
    }
    timeline.add({at(now), core::Joules(shown)});
    attributor.add(0, {at(now), core::Joules(shown)});
    now += setting.update / 2.0 * (0.95 + 0.1 * random.unit());
  }

  Bias bias;
  const double truth = setting.busy_watts * setting.window;
  std::size_t next = 0;
  for (const Query& query : queries) {
    const auto window = [&](EdgeRule rule) {
      const auto found = timeline.window(at(query.start), at(query.end), {rule, idle.mean});
      return found ? found->energy.count() : 0.0;
    };
    bias.ours += window(EdgeRule::kAlone) - truth;
    bias.proportional += window(EdgeRule::kProportional) - truth;
    while (next < samples.size() && samples[next].time < query.start) ++next;
    std::size_t last = next;
    while (last + 1 < samples.size() && samples[last + 1].time <= query.end) ++last;
    bias.last_sample += samples[last].joules - samples[next].joules - truth;
  }
  for (const Attributed& one : attributor.flush()) {
    const record::EnergyShare& share = one.shares.at(0);
    const double error = share.total()->count() - truth;
    bias.share += error;
    bias.within_two += std::abs(error) <= 2.0 * share.uncertainty.count() ? 1.0 : 0.0;
  }
  const double whole = truth * setting.count;
  bias.ours /= whole;
  bias.share /= whole;
  bias.proportional /= whole;
  bias.last_sample /= whole;
  bias.within_two /= setting.count;
  return bias;
}

}  // namespace ipw::energy::simulation
