// Whose CPU time it was, on real threads and processes: what burns, forks, ends and restarts.

#include "ipw/energy/work_clock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <set>
#include <thread>

namespace ipw::energy {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Uses so much CPU time of the calling thread, whatever else runs beside it.
void burn(double seconds) {
  const double end = seconds_of(CLOCK_THREAD_CPUTIME_ID) + seconds;
  while (seconds_of(CLOCK_THREAD_CPUTIME_ID) < end) {
  }
}

void end_with_the_parent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

// A process that does what it is told and then waits to be ended.
class Worker {
 public:
  explicit Worker(const std::function<void(int done)>& work) {
    int pipe[2];
    EXPECT_EQ(::pipe(pipe), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      end_with_the_parent();
      ::close(pipe[0]);
      work(pipe[1]);
      for (;;) ::pause();
    }
    ::close(pipe[1]);
    done_ = pipe[0];
  }
  ~Worker() { end(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void await() const {
    char byte = 0;
    EXPECT_EQ(::read(done_, &byte, 1), 1);
  }
  void end() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(done_);
    pid_ = -1;
  }
  [[nodiscard]] int pid() const { return pid_; }

 private:
  int pid_ = -1;
  int done_ = -1;
};

void say_done(int done) { static_cast<void>(!::write(done, "x", 1)); }

// The clock looks for processes once a second.
void let_it_look() { std::this_thread::sleep_for(std::chrono::milliseconds(1'100)); }

double read(WorkClock& clock) { return clock.read().value_or(core::Seconds(-1.0)).count(); }

TEST(OwnWork, CountsTheModelsThreadsAndNotThoseThatAreSetAside) {
  OwnWork clock;
  const double before = read(clock);
  std::thread own([&] {
    const OwnWork::Aside aside(&clock);
    burn(0.2);
  });
  std::thread model([] { burn(0.1); });
  own.join();
  model.join();
  EXPECT_NEAR(read(clock) - before, 0.1, 0.02);
  EXPECT_NEAR(clock.overhead().count(), 0.2, 0.02);
}

TEST(OwnWork, AThreadCanBeSetAsideForAPartOfItsWork) {
  OwnWork clock;
  const double before = read(clock);
  burn(0.03);
  {
    const OwnWork::Aside aside(&clock);
    burn(0.1);
  }
  burn(0.03);
  EXPECT_NEAR(read(clock) - before, 0.06, 0.01);
}

TEST(OwnWork, WhatIsStillAsideIsNotCounted) {
  OwnWork clock;
  const OwnWork::Aside aside(&clock);
  const double before = read(clock);
  burn(0.05);
  EXPECT_NEAR(read(clock) - before, 0.0, 0.005);
}

TEST(OwnWork, ResolvesATwentiethOfAMillisecond) {
  OwnWork clock;
  double sum = 0.0;
  for (int i = 0; i < 200; ++i) {
    const double before = read(clock);
    burn(50e-6);
    sum += read(clock) - before;
  }
  EXPECT_NEAR(sum, 200 * 50e-6, 0.25 * 200 * 50e-6);
}

TEST(OwnWork, NeverGoesBackWhileThreadsComeAndGo) {
  OwnWork clock;
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        const OwnWork::Aside aside(&clock);
        burn(100e-6);
      }
    });
  }
  double before = 0.0;
  for (int i = 0; i < 5'000; ++i) {
    const double now = read(clock);
    ASSERT_GE(now, before);
    before = now;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

ProcessWork work_of(int pid) {
  return {"/", [pid] { return std::set<int>{pid}; }, "the worker"};
}

TEST(ProcessWork, CountsFromWhereItWasFirstSeen) {
  int go[2];
  ASSERT_EQ(::pipe(go), 0);
  Worker worker([&](int done) {
    burn(0.15);
    say_done(done);
    char byte = 0;
    static_cast<void>(!::read(go[0], &byte, 1));
    burn(0.1);
    say_done(done);
  });
  worker.await();
  ProcessWork clock = work_of(worker.pid());
  EXPECT_NEAR(read(clock), 0.0, 0.005) << "what it did before was not for us";
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  worker.await();
  EXPECT_NEAR(read(clock), 0.1, 0.01);
  ::close(go[0]);
  ::close(go[1]);
}

TEST(ProcessWork, CountsWhatAServerForksFromItsBirthAndWhatHasEndedOnce) {
  Worker worker([](int done) {
    say_done(done);
    ::usleep(100'000);
    if (::fork() == 0) {
      burn(0.1);
      ::_exit(0);
    }
    ::wait(nullptr);
    if (::fork() == 0) {
      end_with_the_parent();
      burn(0.1);
      say_done(done);
      for (;;) ::pause();
    }
  });
  worker.await();
  ProcessWork clock = work_of(worker.pid());
  EXPECT_NEAR(read(clock), 0.0, 0.01);
  worker.await();
  let_it_look();
  EXPECT_NEAR(read(clock), 0.2, 0.03);
  worker.end();  // and its child with it, waited for by nobody that is watched
  let_it_look();
  EXPECT_NEAR(read(clock), 0.2, 0.03) << "what vanished has done what it had done";
}

TEST(ProcessWork, FollowsAServerThatRestartsUnderAnotherNumber) {
  std::set<int> roots;
  const auto burner = [](int done) {
    say_done(done);
    ::usleep(50'000);
    burn(0.1);
    say_done(done);
  };
  Worker first(burner);
  first.await();
  roots = {first.pid()};
  ProcessWork clock("/", [&] { return roots; }, "a server");
  const double before = read(clock);
  first.await();
  EXPECT_NEAR(read(clock) - before, 0.1, 0.02);
  first.end();
  Worker second(burner);
  roots = {second.pid()};
  second.await();
  second.await();
  let_it_look();
  EXPECT_NEAR(read(clock) - before, 0.2, 0.03);
}

TEST(ProcessWork, AWorkerThatIsOlderThanTheWatchBringsNoneOfItsPast) {
  Worker old([](int done) {
    burn(0.2);
    say_done(done);
  });
  old.await();
  Worker server([](int done) { say_done(done); });
  server.await();
  std::set<int> roots{server.pid()};
  ProcessWork clock("/", [&] { return roots; }, "a server");
  const double before = read(clock);
  roots.insert(old.pid());  // found to share the socket, later
  let_it_look();
  EXPECT_NEAR(read(clock) - before, 0.0, 0.01);
}

TEST(ProcessWork, SaysWhyWhereNobodyCanBeSeenAndStandsStillWhereNobodyIsLeft) {
  core::Result<std::set<int>> roots = core::fail(core::ErrorCode::kPermissionDenied, "not yours");
  ProcessWork denied("/", [&] { return roots; }, "a server");
  ASSERT_FALSE(denied.read().has_value());
  EXPECT_EQ(denied.read().error().message, "not yours");

  ProcessWork nobody("/", [] { return std::set<int>{}; }, "a server");
  EXPECT_FALSE(nobody.read().has_value()) << "no process is no work of 0 s";

  Worker worker([](int done) {
    say_done(done);
    burn(0.1);
    say_done(done);
  });
  worker.await();
  ProcessWork clock = work_of(worker.pid());
  static_cast<void>(read(clock));
  worker.await();
  const double seen = read(clock);
  worker.end();
  let_it_look();
  EXPECT_NEAR(read(clock), seen, 1e-3);
}

TEST(ChildrenWork, CountsProgramsThatRunAndThoseThatHaveEnded) {
  ChildrenWork clock("/");
  const auto burner = [](int done) {
    burn(0.1);
    say_done(done);
  };
  Worker first(burner);
  first.await();
  let_it_look();
  EXPECT_NEAR(read(clock), 0.1, 0.01);
  first.end();
  EXPECT_NEAR(read(clock), 0.1, 0.01) << "once, though it has ended";
  Worker second(burner);
  second.await();
  let_it_look();
  burn(0.05);  // this process's own
  EXPECT_NEAR(read(clock), 0.2, 0.02);
}

}  // namespace
}  // namespace ipw::energy
