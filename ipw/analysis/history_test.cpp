#include "ipw/analysis/history.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "ipw/analysis/fail_if.h"
#include "ipw/analysis/outcomes_reader.h"
#include "ipw/analysis/reference_tables.h"
#include "ipw/analysis/run_series.h"
#include "ipw/store/run.h"
#include "ipw/store/sample_run.h"

namespace ipw::analysis {
namespace {

record::Figure figure_of(const Findings& findings, const std::string& section,
                         const std::string& label, const std::string& name) {
  for (const FindingSection& entry : findings.sections) {
    if (entry.name != section) continue;
    for (const FindingRow& row : entry.rows) {
      const record::Figure* figure = metrics::find(row.figures, name);
      if (row.label.find(label) != std::string::npos && figure != nullptr) return *figure;
    }
  }
  ADD_FAILURE() << "no " << name << " of " << label << " in " << section;
  return {};
}

Cells cells_from(const std::string& text) {
  const auto table = parse_table("t", text);
  EXPECT_TRUE(table) << table.error().message;
  auto cells = cells_of_table(*table, {"model", "accelerator"}, Per::kWatt);
  EXPECT_TRUE(cells) << cells.error().message;
  return cells ? *std::move(cells) : Cells{};
}

// arXiv 2511.07885v4, table 2. By hand: √5.278 = 2.297 a year; ln 2 / ln 2.297 = .833 years; the
// limits of the gain, exp(1.6635 ± .2608), give .720 and .988 years.
TEST(History, GivesGainAndDoublingTimeOfThePublishedYears) {
  if (const std::string why = without_shared(); !why.empty()) GTEST_SKIP() << why;
  const auto cells =
      cells_of_table(reference_table("ipw_by_year"), {"model", "accelerator"}, Per::kWatt);
  ASSERT_TRUE(cells) << cells.error().message;
  const auto findings = history(*cells);
  ASSERT_TRUE(findings) << findings.error().message;
  const std::string whole = "2023 to 2025";
  EXPECT_NEAR(*figure_of(*findings, "trend", whole, "gain").value, 5.278, 0.001);
  EXPECT_NEAR(*figure_of(*findings, "trend", whole, "gain_per_year").value, 2.297, 0.001);
  const record::Figure doubling = figure_of(*findings, "trend", whole, "doubling_time");
  EXPECT_NEAR(*doubling.value, 0.833, 0.001);
  EXPECT_NEAR(*doubling.low, 0.720, 0.001);
  EXPECT_NEAR(*doubling.high, 0.988, 0.001);
  // Three equidistant points: the line has the slope of its ends.
  EXPECT_NEAR(*figure_of(*findings, "trend", "measurement", "gain_per_year").value, 2.297, 0.001);
  // By hand: residuals of ln IPW −7.1410, −6.3200, −5.4775 around the line are −.0036, .0072,
  // −.0036; se = √(7.7e-5 / 2) = .0062; t(1) = 12.706 gives 2.297·exp(±.0789).
  const record::Figure scatter = figure_of(*findings, "trend", "scatter", "gain_per_year");
  EXPECT_NEAR(*scatter.low, 2.297 * std::exp(-0.0789), 0.005);
  EXPECT_NEAR(*scatter.high, 2.297 * std::exp(0.0789), 0.005);
  EXPECT_NEAR(*figure_of(*findings, "best", "2024", "gain").value, 2.27, 0.005);
  EXPECT_NEAR(*figure_of(*findings, "best", "2025", "gain").value, 2.32, 0.005);
  EXPECT_NEAR(*figure_of(*findings, "chain", "model, as published", "ratio").value, 3.07, 0.005);
}

TEST(History, TakesTheBestOfEveryYear) {
  const auto findings = history(
      cells_from("year,model,accelerator,ipw\n2024,a,X,1\n2024,b,X,2\n2025,c,X,1.5\n2025,d,Y,6\n"));
  ASSERT_TRUE(findings);
  EXPECT_NEAR(*figure_of(*findings, "best", "2025 d, Y", "gain").value, 3.0, 1e-12);
  EXPECT_NEAR(*figure_of(*findings, "trend", "2024 to 2025", "gain_per_year").value, 3.0, 1e-12);
  EXPECT_EQ(figure_of(*findings, "best", "2024 b, X", "ipw").unit, "1/W");
}

TEST(History, SaysThatWhatDoesNotGrowHasNoDoublingTime) {
  const auto findings = history(cells_from(
      "year,model,accelerator,ipw,ipw_pm\n2024,a,X,2,0.1\n2025,b,X,1.9,0.1\n2026,c,X,1.95,0.1\n"));
  ASSERT_TRUE(findings);
  const record::Figure doubling = figure_of(*findings, "trend", "2024 to 2026", "doubling_time");
  EXPECT_FALSE(doubling.value);
  EXPECT_EQ(doubling.reason, "it does not grow");
}

TEST(History, RefusesWhatHasNoTime) {
  EXPECT_EQ(history(cells_from("model,accelerator,ipw\na,X,1\nb,X,2\n")).error().code,
            core::ErrorCode::kInvalidData);
  EXPECT_FALSE(cells_of_table(*parse_table("t", "date,model,accelerator,ipw\n2025-13-01,a,X,1\n"),
                              {"model", "accelerator"}, Per::kWatt));
}

TEST(CalendarYear, CountsDaysOfTheirYear) {
  EXPECT_DOUBLE_EQ(*calendar_year("2025-01-01"), 2025.0);
  EXPECT_DOUBLE_EQ(*calendar_year("2024-07-02T00:00:00Z"), 2024.5);  // 183 of 366 days
  EXPECT_FALSE(calendar_year("2025-02-29"));
  EXPECT_FALSE(calendar_year("yesterday"));
  for (const char* date : {"2026-11-21 09:30", "2024-02-29", "2025-12-31 23:59", "2025-01-01"}) {
    std::string iso = date;
    if (iso.size() > 10) iso = iso.replace(10, 1, "T") + ":00Z";
    EXPECT_EQ(calendar_text(*calendar_year(iso)), date);
  }
}

// One run of `questions` questions whose question i is right where i % 10 < `tenths`, at `joules`.
void write_run(const std::filesystem::path& folder, const std::string& model,
               const std::string& created, int questions, int tenths, double joules) {
  store::HandClock clock;
  store::Manifest manifest = store::sample_manifest();
  manifest.model.name = model;
  manifest.created = created;
  manifest.questions.selected = questions;
  manifest.machine.hostname = "bench";
  auto run = store::Run::create(folder, manifest, clock);
  ASSERT_TRUE(run) << run.error().message;
  std::vector<record::Call> calls;
  for (int i = 0; i < questions; ++i) {
    record::Call call = store::sample_call(i, clock.now());
    const bool right = i % 10 < tenths;
    call.verdict.outcome = right ? record::Outcome::kCorrect : record::Outcome::kIncorrect;
    call.verdict.value = right ? 1.0 : 0.0;
    call.energy.front().active = core::Joules(joules * (0.9 + 0.2 * (i % 7) / 6.0));
    call.energy.front().loaded_idle = core::Joules(0.0);
    calls.push_back(std::move(call));
  }
  ASSERT_TRUE(run->append(calls));
}

// Accuracy .3 → .6 at half the joules: a gain of 4 in a year.
TEST(History, FollowsASeriesOfRunsWithPairedIntervals) {
  const store::TemporaryDirectory study;
  write_run(study / "a", "old.gguf", "2025-01-01T00:00:00Z", 400, 3, 2.0);
  write_run(study / "b", "new.gguf", "2026-01-01T00:00:00Z", 400, 6, 1.0);
  const std::vector<std::filesystem::path> paths{study.path()};
  auto cells = cells_of_runs(paths, Per::kJoule);
  ASSERT_TRUE(cells) << cells.error().message;
  ASSERT_EQ(cells->cells.size(), 2U);
  const auto findings = history(*cells);
  ASSERT_TRUE(findings) << findings.error().message;
  const record::Figure gain = figure_of(*findings, "trend", "to", "gain_per_year");
  EXPECT_NEAR(*gain.value, 4.0, 1e-4);
  EXPECT_EQ(gain.interval, "paired-student");
  EXPECT_EQ(gain.n, 400);
  EXPECT_LT(*gain.low, 4.0);
  EXPECT_GT(*gain.high, 4.0);
  EXPECT_NEAR(*figure_of(*findings, "step_1", "model", "accuracy").value, 2.0, 1e-6);
  EXPECT_NEAR(*figure_of(*findings, "latest", "against", "latest_ratio").value, 4.0, 1e-4);
}

TEST(Outcomes, OfTwoRunsOfOneModelAreRefusedWithWhatToDo) {
  const store::TemporaryDirectory study;
  write_run(study / "a", "m.gguf", "2026-11-20T10:00:00Z", 3, 6, 1.0);
  write_run(study / "b", "m.gguf", "2026-11-21T10:00:00Z", 3, 5, 1.0);
  write_run(study / "c", "n.gguf", "2026-11-21T10:00:00Z", 3, 5, 1.0);
  const std::vector<std::filesystem::path> two{study / "a", study / "b"};
  const auto refused = read_outcomes(two, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::kInvalidData);
  for (const char* part : {"/b beside", "m.gguf", "on bench", "--repeat N", "ipw history"}) {
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << part;
  }
  const std::vector<std::filesystem::path> apart{study / "a", study / "c"};
  const auto both = read_outcomes(apart, {});
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(both->models.size(), 2U);
}

TEST(Outcomes, OfAStudyAreThoseOfItsRuns) {
  const store::TemporaryDirectory study;
  write_run(study / "a", "m.gguf", "2026-11-20T10:00:00Z", 3, 6, 1.0);
  write_run(study / "b", "n.gguf", "2026-11-21T10:00:00Z", 3, 5, 1.0);
  std::filesystem::create_directory(study / "notes");
  const std::vector<std::filesystem::path> whole{study.path()};
  const auto outcomes = read_outcomes(whole, {});
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  EXPECT_EQ(outcomes->models.size(), 2U);
  EXPECT_EQ(outcomes->questions.size(), 3U);
  const std::vector<std::filesystem::path> none{study / "notes"};
  EXPECT_EQ(read_outcomes(none, {}).error().code, core::ErrorCode::kNotFound);
}

TEST(History, OfRunsOfOneDayHasNoGainPerYearButALatestRatio) {
  const store::TemporaryDirectory study;
  write_run(study / "a", "m.gguf", "2026-11-20T10:00:00Z", 300, 6, 1.0);
  write_run(study / "b", "m.gguf", "2026-11-21T10:00:00Z", 300, 5, 1.0);
  const std::vector<std::filesystem::path> paths{study / "b", study / "a"};
  const auto cells = cells_of_runs(paths, Per::kJoule);
  ASSERT_TRUE(cells) << cells.error().message;
  const auto findings = history(*cells);
  ASSERT_TRUE(findings) << findings.error().message;
  EXPECT_NE(figure_of(*findings, "trend", "to", "gain_per_year").reason.find("needs 30"),
            std::string::npos);
  const record::Figure latest = figure_of(*findings, "latest", "against", "latest_ratio");
  EXPECT_NEAR(*latest.value, 5.0 / 6.0, 1e-4);
  EXPECT_LT(*latest.high, 1.0) << "the same questions: the loss is certain";

  const auto failing = failure(*parse_fail_if("latest_ratio.high<1"), *findings);
  ASSERT_TRUE(failing);
  ASSERT_TRUE(*failing);
  EXPECT_NE((*failing)->find("latest_ratio.high"), std::string::npos);
  const auto passing = failure(*parse_fail_if("latest_ratio<0.5"), *findings);
  ASSERT_TRUE(passing);
  EXPECT_FALSE(*passing);
}

TEST(History, SaysWhichFolderHoldsNoRun) {
  const store::TemporaryDirectory empty;
  const std::vector<std::filesystem::path> paths{empty.path()};
  EXPECT_EQ(cells_of_runs(paths, Per::kJoule).error().code, core::ErrorCode::kNotFound);
}

TEST(FailIf, ReadsConditionsAndRefusesOthers) {
  const auto condition = parse_fail_if("gain_per_year.low<=1.5e0");
  ASSERT_TRUE(condition);
  EXPECT_EQ(condition->figure, "gain_per_year");
  EXPECT_EQ(condition->limit, "low");
  EXPECT_EQ(condition->comparison, "<=");
  EXPECT_DOUBLE_EQ(condition->threshold, 1.5);
  for (const char* text : {"", "gain", "<1", "gain<", "gain.middle<1", "gain<one", "gain=1"}) {
    EXPECT_EQ(parse_fail_if(text).error().code, core::ErrorCode::kUsage) << text;
  }
}

TEST(FailIf, FailsWhereTheFigureCannotBeTold) {
  Findings findings;
  record::Figure none;
  none.reason = "nothing measured";
  findings.sections.push_back({"s", "s", {{"row", {{"gain", none}}}}});
  const auto why = failure(*parse_fail_if("gain<1"), findings);
  ASSERT_TRUE(why && *why);
  EXPECT_NE((*why)->find("cannot be told: nothing measured"), std::string::npos);
  EXPECT_EQ(failure(*parse_fail_if("loss<1"), findings).error().code, core::ErrorCode::kUsage);
  findings.sections[0].rows[0].figures[0].figure.value = 2.0;
  EXPECT_FALSE(*failure(*parse_fail_if("gain<1"), findings));
  EXPECT_TRUE(*failure(*parse_fail_if("gain>=2"), findings));
}

}  // namespace
}  // namespace ipw::analysis
