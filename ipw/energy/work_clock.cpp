// Clocks of threads and processes: see work_clock.h. Linux counts a process's time in nanoseconds,
// up to the moment of the question (clock_getcpuclockid(3)), and that of children that have ended
// and were waited for in ticks (proc(5), fields 16 and 17 of stat).

#include "ipw/energy/work_clock.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "ipw/energy/model_processes.h"

namespace ipw::energy {

namespace {

constexpr core::Seconds kLookEvery{1.0};

std::optional<core::Seconds> time_of(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return std::nullopt;
  return core::Seconds(static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec));
}

std::optional<core::Seconds> process_time(int pid) {
  clockid_t clock{};
  if (::clock_getcpuclockid(pid, &clock) != 0) return std::nullopt;
  return time_of(clock);
}

core::Seconds monotonic() { return *time_of(CLOCK_MONOTONIC); }

double ticks_per_second() {
  static const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return ticks;
}

struct Stat {
  core::Seconds waited{0.0};  // user and system time of children
  std::int64_t start_ticks = 0;
};

std::optional<Stat> stat_of(const std::filesystem::path& root, int pid) {
  std::ifstream file(root / "proc" / std::to_string(pid) / "stat");
  std::string line;
  std::getline(file, line);
  const std::size_t after_name = line.rfind(')');  // the name may hold anything, ')' too
  if (after_name == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(after_name + 1));
  // From field 3 on: state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime
  // stime cutime cstime priority nice threads itrealvalue starttime.
  std::string skipped;
  for (int i = 0; i < 13; ++i) fields >> skipped;
  double user = 0.0;
  double system = 0.0;
  Stat stat;
  fields >> user >> system;
  for (int i = 0; i < 4; ++i) fields >> skipped;
  if (!(fields >> stat.start_ticks)) return std::nullopt;
  stat.waited = core::Seconds((user + system) / ticks_per_second());
  return stat;
}

}  // namespace

OwnWork::Aside::Aside(OwnWork* clock) : clock_(clock) {
  if (!clock_) return;
  clockid_t thread{};
  ::pthread_getcpuclockid(::pthread_self(), &thread);
  const std::lock_guard lock(clock_->mutex_);
  clock_->aside_.push_back({this, thread, *time_of(CLOCK_THREAD_CPUTIME_ID)});
}

OwnWork::Aside::~Aside() {
  if (!clock_) return;
  const std::lock_guard lock(clock_->mutex_);
  const auto mine = std::ranges::find(clock_->aside_, this, &Thread::aside);
  clock_->ended_ += *time_of(CLOCK_THREAD_CPUTIME_ID) - mine->begun;
  clock_->aside_.erase(mine);
}

core::Seconds OwnWork::overhead_now() const {
  core::Seconds sum = ended_;
  for (const Thread& thread : aside_) {
    sum += time_of(thread.clock).value_or(thread.begun) - thread.begun;
  }
  return sum;
}

core::Result<core::Seconds> OwnWork::read() {
  const std::lock_guard lock(mutex_);
  const core::Seconds all = *time_of(CLOCK_PROCESS_CPUTIME_ID);
  told_ = std::max(told_, all - overhead_now());
  return told_;
}

std::string OwnWork::whose() const { return "the model's threads in this process"; }

core::Seconds OwnWork::overhead() const {
  const std::lock_guard lock(mutex_);
  return overhead_now();
}

ProcessWork::ProcessWork(std::filesystem::path root, Roots roots, std::string whose)
    : root_(std::move(root)), roots_(std::move(roots)), whose_(std::move(whose)) {}

// A process that is as old as the first look or older has worked for others before; one that was
// born later has only worked for us.
void ProcessWork::look_again() {
  const core::Seconds now = monotonic();
  if (looked_ && now - *looked_ < kLookEvery) return;
  looked_ = now;
  core::Result<std::set<int>> roots = roots_();
  if (roots && roots->empty()) {
    roots = core::fail(core::ErrorCode::kUnavailable, fmt::format("{} has no process", whose_));
  }
  failure_ = roots ? std::nullopt : std::optional(roots.error());
  if (!roots) return;
  const double boot_now = time_of(CLOCK_BOOTTIME)->count();
  std::map<int, Process> found;
  for (const int pid : with_descendants(root_, *roots)) {
    const std::optional<Stat> stat = stat_of(root_, pid);
    const std::optional<core::Seconds> own = process_time(pid);
    if (!stat || !own) continue;
    const auto known = processes_.find(pid);
    Process process{.start_ticks = stat->start_ticks, .own = *own, .waited = stat->waited};
    if (known != processes_.end() && known->second.start_ticks == stat->start_ticks) {
      process.before = known->second.before;
    } else {
      const double age = boot_now - static_cast<double>(stat->start_ticks) / ticks_per_second();
      const bool ours = watched_since_ && age <= (now - *watched_since_).count();
      if (!ours) process.before = process.own + process.waited;
    }
    found.emplace(pid, process);
  }
  // What vanished was waited for by a process that is still there, or else it is kept here.
  core::Seconds vanished{0.0};
  for (const auto& [pid, process] : processes_) {
    const auto now_there = found.find(pid);
    const bool there =
        now_there != found.end() && now_there->second.start_ticks == process.start_ticks;
    vanished += there ? process.waited - now_there->second.waited : process.used();
  }
  if (vanished.count() * ticks_per_second() > 1.0) lost_ += vanished;
  processes_ = std::move(found);
  if (!watched_since_) watched_since_ = now;
}

core::Seconds ProcessWork::sum() {
  core::Seconds sum{0.0};
  for (auto& [pid, process] : processes_) {
    process.own = std::max(process.own, process_time(pid).value_or(process.own));
    sum += process.used();
  }
  return sum;
}

core::Result<core::Seconds> ProcessWork::read() {
  const std::lock_guard lock(mutex_);
  look_again();
  if (!watched_since_) return std::unexpected(*failure_);
  told_ = std::max(told_, sum() + lost_);
  return told_;
}

ChildrenWork::ChildrenWork(std::filesystem::path root) : root_(std::move(root)) {
  begun_ = read().value_or(core::Seconds(0.0));
  told_ = core::Seconds(0.0);
}

core::Result<core::Seconds> ChildrenWork::read() {
  const std::lock_guard lock(mutex_);
  const core::Seconds now = monotonic();
  if (!looked_ || running_.empty() || now - *looked_ >= kLookEvery) {
    running_ = with_descendants(root_, {::getpid()});
    running_.erase(::getpid());
    looked_ = now;
  }
  // Those that run are looked at first: one that ends in between is counted late, not twice.
  core::Seconds running{0.0};
  for (const int pid : running_) {
    running += process_time(pid).value_or(core::Seconds(0.0));
    if (const std::optional<Stat> stat = stat_of(root_, pid)) running += stat->waited;
  }
  rusage waited{};
  ::getrusage(RUSAGE_CHILDREN, &waited);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  const core::Seconds all =
      running + core::Seconds(seconds(waited.ru_utime) + seconds(waited.ru_stime));
  told_ = std::max(told_, all - begun_);
  return told_;
}

std::string ChildrenWork::whose() const { return "the program and what it started"; }

}  // namespace ipw::energy
