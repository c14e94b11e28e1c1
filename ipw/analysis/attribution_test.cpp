#include "ipw/analysis/attribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "ipw/analysis/reference_tables.h"
#include "ipw/core/random.h"

namespace ipw::analysis {
namespace {

Cells cells_from(const std::string& text, Per per = Per::kWatt,
                 const std::vector<std::string>& factors = {"model", "accelerator"}) {
  const auto table = parse_table("t", text);
  EXPECT_TRUE(table) << table.error().message;
  auto cells = cells_of_table(*table, factors, per);
  EXPECT_TRUE(cells) << cells.error().message;
  return cells ? *std::move(cells) : Cells{};
}

record::Figure figure_of(const Findings& findings, const std::string& step, const std::string& part,
                         const std::string& name = "ratio") {
  for (const FindingSection& section : findings.sections) {
    if (section.title.find(step) == std::string::npos) continue;
    for (const FindingRow& row : section.rows) {
      const record::Figure* figure = metrics::find(row.figures, name);
      if (row.label == part && figure != nullptr) return *figure;
    }
  }
  ADD_FAILURE() << "no " << name << " of " << part << " in " << step;
  return {};
}

Findings attributed(const Cells& cells, const std::vector<std::string>& steps = {}) {
  auto findings = attribute(cells, steps);
  EXPECT_TRUE(findings) << findings.error().message;
  return findings ? *std::move(findings) : Findings{};
}

// arXiv 2511.07885v4, table 2: 5.3 = 3.1 × 1.7, 2.27 and 2.32 year by year.
TEST(Attribution, GivesThePublishedDecompositionOfThreeYears) {
  if (const std::string why = without_shared(); !why.empty()) GTEST_SKIP() << why;
  auto cells = cells_of_table(reference_table("ipw_by_year"), {"model", "accelerator"}, Per::kWatt);
  ASSERT_TRUE(cells) << cells.error().message;
  const Findings findings = attributed(*cells);
  const record::Figure total = figure_of(findings, "all steps", "total");
  EXPECT_NEAR(*total.value, 5.28, 0.005);
  // By hand: ln 5.278 ± 1.96·√((.32/7.92)² + (.53/4.18)²) = 1.6635 ± .2608.
  EXPECT_NEAR(*total.low, std::exp(1.6635 - 0.2608), 0.005);
  EXPECT_NEAR(*total.high, std::exp(1.6635 + 0.2608), 0.01);
  EXPECT_EQ(total.provenance.source, record::Source::kPublished);
  EXPECT_NEAR(*figure_of(findings, "all steps", "model, as published").value, 3.07, 0.005);
  EXPECT_NEAR(*figure_of(findings, "all steps", "accelerator, as published").value, 1.72, 0.005);
  EXPECT_NEAR(*figure_of(findings, ": 2023", "total").value, 2.27, 0.005);
  EXPECT_NEAR(*figure_of(findings, "→ 2025", "total").value, 2.32, 0.005);
  for (const char* part : {"model", "accelerator", "interaction model × accelerator"}) {
    const record::Figure share = figure_of(findings, ": 2023", part);
    EXPECT_FALSE(share.value) << part;
    EXPECT_NE(share.reason.find("not identified: (Llama-3.1-8B, Quadro RTX 6000), (Mixtral-8x7B, "
                                "RTX 6000 Ada) were not measured"),
              std::string::npos)
        << share.reason;
  }
}

// Table 13 has all four cells. V = ln IPW: 32B/4B is 1.97/1.40 and 2.75/1.95, B200/M4 1.95/1.40 and
// 2.75/1.97; the shares are the geometric means.
TEST(Attribution, SplitsAGridOfFourCellsExactly) {
  if (const std::string why = without_shared(); !why.empty()) GTEST_SKIP() << why;
  auto cells =
      cells_of_table(reference_table("ipw_local_vs_cloud"), {"model", "accelerator"}, Per::kWatt);
  ASSERT_TRUE(cells);
  const Findings findings = attributed(*cells, {"Qwen3-4B, M4 Max", "Qwen3-32B, B200"});
  const double model = std::sqrt(1.97 / 1.40 * 2.75 / 1.95);
  const double card = std::sqrt(1.95 / 1.40 * 2.75 / 1.97);
  EXPECT_NEAR(*figure_of(findings, "→", "model").value, model, 1e-9);
  EXPECT_NEAR(*figure_of(findings, "→", "accelerator").value, card, 1e-9);
  EXPECT_NEAR(*figure_of(findings, "→", "total").value, 2.75 / 1.40, 1e-9);
  EXPECT_NEAR(*figure_of(findings, "→", "interaction model × accelerator").value,
              2.75 * 1.40 / 1.97 / 1.95, 1e-9);
  const double share = *figure_of(findings, "→", "model", "share").value;
  EXPECT_NEAR(share, std::log(model) / std::log(2.75 / 1.40), 1e-9);
  // Accuracy is the model's alone, and the parts of a share multiply back to it.
  EXPECT_NEAR(*figure_of(findings, "→", "model", "accuracy").value, 69.5 / 49.3, 1e-9);
  EXPECT_NEAR(*figure_of(findings, "→", "accelerator", "accuracy").value, 1.0, 1e-9);
  EXPECT_NEAR(*figure_of(findings, "→", "model", "accuracy").value *
                  *figure_of(findings, "→", "model", "power").value,
              model, 1e-9);
}

constexpr const char* kCube =
    "model,accelerator,quantization,ipj,ipj_pm\n"
    "a,X,q8,1.0,0.01\nb,X,q8,2.0,0.02\na,Y,q8,1.5,0.02\nb,Y,q8,3.5,0.03\n"
    "a,X,q4,1.2,0.02\nb,X,q4,2.5,0.02\na,Y,q4,2.0,0.02\nb,Y,q4,5.0,0.05\n";

TEST(Attribution, OfThreePlayersMultipliesBackToTheTotal) {
  const Cells cells = cells_from(kCube, Per::kJoule, {"model", "accelerator", "quantization"});
  const Findings findings = attributed(cells, {"a, X, q8", "b, Y, q4"});
  double product = 1.0;
  double shares = 0.0;
  for (const char* part : {"model", "accelerator", "quantization"}) {
    product *= *figure_of(findings, "→", part).value;
    shares += *figure_of(findings, "→", part, "share").value;
  }
  EXPECT_NEAR(product, 5.0, 1e-9);
  EXPECT_NEAR(shares, 1.0, 1e-9);
  // By hand, model: ⅓·ln 2 + ⅙·ln(3.5/1.5) + ⅙·ln(2.5/1.2) + ⅓·ln(5/2).
  const double model =
      std::log(2.0) / 3 + std::log(3.5 / 1.5) / 6 + std::log(2.5 / 1.2) / 6 + std::log(2.5) / 3;
  EXPECT_NEAR(std::log(*figure_of(findings, "→", "model").value), model, 1e-12);
}

TEST(Attribution, DoesNotDependOnTheOrderOfRowsOrTheUnit) {
  const Findings one = attributed(cells_from("model,accelerator,ipw\na,X,1\nb,X,2\na,Y,3\nb,Y,5\n"),
                                  {"a, X", "b, Y"});
  const Findings two =
      attributed(cells_from("accelerator,model,ipw\nY,b,5e-3\nX,b,2e-3\nY,a,3e-3\nX,a,1e-3\n"),
                 {"a, X", "b, Y"});
  for (const char* part : {"total", "model", "accelerator"}) {
    EXPECT_NEAR(*figure_of(one, "→", part).value, *figure_of(two, "→", part).value, 1e-12);
  }
  EXPECT_EQ(figure_of(one, "→", "model").reason, "no standard errors in the table");
}

TEST(Attribution, NeedsOnlyTheCellsOfWhatChanges) {
  const Findings findings =
      attributed(cells_from("model,accelerator,ipw\na,X,1\nb,X,2\n"), {"a, X", "b, X"});
  EXPECT_NEAR(*figure_of(findings, "→", "model").value, 2.0, 1e-12);
}

TEST(Attribution, RefusesBadInputNamingTheRow) {
  const auto error = [](const std::string& text) {
    const auto cells =
        cells_of_table(*parse_table("t", text), {"model", "accelerator"}, Per::kWatt);
    return cells ? std::string() : cells.error().message;
  };
  EXPECT_NE(
      error("model,accelerator,ipw\na,X,0\n").find("t:2: '0' in column 'ipw' is not above zero"),
      std::string::npos);
  EXPECT_NE(error("model,accelerator,ipw\na,X,1\na,X,2\n").find("t:3: a, X stands there a second"),
            std::string::npos);
  EXPECT_NE(error("model,ipw\na,1\n").find("no column 'accelerator'"), std::string::npos);
  EXPECT_NE(error("model,accelerator,speed\na,X,1\n").find("neither ipw nor accuracy and power"),
            std::string::npos);
  EXPECT_NE(error("model,accelerator,ipw,accuracy,power_w\na,X,1,0.5,100\n")
                .find("is not accuracy / power"),
            std::string::npos);
  EXPECT_NE(error("model,accelerator,ipw,accuracy\na,X,1,50\n").find("above one"),
            std::string::npos);
  const Cells cells = cells_from("model,accelerator,ipw\na,X,1\nb,X,2\n");
  EXPECT_EQ(attribute(cells, {}).error().code, core::ErrorCode::kInvalidData);
  EXPECT_NE(attribute(cells, {"a, X", "c, X"}).error().message.find("there are 'a, X', 'b, X'"),
            std::string::npos);
  EXPECT_FALSE(attribute(cells, {"a, X", "a, X"}));
}

// Four cells over the same questions: model b is right more often, card Y takes less.
std::shared_ptr<Outcomes> simulated(std::size_t questions, std::uint64_t seed) {
  auto outcomes = std::make_shared<Outcomes>();
  core::Random random(seed);
  for (const char* model : {"a", "b"}) {
    for (const char* card : {"X", "Y"}) {
      ModelOutcomes cell;
      cell.model = model;
      cell.hardware = card;
      outcomes->models.push_back(cell);
    }
  }
  for (std::size_t q = 0; q < questions; ++q) {
    outcomes->questions.push_back(std::to_string(q));
    const double hard = random.unit();
    for (ModelOutcomes& cell : outcomes->models) {
      const double skill = cell.model == "a" ? 0.4 : 0.8;
      cell.score.push_back(hard < skill ? 1.0F : 0.0F);
      const double watts = (cell.hardware == "X" ? 200.0 : 100.0) * (0.9 + 0.2 * random.unit());
      QuantityColumn& power = cell.quantities[static_cast<std::size_t>(Quantity::kWatts)];
      power.value.push_back(static_cast<float>(watts));
      power.sources = {{record::Source::kMeasured, "nvml-counter"}};
    }
  }
  return outcomes;
}

TEST(Attribution, OfAnswersHasPairedIntervalsAroundTheTruth) {
  const auto cells = cells_of_outcomes(simulated(2000, 3), Per::kWatt);
  ASSERT_TRUE(cells) << cells.error().message;
  const Findings findings = attributed(*cells, {"a, X", "b, Y"});
  // Of nested answers with shares .4 and .8 the logarithm of the ratio has the variance
  // (1/.4 - 1/.8) / n; of two mean powers within 10 % the one of cv²/n each, two halves of two.
  constexpr double kQuestions = 2000.0;
  const double cv = 0.1 / std::sqrt(3.0);
  for (const auto& [part, error] :
       {std::pair("model", std::sqrt((1 / 0.4 - 1 / 0.8 + cv * cv) / kQuestions)),
        std::pair("accelerator", cv / std::sqrt(kQuestions))}) {
    const record::Figure share = figure_of(findings, "→", part);
    EXPECT_LT(std::abs(std::log(*share.value / 2.0)), 3.29 * error) << part << ", 99.9 % level";
    EXPECT_NEAR(std::log(*share.high / *share.low), 2 * 1.96 * error, 0.1 * 2 * 1.96 * error)
        << part << ": the width, give or take a bootstrap of 1,000 resamples";
    EXPECT_EQ(share.interval, "paired-student");
    EXPECT_EQ(share.n, 2000);
    EXPECT_EQ(share.provenance.source, record::Source::kMeasured);
  }
  // The answers do not depend on the card, so its accuracy part is one without any doubt.
  EXPECT_DOUBLE_EQ(*figure_of(findings, "→", "accelerator", "accuracy").value, 1.0);
}

TEST(Attribution, SaysWhichQuestionsItLeavesOutAndWhatHasNoEnergy) {
  const auto outcomes = simulated(500, 4);
  outcomes->models[1].score[7] = std::nanf("");
  const auto cells = cells_of_outcomes(outcomes, Per::kWatt);
  ASSERT_TRUE(cells);
  const record::Figure share = figure_of(attributed(*cells, {"a, X", "b, Y"}), "→", "model");
  EXPECT_EQ(share.n, 499);
  EXPECT_NE(share.reason.find("1 of 500 questions are left out"), std::string::npos);
  outcomes->models[2].quantities = {};
  const record::Figure none = figure_of(attributed(*cells, {"a, X", "b, Y"}), "→", "model");
  EXPECT_FALSE(none.value);
  EXPECT_NE(none.reason.find("not identified: b on X has no watts"), std::string::npos);
  EXPECT_FALSE(cells_of_outcomes(outcomes, Per::kJoule)) << "nobody measured joules";
}

}  // namespace
}  // namespace ipw::analysis
