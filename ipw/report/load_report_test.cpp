// Loads from the database to the table: delays, goodput and a sweep, worked out by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include <nlohmann/json.hpp>

#include "ipw/report/load_sweep.h"
#include "ipw/report/load_text.h"
#include "ipw/store/sample_run.h"

namespace ipw::report {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

class LoadReport : public ::testing::Test {
 protected:
  // Ten requests, due every 100 ms. Each leaves `late` after its time, has its first token 50 ms
  // later and its last, the third, `service` after it left.
  RunReport read(const std::string& name, store::ManifestLoad load,
                 std::chrono::milliseconds late = 0ms, std::chrono::milliseconds service = 90ms) {
    store::Manifest manifest;
    manifest.model.name = "hand.gguf";
    manifest.questions = {.name = "ten", .selected = 10};
    manifest.load = std::move(load);
    auto run = store::Run::create(directory_ / name, manifest, clock_);
    std::vector<record::Call> calls;
    for (int i = 0; i < 10; ++i) {
      record::Call call = store::sample_call(i, clock_.now());
      const core::Instant due = clock_.now() + i * 100ms;
      call.completion.usage.output = core::Tokens{3};
      call.completion.timings = {.intended = due,
                                 .sent = due + late,
                                 .started = due + late,
                                 .first_token = due + late + 50ms,
                                 .last_token = due + late + service};
      if (i == 9) {  // never answered
        call.verdict = {};
        call.failure = "connection refused";
      }
      calls.push_back(call);
    }
    EXPECT_TRUE(run->append(calls));
    auto report = read_report(directory_ / name, {.by_task = false});
    EXPECT_TRUE(report);
    return *std::move(report);
  }

  static double value(const RunReport& report, const std::string& name) {
    const record::Figure* figure = metrics::find(report.figures, name);
    EXPECT_NE(figure, nullptr) << name;
    return figure != nullptr && figure->value ? *figure->value : -1.0;
  }

  store::HandClock clock_;
  store::TemporaryDirectory directory_;
};

store::ManifestLoad at_rate(double rate) { return {.arrivals = "constant", .rate = rate}; }

TEST_F(LoadReport, LatenciesFromTheScheduleAndFromSendDifferByTheDispatchDelay) {
  const RunReport report = read("late", at_rate(10), 40ms);
  EXPECT_NEAR(value(report, "latency_p50"), .130, 1e-6);
  EXPECT_NEAR(value(report, "latency_sent_p50"), .090, 1e-6);
  EXPECT_NEAR(value(report, "ttft_p99"), .090, 1e-6);
  EXPECT_NEAR(value(report, "ttft_sent_p99"), .050, 1e-6);
  EXPECT_NEAR(value(report, "dispatch_delay_p99"), .040, 1e-6);
  EXPECT_THAT(report_text({report}, false), HasSubstr("the load generator fell behind"));
}

TEST_F(LoadReport, APunctualGeneratorIsNoCautionAndAClosedLoopHasNoDelay) {
  EXPECT_TRUE(cautions(read("on-time", at_rate(10))).empty());
  const RunReport closed = read("closed", {}, 40ms);
  EXPECT_EQ(metrics::find(closed.figures, "dispatch_delay_p99"), nullptr);
  EXPECT_TRUE(cautions(closed).empty());
  EXPECT_TRUE(load_lines(closed).empty());
}

TEST_F(LoadReport, GoodputCountsWhatKeptEveryBoundAndNeverAFailure) {
  store::ManifestLoad load = at_rate(10);
  load.goodput = {{"e2e", .095}, {"ttft", .05}};
  const RunReport report = read("good", load);
  EXPECT_NEAR(value(report, "goodput_share"), .9, 1e-9);
  // Nine of ten in ten times 90 ms of service.
  EXPECT_NEAR(value(report, "goodput"), 9.0 / .9, 1e-5);
  load.goodput = {{"tpot", .019}};  // 40 ms for the two tokens after the first
  EXPECT_NEAR(value(read("slow", load), "goodput_share"), 0.0, 1e-9);
  EXPECT_THAT(load_lines(report).back(), HasSubstr("e2e ≤ 95.0 ms, ttft ≤ 50.0 ms"));
}

TEST_F(LoadReport, SaysWhatWasOfferedAndWhatCameBack) {
  const RunReport report = read("a", at_rate(10));
  ASSERT_TRUE(report.load);
  EXPECT_NEAR(*report.load->offered, 10.0, 1e-6);
  EXPECT_NEAR(report.load->completed, 9.0 / .99, 1e-5);
  EXPECT_EQ(report.load->in_flight_most, 1);
  const std::string text = report_text({report}, false);
  EXPECT_THAT(text, HasSubstr("load: constant arrivals, 10 requests/s"));
  EXPECT_THAT(text, HasSubstr("steady state: none; fewer than 100 requests are too few to tell"));
}

TEST_F(LoadReport, ASweepNamesItsKneeAndDrawsNothingElse) {
  // All answer 9 requests in their span of .99 s, 1.4 s and 2.9 s; power falls with the latency.
  const std::vector<RunReport> reports = {read("r20", at_rate(20), 0ms, 500ms),
                                          read("r10", at_rate(10)),
                                          read("r40", at_rate(40), 0ms, 2000ms)};
  const auto sweep = load_sweep(reports);
  ASSERT_TRUE(sweep) << sweep.error().message;
  EXPECT_EQ(sweep->loads, (std::vector<double>{10, 20, 40}));
  EXPECT_EQ(sweep->runs, (std::vector<std::size_t>{1, 0, 2}));
  ASSERT_TRUE(sweep->knee);
  EXPECT_EQ(sweep->knee->point, 0U);
  EXPECT_NEAR(sweep->knee->power[0].value, 9.0 / .99 / .09, 1e-3);
  EXPECT_THAT(knee_text(*sweep), HasSubstr("10 requests/s or below, which was not tried"));
  EXPECT_THAT(sweep_text(reports, *sweep), HasSubstr("10 knee"));
  EXPECT_EQ(sweep_json(reports, *sweep)["knee"]["load"], 10.0);
}

TEST_F(LoadReport, RunsThatDifferInMoreThanTheirLoadAreNoSweep) {
  const RunReport a = read("a", at_rate(10));
  RunReport b = read("b", at_rate(20));
  EXPECT_FALSE(load_sweep({a}));
  EXPECT_FALSE(load_sweep({a, a}));
  EXPECT_FALSE(load_sweep({a, read("c", {})}));
  b.manifest.model.name = "other.gguf";
  EXPECT_EQ(load_sweep({a, b}).error().code, core::ErrorCode::kInvalidData);
}

}  // namespace
}  // namespace ipw::report
