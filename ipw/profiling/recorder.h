#pragma once
// Between the threads that ask and the run on the disk: waits until the sensors have told what a
// call cost, commits calls in groups, and only then reports them.

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
  /// It ended, this way or that. Thread-safe.
  void finish(std::uint64_t request, record::Call call);

  /// Waits until everything finished is durable. The first failure of the store, or the last
  /// progress.
  [[nodiscard]] core::Result<Progress> close();

 private:
  struct Finished {
    std::uint64_t request;
    record::Call call;
  };
  struct Inbox {
    std::vector<std::pair<std::uint64_t, core::Instant>> begun;
    std::vector<Finished> finished;
    std::vector<energy::Reading> edges;  // what sensors said where requests began and ended
  };

  void stop();
  void write_until_closed();
  [[nodiscard]] core::Result<void> write_round(bool last);
  void take_in(Inbox inbox);
  [[nodiscard]] core::Result<void> write(std::vector<energy::Attributed> settled);
  void report(const record::Call& call);

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
  std::size_t unwritten_ = 0;
  bool closing_ = false;
  std::optional<core::Error> failure_;

  // The writing thread's own.
  std::unordered_map<std::uint64_t, record::Call> waiting_;  // for their joules
  Progress progress_;
  core::Instant started_;
  std::thread thread_;
};

}  // namespace ipw::profiling
