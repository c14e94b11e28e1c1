// The division of each update interval: see meter_attribution.h.

#include "ipw/energy/meter_attribution.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

#include "ipw/energy/timeline.h"

namespace ipw::energy {

namespace {

constexpr double kDivisionByTime = 0.5;  // see the header: share of s·(1−s) that may be wrong
constexpr double kDivisionByTokens = 0.2;
constexpr double kDearness = 0.2;       // of a CPU second beside another; see the header
constexpr double kFewCpuSeconds = 0.1;  // too few to tell what one costs

double seconds(core::Instant from, core::Instant to) { return core::Seconds(to - from).count(); }

// How much of [start, end] lies in [from, to], in [0, 1]; an empty stretch lies where it stands.
double fraction(core::Instant start, core::Instant end, core::Instant from, core::Instant to) {
  if (start >= end) return from <= start && start < to ? 1.0 : 0.0;
  const core::Instant first = std::max(start, from);
  const core::Instant last = std::min(end, to);
  return first < last ? seconds(first, last) / seconds(start, end) : 0.0;
}

// Hands out a whole amount in proportions that come one after the other; what is handed out adds up
// to the amount exactly when the proportions add up to `whole`.
class Divider {
 public:
  Divider(Nanojoules amount, double whole) : amount_(amount), whole_(whole) {}

  Nanojoules next(double part, bool last) {
    so_far_ += part;
    const double share = static_cast<double>(amount_.count) * (so_far_ / whole_);
    const Nanojoules until{last ? amount_.count : std::llround(share)};
    return until - std::exchange(given_, until);
  }

