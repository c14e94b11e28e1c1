// See meter_validation.h.
#include "ipw/report/meter_validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "ipw/metrics/distribution.h"
#include "ipw/metrics/line_fit.h"

namespace ipw::report {
namespace {

using core::ErrorCode;
using energy::EpochNanoseconds;

constexpr double kMostStep = 5.0;  // usual steps; a longer one is a gap of the meter
constexpr double kLeastCorrelation = 0.6;
constexpr double kLeastVariation = 0.01;  // standard deviation of the meter's power over its mean
constexpr double kAsGood = 0.01;          // correlations that differ by less are one
constexpr double kApart = 0.05;           // … two peaks, if it falls by this much between them
constexpr std::size_t kLeastSteps = 8;
constexpr std::size_t kMostBatches = 20;
constexpr std::size_t kMostLooked = 20'000;  // meter steps in the search over offsets

// A meter's reading speaks of the time since the one before.
struct Step {
  EpochNanoseconds from = 0;
  EpochNanoseconds to = 0;
  double watts = 0.0;
  [[nodiscard]] double seconds() const { return 1e-9 * static_cast<double>(to - from); }
};

EpochNanoseconds nanoseconds(double seconds) { return std::llround(seconds * 1e9); }

std::vector<Step> steps_of(const energy::MeterLog& meter, const ValidationOptions& options) {
  std::vector<Step> steps;
  const double most = kMostStep * energy::usual_step(meter).count();
  for (std::size_t i = 1; i < meter.readings.size(); ++i) {
    const Step step{meter.readings[i - 1].at, meter.readings[i].at,
                    meter.readings[i].power.count()};
    if (step.seconds() > most) continue;
    if (options.begin && step.from < *options.begin) continue;
    if (options.end && step.to > *options.end) continue;
    steps.push_back(step);
  }
  return steps;
}

// Mean watts of the sensor over a step of the meter whose clock is `offset` ahead.
std::optional<double> sensor_watts(const PowerTrace& sensor, const Step& step, double offset) {
  const EpochNanoseconds shift = nanoseconds(offset);
  const PowerTrace::Span span = sensor.span(step.from - shift, step.to - shift);
  if (span.known.count() < 0.999 * step.seconds()) return std::nullopt;
  return span.energy.count() / span.known.count();
}

struct Fit {
  double correlation = -2.0;
  double gain = 0.0;
  double at_zero = 0.0;
  double n = 0.0;
};

Fit fit_at(const PowerTrace& sensor, const std::vector<Step>& steps, double offset) {
  double n = 0.0;
  double mean_x = 0.0;
  double mean_y = 0.0;
  double xx = 0.0;
  double xy = 0.0;
  double yy = 0.0;
  for (const Step& step : steps) {
    const auto y = sensor_watts(sensor, step, offset);
    if (!y) continue;
    n += 1.0;
    const double dx = step.watts - mean_x;
    const double dy = *y - mean_y;
    mean_x += dx / n;
    mean_y += dy / n;
    xx += dx * (step.watts - mean_x);
    xy += dx * (*y - mean_y);
    yy += dy * (*y - mean_y);
  }
  if (n < static_cast<double>(kLeastSteps) || xx <= 0.0 || yy <= 0.0) return {};
  return {xy / std::sqrt(xx * yy), xy / xx, mean_y - xy / xx * mean_x, n};
}

// Twice the least-squares error of the offset: how far the sensor's power may be shifted before
// what the line leaves over shows it.
double offset_error(const PowerTrace& sensor, const std::vector<Step>& steps, double offset,
                    const Fit& fit, double h) {
  double residual = 0.0;
  double slope = 0.0;
  double n = 0.0;
  for (const Step& step : steps) {
    const auto here = sensor_watts(sensor, step, offset);
    const auto earlier = sensor_watts(sensor, step, offset - h);
    const auto later = sensor_watts(sensor, step, offset + h);
    if (!here || !earlier || !later) continue;
    residual += std::pow(*here - fit.at_zero - fit.gain * step.watts, 2);
    slope += std::pow((*later - *earlier) / (2.0 * h), 2);
    n += 1.0;
  }
  if (slope <= 0.0 || n < 4.0) return h;
  return metrics::kZ95 * std::sqrt(residual / (n - 3.0) / slope);
}

std::vector<Step> thinned(const std::vector<Step>& steps) {
  const std::size_t stride = steps.size() / kMostLooked + 1;
  std::vector<Step> kept;
  for (std::size_t i = 0; i < steps.size(); i += stride) kept.push_back(steps[i]);
  return kept;
}

std::unexpected<core::Error> unaligned(const std::string& why) {
  return core::fail(ErrorCode::kInvalidData,
                    fmt::format("cannot align the clocks: {} (give --offset SECONDS, the meter's "
                                "clock minus the run's)",
                                why));
}

double golden_section(const PowerTrace& sensor, const std::vector<Step>& steps, double low,
                      double high) {
  constexpr double kRatio = 0.618033988749895;
  double a = high - kRatio * (high - low);
  double b = low + kRatio * (high - low);
  double at_a = fit_at(sensor, steps, a).correlation;
  double at_b = fit_at(sensor, steps, b).correlation;
  while (high - low > 1e-4) {
    if (at_a >= at_b) {
      high = b;
      b = a;
      at_b = at_a;
      a = high - kRatio * (high - low);
      at_a = fit_at(sensor, steps, a).correlation;
    } else {
      low = a;
      a = b;
      at_a = at_b;
      b = low + kRatio * (high - low);
      at_b = fit_at(sensor, steps, b).correlation;
    }
  }
  return (low + high) / 2.0;
}

// Another peak as high as the best, with a valley in between.
std::optional<std::size_t> rival(const std::vector<double>& correlations, std::size_t best) {
  for (const int direction : {-1, 1}) {
    double valley = correlations[best];
    auto at = static_cast<std::ptrdiff_t>(best);
    while (at >= 0 && at < std::ssize(correlations)) {
      const double here = correlations[static_cast<std::size_t>(at)];
      if (here > -2.0) valley = std::min(valley, here);
      const bool apart = valley < correlations[best] - kApart;
      if (apart && here > correlations[best] - kAsGood) return static_cast<std::size_t>(at);
      at += direction;
    }
  }
  return std::nullopt;
}

core::Result<ClockOffset> align(const PowerTrace& sensor, const std::vector<Step>& all,
                                double usual_step, const ValidationOptions& options) {
  const std::vector<Step> steps = thinned(all);
  double sum = 0.0;
  double squares = 0.0;
  for (const Step& step : steps) {
    sum += step.watts;
    squares += step.watts * step.watts;
  }
  const auto n = static_cast<double>(steps.size());
  const double mean = sum / n;
  const double deviation = std::sqrt(std::max(0.0, squares / n - mean * mean));
  if (!(deviation > kLeastVariation * mean)) {
    return unaligned("the meter's power is too even to tell one moment from another");
  }
  const double most = options.most_offset.count();
  const double grid = std::max(usual_step / 2.0, most / 5000.0);
  std::vector<double> correlations;
  const auto half = static_cast<std::ptrdiff_t>(std::ceil(most / grid));
  const auto offset_of = [&](std::size_t i) {
    return grid * static_cast<double>(static_cast<std::ptrdiff_t>(i) - half);
  };
  for (std::size_t i = 0; i <= 2 * static_cast<std::size_t>(half); ++i) {
    const Fit fit = fit_at(sensor, steps, offset_of(i));
    // A place where only a few steps overlap can fit by chance.
    correlations.push_back(fit.n >= 0.5 * n ? fit.correlation : -2.0);
  }
  const auto peak = std::ranges::max_element(correlations);
  const auto best = static_cast<std::size_t>(peak - correlations.begin());
  if (*peak < -1.5) {
    return unaligned("the sensor covers less than half of the meter's time at any offset");
  }
  if (*peak < kLeastCorrelation) {
    return unaligned(
        fmt::format("sensor and meter do not go together (correlation {:.2f} at most)", *peak));
  }
  if (const auto other = rival(correlations, best)) {
    return unaligned(fmt::format("{:+.1f} s fits as well as {:+.1f} s: the load repeats itself",
                                 offset_of(*other), offset_of(best)));
  }
  if (best == 0 || best + 1 == correlations.size()) {
    return unaligned(
        fmt::format("they fit best at {:+.1f} s, the edge of the search (widen it with "
                    "--max-offset)",
                    offset_of(best)));
  }
  ClockOffset clock;
  const double at = golden_section(sensor, steps, offset_of(best - 1), offset_of(best + 1));
  const Fit fit = fit_at(sensor, steps, at);
  clock.value = core::Seconds(at);
  clock.correlation = fit.correlation;
  const double statistical = offset_error(sensor, steps, at, fit, usual_step / 4.0);
  clock.bound = core::Seconds(statistical + (usual_step + options.sensor_update.count()) / 2.0);
  return clock;
}

struct Pair {
  double at = 0.0;  // s since the first
  double seconds = 0.0;
  double meter = 0.0;  // W
  double sensor = 0.0;
};

// Ratio of sums with its error over batches of neighbouring pairs, which need not be independent
// within a batch (Law and Kelton, batch means), and the ratio's change from batch to batch.
void judge(const std::vector<Pair>& pairs, SensorValidation& result) {
  const std::size_t batches = std::min(kMostBatches, pairs.size() / 4);
  struct Batch {
    double meter = 0.0, sensor = 0.0, middle = 0.0, pairs = 0.0;
  };
  std::vector<Batch> sums(std::max<std::size_t>(batches, 1));
  double meter = 0.0;
  double sensor = 0.0;
  metrics::LineFit line;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Pair& pair = pairs[i];
    Batch& batch = sums[i * sums.size() / pairs.size()];
    batch.meter += pair.meter * pair.seconds;
    batch.sensor += pair.sensor * pair.seconds;
    batch.middle += pair.at;
    batch.pairs += 1.0;
    meter += pair.meter * pair.seconds;
    sensor += pair.sensor * pair.seconds;
    line.add(pair.meter, pair.sensor);
  }
  const auto n = static_cast<std::int64_t>(pairs.size());
  const double ratio = sensor / meter;
  result.error = {.value = ratio - 1.0, .unit = "1", .n = n, .interval = "batch-means"};
  result.drift = {.value = {}, .unit = "1/h", .n = n, .interval = "batch-means"};
  if (batches < 4) {
    result.error.interval.clear();
    result.error.reason = "too few samples for an interval";
    result.drift.reason = "too few samples";
  } else {
    const auto count = static_cast<double>(batches);
    double squares = 0.0;
    metrics::LineFit drift;
    for (const Batch& batch : sums) {
      squares += std::pow(batch.sensor - ratio * batch.meter, 2);
      drift.add(batch.middle / batch.pairs / 3600.0, batch.sensor / batch.meter - 1.0);
    }
    const double half = metrics::student_quantile(0.975, count - 1.0) *
                        std::sqrt(squares * count / (count - 1.0)) / meter;
    result.error.low = ratio - 1.0 - half;
    result.error.high = ratio - 1.0 + half;
    if (const auto slope = drift.line()) {
      result.drift.value = slope->slope;
      result.drift.low = slope->slope_low;
      result.drift.high = slope->slope_high;
    }
  }
  result.gain = {.value = {}, .unit = "1", .n = n, .interval = "least-squares"};
  result.at_zero = {.value = {}, .unit = "W", .n = n};
  if (const auto fit = line.line()) {
    result.gain.value = fit->slope;
    result.gain.low = fit->slope_low;
    result.gain.high = fit->slope_high;
    result.at_zero.value = fit->intercept;
    result.at_zero.reason = "the line beyond the powers that were seen";
  } else {
    result.gain.reason = result.at_zero.reason = "the meter's power did not vary";
  }
}

}  // namespace

