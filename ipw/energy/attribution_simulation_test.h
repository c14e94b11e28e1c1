#pragma once
// A simulated device that knows nothing of the rule of attribution: its power is the sum of what
// each request really draws in each of its phases, known to the simulator alone, and what
// neighbours draw, on top of idle power with noise. A meter with a period, a phase, a resolution
// and faults looks at it; then the shares are compared with the truth, and the parts with the
// meter.
//
// Of the attribution it uses what a caller must: samples and requests in, shares and ledger out.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/energy/attribution.h"

namespace ipw::energy::simulation {

struct Scenario {
  std::string_view name;
  int workers;
  double mean_seconds;   // of a request, log-uniform over a factor of 20
  double gap_seconds;    // mean pause of a worker between two requests
  double update_period;  // of the meter
  double prefill_watts;  // drawn by a request before its first token
  double decode_watts;   // and after
  bool tokens_known;
  double reading_failures;  // share of readings that fail
  double resets;            // per second
  int neighbours = 0;       // most cores that other programs keep busy, in bursts of seconds
  double idle_company = 0;  // cores that they kept busy while idle was watched
};

inline std::ostream& operator<<(std::ostream& out, const Scenario& s) { return out << s.name; }

inline constexpr double kIdleWatts = 60.0;
inline constexpr double kSpan = 60.0;
inline constexpr double kCoreWatts = 12.0;  // of a busy core, about

inline core::Instant at(double seconds) {
  return core::Instant(std::chrono::nanoseconds(std::llround(seconds * 1e9)));
}

struct TrueRequest {
  double start, first, end;
  double prefill_watts, decode_watts;
  int prompt, output;
  double idle_joules = 0.0;
  [[nodiscard]] double joules() const {
    return prefill_watts * (first - start) + decode_watts * (end - first);
  }
};

inline std::vector<TrueRequest> make_load(const Scenario& s, core::Random& random) {
  std::vector<TrueRequest> requests;
  for (int worker = 0; worker < s.workers; ++worker) {
    double now = 1.0 + random.unit();
    while (true) {
      now -= std::log(1.0 - random.unit()) * s.gap_seconds;
      const double length = s.mean_seconds * 0.32 * std::pow(20.0, random.unit());
      if (now + length > kSpan - 1.0) break;
      const double first = now + length * (0.1 + 0.5 * random.unit());
      // A token's cost is not quite the same in every request.
      const double spread = 0.85 + 0.3 * random.unit();
      TrueRequest request{
          now, first, now + length, s.prefill_watts * spread, s.decode_watts * spread, 0, 0};
      request.prompt = 1 + static_cast<int>(s.prefill_watts * (first - now) / 0.0005);
      request.output = 1 + static_cast<int>(s.decode_watts * (request.end - first) / 0.002);
      requests.push_back(request);
      now += length;
    }
  }
  return requests;
}

// Other programs: cores kept busy for a while. A core of theirs is up to a fifth dearer or cheaper.
struct Burst {
  double start, end, cores, watts;
};

inline std::vector<Burst> make_neighbours(const Scenario& s, core::Random& random) {
  std::vector<Burst> bursts;
  for (int core = 0; core < s.neighbours; ++core) {
    double now = 0.0;
    while (now < kSpan) {
      now -= std::log(1.0 - random.unit()) * 2.0;
      const double end = now - std::log(1.0 - random.unit()) * 4.0;
      bursts.push_back({now, end, 1.0, kCoreWatts * (0.8 + 0.4 * random.unit())});
      now = end;
    }
  }
  return bursts;
}

// The integral of a step function.
class StepSum {
 public:
  explicit StepSum(const std::map<double, double>& steps) {
    for (const auto& [time, step] : steps) {
      sum_ += level_ * (time - (times_.empty() ? time : times_.back()));
      level_ += step;
      times_.push_back(time);
      sums_.push_back(sum_);
      levels_.push_back(level_);
    }
  }
  [[nodiscard]] double until(double time) const {
    const auto after = std::ranges::upper_bound(times_, time);
    if (after == times_.begin()) return 0.0;
    const auto i = static_cast<std::size_t>(std::prev(after) - times_.begin());
    return sums_[i] + levels_[i] * (time - times_[i]);
  }

