// The lead is a mutex: its holder claims and waits, whoever waits for it stands ready.
#include "ipw/profiling/dispatch.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "ipw/core/caught.h"

namespace ipw::profiling {
namespace {

constexpr std::chrono::milliseconds kGlance{20};  // how often a wait looks whether to stop

class Dispatching {
 public:
  Dispatching(const NextDispatch& next, core::Clock& clock, int in_flight,
              const std::stop_token& stop)
      : next_(next), clock_(clock), most_(static_cast<std::size_t>(in_flight)), stop_(stop) {}

  core::Result<void> run() {
    {
      const std::lock_guard lead(lead_);
      start_thread();
    }
    // A thread starts others only while it runs: when the last one is joined, none can follow.
    for (std::size_t i = 0;; ++i) {
      std::thread thread;
      {
        const std::lock_guard lead(lead_);
        if (i == threads_.size()) break;
        thread = std::move(threads_[i]);
      }
      thread.join();
    }
    if (failure_) return std::unexpected(*failure_);
    return {};
  }

 private:
  // Under the lead.
  void start_thread() {
    ++ready_;
    threads_.emplace_back([this] { work(); });
  }

  void work() {
    try {
      while (std::optional<Dispatch> claimed = claim()) {
        claimed->send(claimed->due.value_or(clock_.now()));
        ++ready_;
      }
    } catch (...) {  // a full memory ends the dispatch, not the process
      const std::lock_guard lead(lead_);
      if (!failure_) failure_ = core::caught_error();
      over_ = true;
    }
  }

  // The system may have no more of them: then those that there are share the work.
  void start_another() {
    try {
      start_thread();
    } catch (const std::system_error&) {
      --ready_;
      most_ = threads_.size();
    }
  }

  // Takes the lead, the next request and the time until it is due; nothing: it is over.
  std::optional<Dispatch> claim() {
    const std::lock_guard lead(lead_);
    --ready_;
    if (over_) return std::nullopt;
    if (ready_ == 0 && threads_.size() < most_) start_another();
    core::Result<std::optional<Dispatch>> next = next_();
    if (!next && !failure_) failure_ = next.error();
    if (!next || !*next || !wait_until((*next)->due)) {
      over_ = true;
      return std::nullopt;
    }
    return std::move(*next);
  }

  // False: asked to stop.
  bool wait_until(std::optional<core::Instant> due) {
    while (!stop_.stop_requested()) {
      const core::Instant now = clock_.now();
      if (!due || now >= *due) return true;
      clock_.sleep_until(std::min(*due, now + kGlance));
    }
    return false;
  }

  const NextDispatch& next_;
  core::Clock& clock_;
  std::size_t most_;
  const std::stop_token& stop_;

  std::mutex lead_;
  std::vector<std::thread> threads_;    // under the lead
  bool over_ = false;                   // under the lead
  std::optional<core::Error> failure_;  // under the lead; read when all threads are joined
  std::atomic<int> ready_{0};           // threads that have no request
};

}  // namespace

core::Result<void> dispatch(const NextDispatch& next, core::Clock& clock, int in_flight,
                            const std::stop_token& stop) {
  return Dispatching(next, clock, std::clamp(in_flight, 1, kMostInFlight), stop).run();
}

}  // namespace ipw::profiling
