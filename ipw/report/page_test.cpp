// Pages of small runs, from the database to what stands in the file. tests/page opens such files in
// a browser.

#include "ipw/report/page.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "ipw/energy/telemetry_blob.h"
#include "ipw/report/output_file.h"
#include "ipw/report/page_data.h"
#include "ipw/report/power_curve.h"

namespace ipw::report {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

// Stands still, so that a run's time line begins at zero.
class StoppedClock final : public core::Clock {
 public:
  [[nodiscard]] core::Instant now() const override { return core::Instant(0s); }
  [[nodiscard]] core::WallTime wall() const override { return core::WallTime(1'800'000'000s); }
  void sleep_until(core::Instant) override {}
};

class PageTest : public ::testing::Test {
 protected:
  PageTest() {
    std::string pattern = (fs::temp_directory_path() / "ipw-page-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~PageTest() override { fs::remove_all(directory_); }

  store::Run create(const std::string& name, const std::string& model = "hand.gguf",
                    const std::string& questions = "four") {
    store::Manifest manifest;
    manifest.model.name = model;
    manifest.questions = {.name = questions, .digest = questions, .selected = 4};
    manifest.options.repeat = 1;
    manifest.sensors = {{.id = "meter",
                         .device = "a meter",
                         .provenance = kMeter,
                         .scope = "package",
                         .update_period = core::Seconds(.1)}};
    core::Result<store::Run> run = store::Run::create(directory_ / name, manifest, clock_);
    EXPECT_TRUE(run.has_value());
    return std::move(*run);
  }

  // In service from `from` to `to`, right where `number` is even; 10 J above idle and 5 J of it.
  static record::Call call(int number, std::chrono::seconds from, std::chrono::seconds to) {
    record::Call call{.question = {.id = std::string(31, 'a') + std::to_string(number),
                                   .task = "sums",
                                   .prompt = "question " + std::to_string(number),
                                   .reference = "yes"}};
    call.completion.text = "answer " + std::to_string(number);
    call.completion.usage = {.prompt = core::Tokens{7}, .output = core::Tokens{4}};
    call.completion.timings = {.intended = core::Instant(from),
                               .sent = core::Instant(from),
                               .started = core::Instant(from),
                               .first_token = core::Instant(from + 500ms),
                               .last_token = core::Instant(to)};
    const bool right = number % 2 == 0;
    call.verdict = {.outcome = right ? record::Outcome::kCorrect : record::Outcome::kIncorrect,
                    .value = right ? 1.0 : 0.0};
    call.energy = {{.sensor = "meter",
                    .provenance = kMeter,
                    .active = core::Joules(10),
                    .loaded_idle = core::Joules(5),
                    .device_power = core::Watts(100),
                    .uncertainty = core::Joules(.1),
                    .coverage = 1.0}};
    return call;
  }

  static void append(store::Run& run, const std::vector<record::Call>& calls) {
    ASSERT_TRUE(run.append(calls).has_value());
  }

  fs::path four(const std::string& name, const std::string& model = "hand.gguf",
                const std::string& questions = "four") {
    store::Run run = create(name, model, questions);
    append(run, {call(0, 1s, 3s), call(1, 3s, 5s), call(2, 5s, 7s), call(3, 7s, 9s)});
    return directory_ / name;
  }

  static RunCharts charts_of(store::Run& run) {
    auto reading = read_run(run, {});
    EXPECT_TRUE(reading.has_value());
    auto charts = read_charts(run, reading->sample.view());
    EXPECT_TRUE(charts.has_value()) << charts.error().message;
    return std::move(*charts);
  }

  static Json document(const std::string& html, const std::string& id) {
    const std::string begin = "<script type=\"application/json\" id=\"" + id + "\">";
    const std::size_t from = html.find(begin) + begin.size();
    return Json::parse(html.substr(from, html.find("</script>", from) - from));
  }

  [[nodiscard]] core::Result<Page> page(const std::vector<fs::path>& runs, SheetLimits sheet = {}) {
    return make_page(
        runs, {.report = {.by_task = true}, .sheet = sheet, .ipw_version = "test", .made = {}});
  }

  static inline const record::Provenance kMeter{record::Source::kMeasured, "test-meter"};
  StoppedClock clock_;
  fs::path directory_;
};

TEST_F(PageTest, DrawsThePowerThatTheCounterSaysAndTheQuestionsUnderIt) {
  store::Run run = create("power");
  append(run, {call(0, 1s, 3s), call(1, 4s, 6s)});
  // 50 W, and 100 W while a question is in service, read every 100 ms for 7 s.
  double joules = 0.0;
  for (int second = 0; second < 7; ++second) {
    std::vector<energy::Sample> samples;
    for (int tenth = 0; tenth < 10; ++tenth) {
      const int at = 10 * second + tenth;
      samples.push_back({core::Instant(100ms * at), core::Joules(joules)});
      joules += ((at >= 10 && at < 30) || (at >= 40 && at < 60)) ? 10.0 : 5.0;
    }
    const std::string blob = energy::encode_telemetry(samples);
    ASSERT_TRUE(run.append_telemetry("meter", second, std::as_bytes(std::span(blob))).has_value());
  }
  const PowerCurve curve = charts_of(run).power;
  EXPECT_NEAR(curve.axis.step, .1, 1e-12) << "no finer than the sensor updates";
  ASSERT_EQ(curve.axis.stretches.size(), 1U);
  const auto step_at = [&](double seconds) {
    return static_cast<std::size_t>((seconds - curve.axis.stretches[0].from) / curve.axis.step);
  };
  ASSERT_EQ(curve.sensors.size(), 1U);
  const std::vector<PowerStep>& steps = curve.sensors[0].steps;
  EXPECT_NEAR(steps[step_at(2.05)].mean.value(), 100, 1e-3);
  EXPECT_NEAR(steps[step_at(3.55)].mean.value(), 50, 1e-3);
  EXPECT_NEAR(curve.activity[step_at(2.05)].in_flight, 1.0, 1e-9);
  EXPECT_NEAR(curve.activity[step_at(3.55)].in_flight, 0.0, 1e-9);
  int correct = 0;
  int incorrect = 0;
  double busy = 0.0;
  for (const ActivityStep& step : curve.activity) {
    correct += static_cast<int>(step.correct);
    incorrect += static_cast<int>(step.incorrect);
    busy += step.in_flight * curve.axis.step;
  }
  EXPECT_EQ(correct, 1);
  EXPECT_EQ(incorrect, 1);
  EXPECT_NEAR(busy, 4.0, 1e-9) << "two questions of two seconds";
}

TEST_F(PageTest, CutsAPauseOutOfTheTimeAxisAndLeavesUnseenStepsEmpty) {
  store::Run run = create("pause");
  append(run, {call(0, 1s, 3s), call(1, 1000s, 1002s)});
  const std::string broken = "no telemetry";
  ASSERT_TRUE(run.append_telemetry("meter", 1, std::as_bytes(std::span(broken))).has_value());
  const PowerCurve curve = charts_of(run).power;
  ASSERT_EQ(curve.axis.stretches.size(), 2U);
  EXPECT_EQ(curve.axis.stretches[1].first_step, curve.axis.stretches[0].steps);
  EXPECT_LT(curve.axis.steps(), 100U);
  EXPECT_EQ(curve.activity.size(), curve.axis.steps());
  EXPECT_EQ(curve.unreadable, 1);
  ASSERT_EQ(curve.sensors.size(), 1U);
  for (const PowerStep& step : curve.sensors[0].steps) EXPECT_FALSE(step.mean.has_value());
}

TEST_F(PageTest, HasTheFiguresOfTheReport) {
  const auto made = page({four("a"), four("b", "other.gguf")});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  const Json shown = document(made->html, "report");
  const Json expected = report_json(made->reports);
  ASSERT_EQ(shown["runs"].size(), 2U);
  for (std::size_t run = 0; run < 2; ++run) {
    for (const auto& [name, figure] : expected["runs"][run]["figures"].items()) {
      for (const auto& [key, value] : figure.items()) {
        EXPECT_EQ(shown["runs"][run]["figures"][name][key], value) << name << " " << key;
      }
    }
  }
  EXPECT_EQ(shown["paired"][0]["pairs"], 4);
  EXPECT_EQ(shown["paired"][0]["figures"]["accuracy_difference"]["value"], 0.0);
}

TEST_F(PageTest, SaysWhichRunsShareNoQuestion) {
  store::Run apart = create("apart", "hand.gguf", "others");
  append(apart, {call(7, 1s, 2s)});
  const auto made = page({four("a"), directory_ / "apart"});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  const Json paired = document(made->html, "report")["paired"];
  EXPECT_NE(paired[0]["reason"].get<std::string>().find("share no question"), std::string::npos);
}

TEST_F(PageTest, SamplesTheSameQuestionsOfEveryRunWhereThereAreTooMany) {
  const auto made = page({four("a"), four("b", "other.gguf")}, {.rows = 4});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  const Json sheet = document(made->html, "sheet");
  ASSERT_EQ(sheet["rows"].size(), 4U);
  for (const Json& part : sheet["runs"]) {
    EXPECT_EQ(part["shown"], 2);
    EXPECT_EQ(part["records"], 4);
  }
  ASSERT_EQ(sheet["questions"].size(), 2U) << "both runs show the same two";
  EXPECT_EQ(sheet["questions"][0]["prompt"], "question 0");
  EXPECT_EQ(sheet["questions"][1]["prompt"], "question 1");
  EXPECT_EQ(sheet["rows"][0]["joules"], 15.0);
}

TEST_F(PageTest, StaysWithinItsBytesWhateverTheTexts) {
  store::Run run = create("long");
  std::vector<record::Call> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(call(i, 1s + 2s * i, 3s + 2s * i));
    calls.back().question.prompt.assign(1'000'000, 'x');
    calls.back().completion.text.assign(1'000'000, '<');  // six bytes each where it is escaped
  }
  append(run, calls);
  const auto made = page({directory_ / "long"}, {.bytes = 100'000});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  const Json sheet = document(made->html, "sheet");
  EXPECT_GT(sheet["rows"].size(), 0U);
  EXPECT_LT(sheet.dump().size(), 300'000U);
  EXPECT_GT(sheet["rows"][0]["text"]["cut"].get<std::size_t>(), 900'000U);
}

TEST_F(PageTest, ShowsEveryAttemptWithTheJoulesOfAll) {
  store::Run run = create("again");
  record::Call failed = call(0, 1s, 2s);
  failed.verdict = {.outcome = record::Outcome::kMissing};
  failed.failure = "connection reset by peer";
  record::Call again = call(0, 2s, 3s);
  again.attempt = 1;
  append(run, {failed, again});
  const auto made = page({directory_ / "again"});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  const Json row = document(made->html, "sheet")["rows"][0];
  EXPECT_EQ(row["attempts"], 2);
  EXPECT_EQ(row["joules"], 30.0);
  ASSERT_EQ(row["trace"].size(), 2U);
  EXPECT_EQ(row["trace"][0]["failure"], "connection reset by peer");
  EXPECT_EQ(row["trace"][0]["joules"], 15.0);
}

TEST_F(PageTest, GivesEveryRunANameOfItsOwn) {
  const fs::path a = four("a");
  const auto made = page({a, a, four("b", "other.gguf"), four("c", "hand.gguf", "five")});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(run_labels(made->reports),
            (std::vector<std::string>{"hand.gguf · four · a · 1", "hand.gguf · four · a · 2",
                                      "other.gguf", "hand.gguf · five"}));
}

TEST_F(PageTest, SaysWhatIsNotThere) {
  store::Run empty = create("empty");
  const auto made = page({directory_ / "empty"});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  const std::vector<std::string> lines = unmeasured(made->reports[0]);
  ASSERT_GE(lines.size(), 2U);
  EXPECT_EQ(lines[0], "4 of 4 planned questions were not asked (ipw profile --resume)");
  EXPECT_TRUE(lines[1].starts_with("energy:")) << lines[1];
}

TEST_F(PageTest, IsWrittenWholeOrNotAtAll) {
  const fs::path file = directory_ / "page.html";
  ASSERT_TRUE(write_output(file, "one").has_value());
  fs::create_symlink(file, directory_ / "link.html");
  ASSERT_TRUE(write_output(directory_ / "link.html", "two").has_value());
  EXPECT_TRUE(fs::is_symlink(directory_ / "link.html")) << "what it leads to is replaced";
  std::string text;
  std::ifstream(file) >> text;
  EXPECT_EQ(text, "two");
  EXPECT_EQ(write_output(directory_, "x").error().code, core::ErrorCode::kAlreadyExists);
  EXPECT_FALSE(write_output(directory_ / "no" / "page.html", "x").has_value());
}

}  // namespace
}  // namespace ipw::report