 private:
  double sum_ = 0.0;
  double level_ = 0.0;
  std::vector<double> times_, sums_, levels_;
};

// CPU seconds as the kernel would count them.
struct TrueCpu {
  StepSum ours;
  StepSum others;
  StepSum others_joules;

  TrueCpu(const Scenario& s, const std::vector<TrueRequest>& requests,
          const std::vector<Burst>& bursts)
      : ours(of_requests(s, requests)),
        others(of_bursts(bursts, &Burst::cores)),
        others_joules(of_bursts(bursts, &Burst::watts)) {}

  static std::map<double, double> of_requests(const Scenario& s,
                                              const std::vector<TrueRequest>& requests) {
    std::map<double, double> steps;
    for (const TrueRequest& r : requests) {
      steps[r.start] += s.prefill_watts / kCoreWatts;
      steps[r.first] += (s.decode_watts - s.prefill_watts) / kCoreWatts;
      steps[r.end] -= s.decode_watts / kCoreWatts;
    }
    return steps;
  }
  static std::map<double, double> of_bursts(const std::vector<Burst>& bursts,
                                            double Burst::* what) {
    std::map<double, double> steps;
    for (const Burst& burst : bursts) {
      steps[burst.start] += burst.*what;
      steps[burst.end] -= burst.*what;
    }
    return steps;
  }
  // Ours exactly, the machine's in ticks.
  [[nodiscard]] CpuMoment at_moment(double time, bool with_busy) const {
    CpuMoment moment{at(time), core::Seconds(ours.until(time)), std::nullopt};
    if (with_busy) {
      moment.busy = core::Seconds(std::floor((ours.until(time) + others.until(time)) * 100) / 100);
    }
    return moment;
  }
};

// Cumulative joules at any instant, from the steps of the power.
class TrueDevice {
 public:
  explicit TrueDevice(std::vector<TrueRequest>& requests, const std::vector<Burst>& bursts = {}) {
    std::map<double, double> steps = TrueCpu::of_bursts(bursts, &Burst::watts);
    std::map<double, int> flights;
    for (const TrueRequest& r : requests) {
      steps[r.start] += r.prefill_watts;
      steps[r.first] += r.decode_watts - r.prefill_watts;
      steps[r.end] -= r.decode_watts;
      ++flights[r.start];
      --flights[r.end];
    }
    double power = kIdleWatts;
    double joules = 0.0;
    double before = 0.0;
    knots_.push_back({0.0, 0.0, power});
    for (const auto& [time, step] : steps) {
      joules += power * (time - before);
      power += step;
      before = time;
      knots_.push_back({time, joules, power});
    }
    divide_idle(requests, flights);
  }

  [[nodiscard]] double joules(double time) const {
    const auto after = std::ranges::upper_bound(knots_, time, {}, &Knot::time);
    // Before the start it idles too.
    const Knot& knot = after == knots_.begin() ? *after : *std::prev(after);
    return knot.joules + knot.power * (time - knot.time);
  }

 private:
  struct Knot {
    double time, joules, power;
  };

  static void divide_idle(std::vector<TrueRequest>& requests,
                          const std::map<double, int>& flights) {
    std::map<double, double> integral;
    int in_flight = 0;
    double sum = 0.0;
    double before = 0.0;
    for (const auto& [time, step] : flights) {
      if (in_flight > 0) sum += kIdleWatts * (time - before) / in_flight;
      in_flight += step;
      before = time;
      integral[time] = sum;
    }
    for (TrueRequest& r : requests) r.idle_joules = integral[r.end] - integral[r.start];
  }

