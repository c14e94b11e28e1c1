// See power_curve.h.
#include "ipw/report/power_curve.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ipw/energy/interval.h"
#include "ipw/report/recorded_samples.h"
#include "ipw/report/recorded_sensor.h"

namespace ipw::report {
namespace {

constexpr double kMostSteps = 480;
// Nothing in flight for this long, and for this share of the whole, is a pause.
constexpr double kPauseSeconds = 60.0;
constexpr double kPauseShare = 0.1;
// Samples further apart than this many updates belong to different sittings of the sampler.
constexpr double kUpdatesOfSilence = 50.0;
constexpr double kSecondsOfSilence = 2.0;

double seconds(core::Instant at) { return core::Seconds(at.time_since_epoch()).count(); }

std::vector<TimeAxis::Stretch> stretches_of(const metrics::Sample& sample) {
  std::vector<TimeAxis::Stretch> stretches;
  if (sample.size() == 0) return stretches;
  const double last = *std::ranges::max_element(sample.ended);
  const double pause = std::max(kPauseSeconds, kPauseShare * (last - sample.started.front()));
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (stretches.empty() || sample.started[i] > stretches.back().to + pause) {
      stretches.push_back({.from = sample.started[i], .to = sample.ended[i]});
    }
    stretches.back().to = std::max(stretches.back().to, sample.ended[i]);
  }
  return stretches;
}

double slowest_update(const store::Manifest& manifest) {
  double slowest = 0.0;
  for (const store::ManifestSensor& sensor : manifest.sensors) {
    if (sensor.billed) slowest = std::max(slowest, sensor.update_period.count());
  }
  return slowest;
}

TimeAxis axis_of(const metrics::Sample& sample, const store::Manifest& manifest) {
  TimeAxis axis{.stretches = stretches_of(sample)};
  double asked = 0.0;
  for (const TimeAxis::Stretch& stretch : axis.stretches) asked += stretch.to - stretch.from;
  axis.step = std::max({asked / kMostSteps, slowest_update(manifest), 1e-6});
  std::size_t next = 0;
  for (TimeAxis::Stretch& stretch : axis.stretches) {
    // A step before and one after, so that rise and fall are seen.
    stretch.from = std::max(0.0, stretch.from - axis.step);
    const double length =
        std::max(0.0, stretch.to - stretch.from);  // ends of damaged runs lie before
    stretch.steps = static_cast<std::size_t>(std::ceil(length / axis.step)) + 1;
    stretch.to = stretch.from + static_cast<double>(stretch.steps) * axis.step;
    stretch.first_step = next;
    next += stretch.steps;
  }
  return axis;
}

// Calls `visit(step, seconds of [from, to] in it)` for every step that the span touches.
template <class Visit>
void over_steps(const TimeAxis& axis, double from, double to, const Visit& visit) {
  for (const TimeAxis::Stretch& stretch : axis.stretches) {
    const double begin = std::max(from, stretch.from);
    const double end = std::min(to, stretch.to);
    if (!(end > begin)) continue;
    const auto step_at = [&](double time) {
      return std::min(static_cast<std::size_t>((time - stretch.from) / axis.step),
                      stretch.steps - 1);
    };
    for (std::size_t step = step_at(begin); step <= step_at(end); ++step) {
      const double left = stretch.from + static_cast<double>(step) * axis.step;
      const double share = std::min(end, left + axis.step) - std::max(begin, left);
      if (share > 0.0) visit(stretch.first_step + step, share);
    }
  }
}

std::vector<ActivityStep> activity_of(const TimeAxis& axis, const metrics::Sample& sample) {
  std::vector<ActivityStep> steps(axis.steps());
  for (std::size_t i = 0; i < sample.size(); ++i) {
    std::optional<std::size_t> last;
    over_steps(axis, sample.started[i], sample.ended[i], [&](std::size_t step, double share) {
      steps[step].in_flight += share / axis.step;
      last = step;
    });
    // A record without length still ended somewhere.
    if (!last) {
      over_steps(axis, sample.ended[i], sample.ended[i] + axis.step / 2,
                 [&](std::size_t step, double) { last = last.value_or(step); });
    }
    if (!last) continue;
    if (std::isnan(sample.score[i])) {
      ++steps[*last].missing;
    } else {
      ++(sample.score[i] >= .5F ? steps[*last].correct : steps[*last].incorrect);
    }
  }
  return steps;
}

// One sensor's samples, in order, into steps.
class CurveBuilder {
 public:
  CurveBuilder(const TimeAxis& axis, energy::SensorDescription sensor)
      : axis_(axis),
        sensor_(std::move(sensor)),
        silence_(std::max(kSecondsOfSilence, kUpdatesOfSilence * sensor_.update_period.count())),
        stream_(sensor_),
        joules_(axis.steps(), 0.0),
        covered_(axis.steps(), 0.0),
        curve_{sensor_.id, std::vector<PowerStep>(axis.steps())} {}

  void add(const energy::Sample& sample) {
    if (last_ && core::Seconds(sample.at - *last_).count() > silence_) {
      stream_ = energy::IntervalStream(sensor_);
    }
    last_ = sample.at;
    const std::optional<energy::Interval> interval = stream_.add(sample);
    if (!interval || !interval->known || interval->to <= interval->from) return;
    const double watts = to_joules(interval->energy).count() / interval->length().count();
    over_steps(axis_, seconds(interval->from), seconds(interval->to),
               [&](std::size_t step, double share) { take(step, share, watts); });
  }

  SensorCurve finish() && {
    for (std::size_t step = 0; step < joules_.size(); ++step) {
      if (covered_[step] > 0.0) {
        curve_.steps[step].mean = static_cast<float>(joules_[step] / covered_[step]);
      }
    }
    return std::move(curve_);
  }

 private:
  void take(std::size_t step, double share, double watts) {
    PowerStep& power = curve_.steps[step];
    const auto now = static_cast<float>(watts);
    power.low = covered_[step] > 0.0 ? std::min(power.low, now) : now;
    power.high = covered_[step] > 0.0 ? std::max(power.high, now) : now;
    joules_[step] += watts * share;
    covered_[step] += share;
  }

  const TimeAxis& axis_;
  energy::SensorDescription sensor_;
  double silence_;
  energy::IntervalStream stream_;
  std::optional<core::Instant> last_;
  std::vector<double> joules_, covered_;
  SensorCurve curve_;
};

}  // namespace

std::size_t TimeAxis::steps() const {
  return stretches.empty() ? 0 : stretches.back().first_step + stretches.back().steps;
}

core::Result<PowerCurve> power_curve(store::Run& run, const metrics::Sample& sample) {
  PowerCurve curve{.axis = axis_of(sample, run.manifest())};
  curve.activity = activity_of(curve.axis, sample);
  std::optional<CurveBuilder> builder;
  std::string current;
  const auto finish = [&] {
    if (builder) curve.sensors.push_back(std::move(*builder).finish());
    builder.reset();
  };
  IPW_CHECK(run.for_each_telemetry([&](const store::TelemetrySecond& second) -> core::Result<void> {
    if (!builder || second.sensor != current) {
      finish();
      current = second.sensor;
      builder.emplace(curve.axis, recorded_sensor(run.manifest(), current));
    }
    const auto samples = recorded_samples(second);
    if (!samples) {
      ++curve.unreadable;
      return {};
    }
    for (const energy::Sample& one : *samples) builder->add(one);
    return {};
  }));
  finish();
  return curve;
}

}  // namespace ipw::report
