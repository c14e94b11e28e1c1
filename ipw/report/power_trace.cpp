// See power_trace.h.
#include "ipw/report/power_trace.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "ipw/energy/interval.h"
#include "ipw/report/recorded_samples.h"
#include "ipw/report/recorded_sensor.h"

namespace ipw::report {
namespace {

using energy::EpochNanoseconds;

double seconds(EpochNanoseconds from, EpochNanoseconds to) {
  return 1e-9 * static_cast<double>(to - from);
}

// The run's time line laid on the wall clock, session by session.
class WallClock {
 public:
  explicit WallClock(std::vector<store::SessionStart> sessions) : sessions_(std::move(sessions)) {}

  [[nodiscard]] EpochNanoseconds at(core::Instant instant) const {
    const std::chrono::nanoseconds time = instant.time_since_epoch();
    const store::SessionStart& session = sessions_[session_of(instant)];
    return (session.wall_start + (time - session.base)).count();
  }
  [[nodiscard]] std::size_t session_of(core::Instant instant) const {
    const std::chrono::nanoseconds time = instant.time_since_epoch();
    const auto after = std::ranges::upper_bound(sessions_, time, {}, &store::SessionStart::base);
    return after == sessions_.begin() ? 0 : static_cast<std::size_t>(after - sessions_.begin() - 1);
  }

 private:
  std::vector<store::SessionStart> sessions_;
};

}  // namespace

void PowerTrace::add(EpochNanoseconds from, EpochNanoseconds to, core::Joules energy) {
  if (from >= to) return;
  if (!pieces_.empty()) {
    Piece& last = pieces_.back();
    if (from < last.to) return;
    if (from == last.to && seconds(last.from, last.to) < grain_.count()) {
      last.to = to;
      last.joules += energy.count();
      return;
    }
  }
  Piece piece{.from = from, .to = to, .joules = energy.count()};
  if (!pieces_.empty()) {
    const Piece& last = pieces_.back();
    piece.joules_before = last.joules_before + last.joules;
    piece.seconds_before = last.seconds_before + seconds(last.from, last.to);
  }
  pieces_.push_back(piece);
}

std::pair<double, double> PowerTrace::until(EpochNanoseconds at) const {
  const auto after = std::ranges::upper_bound(pieces_, at, {}, &Piece::from);
  if (after == pieces_.begin()) return {0.0, 0.0};
  const Piece& piece = *std::prev(after);
  const double length = seconds(piece.from, piece.to);
  const double part = std::min(length, seconds(piece.from, at));
  return {piece.joules_before + piece.joules * part / length, piece.seconds_before + part};
}

PowerTrace::Span PowerTrace::span(EpochNanoseconds from, EpochNanoseconds to) const {
  const auto [joules_before, seconds_before] = until(from);
  const auto [joules_after, seconds_after] = until(to);
  return {core::Joules(joules_after - joules_before),
          core::Seconds(seconds_after - seconds_before)};
}

core::Result<std::vector<RecordedTrace>> recorded_traces(store::Run& run, core::Seconds grain) {
  IPW_TRY(std::vector<store::SessionStart> sessions, run.sessions());
  if (sessions.empty()) {
    return core::fail(core::ErrorCode::kInvalidData,
                      "the run notes no session, so that its samples have no place on the clock");
  }
  const WallClock wall(std::move(sessions));
  std::vector<RecordedTrace> traces;
  std::optional<energy::IntervalStream> stream;
  std::size_t session = 0;
  IPW_CHECK(run.for_each_telemetry([&](const store::TelemetrySecond& second) -> core::Result<void> {
    if (traces.empty() || traces.back().sensor != second.sensor) {
      const energy::SensorDescription sensor = recorded_sensor(run.manifest(), second.sensor);
      traces.push_back({second.sensor, sensor.provenance, energy::name(sensor.scope),
                        sensor.update_period, PowerTrace(grain)});
      stream.emplace(sensor);
    }
    IPW_TRY(const std::vector<energy::Sample> samples, recorded_samples(second));
    for (const energy::Sample& sample : samples) {
      if (wall.session_of(sample.at) != session) {  // the clocks of two sessions do not join
        session = wall.session_of(sample.at);
        stream.emplace(recorded_sensor(run.manifest(), second.sensor));
      }
      const auto interval = stream->add(sample);
      if (!interval || !interval->known) continue;
      const EpochNanoseconds to = wall.at(interval->to);
      traces.back().trace.add(to - std::chrono::nanoseconds(interval->to - interval->from).count(),
                              to, to_joules(interval->energy));
    }
    return {};
  }));
  return traces;
}

}  // namespace ipw::report
