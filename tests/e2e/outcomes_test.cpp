// `ipw coverage` and `ipw savings` on real outcomes and published figures: what was measured on the
// same files by other means comes out again. Everything here is somebody else's measurement.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "process.h"

namespace ipw::e2e {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

Json run(std::vector<std::string> arguments) {
  arguments.emplace_back("--json");
  const Finished finished = ipw(std::move(arguments));
  EXPECT_EQ(finished.status, 0) << finished.err;
  return finished.status == 0 ? Json::parse(finished.out) : Json();
}

Json figure(const Json& document, const std::string& section, const std::string& label,
            const std::string& name) {
  for (const Json& row : document.at("sections").at(section)) {
    if (row.at("label").get<std::string>().starts_with(label)) return row.at("figures").at(name);
  }
  ADD_FAILURE() << "no row '" << label << "' in " << section;
  return Json{{"value", 0.0}, {"low", 0.0}, {"high", 0.0}};
}

double value(const Json& document, const std::string& section, const std::string& label,
             const std::string& name) {
  const Json found = figure(document, section, label, name).at("value");
  EXPECT_FALSE(found.is_null()) << section << " " << label << " " << name;
  return found.is_null() ? 0.0 : found.get<double>();
}

#define SHARED_OR_SKIP(variable, relative)            \
  const std::string variable = shared_data(relative); \
  if (variable.empty()) GTEST_SKIP() << relative << " is not on this machine"

constexpr const char* kSmallPool =
    "small=gemma-2-27b-it@together,gemma-2-9b-it,gemma-2-2b-it,Meta-Llama-3-8B-Instruct,"
    "Meta-Llama-3.1-8B-Instruct,Mistral-Nemo-Instruct-2407,Phi-3.5-mini-instruct,"
    "Qwen2-7B-Instruct,Yi-1.5-9B-Chat,Mixtral-8x7B-Instruct-v0.1";

TEST(Coverage, OfGsm8kByTenSmallModelsIsWhatWasCountedByOtherMeans) {
  SHARED_OR_SKIP(table, "data/zeroeval_gsm8k/gsm.correct.tsv");
  const Json found = run({"coverage", table, "--wide", "--reference", "claude-3-5-sonnet-20241022",
                          "--pool", kSmallPool});
  const auto near = [&](const char* section, const char* label, const char* name, double expected) {
    EXPECT_NEAR(value(found, section, label, name), expected, 5e-5) << label << " " << name;
  };
  near("models", "gemma-2-27b-it@together", "coverage", .9022);
  near("models", "gemma-2-27b-it@together", "win_or_tie", .9242);
  near("models", "claude-3-5-sonnet-20241022 (reference)", "coverage", .9666);
  near("pools", "small", "best_single", .9022);
  near("pools", "small", "best_of", .9803);
  near("pools", "small", "win_or_tie", .9917);
  const Json best_of = figure(found, "pools", "small", "best_of");
  EXPECT_LT(best_of["low"], .9803);
  EXPECT_GT(best_of["high"], .9803);
  EXPECT_EQ(best_of["n"], 1319);
  EXPECT_EQ(best_of["provenance"], "published");
  const Json floor = figure(found, "pools", "small", "chance_floor");
  EXPECT_TRUE(floor["value"].is_null()) << "free answers: nobody knows how many a guesser has";
  EXPECT_THAT(floor["reason"].get<std::string>(), HasSubstr("not known"));
}

TEST(Coverage, PicksModelsBySizeAndNamesThoseOfUnknownSize) {
  SHARED_OR_SKIP(table, "data/zeroeval_gsm8k/gsm.correct.tsv");
  const TemporaryDirectory directory;
  const std::string models = directory.write(
      "models.csv",
      "model,parameters_b,active_b,year\n"
      "gemma-2-27b-it@together,27.2,,2024\ngemma-2-9b-it,9.2,,2024\ngemma-2-2b-it,2.6,,2024\n"
      "Meta-Llama-3-8B-Instruct,8,,2024\nMeta-Llama-3.1-8B-Instruct,8,,2024\n"
      "Mistral-Nemo-Instruct-2407,12.2,,2024\nPhi-3.5-mini-instruct,3.8,,2024\n"
      "Qwen2-7B-Instruct,7.6,,2024\nYi-1.5-9B-Chat,8.8,,2024\n"
      "Mixtral-8x7B-Instruct-v0.1,46.7,12.9,2023\nMeta-Llama-3-70B-Instruct,70,,2024\n");
  const std::string smallest = (directory.path() / "smallest.csv").string();
  const Json found = run({"coverage", table, "--wide", "--models", models, "--max-active", "27.5",
                          "--reference", "claude-3-5-sonnet-20241022", "--per-question", smallest});
  EXPECT_NEAR(value(found, "pools", "all models up to 27.5 B active (10", "win_or_tie"), .9917,
              5e-5);
  EXPECT_NEAR(value(found, "by_year", "2023 (1", "best_of"), .7013, 5e-5);
  EXPECT_NEAR(value(found, "by_year", "2024 (10", "best_of"), .9803, 5e-5);
  EXPECT_NEAR(value(found, "difficulty", "unsolved", "share"), 1 - 1293.0 / 1319, 5e-5);
  EXPECT_THAT(found["notes"].dump(), HasSubstr("their size is not told"));
  EXPECT_THAT(read_file(smallest), HasSubstr("gsm8k-main-test-#0,gemma-2-2b-it,2.6"));
}

TEST(Coverage, OfGsm8kByAllModelsSaysHowManyQuestionsLackAVerdict) {
  SHARED_OR_SKIP(table, "data/zeroeval_gsm8k/gsm.correct.tsv");
  const Json found = run({"coverage", table, "--wide"});
  EXPECT_NEAR(value(found, "pools", "all models (44", "best_of"), .9962, 5e-5);
  const Json lacking = figure(found, "models", "gemini-1.5-flash-exp-0827", "coverage");
  EXPECT_TRUE(lacking["value"].is_null()) << "638 of 1,319 verdicts are missing: no headline";
  EXPECT_NEAR(lacking["all_wrong"], 647.0 / 1319, 5e-5);
  EXPECT_NEAR(lacking["all_right"], (647.0 + 638) / 1319, 5e-5);
  // The models that join add up to the pool, and each gain is what it adds.
  double sum = 0.0;
  for (const Json& row : found["sections"]["one_by_one"]) {
    sum += row["figures"]["gain"]["value"].get<double>();
  }
  EXPECT_NEAR(sum, 1314.0 / 1319, 1e-9);
}

TEST(Coverage, OfMmluProStandsBesideTheFloorOfGuessersInEveryDomain) {
  SHARED_OR_SKIP(preds, "data/mmlu_pro/preds.tsv");
  SHARED_OR_SKIP(questions, "data/mmlu_pro/questions.jsonl");
  const std::vector<std::string> arguments{"coverage",
                                           preds,
                                           "--wide",
                                           "--columns",
                                           "answer=answer",
                                           "--questions",
                                           questions,
                                           "--question-columns",
                                           "question=question_id"};
  const Json found = run(arguments);
  const Json& domains = found["sections"]["by_category"];
  ASSERT_EQ(domains.size(), 14U);
  struct Domain {
    const char* name;
    std::int64_t n, covered;
    double floor;
  };
  constexpr Domain kDomains[] = {{"biology", 717, 696, .9349},
                                 {"business", 789, 756, .9301},
                                 {"computer science", 410, 396, .9393},
                                 {"history", 381, 338, .9409},
                                 {"law", 1101, 991, .9402},
                                 {"math", 1351, 1280, .9317},
                                 {"philosophy", 499, 458, .9432},
                                 {"psychology", 798, 752, .9357}};
  for (const Domain& domain : kDomains) {
    const Json best_of = figure(found, "by_category", domain.name, "best_of");
    EXPECT_NEAR(best_of["value"],
                static_cast<double>(domain.covered) / static_cast<double>(domain.n), 1e-9)
        << domain.name;
    EXPECT_EQ(best_of["n"], domain.n);
    EXPECT_NEAR(value(found, "by_category", domain.name, "chance_floor"), domain.floor, 5e-5);
  }
  const Json chemistry = figure(found, "by_category", "chemistry", "best_of");
  EXPECT_TRUE(chemistry["value"].is_null()) << "one model did not answer 63 unsolved questions";
  EXPECT_NEAR(chemistry["all_wrong"], 1047.0 / 1132, 1e-9);
  EXPECT_NEAR(chemistry["all_right"], (1047.0 + 63) / 1132, 1e-9);

  std::vector<std::string> complete = arguments;
  complete.emplace_back("--complete");
  const Json without = run(complete);
  EXPECT_FALSE(figure(without, "by_category", "chemistry", "best_of")["value"].is_null());
  EXPECT_THAT(without["notes"].dump(), HasSubstr("questions are left out"));
}

TEST(Savings, OnRouterArenaCostRealDollarsAndTheDearerModelIsTheWeaker) {
  SHARED_OR_SKIP(table, "data/routerarena/scores.tsv");
  const Json found = run({"savings", table, "--columns",
                          "question=global_index,dollars=inference_cost_usd,ignore=metric+"
                          "answer_chars",
                          "--provenance", "published: RouterArena", "--reference",
                          "claude-3-haiku-20240307", "--clip-scores"});
  EXPECT_THAT(found["notes"].dump(), HasSubstr("1 scores outside 0 to 1"));
  EXPECT_NEAR(value(found, "models", "claude-3-haiku", "quality"), .523397, 5e-6);
  EXPECT_NEAR(value(found, "models", "gemini-2.0-flash-001", "quality"), .69012, 5e-6);
  EXPECT_NEAR(value(found, "models", "gemini-2.0-flash-001", "dollars_saved"), .730154, 5e-6)
      << "the stronger model alone saves more than the oracle, which sends hopeless questions up";
  const double oracle = value(found, "routers", "oracle", "dollars_saved");
  EXPECT_NEAR(oracle, .420941, 5e-6);
  EXPECT_NEAR(value(found, "routers", "oracle", "quality"), .728525, 5e-6);
  EXPECT_NEAR(value(found, "routers", "right 80 %", "dollars_saved"), .8 * oracle, 1e-9);
  EXPECT_NEAR(value(found, "against_best_single", "oracle against gemini", "dollars_saved"),
              1 - (1 - .420941) / (1 - .730154), 1e-4)
      << "against the best single model it loses money";
  const Json figure_of = figure(found, "routers", "oracle", "dollars_saved");
  EXPECT_LT(figure_of["low"], oracle);
  EXPECT_GT(figure_of["high"], oracle);
  EXPECT_EQ(figure_of["provenance"], "published");
  EXPECT_TRUE(figure(found, "routers", "oracle", "joules_saved")["value"].is_null());
  EXPECT_NE(figure(found, "routers", "oracle", "joules_saved")["reason"], "");
}

TEST(Savings, OnRouteLlmNeedCostsAndTakeThemFromATable) {
  SHARED_OR_SKIP(folder, "data/routellm/mmlu");
  std::vector<std::string> arguments{"savings"};
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".csv") arguments.push_back(entry.path().string());
  }
  ASSERT_EQ(arguments.size(), 58U);
  const std::vector<std::string> more{"--wide", "--columns",
                                      "question=@row,category=@file,ignore=prompt", "--reference",
                                      "gpt-4-1106-preview"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Finished without = ipw(arguments);
  EXPECT_EQ(without.status, 1);
  EXPECT_THAT(without.err, HasSubstr("--energy"));

  const TemporaryDirectory directory;
  arguments.emplace_back("--energy");
  arguments.push_back(directory.write("energy.csv",
                                      "model,j_per_query,source\n"
                                      "mistralai/Mixtral-8x7B-Instruct-v0.1,10,assumed\n"
                                      "gpt-4-1106-preview,100,assumed\n"));
  const Json found = run(arguments);
  EXPECT_NEAR(value(found, "models", "mistralai", "quality"), .680815, 5e-7);
  EXPECT_NEAR(value(found, "models", "gpt-4", "quality"), .805797, 5e-7);
  EXPECT_NEAR(value(found, "routers", "oracle", "quality"), .858638, 5e-7);
  // Every question that Mixtral answers costs a tenth: .9 × its accuracy.
  EXPECT_NEAR(value(found, "routers", "oracle", "joules_saved"), .9 * .680815, 1e-6);
  EXPECT_NEAR(value(found, "routers", "right 60 %", "joules_saved"), .6 * .9 * .680815, 1e-6);
  EXPECT_EQ(figure(found, "routers", "oracle", "joules_saved")["provenance"], "published");
}

