#include "ipw/models/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

namespace ipw::models {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::Seconds;
using testing::HasSubstr;

constexpr Seconds kLong{60};  // reached only where something is broken

class ProcessTest : public testing::Test {
 protected:
  ProcessTest() { fs::create_directories(folder_); }
  ~ProcessTest() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string log() const {
    std::ifstream in(folder_ / "log");
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  // A shell that runs `script`, which says "ready" once it has set itself up.
  [[nodiscard]] ProcessIdentity shell(const std::string& script) const {
    const auto process = launch({.program = "/bin/sh",
                                 .arguments = {"-c", script},
                                 .environment = {{"IPW_TEST_WORD", "handed-on"}},
                                 .log = folder_ / "log"});
    EXPECT_TRUE(process) << process.error().message;
    while (log().find("ready") == std::string::npos && is_running(*process)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return *process;
  }

  fs::path folder_ = fs::path(testing::TempDir()) / ("process-" + std::to_string(::getpid()));
};

TEST_F(ProcessTest, EndsWhenAsked) {
  const ProcessIdentity process = shell("echo ready; exec sleep 1000");
  EXPECT_TRUE(is_running(process));
  const auto ending = end(process, kLong);
  ASSERT_TRUE(ending) << ending.error().message;
  EXPECT_EQ(*ending, Ending::kOnRequest);
  EXPECT_FALSE(is_running(process));
}

TEST_F(ProcessTest, IsKilledWithItsGroupWhenItDoesNotEnd) {
  const ProcessIdentity process =
      shell("trap '' TERM; sleep 1000 & echo child $!; echo ready; while :; do sleep 0.1; done");
  const auto ending = end(process, Seconds(0.1));
  ASSERT_TRUE(ending) << ending.error().message;
  EXPECT_EQ(*ending, Ending::kKilled);
  const std::string text = log();
  const int child = std::stoi(text.substr(text.find("child ") + 6));
  const auto given_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  // Its parent is gone; whoever adopted it may not have reaped it yet.
  const auto is_over = [&] {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string line;
    return !std::getline(stat, line) || line.find(") Z") != std::string::npos;
  };
  while (!is_over() && std::chrono::steady_clock::now() < given_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_TRUE(is_over());
}

TEST_F(ProcessTest, LeavesAnotherProcessOfTheSameNumberAlone) {
  const ProcessIdentity process = shell("echo ready; exec sleep 1000");
  ProcessIdentity earlier = process;
  --earlier.start_ticks;
  ProcessIdentity before_reboot = process;
  before_reboot.boot = "another";
  for (const ProcessIdentity& other : {earlier, before_reboot}) {
    EXPECT_FALSE(is_running(other));
    const auto ending = end(other, kLong);
    ASSERT_TRUE(ending);
    EXPECT_EQ(*ending, Ending::kWasGone);
  }
  EXPECT_TRUE(is_running(process));
  ASSERT_TRUE(end(process, kLong));
}

TEST_F(ProcessTest, ThatEndedByItselfWasGone) {
  const ProcessIdentity process = shell("echo ready; exit 3");
  while (is_running(process)) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const auto ending = end(process, kLong);
  ASSERT_TRUE(ending);
  EXPECT_EQ(*ending, Ending::kWasGone);
}

TEST_F(ProcessTest, GetsTheSignalsThatTheStarterBlocks) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const ProcessIdentity process = shell("echo ready; exec sleep 1000");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const auto ending = end(process, kLong);
  ASSERT_TRUE(ending);
  EXPECT_EQ(*ending, Ending::kOnRequest);
}

TEST_F(ProcessTest, GetsItsEnvironmentAndNoOpenFilesButItsLog) {
  const int open_here = ::open("/dev/null", 0);  // would be inherited: it is not close-on-exec
  const ProcessIdentity process = shell("echo $IPW_TEST_WORD; ls /proc/self/fd; echo ready");
  ::close(open_here);
  EXPECT_THAT(log(), HasSubstr("handed-on\n0\n1\n2\n3\nready"));  // 3: the folder that ls reads
  while (is_running(process)) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

TEST_F(ProcessTest, SaysWhatIsNoProgram) {
  const auto missing = launch(
      {.program = "/nowhere/server", .arguments = {}, .environment = {}, .log = folder_ / "log"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);

  std::ofstream(folder_ / "text") << "no program";
  for (const std::string& name : {(folder_ / "text").string(), std::string("no-such-program")}) {
    const auto found = find_program(name, folder_.string());
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(found.error().message, HasSubstr(name));
  }
  const auto shell_found = find_program("sh", "/nowhere::/bin");
  ASSERT_TRUE(shell_found);
  EXPECT_EQ(*shell_found, "/bin/sh");
}

}  // namespace
}  // namespace ipw::models
