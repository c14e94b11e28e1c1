#pragma once
// A run on the disk: one directory that holds all of one model × question set × load point, and
// that loses nothing which was reported done. docs/formats.md describes the files.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/record/call.h"
#include "ipw/record/verdict.h"
#include "ipw/store/call_energy.h"
#include "ipw/store/call_reader.h"
#include "ipw/store/columns.h"
#include "ipw/store/judge_again.h"
#include "ipw/store/manifest.h"
#include "ipw/store/question_key.h"
#include "ipw/store/sharing.h"

namespace ipw::store {

/// 32 random hexadecimal characters.
[[nodiscard]] std::string new_run_id();

/// Where one question and repeat stands.
struct RecordState {
  int attempts = 0;  // 0: never asked; also the number of the next attempt
  record::Outcome outcome = record::Outcome::kMissing;
  double value = 0.0;  // meaningless while missing

  /// A missing verdict is no verdict: the question is asked again, as attempt `attempts`.
  [[nodiscard]] bool done() const { return attempts > 0 && outcome != record::Outcome::kMissing; }
};

enum class IdlePhase { kUnloadedBefore, kLoadedBefore, kLoadedAfter, kUnloadedAfter };

/// "unloaded-before", "loaded-before", "loaded-after" or "unloaded-after".
[[nodiscard]] const char* name(IdlePhase phase);

/// Power of a sensor while nothing was asked.
struct IdlePower {
  IdlePhase phase = IdlePhase::kUnloadedBefore;
  std::string sensor;
  core::Watts power;
  core::Watts standard_error;
  core::Seconds duration{0.0};
  std::int64_t n = 0;  // readings behind it
};

/// Something that happened to the run as a whole.
struct Event {
  std::string time;  // RFC 3339
  std::string kind;  // "started", "interrupted", "resumed", "finished", "warning"
  std::string text;
};

/// Where a stretch of the run's time line lies on the wall clock: it begins at `base` and goes on
/// until the next session.
struct SessionStart {
  std::chrono::nanoseconds base{0};
  std::chrono::nanoseconds wall_start{0};  // since 1970, UTC
};

/// One sensor's raw samples within one second of the run's time line.
struct TelemetrySecond {
  std::string sensor;
  std::int64_t second = 0;
  std::span<const std::byte> samples;  // encoded by whoever appended them
};

/// Thread-safe: calls wait for each other, and a sink must not call the run that feeds it. What
/// append* reports done survives the death of the process at any moment (SQLite WAL, synchronous
/// NORMAL); the latest commits may be lost when the whole machine loses power, never earlier ones.
/// Every call may fail with kOutOfSpace (everything recorded so far is intact, and the same call
/// may be repeated when there is space), kPermissionDenied, kUnavailable, and kInvalidData where
/// the files are damaged.
class Run {
 public:
  /// Starts a run in `directory`, which is made where it is missing and must be empty otherwise
  /// (kAlreadyExists). Sets schema_version, and run_id and created where they are empty. Folder and
  /// files are readable for whom `sharing` says.
  [[nodiscard]] static core::Result<Run> create(const std::filesystem::path& directory,
                                                Manifest manifest, const core::Clock& clock,
                                                Sharing sharing = Sharing::kPrivate);
  /// Opens to append, as a new session. kBusy while another process does; kNotFound, kUnsupported
  /// as open().
  [[nodiscard]] static core::Result<Run> resume(const std::filesystem::path& directory,
                                                const core::Clock& clock);
  /// Opens to read, also while another process appends; the append functions answer kUsage.
  /// kNotFound where there is no run, kUnsupported where a newer ipw made it, kInvalidData where it
  /// was never completely created or is damaged.
  [[nodiscard]] static core::Result<Run> open(const std::filesystem::path& directory);

  Run(Run&&) noexcept;
  Run& operator=(Run&&) noexcept;
  ~Run();

  [[nodiscard]] const std::filesystem::path& directory() const;
  [[nodiscard]] const Manifest& manifest() const;
  /// Replaces run.json as a whole; run_id and created stay. Not while others call manifest().
  [[nodiscard]] core::Result<void> rewrite(Manifest manifest);
  /// Where `at` on this process's clock lies on the run's time line, which starts at the run's
  /// creation and goes on over all sessions. Only while appending.
  [[nodiscard]] std::chrono::nanoseconds on_time_line(core::Instant at) const;

  /// Durable on return, in one transaction: all or none. A (question, repeat, attempt) that is
  /// there already stays as it is. kUsage where a question's id is no content hash.
  [[nodiscard]] core::Result<void> append(std::span<const record::Call> calls);
  /// Durable on return, in one transaction: the shares of calls that are in the run already. A
  /// share that is there is replaced. kUsage for a call that is not there.
  [[nodiscard]] core::Result<void> append_energy(std::span<const CallEnergy> energy);
  /// See judge_again.h. run.json, which names the rules, is for the caller to rewrite afterwards.
  [[nodiscard]] core::Result<JudgedAgain> judge_again(const Judge& judge);
  /// `second` of the run's time line; appended again, it replaces.
  [[nodiscard]] core::Result<void> append_telemetry(std::string_view sensor, std::int64_t second,
                                                    std::span<const std::byte> samples);
  [[nodiscard]] core::Result<void> append_idle(const IdlePower& idle);
  [[nodiscard]] core::Result<void> append_event(core::WallTime time, std::string_view kind,
                                                std::string_view text);

  /// Some microseconds.
  [[nodiscard]] core::Result<RecordState> state(std::string_view question_id, int repeat);
  /// state().done()
  [[nodiscard]] core::Result<bool> done(std::string_view question_id, int repeat);
  /// Every question and repeat that was ever asked, in the order of the columns.
  [[nodiscard]] core::Result<void> for_each_key(
      const std::function<core::Result<void>(const QuestionKey&, int repeat, const RecordState&)>&
          sink);

  /// See call_reader.h and columns.h.
  [[nodiscard]] core::Result<void> for_each_call(const CallSink& sink);
  /// All attempts at the questions with these indices (as Columns::question), in their order,
  /// without reading the others.
  [[nodiscard]] core::Result<void> for_each_call_of(std::span<const std::uint32_t> questions,
                                                    const CallSink& sink);
  [[nodiscard]] core::Result<void> for_each_record(const CallSink& sink);
  [[nodiscard]] core::Result<Columns> columns();
  /// The content hash of every question, indexed as Columns::question: for joins between runs.
  [[nodiscard]] core::Result<std::vector<QuestionKey>> question_keys();

  [[nodiscard]] core::Result<void> for_each_telemetry(
      const std::function<core::Result<void>(const TelemetrySecond&)>& sink);
  [[nodiscard]] core::Result<std::vector<IdlePower>> idle();
  [[nodiscard]] core::Result<std::vector<Event>> events();
  /// In their order; at least one.
  [[nodiscard]] core::Result<std::vector<SessionStart>> sessions();
  /// Ids and provenance of the sensors that have a share in any call.
  [[nodiscard]] core::Result<std::vector<std::pair<std::string, record::Provenance>>> sensors();
  /// How many calls no sensor has a share in.
  [[nodiscard]] core::Result<std::int64_t> calls_without_energy();

 private:
  struct State;
  explicit Run(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ipw::store
