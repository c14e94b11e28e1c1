// `ipw dataset` as a user meets it: what it writes can be asked, a leak is found, mistakes are
// named.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "process.h"

namespace ipw::e2e {
namespace {

using Json = nlohmann::json;

TEST(Dataset, ACorpusToTrainOnPassesTheCheckAndOneWithALeakDoesNot) {
  const TemporaryDirectory directory;
  const std::string corpus = (directory.path() / "corpus.jsonl").string();
  const Finished written = ipw({"dataset", "generate", "--split", "train", "--count", "500",
                                "--seed", "1", "--out", corpus});
  ASSERT_EQ(written.status, 0) << written.err;
  EXPECT_EQ(ipw({"dataset", "check", corpus}).status, 0);
  const Finished held = ipw({"dataset", "generate", "--split", "heldout", "--count", "1"});
  const std::string leaking = directory.write("leaking.jsonl", read_file(corpus) + held.out);
  const Finished found = ipw({"dataset", "check", leaking});
  EXPECT_EQ(found.status, 5) << found.out;
  EXPECT_NE(found.out.find("line 501"), std::string::npos) << found.out;
  EXPECT_EQ(Json::parse(ipw({"dataset", "check", leaking, "--json"}).out)["held_out"], 1);
}

TEST(Dataset, GeneratedQuestionsCanBeAskedAsTheyStand) {
  const TemporaryDirectory directory;
  const std::string file = (directory.path() / "more.jsonl").string();
  ASSERT_EQ(ipw({"dataset", "generate", "--count", "39", "--out", file}).status, 0);
  const Finished profiled = ipw({"profile", "--model", tiny_model(), "--dataset", file, "--scorer",
                                 "auto", "--template", "{question}", "--max-tokens", "8", "--idle",
                                 "0", "--json", "--out", (directory.path() / "run").string()});
  ASSERT_EQ(profiled.status, 0) << profiled.err;
  EXPECT_EQ(Json::parse(profiled.out)["runs"][0]["records"]["total"], 39);
}

TEST(Dataset, ControlsOfIpwMiniHaveIntervalsAndTasks) {
  const Finished shown = ipw({"dataset", "controls", "ipw-mini", "--json"});
  ASSERT_EQ(shown.status, 0) << shown.err;
  const Json document = Json::parse(shown.out);
  ASSERT_EQ(document["controls"].size(), 4U);
  for (const Json& control : document["controls"]) {
    EXPECT_EQ(control["accuracy"]["n"], 2340);
    EXPECT_LT(control["accuracy"]["low"], control["accuracy"]["high"]);
    EXPECT_EQ(control["tasks"].size(), 13U);
  }
}

TEST(Dataset, IpwMiniIsListedAndAskedWithoutAnyFile) {
  EXPECT_NE(ipw({"list", "datasets"}).out.find("ipw-mini"), std::string::npos);
  const TemporaryDirectory directory;
  const Finished profiled = ipw(
      {"profile", "--model", tiny_model(), "--dataset", "ipw-mini", "--sample", "13",
       "--max-tokens", "8", "--idle", "0", "--json", "--out", (directory.path() / "run").string()},
      {{"IPW_DATA", ""}, {"XDG_DATA_HOME", directory.path().string()}});
  ASSERT_EQ(profiled.status, 0) << profiled.err;
  EXPECT_EQ(Json::parse(profiled.out)["runs"][0]["records"]["total"], 13);
}

TEST(Dataset, TheSameSeedWritesTheSameBytesAndOnlyTheTasksAskedFor) {
  const std::vector<std::string> command = {"dataset", "generate", "--seed",  "9",
                                            "--count", "40",       "--tasks", "date,unit"};
  const Finished written = ipw(command);
  EXPECT_EQ(written.out, ipw(command).out);
  EXPECT_EQ(std::ranges::count(written.out, '\n'), 40);
  EXPECT_NE(written.out.find("\"task\":\"date\""), std::string::npos);
  EXPECT_NE(written.out.find("\"task\":\"unit\""), std::string::npos);
  EXPECT_EQ(written.out.find("\"task\":\"addition\""), std::string::npos);
}

TEST(Dataset, EveryTaskThatIsListedCanBeGenerated) {
  const Json tasks = Json::parse(ipw({"list", "tasks", "--json"}).out)["tasks"];
  EXPECT_EQ(tasks.size(), 13U);
  for (const Json& task : tasks) {
    const std::string name = task["name"];
    const Finished written = ipw({"dataset", "generate", "--count", "1", "--tasks", name});
    EXPECT_EQ(Json::parse(written.out)["task"], name);
  }
}

TEST(Dataset, HelpShowsExamplesAndSteps) {
  const Finished help = ipw({"dataset", "--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* word : {"generate", "check", "controls", "ipw dataset controls ipw-mini"}) {
    EXPECT_NE(help.out.find(word), std::string::npos) << word;
  }
}

TEST(Dataset, CountsAndPlacesThatCannotBeAreRefused) {
  for (const char* count : {"0", "-1", "many"}) {
    const Finished refused = ipw({"dataset", "generate", "--count", count});
    EXPECT_EQ(refused.status, 2) << count;
    EXPECT_NE(refused.err.find("--count"), std::string::npos) << refused.err;
  }
  const TemporaryDirectory directory;
  const std::string nowhere = (directory.path() / "missing" / "corpus.jsonl").string();
  const Finished unwritable = ipw({"dataset", "generate", "--out", nowhere});
  EXPECT_EQ(unwritable.status, 1);
  EXPECT_NE(unwritable.err.find(nowhere), std::string::npos) << unwritable.err;
  EXPECT_EQ(ipw({"dataset", "generate", "--split", "test"}).status, 2);
  EXPECT_EQ(ipw({"dataset"}).status, 2);
}

TEST(Dataset, ACorpusThatWasNotReadIsNotCalledClean) {
  const TemporaryDirectory directory;
  for (const std::string& corpus :
       {directory.path().string(), directory.write("empty.jsonl", "\n"),
        directory.write("other.jsonl", "{\"question\": \"2+2?\", \"answer\": \"4\"}\n")}) {
    const Finished checked = ipw({"dataset", "check", corpus});
    EXPECT_TRUE(checked.status == 1 || checked.status == 2) << corpus << ": " << checked.status;
    EXPECT_EQ(checked.out, "") << corpus;
  }
}

TEST(Dataset, AFullDiskIsSaidAndNotTakenForAWholeFile) {
  const Finished full = ipw({"dataset", "generate", "--count", "100000", "--out", "/dev/full"});
  EXPECT_EQ(full.status, 1);
  EXPECT_NE(full.err.find("No space left"), std::string::npos) << full.err;
}

TEST(Dataset, AnInterruptedFileIsTakenAway) {
  const TemporaryDirectory directory;
  const std::filesystem::path out = directory.path() / "endless.jsonl";
  Process generating(
      {ipw_program(), "dataset", "generate", "--count", "1000000000", "--out", out.string()});
  std::error_code ignored;
  while (!std::filesystem::exists(out, ignored) || std::filesystem::file_size(out, ignored) == 0) {
    ASSERT_TRUE(generating.running());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  generating.signal(SIGINT);
  EXPECT_EQ(generating.wait().status, 130);
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(Dataset, MistypedWordsAreGuessed) {
  EXPECT_NE(ipw({"dataset", "generat"}).err.find("did you mean generate?"), std::string::npos);
  const Finished task = ipw({"dataset", "generate", "--tasks", "additon"});
  EXPECT_EQ(task.status, 2);
  EXPECT_NE(task.err.find("did you mean addition?"), std::string::npos) << task.err;
  EXPECT_EQ(ipw({"dataset", "check", "nowhere.jsonl"}).status, 1);
}

}  // namespace
}  // namespace ipw::e2e
