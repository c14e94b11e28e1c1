#pragma once
// Between the threads that ask and the run on the disk: commits calls in groups as soon as they
// have ended, and only then reports them; what they cost follows once the sensors have told it.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/profiling/metering.h"
#include "ipw/profiling/progress.h"
#include "ipw/record/call.h"
#include "ipw/store/run.h"

namespace ipw::profiling {

class Recorder {
 public:
  /// Starts the thread that writes. All arguments outlive it; `metering` and the appending side of
  /// `run` belong to it until close(). `on_failure` is called once, from that thread, when the
  /// store fails.
  Recorder(Metering& metering, store::Run& run, core::Clock& clock, Progress at_start,
           ProgressSink sink, std::function<void()> on_failure, energy::OwnWork* own = nullptr);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// A request is about to be sent; its number. Waits while too many calls are not yet written.
  /// Thread-safe.
  [[nodiscard]] std::uint64_t begin();
  /// It ended, this way or that. Within a millisecond or two and one transaction it is durable:
  /// what a kill then costs is its joules, where the sensors had not told them yet, and no answer.
  /// Thread-safe.
  void finish(std::uint64_t request, record::Call call);

  /// Waits until everything finished is durable, joules included. The first failure of the store,
  /// or the last progress.
  [[nodiscard]] core::Result<Progress> close();

 private:
  struct Finished {
    std::uint64_t request;
    record::Call call;
  };
  struct Inbox {
    std::vector<std::pair<std::uint64_t, core::Instant>> begun;
    std::vector<Finished> finished;
    Metering::Edges edges;  // what sensors and clocks said where requests began and ended
  };

  void stop();
  void write_until_closed();
  [[nodiscard]] core::Result<void> guarded_round(bool last);
  [[nodiscard]] core::Result<void> write_round(bool last);
  [[nodiscard]] core::Result<void> write_answers(Inbox inbox);
  [[nodiscard]] core::Result<void> write_energy(std::vector<energy::Attributed> settled);
  void report(const record::Call& call);
  void report(const std::vector<record::EnergyShare>& shares);

  Metering& metering_;
  store::Run& run_;
  core::Clock& clock_;
  ProgressSink sink_;
  std::function<void()> on_failure_;
  energy::OwnWork* own_;  // where the writing thread sets its work aside

  std::mutex mutex_;
  std::condition_variable arrived_, written_;
  Inbox inbox_;
  std::uint64_t next_request_ = 0;
  std::size_t unwritten_ = 0;  // finished and not yet durable
  bool closing_ = false;
  std::optional<core::Error> failure_;

  // The writing thread's own.
  std::unordered_map<std::uint64_t, store::CallName> waiting_;  // for their joules
  Progress progress_;
  core::Instant started_;
  core::Instant next_settling_;
  std::thread thread_;
};

}  // namespace ipw::profiling
