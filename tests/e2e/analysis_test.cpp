// audit, attribute, history, gdp and gdi as a user meets them: tables, documents, exit statuses.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "process.h"

namespace ipw::e2e {
namespace {

using Json = nlohmann::json;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr const char* kGrid =
    "model,accelerator,year,accuracy,accuracy_pm,ipw,ipw_pm\n"
    "a,X,2024,0.4,0.01,0.004,0.0001\nb,X,,0.6,0.01,0.006,0.0001\n"
    "a,Y,,0.4,0.01,0.008,0.0002\nb,Y,2025,0.6,0.01,0.012,0.0003\n";

TEST(Audit, EndsWithFiveWhereAFigureDoesNotFollow) {
  const TemporaryDirectory folder;
  const std::string good = folder.write("good.csv", "model,n,accuracy\na,10,0.50\n");
  const std::string bad = folder.write("bad.csv", "model,n,accuracy\na,7,0.50\n");
  EXPECT_EQ(ipw({"audit", good}).status, 0);
  const Finished found = ipw({"audit", bad});
  EXPECT_EQ(found.status, 5);
  EXPECT_TRUE(holds(found.out, "no whole number of 7 samples"));
  const Json json = Json::parse(ipw({"audit", bad, "--json"}).out);
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_EQ(json["holds"], false);
  EXPECT_EQ(json["findings"][0]["where"], "bad:2");
  EXPECT_EQ(ipw({"audit", good, "--samples", "many"}).status, 2);
  EXPECT_EQ(ipw({"audit", folder.path().string() + "/none.csv"}).status, 1);
}

TEST(Audit, FindsWhatThePublishedTablesAreKnownFor) {
  const std::string folder = shared_data("reference");
  if (folder.empty()) GTEST_SKIP() << "../shared/reference is not there";
  const Finished found =
      ipw({"audit", folder + "/use_case_leaderboard.csv", folder + "/use_case_latency.csv",
           "--samples", "use_case_leaderboard=30"});
  EXPECT_EQ(found.status, 5);
  for (const char* text : {"0.941", "0.824", "0.923", "probably not streamed"}) {
    EXPECT_TRUE(holds(found.out, text));
  }
}

TEST(Attribute, PrintsTheSameAsTextAndAsJson) {
  const TemporaryDirectory folder;
  const std::string grid = folder.write("grid.csv", kGrid);
  const std::string csv = folder.path().string() + "/out.csv";
  const Finished text = ipw({"attribute", grid, "--csv", csv});
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_TRUE(holds(text.out, "model"));
  const Json json = Json::parse(ipw({"attribute", grid, "--json"}).out);
  EXPECT_EQ(json["command"], "attribute");
  const Json& rows = json["sections"]["step_1"];
  EXPECT_EQ(rows[0]["label"], "total");
  EXPECT_NEAR(rows[0]["figures"]["ratio"]["value"].get<double>(), 3.0, 1e-9);
  EXPECT_NEAR(rows[1]["figures"]["ratio"]["value"].get<double>(), 1.5, 1e-9);
  EXPECT_EQ(rows[1]["figures"]["ratio"]["provenance"], "published");
  EXPECT_TRUE(holds(read_file(csv), "step_1,total,ratio,"));
  EXPECT_EQ(ipw({"attribute", grid, "--step", "a, X"}).status, 2);
}

TEST(History, FailsTheBuildWhereTheConditionHolds) {
  const TemporaryDirectory folder;
  const std::string grid = folder.write("grid.csv", kGrid);
  EXPECT_EQ(ipw({"history", grid, "--fail-if", "gain_per_year<2"}).status, 0);
  const Finished failed = ipw({"history", grid, "--fail-if", "gain_per_year<4"});
  EXPECT_EQ(failed.status, 5);
  EXPECT_TRUE(holds(failed.err, "gain_per_year"));
  EXPECT_TRUE(holds(failed.out, "doubling_time")) << "the figures are shown all the same";
  EXPECT_EQ(ipw({"history", grid, "--fail-if", "gain"}).status, 2);
}

// What a run's report says it answered per joule, above idle where idle is not known; nothing where
// other work on the machine left a question without joules or drowned them.
std::optional<double> answers_per_joule(const std::string& run, int questions) {
  const Finished reported = ipw({"report", run, "--json"});
  EXPECT_EQ(reported.status, 0) << reported.err;
  const Json figures = Json::parse(reported.out)["runs"][0]["figures"];
  const bool gross = figures.contains("j_per_query") && !figures["j_per_query"]["value"].is_null();
  const Json& joules = figures[gross ? "j_per_query" : "j_per_query_active"];
  if (!joules["value"].is_number() || joules["value"] <= 0.0 || joules["n"] < questions) return {};
  return figures["accuracy"]["value"].get<double>() / joules["value"].get<double>();
}

TEST(History, OfTwoBundledModelsIsTheRatioOfTheirReports) {
  constexpr int kQuestions = 60;
  constexpr int kAttempts = 10;  // joules are estimated from a CPU time that other tests share
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    const TemporaryDirectory study;
    std::vector<std::string> runs;
    std::vector<std::optional<double>> rates;
    for (const char* model : {"ipw-s", "ipw-m"}) {
      runs.push_back(study.path().string() + "/" + model);
      const Finished profiled =
          ipw({"profile", "--model", IPW_SOURCE_DIR "/models/" + std::string(model) + ".gguf",
               "--dataset", "ipw-mini", "--sample", std::to_string(kQuestions), "--idle", "0",
               "--out", runs.back()});
      ASSERT_EQ(profiled.status, 0) << profiled.err;
      rates.push_back(answers_per_joule(runs.back(), kQuestions));
      std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // manifests tell seconds apart
    }
    const Finished followed = ipw({"history", study.path().string(), "--per", "joule", "--json"});
    if (!rates[0] || !rates[1]) {
      EXPECT_TRUE(followed.status == 0 || holds(followed.err, "joules")) << followed.err;
      continue;
    }
    ASSERT_EQ(followed.status, 0) << followed.err;
    const Json found = Json::parse(followed.out)["sections"];
    EXPECT_EQ(found["points"].size(), 2U);
    const Json& latest = found["latest"][0]["figures"]["latest_ratio"];
    EXPECT_NEAR(latest["value"].get<double>() / (*rates[1] / *rates[0]), 1.0, 1e-4);
    EXPECT_EQ(latest["n"], kQuestions);
    EXPECT_EQ(latest["low"].is_number() && latest["high"].is_number(), true) << latest;
    EXPECT_TRUE(holds(found["trend"][0]["figures"]["gain_per_year"]["reason"], "needs 30"));
    EXPECT_EQ(ipw({"coverage", runs[0], runs[1]}).status, 0);
    const Finished twice = ipw({"coverage", runs[0], runs[0]});
    EXPECT_EQ(twice.status, 1);
    EXPECT_TRUE(holds(twice.err, "would count twice")) << twice.err;
    return;
  }
  FAIL() << "in " << kAttempts << " attempts no pair of runs had joules for every question";
}

TEST(Gdp, NamesTheRowThatCannotBeUsed) {
  const TemporaryDirectory folder;
  const std::string scores =
      folder.write("scores.csv", "domain,n,accuracy\nlaw,100,0.8\nmath,50,0.5\n");
  const Finished good = ipw({"gdp", scores});
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_TRUE(holds(good.out, "weighted_accuracy"));
  EXPECT_EQ(ipw({"gdp", scores, "--weights", "value_added_bea"}).status, 0);
  const std::string weights = folder.write("w.csv", "group,weight\n23-0000,0.7\n15-0000,\n");
  const Finished bad = ipw({"gdp", scores, "--weights", weights});
  EXPECT_EQ(bad.status, 1);
  EXPECT_TRUE(holds(bad.err, "w:3: column 'weight' is empty"));
}

TEST(Gdi, ComputesItsOwnScenariosAndEditedOnes) {
  const Finished us = ipw({"gdi", "us", "--draws", "200"});
  EXPECT_EQ(us.status, 0) << us.err;
  EXPECT_TRUE(holds(us.out, "power binds"));
  EXPECT_TRUE(holds(us.out, "assumption: "));
  EXPECT_TRUE(holds(ipw({"gdi", "china", "--draws", "200"}).out, "accelerators bind"));
  const TemporaryDirectory folder;
  std::string text = ipw({"gdi", "us", "--print"}).out;
  const std::string same = folder.write("same.json", text);
  EXPECT_EQ(ipw({"gdi", same, "--json", "--draws", "200"}).out,
            ipw({"gdi", "us", "--json", "--draws", "200"}).out);
  const std::size_t at = text.find("\"pue\"");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 5, "\"pui\"");
  const Finished bad = ipw({"gdi", folder.write("bad.json", text)});
  EXPECT_EQ(bad.status, 1);
  EXPECT_TRUE(holds(bad.err, "there is no input 'pui'"));
  EXPECT_EQ(ipw({"gdi", "atlantis"}).status, 1);
}

TEST(AnalysisPages, HoldTheirPicturesAndLoadNothing) {
  const TemporaryDirectory folder;
  const std::string page = folder.path().string() + "/gdi.html";
  const Finished made = ipw({"gdi", "us", "--draws", "200", "--html", page});
  if (holds(made.err, "gnuplot is not on PATH")) {
    ASSERT_EQ(std::getenv("IPW_REQUIRE_SHARED"), nullptr) << "gnuplot must be there";
    GTEST_SKIP() << "no gnuplot (scripts/setup plot)";
  }
  ASSERT_EQ(made.status, 0) << made.err;
  const std::string html = read_file(page);
  EXPECT_TRUE(holds(html, "<img alt=\""));
  EXPECT_TRUE(holds(html, "download=\"gdi-1.svg\" href=\"data:image/svg+xml;base64,"));
  EXPECT_TRUE(holds(html, "download=\"gdi.csv\""));
  EXPECT_FALSE(holds(html, "src=\"http"));
  EXPECT_FALSE(holds(html, "<script"));
}

}  // namespace
}  // namespace ipw::e2e
