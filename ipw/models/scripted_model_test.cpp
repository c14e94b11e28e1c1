#include "ipw/models/scripted_model.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace ipw::models {
namespace {

using core::Seconds;
using record::FinishReason;
using namespace std::chrono_literals;

/// Sleeping moves it on at once.
class LeapingClock final : public core::Clock {
 public:
  [[nodiscard]] core::Instant now() const override { return now_; }
  [[nodiscard]] core::WallTime wall() const override { return {}; }
  void sleep_until(core::Instant until) override { now_ = std::max(now_, until); }

 private:
  core::Instant now_{1000s};
};

ScriptedAnswer two_words(const Request& /*request*/) {
  return {.pieces = {"two", " words"}, .prefill = Seconds(0.5), .per_token = Seconds(0.25)};
}

TEST(ScriptedModel, TakesExactlyTheTimeOfItsScript) {
  LeapingClock clock;
  ScriptedModel model(two_words, clock);
  std::vector<core::Instant> stamps;
  const auto completion =
      model.generate({}, [&](const TokenEvent& event) { stamps.push_back(event.at); }, {});
  ASSERT_TRUE(completion);
  EXPECT_EQ(completion->text, "two words");
  EXPECT_EQ(completion->usage.output->count, 2);
  EXPECT_EQ(completion->timings.first_token, core::Instant(1000s + 500ms));
  EXPECT_EQ(completion->timings.last_token, core::Instant(1000s + 750ms));
  EXPECT_DOUBLE_EQ(completion->timings.service().count(), 0.75);
  EXPECT_EQ(stamps, (std::vector<core::Instant>{core::Instant(1000s + 500ms),
                                                core::Instant(1000s + 750ms)}));
}

TEST(ScriptedModel, HonoursLimitsStopStringsAndCancellation) {
  LeapingClock clock;
  ScriptedModel model(two_words, clock);
  Request request;
  request.max_tokens = 1;
  EXPECT_EQ(model.generate(request, {}, {})->finish, FinishReason::kLength);
  request = {};
  request.stop = {"wor"};
  EXPECT_EQ(model.generate(request, {}, {})->text, "two ");
  std::stop_source cancel;
  cancel.request_stop();
  EXPECT_EQ(model.generate({}, {}, cancel.get_token())->finish, FinishReason::kCancelled);
}

TEST(ScriptedModel, FailsAsItIsTold) {
  LeapingClock clock;
  ScriptedModel model(
      [](const Request&) {
        ScriptedAnswer answer;
        answer.failure = core::Error{core::ErrorCode::kUnavailable, "gone"};
        return answer;
      },
      clock);
  const auto result = model.generate({}, {}, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, core::ErrorCode::kUnavailable);
}

TEST(ScriptedModel, ServesNoMoreAtOnceThanItHasSlots) {
  core::SystemClock clock;
  std::atomic<int> now_serving = 0;
  std::atomic<int> most = 0;
  ScriptedModel model(
      [&](const Request&) {
        const int serving = ++now_serving;
        for (int seen = most; seen < serving && !most.compare_exchange_weak(seen, serving);) {
        }
        std::this_thread::yield();
        --now_serving;
        return ScriptedAnswer{};
      },
      clock, 2);
  std::vector<std::jthread> callers;
  callers.reserve(8);
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(model.generate({}, {}, {})); });
  }
  callers.clear();
  EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace ipw::models
