// The signals by which a program is asked to end: what was measured is reported, what was answered
// is kept, and where nothing would be lost it ends at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "process.h"

namespace ipw::e2e {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using Arguments = std::vector<std::string>;

// Whether the process has taken over the signal: it blocks it, and a thread of its own waits.
bool waits_for(pid_t pid, int signal) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  const std::size_t line = status.find("SigBlk:");
  if (line == std::string::npos) return false;
  return (std::stoull(status.substr(line + 7), nullptr, 16) >> (signal - 1) & 1U) != 0;
}

class Signal : public ::testing::TestWithParam<int> {
 protected:
  [[nodiscard]] std::string place(const char* name) const {
    return (directory_.path() / name).string();
  }
  // A program to measure that says when it runs.
  [[nodiscard]] Arguments sleeper() const {
    return {"sh", "-c", "echo > '" + place("started") + "'; exec sleep 60"};
  }

  TemporaryDirectory directory_;
};

TEST_P(Signal, ToAMeasurementIsPassedOnAndTheJoulesAreReported) {
  const std::string out = place("energy.json");
  Arguments arguments = {ipw_program(), "energy", "--idle", "0", "--json", "--out", out, "--"};
  for (const std::string& word : sleeper()) arguments.push_back(word);
  Process process(arguments);
  ASSERT_TRUE(eventually([&] { return fs::exists(place("started")); }));
  process.signal(GetParam());
  const Finished finished = process.wait();
  EXPECT_EQ(finished.status, 128 + GetParam()) << finished.err;
  const json report = json::parse(read_file(out));
  ASSERT_EQ(report["runs"].size(), 1U);
  EXPECT_EQ(report["runs"][0]["signal"], GetParam());
  EXPECT_GT(report["elapsed"]["value"].get<double>(), 0.0);
}

TEST_P(Signal, ToTheLiveViewEndsItWithTheSum) {
  Process process({ipw_program(), "energy", "--interval", "0.05"});
  ASSERT_TRUE(eventually([&] { return !process.out_so_far().empty(); }));
  process.signal(GetParam());
  const Finished finished = process.wait();
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("s watched"));
}

TEST_P(Signal, ToAProfileKeepsWhatWasAnswered) {
  std::string lines;
  for (int i = 0; i < 3000; ++i) {
    lines += json{{"question", "Question " + std::to_string(i)}, {"answer", "a"}}.dump() + "\n";
  }
  const std::string run = place("run");
  Process process({ipw_program(), "profile", "--model", tiny_model(), "--dataset",
                   directory_.write("questions.jsonl", lines), "--max-tokens", "8", "--idle", "0",
                   "--out", run, "--progress", "0.01"});
  ASSERT_TRUE(
      eventually([&] { return process.err_so_far().find("accuracy") != std::string::npos; }));
  process.signal(GetParam());
  const Finished finished = process.wait();
  EXPECT_EQ(finished.status, 130) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("--resume"));
  EXPECT_EQ(ipw({"report", run}).status, 0);
}

// A pipe that nobody writes into keeps its reader waiting for ever.
TEST_P(Signal, ToAReaderEndsItAtOnce) {
  const std::string pipe = place("pipe.csv");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const Arguments& arguments :
       {Arguments{"gdi", pipe}, Arguments{"coverage", pipe}, Arguments{"audit", pipe},
        Arguments{"energy", "validate", "--meter", pipe}, Arguments{"attribute", pipe}}) {
    Arguments words = arguments;
    words.insert(words.begin(), ipw_program());
    Process process(words);
    ASSERT_TRUE(eventually([&] { return waits_for(process.pid(), GetParam()); }));
    process.signal(GetParam());
    EXPECT_EQ(process.wait().status, 128 + GetParam()) << arguments[0];
  }
}

INSTANTIATE_TEST_SUITE_P(Signals, Signal, testing::Values(SIGHUP, SIGTERM, SIGINT, SIGQUIT),
                         [](const auto& info) { return std::string(sigabbrev_np(info.param)); });

TEST(Nohup, IsHeeded) {
  Process process(
      {"sh", "-c",
       "trap '' HUP; exec '" + ipw_program() + "' energy --interval 0.05 --duration 1"});
  ASSERT_TRUE(eventually([&] { return !process.out_so_far().empty(); }));
  process.signal(SIGHUP);
  const Finished finished = process.wait();
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out, testing::ContainsRegex("\n1\\.[0-9] s watched")) << "to its end";
}

}  // namespace
}  // namespace ipw::e2e