core::Result<SensorValidation> validate_sensor(const PowerTrace& sensor,
                                               const energy::MeterLog& meter,
                                               const ValidationOptions& options) {
  const std::vector<Step> steps = steps_of(meter, options);
  if (steps.size() < kLeastSteps) {
    return core::fail(ErrorCode::kNotFound,
                      fmt::format("cannot compare with the meter: only {} of its steps lie in the "
                                  "window, {} are needed (widen --begin and --end)",
                                  steps.size(), kLeastSteps));
  }
  if (sensor.empty()) {
    return core::fail(ErrorCode::kNotFound,
                      "cannot compare with the meter: the run has no samples of this sensor");
  }
  SensorValidation result;
  if (options.offset) {
    result.clock = {*options.offset, std::nullopt,
                    fit_at(sensor, steps, options.offset->count()).correlation};
  } else {
    IPW_TRY(result.clock, align(sensor, steps, energy::usual_step(meter).count(), options));
  }
  std::vector<Pair> pairs;
  double joules_meter = 0.0;
  double joules_sensor = 0.0;
  double length = 0.0;
  for (const Step& step : steps) {
    const auto watts = sensor_watts(sensor, step, result.clock.value.count());
    if (!watts) continue;
    pairs.push_back({1e-9 * static_cast<double>(step.from - steps.front().from), step.seconds(),
                     step.watts, *watts});
    joules_meter += step.watts * step.seconds();
    joules_sensor += *watts * step.seconds();
    length += step.seconds();
  }
  if (pairs.empty() || joules_meter <= 0.0) {
    return core::fail(
        ErrorCode::kNotFound,
        fmt::format("cannot compare with the meter: it and the sensor share no time; the meter's "
                    "goes from {} to {}, the run's from {} to {} (check --utc-offset and --offset)",
                    energy::time_text(steps.front().from), energy::time_text(steps.back().to),
                    energy::time_text(sensor.from()), energy::time_text(sensor.to())));
  }
  result.samples = std::ssize(pairs);
  result.length = core::Seconds(length);
  result.meter_energy = core::Joules(joules_meter);
  result.sensor_energy = core::Joules(joules_sensor);
  result.meter_power = core::Watts(joules_meter / length);
  result.sensor_power = core::Watts(joules_sensor / length);
  judge(pairs, result);
  return result;
}

}  // namespace ipw::report