  std::vector<Knot> knots_;
};

struct Outcome {
  double bias = 0.0;        // Σ (share − truth) / Σ truth
  double within_two = 0.0;  // share of fully covered requests within two standard deviations
  double within_one = 0.0;
  double spread = 0.0;  // Σ |share − truth| / Σ truth
  double stated = 0.0;  // Σ uncertainty / Σ truth
  double unknown_seconds = 0.0;
  double others = 0.0;    // Σ of others in the ledger / the truth; 0 without neighbours
  double counted = 0.0;   // Σ shares / what the meter said
  int requests = 0;       // with a share
  int expected = 0;       // simulated
  int covered = 0;        // fully
  bool balanced = false;  // parts add up to the meter, and the meter to its own readings
};

inline Outcome simulate(const Scenario& s, std::uint64_t seed) {
  core::Random random(seed);
  std::vector<TrueRequest> truth = make_load(s, random);
  const std::vector<Burst> bursts = make_neighbours(s, random);
  const TrueCpu cpu(s, truth, bursts);
  const TrueDevice device(truth, bursts);

  SensorDescription sensor;
  sensor.id = "simulated";
  sensor.update_period = core::Seconds(s.update_period);
  sensor.resolution = core::Joules(0.001);
  sensor.max_power = core::Watts(50'000.0);
  const IdlePower idle{core::Watts(kIdleWatts + kCoreWatts * s.idle_company), core::Watts(0.3),
                       1000};
  Attributor attributor({{.sensor = sensor,
                          .idle = idle,
                          .by_cpu_time = s.neighbours > 0,
                          .idle_company = s.idle_company}},
                        s.tokens_known ? std::optional(TokenCost{0.0005, 0.002}) : std::nullopt);

  std::ranges::sort(truth, {}, &TrueRequest::start);
  std::vector<std::size_t> by_end(truth.size());
  for (std::size_t i = 0; i < by_end.size(); ++i) by_end[i] = i;
  std::ranges::sort(by_end, {}, [&](std::size_t i) { return truth[i].end; });

  std::map<std::uint64_t, record::EnergyShare> shares;
  const auto take = [&](std::vector<Attributed> released) {
    for (Attributed& one : released) {
      if (!one.shares.empty()) shares[one.id] = one.shares[0];
    }
  };
  std::size_t begun = 0;
  std::size_t ended = 0;
  const double poll_period = std::max(s.update_period / 2.0, std::min(s.update_period, 0.004));
  const double phase = random.unit() * s.update_period;
  double origin = 0.0;  // what the counter showed 0 at
  double noise = 0.0;
  double last_update = -1.0;
  double shown = 0.0;
  std::optional<double> first_reading;
  double last_reading = 0.0;
  double now = 0.0;
  double next_busy = 0.0;
  std::vector<double> edges;
  while (now < kSpan) {
    edges.clear();
    now += poll_period * (0.9 + 0.2 * random.unit());
    for (; begun < truth.size() && truth[begun].start <= now; ++begun) {
      attributor.begin(begun, at(truth[begun].start));
      edges.push_back(truth[begun].start);
    }
    for (; ended < by_end.size() && truth[by_end[ended]].end <= now; ++ended) {
      const std::size_t i = by_end[ended];
      edges.push_back(truth[i].end);
      RequestWork work{i, at(truth[i].start), at(truth[i].first), at(truth[i].end), {}, {}};
      if (s.tokens_known) {
        work.prompt = core::Tokens{truth[i].prompt};
        work.output = core::Tokens{truth[i].output};
      }
      attributor.finish(work);
    }
    std::ranges::sort(edges);
    for (const double edge : edges) attributor.add(cpu.at_moment(edge, false));
    if (now >= next_busy) {
      attributor.add(cpu.at_moment(now, true));
      next_busy = now + CpuTimes::kWindow.count();
    }
    const double update = std::floor((now - phase) / s.update_period) * s.update_period + phase;
    if (update > last_update && update > 0.0) {
      noise += (random.unit() - 0.5) * 4.0 * s.update_period;  // idle flickers by watts
      last_update = update;
      if (random.unit() < s.resets * s.update_period) {
        origin = device.joules(update) + noise;
      }
      shown = std::floor((device.joules(update) + noise - origin) * 1000.0) / 1000.0;
    }
    if (random.unit() < s.reading_failures) continue;
    attributor.add(0, {at(now), core::Joules(shown)});
    first_reading = first_reading.value_or(shown);
    last_reading = shown;
    take(attributor.settle(at(now)));
  }
  take(attributor.flush());

  const Ledger& ledger = attributor.ledger(0);
  Outcome outcome;
  outcome.balanced =
      ledger.metered == ledger.active + ledger.loaded_idle + ledger.others + ledger.unattributed &&
      (s.resets > 0.0 ||
       std::abs(to_joules(ledger.metered).count() - (last_reading - *first_reading)) < 1e-6);
  outcome.expected = static_cast<int>(truth.size());
  outcome.requests = static_cast<int>(shares.size());
  outcome.unknown_seconds = ledger.unknown.count();
  if (s.neighbours > 0) {
    outcome.others = to_joules(ledger.others).count() / cpu.others_joules.until(kSpan);
  }
  double billed = 0.0;
  for (const auto& [id, share] : shares) billed += share.total()->count();
  outcome.counted = billed / to_joules(ledger.metered).count();
  double whole = 0.0;
  double sum = 0.0;
  int covered = 0;
  for (const auto& [id, share] : shares) {
    if (share.coverage < 0.999) continue;
    const double expected = truth[id].joules() + truth[id].idle_joules;
    const double error = share.total()->count() - expected;
    ++covered;
    whole += expected;
    sum += error;
    outcome.spread += std::abs(error);
    outcome.stated += share.uncertainty.count();
    outcome.within_one += std::abs(error) <= share.uncertainty.count() ? 1.0 : 0.0;
    outcome.within_two += std::abs(error) <= 2.0 * share.uncertainty.count() ? 1.0 : 0.0;
  }
  outcome.covered = covered;
  outcome.bias = sum / whole;
  outcome.spread /= whole;
  outcome.stated /= whole;
  outcome.within_one /= covered;
  outcome.within_two /= covered;
  return outcome;
}

/// What the tests run through and bench/attribution_coverage prints.
inline constexpr auto kScenarios = std::to_array<Scenario>(
    {{"alone, 1 ms meter", 1, 0.3, 0.05, 0.001, 150, 90, true, 0, 0},
     {"alone, 100 ms meter", 1, 1.0, 0.5, 0.1, 150, 90, true, 0, 0},
     {"alone, shorter than an update", 1, 0.03, 0.03, 0.1, 150, 90, true, 0, 0},
     {"alone, tokens unknown", 1, 0.3, 0.05, 0.01, 150, 90, false, 0, 0},
     {"four, 1 ms meter", 4, 0.3, 0.05, 0.001, 150, 40, true, 0, 0},
     {"four, 100 ms meter", 4, 1.0, 0.2, 0.1, 150, 40, true, 0, 0},
     {"four, tokens unknown", 4, 0.3, 0.05, 0.01, 150, 40, false, 0, 0},
     {"sixteen, 10 ms meter", 16, 0.5, 0.1, 0.01, 60, 12, true, 0, 0},
     {"sixteen, tokens unknown", 16, 0.5, 0.1, 0.01, 60, 12, false, 0, 0},
     {"twenty-six in flight", 26, 0.8, 0.01, 0.02, 40, 8, true, 0, 0},
     {"alone, a fifth of readings fails", 1, 0.3, 0.05, 0.001, 150, 90, true, 0.2, 0},
     {"four, failures and resets", 4, 0.3, 0.05, 0.01, 150, 40, true, 0.2, 0.5},
     {"alone, one neighbour", 1, 0.5, 0.1, 0.001, 24, 12, true, 0, 0, 1},
     {"alone, four neighbours", 1, 0.5, 0.1, 0.001, 24, 12, true, 0, 0, 4},
     {"alone, more company than work", 1, 1.0, 1.0, 0.01, 12, 12, true, 0, 0, 8},
     {"alone, neighbours and long pauses", 1, 2.0, 4.0, 0.1, 48, 24, true, 0, 0, 2},
     {"alone, a wall meter and neighbours", 1, 8.0, 2.0, 1.0, 48, 36, true, 0, 0, 2},
     {"four, neighbours", 4, 0.5, 0.1, 0.001, 24, 12, true, 0, 0, 4},
     {"four, neighbours, tokens unknown", 4, 0.5, 0.1, 0.01, 24, 12, false, 0, 0, 2},
     {"alone, neighbours all along", 1, 0.5, 0.1, 0.001, 24, 12, true, 0, 0, 2, 1.0},
     {"alone, neighbours only beforehand", 1, 1.0, 0.3, 0.01, 48, 36, true, 0, 0, 1, 2.0},
     {"four, neighbours, failures and resets", 4, 0.3, 0.05, 0.01, 60, 24, true, 0.2, 0.5, 2}});

}  // namespace ipw::energy::simulation