TEST(Savings, OfThePaperFollowFromItsOracleRow) {
  SHARED_OR_SKIP(table, "reference/routing_savings.csv");
  const Json found = run({"savings", "--published", table, "--local-share", "0.807"});
  for (const char* row : {"right 100 %", "right 90 %", "right 80 %", "right 70 %"}) {
    for (const char* resource : {"energy", "compute", "cost"}) {
      EXPECT_NEAR(value(found, "published", row, resource + std::string("_difference")), 0.0,
                  .00055)
          << row << " " << resource << ": printed to a tenth of a per cent";
    }
  }
  // The paper's own 60 % row is above accuracy × oracle by more than rounding.
  EXPECT_NEAR(value(found, "published", "right 60 %", "energy_saved"), .4824, 1e-9);
  EXPECT_NEAR(value(found, "published", "right 60 %", "energy_difference"), .0016, 1e-9);
  EXPECT_NEAR(value(found, "published", "right 60 %", "compute_difference"), .0032, 1e-9);
  EXPECT_NEAR(value(found, "implied", "energy", "local_over_cloud"), .0037, 5e-5);
  EXPECT_NEAR(value(found, "implied", "compute", "local_over_cloud"), .0421, 5e-5);
}

TEST(Outcomes, BadInputIsNamedWithItsLineAndTheRightStatus) {
  const TemporaryDirectory directory;
  const std::string twice =
      directory.write("twice.csv", "question,model,score\nq1,m,1\nq2,m,1\nq1,m,0\n");
  const Finished duplicate = ipw({"coverage", twice});
  EXPECT_EQ(duplicate.status, 1);
  EXPECT_THAT(duplicate.err, HasSubstr("twice.csv line 4: question q1 of m stands twice"));

  const std::string table = directory.write("ok.csv", "question,model,score\nq1,m,1\nq1,n,0\n");
  const Finished unknown = ipw({"coverage", table, "--reference", "nn"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean n?"));
  EXPECT_EQ(ipw({"coverage", (directory.path() / "none.csv").string()}).status, 1);
  EXPECT_EQ(ipw({"coverage", table, "--pool", "p="}).status, 2);
  EXPECT_EQ(ipw({"savings", table}).status, 2);
  const Finished full = ipw({"coverage", table, "--csv", "/nonexistent/figures.csv"});
  EXPECT_EQ(full.status, 1);
  EXPECT_THAT(full.err, HasSubstr("cannot write"));
}

TEST(Outcomes, OfRunsAreReadLikeAnyOther) {
  const TemporaryDirectory directory;
  const std::string a = (directory.path() / "a").string();
  const std::string b = (directory.path() / "b").string();
  for (const std::string& run_folder : {a, b}) {
    const Finished profiled =
        ipw({"profile", "--model", tiny_model(), "--dataset", "demo", "--limit", "6",
             "--max-tokens", "4", "--idle", "0", "--out", run_folder});
    ASSERT_EQ(profiled.status, 0) << profiled.err;
  }
  const Json one = run({"coverage", a});
  EXPECT_EQ(figure(one, "pools", "all models", "best_of")["n"], 6);
  EXPECT_EQ(figure(one, "pools", "all models", "best_of")["provenance"], "measured");
  const Finished both = ipw({"coverage", a, b});
  EXPECT_EQ(both.status, 1);
  EXPECT_THAT(both.err, HasSubstr("would count twice")) << "the same model on the same machine";
}

}  // namespace
}  // namespace ipw::e2e
