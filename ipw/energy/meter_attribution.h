#pragma once
// The rule of attribution for one meter: see attribution.h for what is promised, here for how.
//
// In an update interval of length L with energy E and idle power P:
//   idle       = P·L, at most E where the sensor sees idle. The part of it that falls on time with
//   n
//                requests in flight is divided by n; time with none leaves it unattributed.
//   above idle = E − idle. It may be negative by noise; cutting that at 0 would bill noise.
//                All of it goes to those in flight, by work, also where they fill only a part of
//                the interval: power steps when work starts and stops, so what lies above idle in
//                an edge interval was theirs. Only where no reading came for more than three update
//                periods that inference ends, and the part that falls on time in
//                flight, widened by one update period at either end, is theirs.
//   idle unknown: what the device would have used anyway cannot be told, so that only the part of E
//                that falls on time in flight is theirs; the rest is unattributed. Up to all of E
//                may have been theirs, but no more than the highest power that the meter ever
//                showed.
//   others     = above idle · o / (w + o), w the model's CPU time in the interval, o that of others
//                (the rule of Kepler and of Scaphandre, for power above idle). Others who
//                worked while idle was watched are in the power that was measured then: their c·o_i
//                watts are taken off it, with c the joules of a CPU second as the run shows them,
//                all energy above measured idle / all of (w + o − o_i·L).
//   work       = prompt tokens × cost, spread evenly over start to first token, plus output tokens
//   ×
//                cost, spread evenly from there to the end; where cost or tokens are unknown, time.
//
// Uncertainty of a request's share, one standard deviation, added in quadrature: cuts where others
// come or go within an interval (cut_deviation), boundaries known to half an update period, the
// meter's resolution, idle power's standard error, the method; and, because it is the same mistake
// in every interval and so is summed before squaring, a wrong division of work: s·(1−s) of the
// energy for a share s, half of that for division by time, a fifth for division by tokens (chosen
// with the simulation beside this file, whose phases differ by a factor of 4 in power and whose
// requests differ by ±15 % in the cost of a token). A division by CPU time takes each CPU second
// for as dear as any other. A thread on the other half of a core, or at another clock rate, is not:
// f·(1−f) of the energy for a share f, times kDearness; and others' time is known to a tick at
// either end.

#include <cstdint>
#include <deque>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "ipw/energy/attribution.h"

namespace ipw::energy {

class MeterAttribution {
 public:
  MeterAttribution(Meter meter, std::optional<TokenCost> cost);

  struct Released {
    std::uint64_t id = 0;
    std::optional<record::EnergyShare> share;  // absent: the meter covered nothing of it
  };

  void finish(const RequestWork& work) { upcoming_.push(work); }
  void add(const Sample& sample);
  void add(const CpuMoment& moment);
  /// Processes intervals up to `horizon` (every request that starts before it has been finished);
  /// then gives up on requests that ended before `overdue` and still wait for samples.
  void settle(core::Instant horizon, core::Instant overdue, std::vector<Released>& released);

  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] core::Instant::duration patience() const;

 private:
  struct Running {
    RequestWork work;
    Nanojoules active;
    Nanojoules loaded_idle;
    core::Seconds covered{0.0};
    core::Joules device;           // the device's energy while this request was in flight
    core::Joules device_read;      // of it, in intervals with somebody in flight all along
    core::Seconds read_time{0.0};  // their part of the time in flight
    double company = 0;      // J; so wrong may the division between the model's work and others' be
    core::Seconds cpu{0.0};  // of the model's work and others', in its time
    double unsplit = 0;      // J; one standard deviation of what idle would tell
    double cut_variance = 0;  // J²
    double division = 0;      // J
  };
  // A running request's part of the interval at hand.
  struct Part {
    Running* request = nullptr;
    core::Instant from;
    core::Instant to;
    core::Seconds time{0.0};
    double idle_time = 0.0;  // ∫ dt / requests in flight, s
    double work = 0.0;
  };
  struct StartsLater {
    bool operator()(const RequestWork& a, const RequestWork& b) const {
      return a.started > b.started;
    }
  };

  // What is not the requests' of an interval's energy, whoever is in flight.
  struct Apart {
    Nanojoules idle;
    Nanojoules others;
    double share = 1.0;      // of the model's work in what lies above idle
    core::Seconds cpu{0.0};  // zero: not divided
  };
  void process(const Interval& interval);
  void learn(const Interval& interval);  // what a CPU second costs
  [[nodiscard]] Apart set_apart(const Interval& interval);
  [[nodiscard]] std::optional<core::Watts> device_power(const Running& request) const;
  void admit(core::Instant until);
  void collect_parts(const Interval& interval);
  core::Seconds share_idle_time();
  bool measure_work();
  void divide(const Interval& interval, const Apart& apart);
  void release_ended(core::Instant until, std::vector<Released>& released);
  [[nodiscard]] std::optional<record::EnergyShare> share_of(const Running& request) const;

  Meter meter_;
  std::optional<TokenCost> cost_;
  IntervalStream stream_;
  std::deque<Interval> intervals_;
  std::priority_queue<RequestWork, std::vector<RequestWork>, StartsLater> upcoming_;
  std::vector<Running> running_;
  std::vector<Part> parts_;  // of the interval at hand; kept for its memory
  std::vector<std::pair<core::Instant, int>> edges_;
  std::optional<core::Instant> processed_;  // where the last processed interval ended
  CpuTimes cpu_;
  double above_measured_idle_ = 0.0;  // J, of all intervals so far that were divided by CPU time
  double cpu_above_idle_ = 0.0;       // CPU seconds beyond those of the idle watch, in the same
  core::Watts highest_;               // mean power of any interval so far
  Ledger ledger_;
};

/// The work of a request that falls into [from, to], in the unit of `cost`; nothing where its
/// tokens are unknown.
[[nodiscard]] std::optional<double> work_within(const RequestWork& request, const TokenCost& cost,
                                                core::Instant from, core::Instant to);

}  // namespace ipw::energy
