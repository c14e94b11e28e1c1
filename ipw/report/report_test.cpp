// A run whose figures are worked out by hand, from the database to the table.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "ipw/report/figure_json.h"
#include "ipw/report/run_comparison.h"
#include "ipw/report/run_report.h"
#include "ipw/store/export.h"

namespace ipw::report {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class ReportTest : public ::testing::Test {
 protected:
  ReportTest() {
    std::string pattern = (fs::temp_directory_path() / "ipw-report-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~ReportTest() override { fs::remove_all(directory_); }

  // Four questions one after the other, 2 s each: right, right, wrong, right; 10, 20, 30 and 40 J
  // above an idle of 5 W; 4 output tokens each, the first after `to_first`.
  fs::path run(const std::string& name, bool sees_idle = true, double factor = 1.0,
               std::chrono::milliseconds to_first = 500ms) {
    store::Manifest manifest;
    manifest.model.name = "hand.gguf";
    manifest.questions = {.name = "four", .selected = 4};
    manifest.options.repeat = 1;
    manifest.seeds = {{"bootstrap", 1}};
    manifest.sensors = {{.id = "meter",
                         .device = "a meter",
                         .provenance = provenance(sees_idle),
                         .sees_idle = sees_idle}};
    core::Result<store::Run> run = store::Run::create(directory_ / name, manifest, clock_);
    const core::Instant origin = clock_.now();
    std::vector<record::Call> calls;
    for (int i = 0; i < 4; ++i) {
      const core::Instant start = origin + i * 2s;
      record::Call call{.question = {.id = std::string(31, 'a') + std::to_string(i),
                                     .task = i < 2 ? "easy" : "hard",
                                     .prompt = "question " + std::to_string(i),
                                     .reference = "yes"}};
      call.completion.usage = {.prompt = core::Tokens{7}, .output = core::Tokens{4}};
      call.completion.timings = {.intended = start,
                                 .sent = start,
                                 .started = start,
                                 .first_token = start + to_first,
                                 .last_token = start + 2s};
      const bool right = i != 2;
      call.verdict = {.outcome = right ? record::Outcome::kCorrect : record::Outcome::kIncorrect,
                      .value = right ? 1.0 : 0.0};
      const double active = 10.0 * (i + 1) * factor;
      record::EnergyShare share{.sensor = "meter",
                                .provenance = provenance(sees_idle),
                                .active = core::Joules(active),
                                .uncertainty = core::Joules(0.1),
                                .coverage = 1.0};
      if (sees_idle) share.loaded_idle = core::Joules(10);
      share.device_power = core::Watts((active + (sees_idle ? 10 : 0)) / 2);
      call.energy = {share};
      calls.push_back(call);
    }
    EXPECT_TRUE(run->append(calls).has_value());
    return directory_ / name;
  }

  // Others had so many of the 20 seconds of both processors while the run was made.
  void disturb(const fs::path& directory, core::Seconds others) {
    auto run = store::Run::resume(directory, clock_);
    ASSERT_TRUE(run.has_value()) << run.error().message;
    store::Manifest manifest = run->manifest();
    manifest.company.during = record::Company{core::Seconds(10), others, core::Seconds(0), 2};
    ASSERT_TRUE(run->rewrite(std::move(manifest)));
  }

  static record::Provenance provenance(bool sees_idle) {
    if (sees_idle) return {record::Source::kMeasured, "test-meter"};
    return {record::Source::kEstimated, "cpu-time-model"};
  }

  static double value(const RunReport& report, const std::string& name) {
    const record::Figure* figure = metrics::find(report.figures, name);
    EXPECT_NE(figure, nullptr) << name;
    if (figure == nullptr || !figure->value) return NAN;
    return *figure->value;
  }

  core::SystemClock clock_;
  fs::path directory_;
};

TEST_F(ReportTest, CompanyAboveATenthOfTheProcessorsIsSaidWhereverJoulesStand) {
  auto report = read_report(run("a"), {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  const auto disturbed = [&] {
    return report_text({*report}, false).find("disturbed: ") != std::string::npos;
  };
  EXPECT_FALSE(disturbed()) << "not watched is not disturbed";
  record::Company company{core::Seconds(10), core::Seconds(1.5), core::Seconds(0.3), 2};
  report->manifest.company.during = company;
  EXPECT_FALSE(disturbed());
  company.others = core::Seconds(14);
  report->manifest.company.during = company;
  EXPECT_TRUE(disturbed());
  EXPECT_EQ(company_text(company),
            "other programs used 1.40 of 2 processors, and the host of this virtual machine 0.03");
  const std::vector<std::string> warnings = report_json({*report})["runs"][0]["warnings"];
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_TRUE(warnings[0].starts_with("disturbed: ")) << warnings[0];
  const std::vector<std::string> sides = disturbed_sides({}, report->manifest);
  ASSERT_EQ(sides.size(), 1U);
  EXPECT_TRUE(sides[0].starts_with("the joules of B are disturbed")) << sides[0];
}

TEST_F(ReportTest, EveryJouleOfADisturbedRunIsMarkedAndNothingElse) {
  disturb(run("quiet"), core::Seconds(0.1));
  disturb(run("busy"), core::Seconds(14));
  const auto quiet = read_report(directory_ / "quiet", {});
  const auto busy = read_report(directory_ / "busy", {});
  ASSERT_TRUE(quiet && busy);
  for (const auto& [name, figure] : busy->figures) {
    const std::string unit = figure.unit;
    const bool of_energy =
        unit.find('J') != std::string::npos || unit == "1/W" || unit == "W" || unit == "Wh";
    EXPECT_EQ(figure.provenance.disturbed, of_energy && figure.value.has_value()) << name;
    const record::Figure* calm = metrics::find(quiet->figures, name);
    ASSERT_NE(calm, nullptr);
    EXPECT_FALSE(calm->provenance.disturbed) << name;
  }
  const auto json = report_json({*busy})["runs"][0]["figures"];
  EXPECT_EQ(json["j_per_query"]["method"], "test-meter, disturbed");
  EXPECT_EQ(json["j_per_query"]["disturbed"], true);
  EXPECT_FALSE(json["accuracy"].contains("disturbed"));
  EXPECT_FALSE(report_json({*quiet})["runs"][0]["figures"]["ipj"].contains("disturbed"));
  const auto shows = [](const std::string& text) {
    return text.find("test-meter, disturbed") != std::string::npos;
  };
  EXPECT_TRUE(shows(report_text({*busy}, false)));
  EXPECT_FALSE(shows(report_text({*quiet}, false)));
  EXPECT_TRUE(shows(report_csv({*busy})));
  const std::string many = report_text({*quiet, *busy}, false);
  EXPECT_NE(many.find("J!"), std::string::npos) << many;
  EXPECT_NE(many.find("! disturbed"), std::string::npos) << many;
  EXPECT_EQ(report_text({*quiet, *quiet}, false).find('!'), std::string::npos);

  const auto compared = compare_runs(directory_ / "quiet", directory_ / "busy", 200);
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_TRUE(metrics::find(compared->comparison.figures, "ipj_ratio")->provenance.disturbed);
  EXPECT_FALSE(
      metrics::find(compared->comparison.figures, "accuracy_difference")->provenance.disturbed);

  auto opened = store::Run::open(directory_ / "busy");
  ASSERT_TRUE(opened);
  const fs::path exported = directory_ / "records.jsonl";
  std::FILE* out = std::fopen(exported.c_str(), "w");
  ASSERT_NE(out, nullptr);
  ASSERT_TRUE(store::export_records(*opened, *store::export_format("jsonl"), out));
  std::fclose(out);
  std::ifstream lines(exported);
  EXPECT_TRUE(shows({std::istreambuf_iterator<char>(lines), {}}));
}

TEST_F(ReportTest, AnswersInOnePieceHaveNoTimeBetweenTheirTokens) {
  const auto report = read_report(run("one-piece", true, 1.0, 2s), {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  const record::Figure* tpot = metrics::find(report->figures, "tpot_mean");
  ASSERT_NE(tpot, nullptr);
  EXPECT_FALSE(tpot->value);
  EXPECT_NEAR(value(*report, "ttft_p50"), 2.0, 1e-6);
}

TEST_F(ReportTest, TheFiguresAreThoseWorkedOutByHand) {
  const auto report = read_report(run("a"), {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->records, 4);
  EXPECT_EQ(report->correct, 3);
  EXPECT_NEAR(value(*report, "accuracy"), .75, 1e-9);
  // total: 20, 30, 40, 50 J; mean 35 J. active: mean 25 J. power: 10, 15, 20, 25 W; mean 17.5 W.
  EXPECT_NEAR(value(*report, "j_per_query"), 35.0, 1e-5);
  EXPECT_NEAR(value(*report, "j_per_query_active"), 25.0, 1e-5);
  EXPECT_NEAR(value(*report, "ipj"), .75 / 35.0, 1e-9);
  EXPECT_NEAR(value(*report, "ipj_active"), .75 / 25.0, 1e-9);
  EXPECT_NEAR(value(*report, "watts"), 17.5, 1e-5);
  EXPECT_NEAR(value(*report, "ipw"), .75 / 17.5, 1e-9);
  EXPECT_NEAR(value(*report, "ipw_energy_weighted"), .75 / (140.0 / 8.0), 1e-9);
  EXPECT_NEAR(value(*report, "j_per_token"), 140.0 / 16.0, 1e-5);
  EXPECT_NEAR(value(*report, "ttft_p50"), .5, 1e-6);
  EXPECT_NEAR(value(*report, "latency_mean"), 2.0, 1e-6);
  EXPECT_NEAR(value(*report, "tpot_mean"), .5, 1e-6);
  EXPECT_NEAR(value(*report, "tokens_per_s"), 2.0, 1e-6);

  // Wilson, 3 of 4: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n) = [.3006, .9544].
  const record::Figure* accuracy = metrics::find(report->figures, "accuracy");
  EXPECT_NEAR(*accuracy->low, .3006, 5e-5);
  EXPECT_NEAR(*accuracy->high, .9544, 5e-5);
  EXPECT_EQ(accuracy->interval, "wilson");
}

TEST_F(ReportTest, TasksAreReportedApart) {
  const auto report = read_report(run("a"), {});
  ASSERT_TRUE(report.has_value());
  ASSERT_EQ(report->tasks.size(), 2U);
  EXPECT_EQ(report->tasks[0].task, "easy");
  EXPECT_NEAR(*metrics::find(report->tasks[0].figures, "accuracy")->value, 1.0, 1e-9);
  EXPECT_NEAR(*metrics::find(report->tasks[1].figures, "accuracy")->value, .5, 1e-9);
  EXPECT_NEAR(*metrics::find(report->tasks[1].figures, "j_per_query")->value, 45.0, 1e-5);
}

TEST_F(ReportTest, AnEstimateWithoutIdleHasOnlyFiguresAboveIdle) {
  const auto report = read_report(run("a", false), {});
  ASSERT_TRUE(report.has_value());
  const record::Figure* gross = metrics::find(report->figures, "ipj");
  ASSERT_NE(gross, nullptr);
  EXPECT_FALSE(gross->value.has_value());
  EXPECT_FALSE(gross->reason.empty());
  EXPECT_NEAR(value(*report, "ipj_active"), .75 / 25.0, 1e-9);
  const record::Figure* ipw = metrics::find(report->figures, "ipw_active");
  ASSERT_NE(ipw, nullptr);
  EXPECT_NE(ipw->reason.find("follows accuracy alone"), std::string::npos) << ipw->reason;
  EXPECT_EQ(ipw->provenance.source, record::Source::kEstimated);
  const std::string text = report_text({*report}, false);
  EXPECT_NE(text.find("estimated: cpu-time-model"), std::string::npos) << text;
}

TEST_F(ReportTest, HowCounterAndPowerAgreedStandsBesideTheSensor) {
  auto report = read_report(run("a"), {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report_text({*report}, false).find("counter / power"), std::string::npos);
  store::ManifestSensor& sensor = report->manifest.sensors.at(0);
  sensor.busy_agreement = store::ManifestAgreement{
      .counter_over_power = 0.9874, .duration = core::Seconds(35), .updates = 350};
  sensor.idle_agreement = store::ManifestAgreement{.reason = "fewer than three updates"};
  const std::string text = report_text({*report}, false);
  EXPECT_NE(text.find("; counter / power 0.987 while busy (35"), std::string::npos) << text;
}

TEST_F(ReportTest, ARunWithoutRecordsSaysSoInsteadOfShowingZeros) {
  store::Manifest manifest;
  manifest.model.name = "hand.gguf";
  manifest.questions = {.name = "four", .selected = 4};
  ASSERT_TRUE(store::Run::create(directory_ / "empty", manifest, clock_).has_value());
  const auto report = read_report(directory_ / "empty", {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->records, 0);
  EXPECT_EQ(report->not_asked, 4);
  for (const auto& [name, figure] : report->figures) {
    EXPECT_FALSE(figure.value.has_value()) << name;
    EXPECT_FALSE(figure.reason.empty()) << name;
  }
}

TEST_F(ReportTest, ComparingTwiceTheJoulesGivesARatioOfTwoWithoutSpread) {
  const auto comparison = compare_runs(run("a", false), run("b", false, 2.0), 200);
  ASSERT_TRUE(comparison.has_value()) << comparison.error().message;
  EXPECT_EQ(comparison->comparison.pairs, 4);
  const record::Figure* ratio =
      metrics::find(comparison->comparison.figures, "j_per_query_active_ratio");
  ASSERT_NE(ratio, nullptr);
  EXPECT_NEAR(*ratio->value, .5, 1e-6);
  EXPECT_NEAR(*ratio->low, .5, 1e-6);
  EXPECT_NEAR(*ratio->high, .5, 1e-6);
}

TEST_F(ReportTest, CsvHasOneLinePerFigureAndQuotesWhatNeedsIt) {
  const auto report = read_report(run("a, b"), {});
  ASSERT_TRUE(report.has_value());
  const std::string csv = report_csv({*report});
  EXPECT_NE(csv.find("a, b\","), std::string::npos);
  std::size_t lines = 0;
  for (const char c : csv) lines += c == '\n' ? 1U : 0U;
  EXPECT_EQ(lines, 1 + report->figures.size() + report->tasks[0].figures.size() +
                       report->tasks[1].figures.size());
}

TEST(FigureJson, AnAbsentValueIsNullWithItsReason) {
  const auto json = figure_json({.unit = "J", .reason = "no sensor"});
  EXPECT_TRUE(json.at("value").is_null());
  EXPECT_EQ(json.at("reason"), "no sensor");
}

TEST(FigureJson, SeveralSourcesOfOneNameStandAsParts) {
  const record::Figure mixed{.value = 3.0, .provenance = {record::Source::kMixed, "a+b"}};
  const record::Figure measured{.value = 1.0, .provenance = {record::Source::kMeasured, "a"}};
  const record::Figure estimated{.value = 2.0, .provenance = {record::Source::kEstimated, "b"}};
  const auto json = figures_json({{"j", measured}, {"j", estimated}, {"j", mixed}});
  EXPECT_EQ(json.at("j").at("provenance"), "mixed");
  ASSERT_EQ(json.at("j").at("parts").size(), 2U);
  EXPECT_EQ(json.at("j").at("parts").at(0).at("provenance"), "measured");
}

}  // namespace
}  // namespace ipw::report
