// The columns of a small run against figures worked out by hand.
#include "ipw/store/columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ipw/store/attempt_sum.h"
#include "ipw/store/run.h"
#include "ipw/store/sample_run.h"

namespace ipw::store {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

TEST(AttemptSum, OfOneAttemptIsThatAttempt) {
  AttemptSum sum;
  sum.add({1.1, 0.3, 40.7, 0.2, 0.9}, 0.007);
  const ShareNumbers whole = sum.over(1, 0.007);
  EXPECT_EQ(whole.active_j, 1.1);
  EXPECT_EQ(whole.loaded_idle_j, 0.3);
  EXPECT_EQ(whole.device_power_w, 40.7);
  EXPECT_EQ(whole.uncertainty_j, 0.2);
  EXPECT_EQ(whole.coverage, 0.9);
}

TEST(AttemptSum, AddsJoulesAndWeighsPowerByServiceTime) {
  AttemptSum sum;
  sum.add({1.0, 0.5, 40.0, 0.3, 1.0}, 1.0);
  sum.add({2.0, 0.25, 60.0, 0.4, 0.5}, 3.0);
  const ShareNumbers whole = sum.over(2, 4.0);
  EXPECT_DOUBLE_EQ(whole.active_j, 3.0);
  EXPECT_DOUBLE_EQ(whole.loaded_idle_j, 0.75);
  EXPECT_DOUBLE_EQ(whole.device_power_w, 55.0);
  EXPECT_DOUBLE_EQ(whole.uncertainty_j, 0.5);
  EXPECT_DOUBLE_EQ(whole.coverage, 0.625);
}

TEST(AttemptSum, CountsAnUnmeasuredAttemptAsNotCovered) {
  AttemptSum sum;
  sum.add({1.0, 0.5, 40.0, 0.3, 1.0}, 1.0);
  EXPECT_DOUBLE_EQ(sum.over(2, 4.0).coverage, 0.25);
  EXPECT_DOUBLE_EQ(sum.over(2, 4.0).active_j, 1.0);
}

TEST(AttemptSum, WithAnUnknownIdleHasAnUnknownIdle) {
  AttemptSum sum;
  sum.add({1.0, 0.5, 40.0, 0.3, 1.0}, 0.0);
  sum.add({1.0, std::nan(""), 40.0, 0.4, 1.0}, 0.0);
  EXPECT_TRUE(std::isnan(sum.over(2, 0.0).loaded_idle_j));
  EXPECT_DOUBLE_EQ(sum.over(2, 0.0).device_power_w, 40.0);
}

class ColumnsTest : public testing::Test {
 protected:
  void append(const record::Call& call) {
    ASSERT_TRUE(run_);
    const auto done = run_->append({&call, 1});
    ASSERT_TRUE(done) << done.error().message;
  }
  [[nodiscard]] record::Call call(int number) const { return sample_call(number, clock_.now()); }

