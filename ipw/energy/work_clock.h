#pragma once
// Whose work it was: the CPU time that the model's own threads or processes used, by the kernel's
// clocks, in nanoseconds. What else ran on the machine is not in it, so nothing needs to be
// subtracted and a query of a third of a millisecond can be told.

#include <time.h>

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/core/units.h"

namespace ipw::energy {

/// Thread-safe.
class WorkClock {
 public:
  virtual ~WorkClock() = default;
  /// CPU seconds of the model's work since an arbitrary origin. Never less than it said before.
  /// kUnavailable where the work cannot be told from that of others, with the reason.
  [[nodiscard]] virtual core::Result<core::Seconds> read() = 0;
  /// Whose time it is, for people: "the model's threads in this process".
  [[nodiscard]] virtual std::string whose() const = 0;
};

/// The work of a model in this process: all of its threads but while they are set aside. Takes one
/// to two microseconds to read, and .2 more for every thread that is set aside.
class OwnWork final : public WorkClock {
 public:
  /// While it lives, what the calling thread does is ipw's own work and not the model's. To be
  /// ended on the same thread. Without a clock it does nothing.
  class Aside {
   public:
    explicit Aside(OwnWork* clock);
    ~Aside();
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;

   private:
    OwnWork* clock_;
  };

  [[nodiscard]] core::Result<core::Seconds> read() override;
  [[nodiscard]] std::string whose() const override;
  /// CPU seconds of threads while they were set aside.
  [[nodiscard]] core::Seconds overhead() const;

 private:
  struct Thread {
    const Aside* aside;
    clockid_t clock;
    core::Seconds begun;  // what the thread's clock said
  };
  [[nodiscard]] core::Seconds overhead_now() const;  // under the mutex

  mutable std::mutex mutex_;
  std::vector<Thread> aside_;
  core::Seconds ended_{0.0};  // of those that are aside no more
  core::Seconds told_{0.0};
};

/// The work of a server's processes: those that `roots` finds and all that they started, also what
/// has ended and was waited for. Processes are looked for again every second, so that a server that
/// forks, restarts or changes its process id is followed; what ran before it was first seen is not
/// counted, nor anything twice. Reads /proc below `root`, but clocks of this system.
class ProcessWork final : public WorkClock {
 public:
  using Roots = std::function<core::Result<std::set<int>>()>;
  ProcessWork(std::filesystem::path root, Roots roots, std::string whose);

  [[nodiscard]] core::Result<core::Seconds> read() override;
  [[nodiscard]] std::string whose() const override { return whose_; }

 private:
  struct Process {
    std::int64_t start_ticks = 0;  // since boot: tells a process from a later one of its number
    core::Seconds before{0.0};     // what it had used when it was first seen, if that is not ours
    core::Seconds own{0.0};        // by its clock, when last read
    core::Seconds waited{0.0};     // of children that it has waited for

    [[nodiscard]] core::Seconds used() const { return own + waited - before; }
  };
  void look_again();
  [[nodiscard]] core::Seconds sum();

  const std::filesystem::path root_;
  const Roots roots_;
  const std::string whose_;

  std::mutex mutex_;
  std::map<int, Process> processes_;
  std::optional<core::Error> failure_;   // of the last look; while processes are known it is borne
  std::optional<core::Seconds> looked_;  // last, on the monotonic clock
  std::optional<core::Seconds> watched_since_;
  core::Seconds lost_{0.0};  // of processes that vanished without being waited for
  core::Seconds told_{0.0};
};

/// The work of all programs that this process has started since the clock was made: of those that
/// run, as they are found once a second, and exactly of those that have ended and were waited for.
class ChildrenWork final : public WorkClock {
 public:
  explicit ChildrenWork(std::filesystem::path root);
  [[nodiscard]] core::Result<core::Seconds> read() override;
  [[nodiscard]] std::string whose() const override;

 private:
  const std::filesystem::path root_;
  std::mutex mutex_;
  std::set<int> running_;  // as of the last look, once a second
  std::optional<core::Seconds> looked_;
  core::Seconds begun_{0.0};
  core::Seconds told_{0.0};
};

}  // namespace ipw::energy
