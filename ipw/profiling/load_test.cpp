// An open loop does not lie: what a stall cost the requests behind it stands in their latencies, as
// worked out by hand, and the schedule is kept whoever is busy.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "ipw/metrics/interval.h"
#include "ipw/models/scripted_model.h"
#include "ipw/profiling/dispatch.h"
#include "ipw/profiling/load_trace.h"
#include "ipw/profiling/pace.h"
#include "ipw/profiling/profile.h"

namespace ipw::profiling {
namespace {

namespace fs = std::filesystem;
using core::Seconds;
using models::ScriptedAnswer;

core::Instant after(core::Instant from, Seconds span) {
  return from + std::chrono::round<std::chrono::nanoseconds>(span);
}

// Time passes where somebody waits for it, and only there.
class WaitingClock final : public core::Clock {
 public:
  [[nodiscard]] core::Instant now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  [[nodiscard]] core::WallTime wall() const override { return {}; }
  void sleep_until(core::Instant until) override {
    const std::lock_guard lock(mutex_);
    now_ = std::max(now_, until);
  }

 private:
  mutable std::mutex mutex_;
  core::Instant now_ = after({}, Seconds(1000.0));
};

class Questions final : public datasets::QuestionSet {
 public:
  explicit Questions(int count) : count_(count) {}
  [[nodiscard]] datasets::SetDescription describe() const override { return {.name = "numbers"}; }
  core::Result<std::optional<record::Question>> next() override {
    if (next_ == count_) return std::nullopt;
    std::string id = std::to_string(next_);
    id.insert(0, 32 - id.size(), '0');
    return record::Question{
        .id = std::move(id), .prompt = std::to_string(next_++), .reference = "yes"};
  }
  core::Result<void> rewind() override {
    next_ = 0;
    return {};
  }

