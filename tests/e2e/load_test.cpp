// Loads through the real program: open loops, traces and sweeps on a small model, and what nonsense
// gets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include <nlohmann/json.hpp>

#include "process.h"

namespace ipw::e2e {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using Arguments = std::vector<std::string>;

class Load : public ::testing::Test {
 protected:
  Finished profile(const Arguments& more) const {
    Arguments arguments = {ipw_program(), "profile", "--model", tiny_model(), "--max-tokens",
                           "4",           "--idle",  "0",       "--warmup",   "0",
                           "--json",      "--out",   out_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Process(arguments).wait();
  }

  TemporaryDirectory directory_;
  std::string out_ = (directory_.path() / "run").string();
};

TEST_F(Load, AnOpenLoopFillsItsTimeAndSaysHowPunctualItWas) {
  const Finished finished = profile({"--dataset", "demo", "--rate", "100", "--arrivals", "constant",
                                     "--duration", "1.5s", "--goodput", "e2e=1h"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  const json run = json::parse(finished.out)["runs"][0];
  EXPECT_EQ(run["records"]["total"], 150) << "84 questions are repeated until the time is full";
  EXPECT_EQ(run["records"]["not_asked"], 0);
  const json& load = run["manifest"]["load"];
  EXPECT_EQ(load["arrivals"], "constant");
  EXPECT_EQ(load["requests"], 150);
  EXPECT_THAT(load["dispatch"].get<std::string>(), HasSubstr("of 150 requests left over"));
  EXPECT_NEAR(run["load"]["offered_per_s"].get<double>(), 100.0, 1e-6);
  EXPECT_EQ(run["figures"]["goodput_share"]["value"], 1.0);
  for (const char* figure : {"dispatch_delay_p50", "dispatch_delay_p99", "latency_sent_p99",
                             "ttft_sent_p99", "latency_p99"}) {
    EXPECT_GE(run["figures"][figure]["value"].get<double>(), 0.0) << figure;
  }
  EXPECT_GE(run["figures"]["latency_p99"]["value"], run["figures"]["latency_sent_p50"]["value"]);
  const Finished text = ipw({"report", out_});
  EXPECT_THAT(text.out, HasSubstr("load: constant arrivals, 100 requests/s for 1.5"));
  EXPECT_THAT(text.out, HasSubstr("steady state: "));
}

TEST_F(Load, ATraceIsReplayedWithoutQuestions) {
  const std::string trace =
      directory_.write("trace.csv",
                       "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9,4,3\n"
                       "2023-11-16 18:17:04.1,2,2\n2023-11-16 18:17:04.2,3,1\n");
  const Finished finished = profile({"--trace", trace, "--trace-speed", "2"});
  ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
  const json run = json::parse(finished.out)["runs"][0];
  EXPECT_EQ(run["records"]["correct"], 3);
  EXPECT_DOUBLE_EQ(run["figures"]["output_tokens_mean"]["value"].get<double>(), 2.0)
      << "the engine generates exactly as much as the trace says";
  EXPECT_EQ(run["manifest"]["questions"]["scorer"], "answered");
  EXPECT_NEAR(run["load"]["offered_per_s"].get<double>(), 2.0 / .15, 1e-6);
}

TEST_F(Load, ASweepIsAStudyOfRunsWithAKnee) {
  const Finished finished =
      profile({"--dataset", "demo", "--limit", "12", "--sweep", "concurrency=1,2"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  const json document = json::parse(finished.out);
  EXPECT_EQ(document["runs"].size(), 2U);
  EXPECT_EQ(document["sweep"]["axis"], "concurrency");
  EXPECT_EQ(document["sweep"]["points"].size(), 2U);
  EXPECT_TRUE(document["sweep"]["knee"]["load"].is_number());
  EXPECT_TRUE(fs::exists(fs::path(out_) / "concurrency-1" / "run.json"));
  EXPECT_TRUE(fs::exists(fs::path(out_) / "concurrency-2" / "run.json"));
  const std::string csv = (directory_.path() / "sweep.csv").string();
  const Finished plot = ipw({"plot", out_ + "/concurrency-1", out_ + "/concurrency-2", "--figure",
                             "load-latency", "--out", csv});
  EXPECT_EQ(plot.status, 0) << plot.err;
  const Finished one =
      ipw({"plot", out_ + "/concurrency-1", "--figure", "load-latency", "--out", csv});
  EXPECT_EQ(one.status, 0) << "a run alone is a point without a knee: " << one.err;
}

TEST_F(Load, NonsenseIsRefusedBeforeAnythingIsMade) {
  const std::pair<Arguments, const char*> cases[] = {
      {{"--rate", "0"}, "--rate"},
      {{"--rate", "-1"}, "--rate"},
      {{"--arrivals", "poisson"}, "need --rate"},
      {{"--ramp", "5s"}, "need --rate"},
      {{"--rate", "5", "--arrivals", "uniform"}, "no arrivals are called \"uniform\""},
      {{"--rate", "5", "--arrivals", "poisson:2"}, "only gamma has a shape"},
      {{"--rate", "5", "--duration", "soon"}, "is no span of time"},
      {{"--goodput", "speed=1"}, "is no bound"},
      {{"--sweep", "rate=5"}, "one point is no sweep"},
      {{"--sweep", "rate=1,2", "--rate", "3"}, "leave out --rate"},
      {{"--sweep", "concurrency=1,2", "--concurrency", "3"}, "leave out --concurrency"},
      {{"--rate", "1", "--trace", "x.csv"}, "leave out --rate"},
  };
  for (const auto& [more, message] : cases) {
    Arguments arguments = {"--dataset", "demo"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = profile(arguments);
    EXPECT_EQ(finished.status, 2) << more.front() << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(message));
    EXPECT_FALSE(fs::exists(out_));
  }
  const Finished missing = profile({"--trace", "no-such-trace.csv"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_FALSE(fs::exists(out_));
}

}  // namespace
}  // namespace ipw::e2e
