#pragma once
// The main job: ask a model every question of a set, keep each answer with its verdict, its seconds
// and its joules, and lose nothing.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/datasets/question_set.h"
#include "ipw/energy/company_watch.h"
#include "ipw/energy/devices_in_use.h"
#include "ipw/energy/sensor.h"
#include "ipw/energy/work_clock.h"
#include "ipw/models/language_model.h"
#include "ipw/profiling/arrivals.h"
#include "ipw/profiling/dispatch.h"
#include "ipw/profiling/progress.h"
#include "ipw/scoring/scorer.h"
#include "ipw/store/run.h"

namespace ipw::profiling {

struct ProfileOptions {
  int concurrency = 1;  // requests in flight in a closed loop
  Arrivals arrivals;    // kClosed: a closed loop, for `arrivals.duration` where that is given
  std::uint64_t arrival_seed = 0;
  int in_flight = kMostInFlight;  // most requests at a time in an open loop
  std::optional<std::int64_t>
      requests;         // that the schedule holds, where it ends before the set does
  bool traced = false;  // the questions are of a trace, and say how long their answers are to be
  int repeat = 1;       // how often every question is asked
  int warmup = 1;       // questions asked beforehand, not recorded
  int max_tokens = 512;
  std::string reasoning_effort;  // asked of models that think; empty: their own
  std::vector<std::string> stop;
  models::Sampling sampling;  // its seed is derived per question and repeat
  std::uint64_t generation_seed = 0;
  core::Seconds idle{1.0};  // how long idle power is watched each time; 0: not at all
  core::Seconds telemetry_every{1.0};
};

/// What a profile works with. Everything outlives the call.
struct ProfileParts {
  std::function<core::Result<std::unique_ptr<models::LanguageModel>>()> open_model;
  /// Called once the model is there: creates the run, or opens it to go on.
  std::function<core::Result<store::Run>(const models::ModelDescription&)> open_run;
  datasets::QuestionSet& questions;
  std::int64_t planned = 0;  // questions in the set, before repeats
  const scoring::Scorer& scorer;
  std::vector<std::unique_ptr<energy::Sensor>> sensors;
  core::Clock& clock;
  /// Where ipw's own threads set their work aside, of a model in this process; null: elsewhere.
  energy::OwnWork* own_work = nullptr;
  energy::WorkClock* work = nullptr;        // of the model, on this machine; null: not to be told
  energy::CompanyWatch* company = nullptr;  // null: what else the machine does is not watched
  /// Which of the sensors' devices the model runs on; asked once, after the warm-up, because a
  /// server loads its model at the first question. Empty: all of them.
  std::function<energy::DevicesInUse(std::span<const energy::SensorDescription>)> devices_in_use;
};

struct ProfileResult {
  Progress progress;         // at the end
  bool interrupted = false;  // stopped on request; resume asks what is missing
  std::string gave_up;       // why the rest was not asked; empty: it was
};

/// Measures idle, loads the model, measures idle again, warms up, asks, and measures idle once
/// more. A call is reported to `progress` only after it is durable. On a stop request the questions
/// in flight are given up (recorded as missing, their joules kept) and the rest is left for a
/// resume. A failing question never ends the profile; a failing store or question set does, with
/// its error, after everything so far is durable.
///
/// Where several requests in a row fail in the same words, as the model cannot be reached, the rest
/// is not asked: three where it never answered, ten where it did.
///
/// An open loop sends every request at its time, whether answers came back or not; all latencies
/// count from there. When resumed, the schedule goes on after as many requests as have a verdict,
/// and the time between the sessions does not count. A closed loop for a time that is resumed asks
/// again what went missing, and nothing new. How well an open loop kept to its schedule goes into
/// the manifest, and so does, sensor by sensor, how a counter agreed with the power of its device
/// while the model waited and while it worked.
[[nodiscard]] core::Result<ProfileResult> profile(ProfileParts parts, const ProfileOptions& options,
                                                  const ProgressSink& progress,
                                                  std::stop_token stop);

}  // namespace ipw::profiling
