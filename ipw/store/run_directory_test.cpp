// Names, atomic files and the lock, on the real file system.
#include "ipw/store/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ipw/store/sample_run.h"

namespace ipw::store {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using testing::HasSubstr;

const core::WallTime kTime = HandClock().wall();

std::string content(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(NewRunDirectory, IsNamedByTimeModelAndDataSet) {
  const TemporaryDirectory parent;
  const auto made =
      new_run_directory(parent / "runs", "/models/S Q8.gguf", "data/test.jsonl", kTime);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->filename(), "2026-11-21T01-02-03Z_S-Q8_test");
  EXPECT_TRUE(fs::is_empty(*made));
}

TEST(NewRunDirectory, KeepsHostileNamesInOneFolder) {
  const TemporaryDirectory parent;
  for (const std::string& name :
       {std::string(".."), std::string("a/"), std::string(300, 'x'), std::string("\n\0\xff", 3)}) {
    const auto made = new_run_directory(parent.path(), name, "ollama:q/..", kTime);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->parent_path(), parent.path());
    EXPECT_TRUE(fs::is_directory(*made));
  }
}

TEST(NewRunDirectory, IsNeverSharedByTwoThatAskAtOnce) {
  const TemporaryDirectory parent;
  std::vector<std::vector<std::string>> names(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : names) {
      threads.emplace_back([&] {
        for (int i = 0; i < 10; ++i) {
          const auto made = new_run_directory(parent.path(), "m", "d", kTime);
          mine.push_back(made ? made->string() : made.error().message);
        }
      });
    }
  }
  std::set<std::string> distinct;
  for (const auto& mine : names) distinct.insert(mine.begin(), mine.end());
  EXPECT_EQ(distinct.size(), 40U);
  EXPECT_TRUE(fs::exists(parent / "2026-11-21T01-02-03Z_m_d_40"));
}

TEST(NewRunDirectory, WhereAFileStandsInTheWayIsRefused) {
  const TemporaryDirectory parent;
  std::ofstream(parent / "runs") << "x";
  EXPECT_FALSE(new_run_directory(parent / "runs", "m", "d", kTime));
}

TEST(TryDirectory, LeavesNothingAndSaysWhatWouldBeWrong) {
  const TemporaryDirectory parent;
  for (const char* good : {"run", "a/b/c", "d/"}) {
    EXPECT_TRUE(try_directory(parent / good)) << good;
    EXPECT_TRUE(fs::is_empty(parent.path())) << good;
  }
  fs::create_directory(parent / "empty");
  EXPECT_TRUE(try_directory(parent / "empty"));
  EXPECT_TRUE(fs::exists(parent / "empty")) << "it was there before";
  std::ofstream(parent / "empty" / "file") << "x";
  EXPECT_EQ(try_directory(parent / "empty").error().code, ErrorCode::kAlreadyExists);
  EXPECT_FALSE(try_directory(parent / "empty" / "file" / "below"));
  EXPECT_FALSE(try_directory("/proc/nowhere/run"));
  EXPECT_TRUE(fs::exists(parent / "empty" / "file"));
}

TEST(WriteAtomically, ReplacesAndLeavesNothingBeside) {
  const TemporaryDirectory parent;
  ASSERT_TRUE(write_atomically(parent / "run.json", "one, longer"));
  ASSERT_TRUE(write_atomically(parent / "run.json", "two"));
  EXPECT_EQ(content(parent / "run.json"), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(parent.path()), {}), 1);
}

TEST(WriteAtomically, ToAFullDeviceKeepsTheOldFile) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  const TemporaryDirectory parent;
  ASSERT_TRUE(write_atomically(parent / "run.json", "old"));
  fs::create_symlink("/dev/full", parent / "run.json.tmp");
  const auto written = write_atomically(parent / "run.json", "new");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kOutOfSpace);
  EXPECT_EQ(content(parent / "run.json"), "old");
}

TEST(RunLock, NamesTheProcessThatHoldsIt) {
  const TemporaryDirectory parent;
  const auto held = RunLock::take(parent / "run.lock");
  ASSERT_TRUE(held) << held.error().message;
  const auto second = RunLock::take(parent / "run.lock");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_THAT(second.error().message, HasSubstr(fmt::format("process {} is", getpid())));
}

TEST(RunLock, IsFreeWhenItsHolderWasKilled) {
  const TemporaryDirectory parent;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto held = RunLock::take(parent / "run.lock");
    const char byte = held ? 'y' : 'n';
    if (write(ready[1], &byte, 1) == 1) pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  const auto busy = RunLock::take(parent / "run.lock");
  ASSERT_FALSE(busy);
  EXPECT_THAT(busy.error().message, HasSubstr(fmt::format("process {} is", child)));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(RunLock::take(parent / "run.lock"));
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace ipw::store
