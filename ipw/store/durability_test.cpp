// What the store promises when things end badly: killed at any moment, or with the disk full, a run
// has everything that was reported done.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/store/run.h"
#include "ipw/store/sample_run.h"

namespace ipw::store {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;

/// Appends questions `first`… that are not done, one to three at a time, and reports each on
/// `report`. Ends with 0 when all below `end` are done.
int profile(const fs::path& place, int end, int report) {
  const core::SystemClock clock;
  auto run = Run::resume(place, clock);
  if (!run) return 1;
  std::vector<record::Call> calls;
  for (int number = 0; number < end; ++number) {
    const auto done = run->done(sample_id(number), 0);
    if (!done) return 2;
    if (!*done) calls.push_back(sample_call(number, clock.now()));
    if (calls.empty() || (std::ssize(calls) < 1 + number % 3 && number + 1 < end)) continue;
    if (!run->append(calls)) return 3;
    for (const record::Call& call : calls) {
      const auto reported = static_cast<std::int32_t>(std::stol(call.question.reference) / 2);
      if (write(report, &reported, sizeof reported) != sizeof reported) return 4;
    }
    calls.clear();
  }
  return 0;
}

TEST(AKilledRun, HasEverythingThatWasReportedDone) {
  constexpr int kQuestions = 4000;
  constexpr int kRounds = 30;
  const TemporaryDirectory directory;
  const fs::path place = directory / "run";
  ASSERT_TRUE(Run::create(place, sample_manifest(), core::SystemClock()));

  core::Random random(20261121);
  std::set<std::int32_t> reported;
  int status = 0;
  int killed = 0;
  for (int round = 0; round <= kRounds; ++round) {
    int report[2];
    ASSERT_EQ(pipe(report), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(report[0]);
      _exit(profile(place, kQuestions, report[1]));
    }
    close(report[1]);
    if (round < kRounds) {  // the last round may finish
      usleep(static_cast<useconds_t>(random.below(12'000)));
      kill(child, SIGKILL);
    }
    for (std::int32_t number = 0; read(report[0], &number, sizeof number) == sizeof number;) {
      reported.insert(number);
    }
    close(report[0]);
    waitpid(child, &status, 0);
    killed += WIFSIGNALED(status) ? 1 : 0;

    auto run = Run::open(place);
    ASSERT_TRUE(run) << run.error().message;
    for (const std::int32_t number : reported) {
      ASSERT_EQ(run->done(sample_id(number), 0), true) << "question " << number << " was lost";
    }
  }
  EXPECT_GE(killed, 20);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);

  auto run = Run::open(place);
  ASSERT_TRUE(run);
  const auto columns = run->columns();
  ASSERT_TRUE(columns);
  EXPECT_EQ(columns->size(), static_cast<std::size_t>(kQuestions));
  double active = 0.0;
  for (const core::Joules joules : columns->sensors.at(0).active) active += joules.count();
  EXPECT_EQ(active, kQuestions * (kQuestions + 1) / 8.0);  // Σ (1 + number) / 4
  EXPECT_EQ(std::ranges::count(columns->attempts, 1), kQuestions);
}

TEST(ARunKilledWhileItIsCreated, IsWholeOrSaysSo) {
  const TemporaryDirectory directory;
  core::Random random(7);
  int whole = 0;
  for (int round = 0; round < 25; ++round) {
    const fs::path place = directory / std::to_string(round);
    const pid_t child = fork();
    if (child == 0) {
      const auto run = Run::create(place, sample_manifest(), core::SystemClock());
      pause();
      _exit(0);
    }
    usleep(static_cast<useconds_t>(random.below(15'000)));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const auto run = Run::resume(place, core::SystemClock());
    whole += run ? 1 : 0;
    if (run || !fs::exists(place)) continue;
    EXPECT_EQ(run.error().code, ErrorCode::kInvalidData) << run.error().message;
    EXPECT_NE(run.error().message.find("creation was cut off"), std::string::npos)
        << run.error().message;
  }
  RecordProperty("whole", whole);
}

/// Runs `body` in a process whose `place` is a file system of `bytes`; that process's exit status.
template <class Body>
int on_small_disk(const fs::path& place, const std::string& bytes, const Body& body) {
  constexpr int kNoDisk = 77;
  const pid_t child = fork();
  if (child == 0) {
    const int user = geteuid() == 0 ? 0 : CLONE_NEWUSER;
    if (unshare(user | CLONE_NEWNS) != 0 ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", place.c_str(), "tmpfs", 0, ("size=" + bytes).c_str()) != 0) {
      _exit(kNoDisk);
    }
    body();
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void fill(const fs::path& file) {
  std::ofstream stream(file, std::ios::binary);
  const std::string block(4096, 'x');
  while (stream.write(block.data(), std::ssize(block)).flush()) {
  }
}

TEST(AFullDisk, StopsARunWithEverythingSoFarIntact) {
  const TemporaryDirectory directory;
  const int status = on_small_disk(directory.path(), "3m", [&] {
    const core::SystemClock clock;
    std::ofstream(directory / "ballast") << std::string(1'000'000, 'x');
    auto run = Run::create(directory / "run", sample_manifest(), clock);
    ASSERT_TRUE(run) << run.error().message;
    int done = 0;
    for (;;) {
      const record::Call call = sample_call(done, clock.now());
      const auto appended = run->append({&call, 1});
      if (!appended) {
        EXPECT_EQ(appended.error().code, ErrorCode::kOutOfSpace) << appended.error().message;
        EXPECT_NE(appended.error().message.find("free some space"), std::string::npos);
        break;
      }
      ASSERT_LT(++done, 100'000) << "the disk never filled up";
    }
    EXPECT_GT(done, 10);
    const auto intact = [&](int expected) {
      auto reader = Run::open(directory / "run");
      ASSERT_TRUE(reader) << reader.error().message;
      const auto columns = reader->columns();
      ASSERT_TRUE(columns) << columns.error().message;
      EXPECT_EQ(columns->size(), static_cast<std::size_t>(expected));
      for (int i = 0; i < expected; ++i) {
        ASSERT_EQ(reader->done(sample_id(i), 0), true) << "question " << i << " was lost";
      }
    };
    intact(done);

    fs::remove(directory / "ballast");  // the same run goes on when there is space
    for (int more = 0; more < 20; ++more, ++done) {
      const record::Call call = sample_call(done, clock.now());
      const auto appended = run->append({&call, 1});
      ASSERT_TRUE(appended) << appended.error().message;
    }
    intact(done);
  });
  if (status == 77) GTEST_SKIP() << "this system does not let a test mount a small tmpfs";
  EXPECT_EQ(status, 0);
}

TEST(AFullDisk, StartsNoRunAndKeepsNoDebris) {
  const TemporaryDirectory directory;
  const int status = on_small_disk(directory.path(), "256k", [&] {
    fill(directory / "ballast");
    const auto run = Run::create(directory / "run", sample_manifest(), core::SystemClock());
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().code, ErrorCode::kOutOfSpace) << run.error().message;
    EXPECT_FALSE(fs::exists(directory / "run"));
  });
  if (status == 77) GTEST_SKIP() << "this system does not let a test mount a small tmpfs";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace ipw::store