 private:
  Nanojoules amount_;
  double whole_;
  double so_far_ = 0.0;
  Nanojoules given_;
};

}  // namespace

std::optional<double> work_within(const RequestWork& request, const TokenCost& cost,
                                  core::Instant from, core::Instant to) {
  if (!request.prompt || !request.output) return std::nullopt;
  const double prompt = cost.prompt * static_cast<double>(request.prompt->count);
  const double output = cost.output * static_cast<double>(request.output->count);
  if (!request.first_token) return prompt * fraction(request.started, request.ended, from, to);
  // The first token comes out of the prompt's own pass.
  const double first = request.output->count > 0 ? cost.output : 0.0;
  return (prompt + first) * fraction(request.started, *request.first_token, from, to) +
         (output - first) * fraction(*request.first_token, request.ended, from, to);
}

MeterAttribution::MeterAttribution(Meter meter, std::optional<TokenCost> cost)
    : meter_(std::move(meter)), cost_(cost), stream_(meter_.sensor) {}

core::Instant::duration MeterAttribution::patience() const {
  const core::Seconds wait = std::max(core::Seconds(1.0), 20.0 * meter_.sensor.update_period);
  return std::chrono::duration_cast<core::Instant::duration>(wait);
}

void MeterAttribution::add(const Sample& sample) {
  if (const auto interval = stream_.add(sample)) intervals_.push_back(*interval);
}

void MeterAttribution::add(const CpuMoment& moment) {
  if (meter_.by_cpu_time) cpu_.add(moment);
}

void MeterAttribution::settle(core::Instant horizon, core::Instant overdue,
                              std::vector<Released>& released) {
  core::Instant told = horizon;
  if (meter_.by_cpu_time) {
    told = std::min(horizon, std::max(overdue, cpu_.told_until().value_or(core::Instant::min())));
  }
  for (const Interval& interval : intervals_) {
    if (interval.to > told) break;
    learn(interval);
  }
  while (!intervals_.empty() && intervals_.front().to <= told) {
    process(intervals_.front());
    processed_ = intervals_.front().to;
    intervals_.pop_front();
    cpu_.drop_before(*processed_);
    release_ended(*processed_, released);
  }
  const core::Instant given_up = std::min(horizon, overdue);
  const bool held_back = !intervals_.empty() && intervals_.front().from < given_up;
  if (held_back) return;  // by a neighbour that still runs
  admit(given_up);
  release_ended(given_up, released);
}

void MeterAttribution::admit(core::Instant until) {
  while (!upcoming_.empty() && upcoming_.top().started < until) {
    Running request;
    request.work = upcoming_.top();
    running_.push_back(request);
    upcoming_.pop();
  }
}

void MeterAttribution::process(const Interval& interval) {
  admit(interval.to);
  if (!interval.known) {
    ledger_.unknown += interval.length();
    return;
  }
  ledger_.metered += interval.energy;
  highest_ = std::max(highest_, to_joules(interval.energy) / interval.length());
  collect_parts(interval);
  const Apart apart = set_apart(interval);
  ledger_.others += apart.others;
  if (parts_.empty()) {
    ledger_.unattributed += interval.energy - apart.others;
    return;
  }
  divide(interval, apart);
}

void MeterAttribution::learn(const Interval& interval) {
  if (!interval.known || !meter_.idle || meter_.idle_company <= 0.0) return;
  const auto use = cpu_.between(interval.from, interval.to);
  if (!use) return;
  const double length = interval.length().count();
  above_measured_idle_ += to_joules(interval.energy).count() - meter_.idle->mean.count() * length;
  cpu_above_idle_ += (use->ours + use->others).count() - meter_.idle_company * length;
}

MeterAttribution::Apart MeterAttribution::set_apart(const Interval& interval) {
  Apart apart;
  if (meter_.idle) apart.idle = to_nanojoules(meter_.idle->mean * interval.length());
  const auto use = meter_.by_cpu_time ? cpu_.between(interval.from, interval.to) : std::nullopt;
  if (use && cpu_above_idle_ > kFewCpuSeconds) {
    const double dear = std::max(0.0, above_measured_idle_ / cpu_above_idle_);
    const core::Watts company(std::min(dear * meter_.idle_company, meter_.idle->mean.count()));
    apart.idle = to_nanojoules((meter_.idle->mean - company) * interval.length());
  }
  if (meter_.sensor.sees_idle) apart.idle = std::min(apart.idle, interval.energy);
  if (!use || use->ours + use->others <= core::Seconds(0.0)) return apart;
  apart.cpu = use->ours + use->others;
  apart.share = use->ours / apart.cpu;
  const auto above = static_cast<double>((interval.energy - apart.idle).count);
  const bool told_from_idle = meter_.idle.has_value() || !parts_.empty();
  if (told_from_idle) apart.others.count = std::llround(above * (1.0 - apart.share));
  return apart;
}

void MeterAttribution::collect_parts(const Interval& interval) {
  parts_.clear();
  for (Running& request : running_) {
    const core::Instant from = std::max(request.work.started, interval.from);
    const core::Instant to = std::min(request.work.ended, interval.to);
    if (from < to) parts_.push_back({&request, from, to, to - from, 0.0, 0.0});
  }
}

// Sets each part's idle_time and returns the time with anyone in flight.
core::Seconds MeterAttribution::share_idle_time() {
  if (parts_.size() == 1) {
    parts_.front().idle_time = parts_.front().time.count();
    return parts_.front().time;
  }
  edges_.clear();
  for (const Part& part : parts_) {
    edges_.emplace_back(part.from, +1);
    edges_.emplace_back(part.to, -1);
  }
  std::ranges::sort(edges_);
  // The integral of dt / n up to each edge, looked up again for each part's two ends.
  std::vector<std::pair<core::Instant, double>> integral;
  integral.reserve(edges_.size());
  double sum = 0.0;
  double busy = 0.0;
  int in_flight = 0;
  core::Instant before = edges_.front().first;
  for (const auto& [at, step] : edges_) {
    if (in_flight > 0) {
      sum += seconds(before, at) / in_flight;
      busy += seconds(before, at);
    }
    in_flight += step;
    before = at;
    integral.emplace_back(at, sum);
  }
  const auto at = [&](core::Instant instant) {
    return std::ranges::lower_bound(integral, instant, {}, &std::pair<core::Instant, double>::first)
        ->second;
  };
  for (Part& part : parts_) part.idle_time = at(part.to) - at(part.from);
  return core::Seconds(busy);
}

// Sets each part's work; true if by tokens, false if by time.
bool MeterAttribution::measure_work() {
  bool by_tokens = cost_.has_value();
  double sum = 0.0;
  for (Part& part : parts_) {
    if (!by_tokens) break;
    const auto work = work_within(part.request->work, *cost_, part.from, part.to);
    by_tokens = work.has_value();
    part.work = work.value_or(0.0);
    sum += part.work;
  }
  if (by_tokens && sum > 0.0) return true;
  for (Part& part : parts_) part.work = part.time.count();
  return false;
}

void MeterAttribution::divide(const Interval& interval, const Apart& apart) {
  const double length = interval.length().count();
  const double period = meter_.sensor.update_period.count();
  const double busy = share_idle_time().count();
  const double division = measure_work() ? kDivisionByTokens : kDivisionByTime;

  const Nanojoules idle = apart.idle;
  const Nanojoules above = interval.energy - idle - apart.others;
  const bool idle_unknown = meter_.sensor.sees_idle && !meter_.idle;
  double theirs = interval.watched ? 1.0 : std::min(1.0, (busy + 2.0 * period) / length);
  if (idle_unknown) theirs = std::min(1.0, busy / length);
  const Nanojoules active{std::llround(static_cast<double>(above.count) * theirs)};
  const Nanojoules waiting{std::llround(static_cast<double>(idle.count) * busy / length)};

  double work = 0.0;
  bool steady = true;  // the same requests in flight all along
  for (const Part& part : parts_) {
    work += part.work;
    steady &= part.time.count() >= length;
  }
  const double active_joules = to_joules(active).count();
  const bool idle_shown = meter_.sensor.sees_idle && meter_.idle.has_value();
  const double device_power =
      active_joules / busy + (idle_shown ? to_joules(idle).count() / length : 0.0);
  double unsplit =
      0.0;  // from what is given up to what may be theirs, uniform: its root mean square
  if (idle_unknown) {
    const double most = std::min(to_joules(above).count(), highest_.count() * busy);
    unsplit = std::max(0.0, most - active_joules) / std::sqrt(3.0);
  }
  const bool served_throughout = busy >= length * (1.0 - 1e-9);

  Divider active_shares(active, work);
  Divider idle_shares(idle_shown ? waiting : Nanojoules{0}, busy);
  for (const Part& part : parts_) {
    const bool last = &part == &parts_.back();
    const double share = part.work / work;
    const Nanojoules active_share = active_shares.next(part.work, last);
    const Nanojoules idle_share = idle_shares.next(part.idle_time, last);
    Running& request = *part.request;
    request.active += active_share;
    request.loaded_idle += idle_share;
    request.covered += part.time;
    request.device += core::Watts(device_power) * part.time;
    if (served_throughout) {
      request.device_read += core::Watts(device_power) * part.time;
      request.read_time += part.time;
    }
    request.unsplit += unsplit * share;
    request.cpu += apart.cpu * (part.time / interval.length());
    request.company += kDearness * (1.0 - apart.share) * std::abs(to_joules(active_share).count());
    request.division += division * std::abs(active_joules) * share * (1.0 - share);
    if (!steady) request.cut_variance += std::pow(active_joules * cut_deviation(share), 2);
    ledger_.active += active_share;
    ledger_.loaded_idle += idle_share;
    ledger_.unattributed.count -= active_share.count + idle_share.count;
  }
  ledger_.unattributed += interval.energy - apart.others;
}

void MeterAttribution::release_ended(core::Instant until, std::vector<Released>& released) {
  std::erase_if(running_, [&](const Running& request) {
    if (request.work.ended > until) return false;
    released.push_back({request.work.id, share_of(request)});
    return true;
  });
}

// A mean power above all that the meter ever showed is an inference from edges that the meter is
// too slow for: what was read with somebody in flight all along stands for it, or nothing does.
std::optional<core::Watts> MeterAttribution::device_power(const Running& request) const {
  const core::Watts inferred = request.device / request.covered;
  if (!meter_.sensor.sees_idle) return inferred;  // it sees the work alone, whenever it is read
  const core::Watts step = meter_.sensor.resolution / meter_.sensor.update_period;
  if (inferred <= highest_ * (1.0 + 1e-9) + step) return inferred;
  if (request.read_time <= core::Seconds(0.0)) return std::nullopt;
  return request.device_read / request.read_time;
}

std::optional<record::EnergyShare> MeterAttribution::share_of(const Running& request) const {
  const double covered = request.covered.count();
  if (covered <= 0.0) return std::nullopt;
  const double window = seconds(request.work.started, request.work.ended);
  const double active = to_joules(request.active).count();
  const double loaded_idle = to_joules(request.loaded_idle).count();

  const double period = meter_.sensor.update_period.count();
  // Two boundaries, each uniform over half an update period, at this request's own power.
  const double boundary = active / std::max(covered, period) * period / 2.0;
  // The same for all boundaries: another machine's clock.
  const double late = active / std::max(covered, period) * meter_.sensor.clock_uncertainty.count();
  const double resolution = meter_.sensor.resolution.count();
  const double idle_error =
      meter_.idle ? meter_.idle->standard_error.count() * std::max(covered, period) : 0.0;
  // A tick at either end; of a shorter stretch, its part of the rate between two readings.
  const double part = std::min(1.0, covered / CpuTimes::kWindow.count());
  const double tick = std::numbers::sqrt2 * CpuTimes::kTick.count() * part;
  const double ticks =
      request.cpu > core::Seconds(0.0) ? active * std::min(1.0, tick / request.cpu.count()) : 0.0;
  const double method = meter_.sensor.method_uncertainty * (active + loaded_idle);
  const double uncovered = (active + loaded_idle) * std::max(0.0, window / covered - 1.0);
  const double variance = request.cut_variance + request.division * request.division +
                          request.unsplit * request.unsplit + request.company * request.company +
                          ticks * ticks + boundary * boundary / 6.0 + late * late / 3.0 +
                          resolution * resolution / 6.0 + idle_error * idle_error +
                          method * method + uncovered * uncovered;

  record::EnergyShare share;
  share.sensor = meter_.sensor.id;
  share.provenance = meter_.sensor.provenance;
  share.active = core::Joules(active);
  if (meter_.sensor.sees_idle && meter_.idle) share.loaded_idle = core::Joules(loaded_idle);
  share.device_power = device_power(request);
  share.uncertainty = core::Joules(std::sqrt(variance));
  share.coverage = std::min(1.0, covered / window);
  return share;
}

}  // namespace ipw::energy