  TemporaryDirectory directory_;
  HandClock clock_;
  core::Result<store::Run> run_ = store::Run::create(directory_ / "run", {}, clock_);
};

TEST_F(ColumnsTest, OfARunWithoutCallsAreEmpty) {
  const auto columns = run_->columns();
  ASSERT_TRUE(columns) << columns.error().message;
  EXPECT_EQ(columns->size(), 0U);
  EXPECT_TRUE(columns->sensors.empty());
}

TEST_F(ColumnsTest, HoldOneElementPerQuestionAndRepeat) {
  record::Call first = call(3);
  first.verdict.outcome = record::Outcome::kMissing;
  append(first);
  append(call(4));
  record::Call second = call(3);
  second.attempt = 1;
  second.completion.timings.intended += milliseconds(100);
  second.completion.timings.sent += milliseconds(100);
  second.completion.timings.started += milliseconds(100);
  *second.completion.timings.first_token += milliseconds(100);
  second.completion.timings.last_token += milliseconds(100);
  append(second);
  record::Call repeat = call(4);
  repeat.repeat = 1;
  repeat.energy.clear();
  repeat.completion.flops = 5e6;
  repeat.completion.timings.first_token.reset();
  repeat.verdict.outcome = record::Outcome::kMissing;
  append(repeat);

  const auto columns = run_->columns();
  ASSERT_TRUE(columns) << columns.error().message;
  ASSERT_EQ(columns->size(), 3U);
  EXPECT_THAT(columns->question, ElementsAre(0, 1, 1));
  EXPECT_THAT(columns->repeat, ElementsAre(0, 0, 1));
  EXPECT_THAT(columns->attempts, ElementsAre(2, 1, 1));
  EXPECT_THAT(columns->tasks, ElementsAre("odd", "even"));
  EXPECT_THAT(columns->task, ElementsAre(0, 1, 1));
  EXPECT_EQ(columns->outcome(0), record::Outcome::kIncorrect);
  EXPECT_EQ(columns->outcome(1), record::Outcome::kCorrect);
  EXPECT_EQ(columns->outcome(2), record::Outcome::kMissing);
  EXPECT_EQ(columns->value[1], 1.0);
  EXPECT_TRUE(std::isnan(columns->value[2]));
  EXPECT_EQ(columns->prompt_tokens[0], 12);
  EXPECT_EQ(columns->output_tokens[0], 5);
  EXPECT_EQ(columns->started[0], milliseconds(131));
  EXPECT_EQ(columns->ttft(0), core::Seconds(0.002));
  EXPECT_EQ(columns->ttft(2), std::nullopt);
  EXPECT_EQ(columns->latency(0), core::Seconds(0.008));
  EXPECT_EQ(columns->latency_sent(0), core::Seconds(0.007));
  EXPECT_EQ(columns->service(0), core::Seconds(0.007));
  EXPECT_TRUE(std::isnan(columns->flops.at(0)));
  EXPECT_EQ(columns->flops.at(2), 5e6);
  ASSERT_EQ(columns->earlier_service.size(), 1U);
  EXPECT_EQ(columns->earlier_service[0].started, milliseconds(31));
  EXPECT_EQ(columns->earlier_service[0].ended, milliseconds(38));

  ASSERT_EQ(columns->sensors.size(), 1U);
  const SensorColumns& sensor = columns->sensors[0];
  EXPECT_EQ(sensor.sensor, "rapl:package-0");
  EXPECT_EQ(sensor.provenance.method, "rapl-powercap");
  EXPECT_EQ(sensor.active[0], core::Joules(2.0));
  EXPECT_EQ(sensor.loaded_idle[0], core::Joules(1.0));
  EXPECT_EQ(sensor.device_power[1], core::Watts(40.0));
  EXPECT_TRUE(std::isnan(sensor.active[2].count()));
  EXPECT_EQ(sensor.coverage[2], 0.0F);

  const auto keys = run_->question_keys();
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(question_id((*keys)[columns->question[0]]), sample_id(3));
  EXPECT_EQ(question_id((*keys)[columns->question[1]]), sample_id(4));
}

TEST_F(ColumnsTest, KeepTheSameSensorApartByMethod) {
  append(call(1));
  record::Call other = call(2);
  other.energy[0].provenance.method = "rapl-perf";
  append(other);
  const auto columns = run_->columns();
  ASSERT_TRUE(columns);
  ASSERT_EQ(columns->sensors.size(), 2U);
  EXPECT_TRUE(std::isnan(columns->sensors[0].active[1].count()));
  EXPECT_EQ(columns->sensors[1].active[1], core::Joules(0.75));
}

TEST(QuestionKey, IsThirtyTwoHexadecimalCharacters) {
  const auto key = question_key("00ff10000000000000000000000000Ab");
  ASSERT_TRUE(key);
  EXPECT_EQ(question_id(*key), "00ff10000000000000000000000000ab");
  for (const char* wrong :
       {"", "00ff", "00ff100000000000000000000000000g", "00ff10000000000000000000000000ab0"}) {
    EXPECT_EQ(question_key(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace ipw::store