 private:
  int count_;
  int next_ = 0;
};

class LoadTest : public ::testing::Test {
 protected:
  LoadTest() {
    std::string pattern = (fs::temp_directory_path() / "ipw-load-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~LoadTest() override { fs::remove_all(directory_); }

  // A profile of `count` questions; it goes on where the folder holds a run.
  core::Result<ProfileResult> offer(core::Clock& clock, const models::Script& script, int count,
                                    const ProfileOptions& options, int slots = 1,
                                    std::stop_token stop = {}) {
    Questions questions(count);
    const auto scorer = *scoring::make_scorer("normalized");
    return profile(
        {.open_model =
             [&] { return std::make_unique<models::ScriptedModel>(script, clock, slots); },
         .open_run = [&](const models::ModelDescription&) -> core::Result<store::Run> {
           if (fs::exists(directory_ / "run.json")) return store::Run::resume(directory_, clock);
           return store::Run::create(directory_, {}, clock);
         },
         .questions = questions,
         .planned = count,
         .scorer = *scorer,
         .sensors = {},
         .clock = clock},
        options, [](const Progress&) {}, stop);
  }

  store::Columns columns() const { return *store::Run::open(directory_)->columns(); }
  store::Manifest manifest() const { return store::Run::open(directory_)->manifest(); }

  fs::path directory_;
};

ProfileOptions at_rate(double rate, int in_flight) {
  return {.arrivals = {.law = ArrivalLaw::kConstant, .rate = rate},
          .in_flight = in_flight,
          .warmup = 0,
          .max_tokens = 8,
          .idle = Seconds(0)};
}

double p99(std::vector<float> values) {
  std::ranges::sort(values);
  return metrics::quantile(values, .99);
}

// A hundred requests a second for ten seconds to a model that takes a millisecond, one at a time;
// at the 500th it stalls for a second. That one takes 1.001 s. The k-th after it was meant to go
// 10 k ms later, and ends when k milliseconds more are over: after 1.001 s - 9 k ms. The eleven
// longest are thus 1.001, .992, … .920, .911 s; the p99 of a thousand lies a hundredth of the way
// from the eleventh to the tenth: .91109 s. Who counts from sending sees 1 ms, and one accident.
TEST_F(LoadTest, AStallOfASecondIsInTheP99FromTheScheduleAndNotInThatFromSending) {
  WaitingClock clock;
  const auto result = offer(
      clock,
      [](const models::Request& request) -> ScriptedAnswer {
        const bool stalls = request.messages.front().content == "500";
        return {.pieces = {"yes"}, .prefill = Seconds(stalls ? 1.001 : .001)};
      },
      1000, at_rate(100.0, 1));
  ASSERT_TRUE(result) << result.error().message;
  const store::Columns found = columns();
  ASSERT_EQ(found.size(), 1000U);
  std::vector<float> scheduled;
  std::vector<float> sent;
  std::vector<float> delay;
  for (std::size_t i = 0; i < found.size(); ++i) {
    scheduled.push_back(static_cast<float>(found.latency(i).count()));
    sent.push_back(static_cast<float>(found.latency_sent(i).count()));
    delay.push_back(static_cast<float>(found.dispatch_delay(i).count()));
  }
  EXPECT_NEAR(p99(scheduled), .91109, 1e-5);
  EXPECT_NEAR(p99(sent), .001, 1e-6);
  EXPECT_NEAR(*std::ranges::max_element(sent), 1.001, 1e-6);
  // The first behind the stall waited until it was over, 0.991 s, and so on.
  EXPECT_NEAR(*std::ranges::max_element(delay), .991, 1e-5);
  EXPECT_NEAR(p99(delay), .90109, 1e-5);
  EXPECT_THAT(manifest().load.dispatch,
              testing::AllOf(testing::HasSubstr("fell behind: 109 of 1000 requests"),
                             testing::HasSubstr("1 were in flight and no more may be")));
}

TEST_F(LoadTest, AGeneratorThatKeepsUpSaysSo) {
  WaitingClock clock;
  ASSERT_TRUE(offer(
      clock,
      [](const models::Request&) -> ScriptedAnswer {
        return {.pieces = {"yes"}, .prefill = Seconds(.001)};
      },
      50, at_rate(100.0, 1)));
  EXPECT_EQ(manifest().load.dispatch,
            "on time: 0 of 50 requests left over 10 ms late, the latest by 0 s");
}

TEST_F(LoadTest, ArrivalTimesStayAsScheduledWhileEveryThreadIsBusy) {
  core::SystemClock clock;
  ASSERT_TRUE(offer(
      clock,
      [](const models::Request&) -> ScriptedAnswer {
        return {.pieces = {"yes"}, .prefill = Seconds(.02)};
      },
      40, at_rate(1000.0, 3), 3));
  const store::Columns found = columns();
  ASSERT_EQ(found.size(), 40U);
  auto intended = found.intended;
  std::ranges::sort(intended);
  for (std::size_t i = 1; i < intended.size(); ++i) {
    EXPECT_EQ(intended[i] - intended[i - 1], std::chrono::milliseconds(1));
  }
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_GE(found.dispatch_delay(i), Seconds(0));
  // Three at a time take at least 14 rounds of 20 ms for 40 requests that were due within 39 ms.
  EXPECT_GE(*std::ranges::max_element(found.last_token) - intended.front(),
            std::chrono::milliseconds(260));
}

TEST_F(LoadTest, AResumedScheduleGoesOnWhereItStoodAndAsksOnlyWhatIsMissing) {
  WaitingClock clock;
  std::stop_source stop;
  int asked = 0;
  const models::Script script = [&](const models::Request&) -> ScriptedAnswer {
    if (++asked == 30) stop.request_stop();
    return {.pieces = {"yes"}, .prefill = Seconds(.001)};
  };
  ProfileOptions options = at_rate(100.0, 1);
  options.arrivals.duration = Seconds(1.0);
  options.requests = 100;
  ASSERT_TRUE(offer(clock, script, 200, options, 1, stop.get_token())->interrupted);
  const auto resumed = offer(clock, script, 200, options);
  ASSERT_TRUE(resumed) << resumed.error().message;
  EXPECT_EQ(resumed->progress.planned, 100);
  EXPECT_EQ(resumed->progress.done, 100);
  EXPECT_EQ(columns().size(), 100U);
}

TEST_F(LoadTest, AClosedLoopForATimeEndsWhenTheTimeIsOver) {
  WaitingClock clock;
  ProfileOptions options = at_rate(0.0, 1);
  options.arrivals = {.duration = Seconds(1.0)};
  const auto result = offer(
      clock,
      [](const models::Request&) -> ScriptedAnswer {
        return {.pieces = {"yes"}, .prefill = Seconds(.25)};
      },
      100, options);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->progress.done, 4);
  EXPECT_TRUE(manifest().load.dispatch.empty());
}

TEST_F(LoadTest, ATraceIsReplayedWithItsTimesAndLengths) {
  WaitingClock clock;
  auto trace = parse_load_trace(
      "timestamp,prompt_tokens,output_tokens\n0,4,2\n0.5,6,3\n0.75,2,900\n", "t.csv");
  ASSERT_TRUE(trace);
  ProfileOptions options = at_rate(0.0, 4);
  options.arrivals.law = ArrivalLaw::kTrace;
  for (const TracedRequest& request : trace->requests) options.arrivals.trace.push_back(request.at);
  options.traced = true;
  options.max_tokens = 5;
  std::mutex mutex;
  std::multiset<std::pair<int, bool>> lengths;
  const auto questions = traced_questions(*std::move(trace));
  const auto scorer = answered_scorer();
  const auto result =
      profile({.open_model =
                   [&] {
                     return std::make_unique<models::ScriptedModel>(
                         [&](const models::Request& request) -> ScriptedAnswer {
                           const std::lock_guard lock(mutex);
                           lengths.emplace(request.max_tokens, request.fixed_length);
                           return {.pieces = std::vector<std::string>(50, "so ")};
                         },
                         clock);
                   },
               .open_run = [&](const auto&) { return store::Run::create(directory_, {}, clock); },
               .questions = *questions,
               .planned = 3,
               .scorer = *scorer,
               .sensors = {},
               .clock = clock},
              options, [](const Progress&) {}, {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(lengths, (std::multiset<std::pair<int, bool>>{{2, true}, {3, true}, {5, true}}));
  EXPECT_DOUBLE_EQ(result->progress.score, 3.0) << "the asked length is no failure of the model";
  const store::Columns found = columns();
  auto intended = found.intended;
  std::ranges::sort(intended);
  EXPECT_EQ(intended[1] - intended[0], std::chrono::milliseconds(500));
  EXPECT_EQ(intended[2] - intended[0], std::chrono::milliseconds(750));
}

TEST(Dispatch, SendsEverythingOnceAndNeverMoreThanSoManyAtATime) {
  core::SystemClock clock;
  constexpr int kRequests = 400;
  std::atomic<int> in_flight{0};
  std::atomic<int> most{0};
  std::vector<std::atomic<int>> sent(kRequests);
  int next_number = 0;
  const NextDispatch next = [&]() -> core::Result<std::optional<Dispatch>> {
    if (next_number == kRequests) return std::nullopt;
    const int number = next_number++;
    return Dispatch{std::nullopt, [&, number](core::Instant) {
                      const int now = ++in_flight;
                      int before = most;
                      while (now > before && !most.compare_exchange_weak(before, now)) {
                      }
                      ++sent[static_cast<std::size_t>(number)];
                      std::this_thread::yield();
                      --in_flight;
                    }};
  };
  ASSERT_TRUE(dispatch(next, clock, 7, {}));
  EXPECT_LE(most, 7);
  for (const auto& times : sent) EXPECT_EQ(times, 1);
}

TEST(Dispatch, AnErrorOfTheNextEndsItAfterWhatIsInFlight) {
  core::SystemClock clock;
  std::atomic<int> sent{0};
  int given = 0;
  const NextDispatch next = [&]() -> core::Result<std::optional<Dispatch>> {
    if (++given == 4) return core::fail(core::ErrorCode::kInvalidData, "line 4 is broken");
    return Dispatch{std::nullopt, [&](core::Instant) { ++sent; }};
  };
  const auto result = dispatch(next, clock, 2, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "line 4 is broken");
  EXPECT_EQ(sent, 3);
}

TEST(Dispatch, AStopEndsAWaitForARequestThatIsDueMuchLater) {
  core::SystemClock clock;
  std::stop_source stop;
  bool sent = false;
  const NextDispatch next = [&]() -> core::Result<std::optional<Dispatch>> {
    stop.request_stop();
    return Dispatch{clock.now() + std::chrono::hours(1), [&](core::Instant) { sent = true; }};
  };
  ASSERT_TRUE(dispatch(next, clock, 4, stop.get_token()));
  EXPECT_FALSE(sent);
}

}  // namespace
}  // namespace ipw::profiling
