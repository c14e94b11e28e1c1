// `ipw dataset` as a user meets it: what it writes can be asked, a leak is found, mistakes are
// named.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

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

TEST(Dataset, AFullDiskIsSaidAndNotTakenForAWholeFile) {
  const Finished full = ipw({"dataset", "generate", "--count", "100000", "--out", "/dev/full"});
  EXPECT_EQ(full.status, 1);
  EXPECT_NE(full.err.find("No space left"), std::string::npos) << full.err;
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
