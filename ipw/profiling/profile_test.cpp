// The whole journey of a question through a model whose answers are known: verdicts, figures,
// joules and attempts as worked out by hand.

#include "ipw/profiling/profile.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>

#include "ipw/energy/company_watch.h"
#include "ipw/energy/cpu_time_model.h"
#include "ipw/models/scripted_model.h"
#include "ipw/profiling/judging.h"

namespace ipw::profiling {
namespace {

namespace fs = std::filesystem;
using models::ScriptedAnswer;
using record::Outcome;

// Ten questions; their ids are content hashes in form.
class TenQuestions final : public datasets::QuestionSet {
 public:
  [[nodiscard]] datasets::SetDescription describe() const override { return {.name = "ten"}; }
  core::Result<std::optional<record::Question>> next() override {
    if (next_ == 10) return std::nullopt;
    record::Question question{.id = std::string(31, '0') + "0123456789"[next_],
                              .task = next_ < 5 ? "low" : "high",
                              .prompt = "question " + std::to_string(next_),
                              .reference = "yes"};
    ++next_;
    return question;
  }
  core::Result<void> rewind() override {
    next_ = 0;
    return {};
  }

 private:
  std::size_t next_ = 0;
};

// Draws 20 W, whatever happens, and says so or tells another power.
class SteadySensor final : public energy::Sensor {
 public:
  explicit SteadySensor(std::string id = "steady", std::optional<core::Watts> told = std::nullopt)
      : id_(std::move(id)), told_(told) {}
  [[nodiscard]] energy::SensorDescription describe() const override {
    return {.id = id_,
            .device = "a steady 20 W",
            .provenance = {record::Source::kMeasured, "test-meter"},
            .update_period = core::Seconds(0.002),
            .resolution = core::Joules(1e-6)};
  }
  core::Result<energy::Sample> read(core::Instant now) override {
    return energy::Sample{now, core::Watts(20) * core::Seconds(now.time_since_epoch())};
  }
  core::Result<core::Watts> power() override {
    if (!told_) return Sensor::power();
    return *told_;
  }

 private:
  std::string id_;
  std::optional<core::Watts> told_;
};

// Draws 20 W and tells what it knew 0.2 s ago, as one on another machine does; new every 10 ms.
class LateSensor final : public energy::Sensor {
 public:
  [[nodiscard]] energy::SensorDescription describe() const override {
    return {.id = "late",
            .device = "20 W, told late",
            .provenance = {record::Source::kMeasured, "test-meter"},
            .update_period = core::Seconds(0.01),
            .resolution = core::Joules(1e-6),
            .told_after = core::Seconds(0.25)};
  }
  core::Result<energy::Sample> read(core::Instant now) override {
    const auto update = std::chrono::floor<std::chrono::duration<std::int64_t, std::centi>>(
        now.time_since_epoch() - std::chrono::milliseconds(200));
    return energy::Sample{core::Instant(update), core::Watts(20) * core::Seconds(update)};
  }
};

std::vector<std::string> words(const std::string& text) { return {text, "."}; }

class ProfileTest : public ::testing::Test {
 protected:
  ProfileTest() {
    std::string pattern = (fs::temp_directory_path() / "ipw-profile-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~ProfileTest() override { fs::remove_all(directory_); }

  core::Result<ProfileResult> run(models::Script script, const ProfileOptions& options,
                                  bool metered = false, std::stop_token stop = {}) {
    ProfileParts parts = parts_with(script);
    if (metered) parts.sensors.push_back(std::make_unique<SteadySensor>());
    return profile(std::move(parts), options, [](const Progress&) {}, stop);
  }

  // The manifest names the sensors with these ids.
  ProfileParts parts_with(models::Script& script, const std::vector<std::string>& sensors = {}) {
    store::Manifest manifest;
    for (const std::string& id : sensors) manifest.sensors.push_back({.id = id});
    return {
        .open_model = [&] { return std::make_unique<models::ScriptedModel>(script, clock_, 4); },
        .open_run = [this, manifest](const models::ModelDescription&) -> core::Result<store::Run> {
          if (fs::exists(directory_ / "run" / "run.json")) {
            return store::Run::resume(directory_ / "run", clock_);
          }
          return store::Run::create(directory_ / "run", manifest, clock_);
        },
        .questions = questions_,
        .planned = 10,
        .scorer = *scorer_,
        .sensors = {},
        .clock = clock_,
        .devices_in_use = {}};
  }

  std::map<std::string, record::Call> records() const {
    core::Result<store::Run> run = store::Run::open(directory_ / "run");
    std::map<std::string, record::Call> found;
    const auto read = run->for_each_record([&](const record::Call& call) -> core::Result<void> {
      found[call.question.prompt] = call;
      return {};
    });
    EXPECT_TRUE(read.has_value());
    return found;
  }

  core::SystemClock clock_;
  fs::path directory_;
  TenQuestions questions_;
  std::unique_ptr<scoring::Scorer> scorer_ = *scoring::make_scorer("normalized");
};

const ProfileOptions kQuick{.warmup = 0, .max_tokens = 8, .idle = core::Seconds(0)};

// Question 0 to 5 right, 6 wrong, 7 too long, 8 beyond the context, 9 fails for want of a network.
ScriptedAnswer every_kind(const models::Request& request) {
  const std::string& prompt = request.messages.front().content;
  const char number = prompt.back();
  if (number <= '5') return {.pieces = words("Yes"), .prompt_tokens = core::Tokens{3}};
  if (number == '6') return {.pieces = words("No"), .prompt_tokens = core::Tokens{3}};
  if (number == '7') return {.pieces = std::vector<std::string>(20, "yes ")};
  if (number == '8') {
    return {.failure =
                core::Error{core::ErrorCode::kTooLong, "the prompt does not fit the context"}};
  }
  return {.failure = core::Error{core::ErrorCode::kUnavailable, "connection refused"}};
}

// What a neighbour cost is known only when all who ran beside it have ended. Its answer is in the
// run before: a process that is killed then has lost joules, not answers.
TEST_F(ProfileTest, KeepsAnAnswerBeforeItsJoulesAreKnown) {
  const auto in_the_run = [&] {
    std::size_t kept = 0;
    auto run = store::Run::open(directory_ / "run");
    if (!run) return kept;
    const auto read =
        run->for_each_key([&](const store::QuestionKey&, int, const store::RecordState& state) {
          kept += state.done() ? 1U : 0U;
          return core::Result<void>{};
        });
    return read ? kept : 0;
  };
  std::size_t kept_beside = 0;
  const auto script = [&](const models::Request& request) {
    if (request.messages.front().content == "question 0") {
      for (int i = 0; i < 2000 && kept_beside < 9; ++i) {
        kept_beside = in_the_run();
        clock_.sleep_until(clock_.now() + std::chrono::milliseconds(10));
      }
    }
    return ScriptedAnswer{.pieces = words("Yes"), .prompt_tokens = core::Tokens{3}};
  };
  ProfileOptions options = kQuick;
  options.concurrency = 2;
  const auto result = run(script, options, true);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(kept_beside, 9U);
  for (const auto& [prompt, call] : records()) EXPECT_EQ(call.energy.size(), 1U) << prompt;
}

TEST_F(ProfileTest, GivesEveryKindOfAnswerItsVerdict) {
  const auto result = run(every_kind, kQuick);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->progress.planned, 10);
  EXPECT_EQ(result->progress.asked, 10);
  EXPECT_EQ(result->progress.done, 9);
  EXPECT_EQ(result->progress.missing, 1);
  EXPECT_DOUBLE_EQ(result->progress.score, 6.0);

  const auto found = records();
  EXPECT_EQ(found.at("question 0").verdict.outcome, Outcome::kCorrect);
  EXPECT_EQ(found.at("question 6").verdict.outcome, Outcome::kIncorrect);
  EXPECT_EQ(found.at("question 7").verdict.outcome, Outcome::kIncorrect);
  EXPECT_EQ(found.at("question 7").verdict.why, "ran over the limit of 8 tokens");
  EXPECT_EQ(found.at("question 8").verdict.outcome, Outcome::kIncorrect);
  EXPECT_EQ(found.at("question 9").verdict.outcome, Outcome::kMissing);
  EXPECT_EQ(found.at("question 9").failure, "connection refused");
}

TEST_F(ProfileTest, AsksOnlyWhatIsMissingWhenItIsResumed) {
  ASSERT_TRUE(run(every_kind, kQuick).has_value());
  std::atomic<int> asked{0};
  const auto result = run(
      [&](const models::Request&) -> ScriptedAnswer {
        ++asked;
        return {.pieces = words("yes")};
      },
      kQuick);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(result->progress.done, 10);
  const record::Call retried = records().at("question 9");
  EXPECT_EQ(retried.attempt, 1);
  EXPECT_EQ(retried.verdict.outcome, Outcome::kCorrect);
}

TEST_F(ProfileTest, EveryRepeatHasItsOwnSeed) {
  std::mutex mutex;
  std::set<std::uint64_t> seeds;
  ProfileOptions options = kQuick;
  options.repeat = 3;
  const auto result = run(
      [&](const models::Request& request) -> ScriptedAnswer {
        const std::lock_guard lock(mutex);
        seeds.insert(request.sampling.seed);
        return {.pieces = words("yes")};
      },
      options);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->progress.done, 30);
  EXPECT_EQ(seeds.size(), 30U);
}

TEST_F(ProfileTest, JoulesOfSequentialRequestsAreThoseOfTheirTime) {
  ProfileOptions options = kQuick;
  options.warmup = 1;
  const auto result = run(
      [](const models::Request&) -> ScriptedAnswer {
        return {
            .pieces = words("yes"), .prefill = core::Seconds(.02), .per_token = core::Seconds(.02)};
      },
      options, true);
  ASSERT_TRUE(result.has_value());
  core::Joules sum;
  core::Seconds covered{0};
  for (const auto& [prompt, call] : records()) {
    ASSERT_EQ(call.energy.size(), 1U);
    EXPECT_GT(call.energy[0].coverage, 0.0);
    sum += call.energy[0].active;
    covered += call.completion.timings.service() * call.energy[0].coverage;
  }
  // 20 W over the time in service, as far as samples bound it: a machine that starves the sampler
  // leaves holes, which are nobody's joules. The gaps between requests are billed to nobody but may
  // round into the update at an edge (2 ms of 40 ms).
  EXPECT_NEAR(sum.count(), 20.0 * covered.count(), 20.0 * covered.count() * .1);
}

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Takes so much of the processor, or more: where the host of a virtual machine takes the processor
// away, the clock goes on in one step. Gives what it took.
double burn(double seconds) {
  const double begun = cpu_seconds();
  double now = begun;
  while (now < begun + seconds) now = cpu_seconds();
  return now - begun;
}

// Takes two milliseconds of the processor for every answer, whatever the clock on the wall says.
class BurningModel final : public models::LanguageModel {
 public:
  static constexpr double kSeconds = 0.002;
  /// Adds to `taken` the seconds that every answer took of the processor.
  BurningModel(core::Clock& clock, double& taken) : clock_(clock), taken_(taken) {}
  [[nodiscard]] models::ModelDescription describe() const override { return {.name = "burning"}; }
  core::Result<record::Completion> generate(const models::Request&, const models::TokenSink&,
                                            std::stop_token) override {
    record::Completion completion{.text = "yes"};
    completion.timings.sent = completion.timings.started = clock_.now();
    taken_ += burn(kSeconds);
    completion.timings.last_token = clock_.now();
    completion.finish = record::FinishReason::kStop;
    return completion;
  }

 private:
  core::Clock& clock_;
  double& taken_;
};

// Programs beside ours that take all the processor time that they get.
class Neighbours {
 public:
  explicit Neighbours(int count) {
    for (int i = 0; i < count; ++i) {
      const int pid = ::fork();
      if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) burn(1.0);
      }
      pids_.push_back(pid);
    }
  }
  ~Neighbours() {
    for (const int pid : pids_) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }

 private:
  std::vector<int> pids_;
};

class BesideNeighbours : public ProfileTest, public ::testing::WithParamInterface<int> {};

TEST_P(BesideNeighbours, AnEstimateIsOfTheModelsOwnWorkWhateverElseRuns) {
  const Neighbours neighbours(GetParam());
  const auto own = std::make_shared<energy::OwnWork>();
  models::Script unused;
  ProfileParts parts = parts_with(unused);
  double taken = 0.0;
  parts.open_model = [&] { return std::make_unique<BurningModel>(clock_, taken); };
  energy::Probe probe = energy::probe_work_time("/", core::Watts(8), own);
  ASSERT_EQ(probe.sensors.size(), 1U);
  parts.sensors = std::move(probe.sensors);
  parts.own_work = own.get();
  ProfileOptions options = kQuick;
  options.repeat = 20;
  ASSERT_TRUE(profile(std::move(parts), options, [](const Progress&) {}, {}).has_value());
  double joules = 0.0;
  core::Result<store::Run> run = store::Run::open(directory_ / "run");
  std::int64_t answers = 0;
  const auto read = run->for_each_record([&](const record::Call& call) -> core::Result<void> {
    EXPECT_EQ(call.energy.size(), 1U);
    if (call.energy.size() == 1) joules += call.energy[0].active.count();
    ++answers;
    return {};
  });
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(answers, 200);
  EXPECT_GE(taken, 200.0 * BurningModel::kSeconds);
  EXPECT_NEAR(joules, 8.0 * taken, 0.03 * 8.0 * taken);
}

// A machine that takes 10 W for each busy core, whoever keeps it busy.
class BusyMachine final : public energy::Sensor {
 public:
  [[nodiscard]] energy::SensorDescription describe() const override {
    return {.id = "rapl:package-0",
            .device = "10 W a busy core",
            .provenance = {record::Source::kMeasured, "test-meter"},
            .update_period = core::Seconds(0.02),
            .resolution = core::Joules(1e-6),
            .max_power = core::Watts(1e5)};
  }
  core::Result<energy::Sample> read(core::Instant now) override {
    return energy::Sample{now,
                          core::Joules(10.0 * watch_.busy().value_or(core::Seconds(0)).count())};
  }

 private:
  energy::CompanyWatch watch_{"/"};
};

TEST_P(BesideNeighbours, AMeterOfTheMachineBillsTheModelForItsOwnWork) {
  const Neighbours neighbours(GetParam());
  const auto own = std::make_shared<energy::OwnWork>();
  energy::CompanyWatch company("/");
  models::Script unused;
  ProfileParts parts = parts_with(unused);
  double taken = 0.0;
  parts.open_model = [&] { return std::make_unique<BurningModel>(clock_, taken); };
  parts.sensors.push_back(std::make_unique<BusyMachine>());
  parts.own_work = own.get();
  parts.work = own.get();
  parts.company = &company;
  ProfileOptions options = kQuick;
  options.idle = core::Seconds(0);
  options.repeat = 100;
  ASSERT_TRUE(profile(std::move(parts), options, [](const Progress&) {}, {}).has_value());
  double joules = 0.0;
  core::Result<store::Run> run = store::Run::open(directory_ / "run");
  const auto read = run->for_each_record([&](const record::Call& call) -> core::Result<void> {
    if (!call.energy.empty()) joules += call.energy[0].active.count();
    return {};
  });
  ASSERT_TRUE(read.has_value());
  EXPECT_GE(taken, 1000.0 * BurningModel::kSeconds);
  const double expected = 10.0 * taken;
  EXPECT_LT(joules, 1.35 * expected) << "neighbours' joules are billed";
  EXPECT_GT(joules, 0.5 * expected);
}

INSTANTIATE_TEST_SUITE_P(Profile, BesideNeighbours, ::testing::Values(0, 1, 2, 4));

TEST_F(ProfileTest, ASensorThatTellsLateMissesNeitherTheFirstRequestNorTheLast) {
  models::Script script = [](const models::Request&) -> ScriptedAnswer {
    return {.pieces = words("yes"), .prefill = core::Seconds(0.001)};
  };
  ProfileParts parts = parts_with(script);
  parts.sensors.push_back(std::make_unique<LateSensor>());
  ASSERT_TRUE(profile(std::move(parts), kQuick, [](const Progress&) {}, {}).has_value());
  for (const auto& [prompt, call] : records()) {
    EXPECT_EQ(call.energy.size(), 1U) << prompt;
  }
}

TEST_F(ProfileTest, ConcurrentRequestsShareTheMeterAndNothingIsBilledTwice) {
  ProfileOptions options = kQuick;
  options.concurrency = 4;
  const core::Instant begin = clock_.now();
  const auto result = run(
      [](const models::Request&) -> ScriptedAnswer {
        return {
            .pieces = words("yes"), .prefill = core::Seconds(.02), .per_token = core::Seconds(.02)};
      },
      options, true);
  const core::Seconds wall = clock_.now() - begin;
  ASSERT_TRUE(result.has_value());
  core::Joules sum;
  core::Seconds service{0};
  for (const auto& [prompt, call] : records()) {
    sum += call.energy.at(0).active;
    service += call.completion.timings.service();
  }
  EXPECT_GT(service, wall) << "the requests must have run beside each other";
  EXPECT_LE(sum.count(), 20.0 * wall.count());
}

models::ScriptedAnswer slow_yes(const models::Request&) {
  return {.pieces = words("yes"), .prefill = core::Seconds(.02), .per_token = core::Seconds(.02)};
}

TEST_F(ProfileTest, ADeviceThatRunsNoneOfTheModelIsRecordedAndNotBilled) {
  models::Script script = slow_yes;
  ProfileParts parts = parts_with(script, {"here", "there"});
  parts.sensors.push_back(std::make_unique<SteadySensor>("here"));
  parts.sensors.push_back(std::make_unique<SteadySensor>("there"));
  std::size_t asked_of = 0;
  parts.devices_in_use = [&](std::span<const energy::SensorDescription> sensors) {
    asked_of = sensors.size();
    return energy::DevicesInUse{.unused = {"there"}, .finding = "only one of them runs it"};
  };
  ProfileOptions options = kQuick;
  options.warmup = 1;
  const auto result = profile(std::move(parts), options, [](const Progress&) {}, {});
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(asked_of, 2U);
  for (const auto& [prompt, call] : records()) {
    ASSERT_EQ(call.energy.size(), 1U) << prompt;
    EXPECT_EQ(call.energy[0].sensor, "here");
  }
  const core::Result<store::Run> run = store::Run::open(directory_ / "run");
  ASSERT_TRUE(run.has_value());
  EXPECT_TRUE(run->manifest().sensors.at(0).billed);
  EXPECT_FALSE(run->manifest().sensors.at(1).billed);
}

TEST_F(ProfileTest, TheManifestKeepsHowCounterAndPowerAgreedIdleAndBusy) {
  models::Script script = slow_yes;
  ProfileParts parts = parts_with(script, {"both", "silent"});
  parts.sensors.push_back(std::make_unique<SteadySensor>("both", core::Watts(25)));
  parts.sensors.push_back(std::make_unique<SteadySensor>("silent"));
  ProfileOptions options = kQuick;
  options.idle = core::Seconds(.3);
  const auto result = profile(std::move(parts), options, [](const Progress&) {}, {});
  ASSERT_TRUE(result.has_value()) << result.error().message;
  const core::Result<store::Run> run = store::Run::open(directory_ / "run");
  ASSERT_TRUE(run.has_value());
  const store::ManifestSensor& both = run->manifest().sensors.at(0);
  for (const auto& agreement : {both.idle_agreement, both.busy_agreement}) {
    ASSERT_TRUE(agreement);
    ASSERT_TRUE(agreement->counter_over_power) << agreement->reason;
    EXPECT_NEAR(*agreement->counter_over_power, 0.8, 1e-9);
    EXPECT_LT(agreement->duration, core::Seconds(5));
  }
  const store::ManifestSensor& silent = run->manifest().sensors.at(1);
  ASSERT_TRUE(silent.idle_agreement);
  EXPECT_FALSE(silent.idle_agreement->counter_over_power);
  EXPECT_EQ(silent.idle_agreement->reason, "the device tells no power beside its counter");
}

TEST_F(ProfileTest, AStopRequestLeavesTheRestForAResume) {
  std::stop_source stop;
  std::atomic<int> asked{0};
  const auto result = run(
      [&](const models::Request&) -> ScriptedAnswer {
        if (++asked == 4) stop.request_stop();
        return {.pieces = words("yes"), .prefill = core::Seconds(.001)};
      },
      kQuick, false, stop.get_token());
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->interrupted);
  EXPECT_LT(result->progress.done, 10);
  const auto resumed = run(
      [](const models::Request&) -> ScriptedAnswer { return {.pieces = words("yes")}; }, kQuick);
  EXPECT_EQ(resumed->progress.done, 10);
}

// Cannot be reached, but for its first answers.
class GoneModel final : public models::LanguageModel {
 public:
  explicit GoneModel(int answers, core::Clock& clock) : answers_(answers), clock_(clock) {}
  [[nodiscard]] models::ModelDescription describe() const override { return {.name = "gone"}; }
  core::Result<record::Completion> generate(const models::Request&, const models::TokenSink&,
                                            std::stop_token) override {
    if (answers_-- <= 0) return core::fail(core::ErrorCode::kUnavailable, "connection refused");
    record::Completion completion{.text = "yes"};
    completion.timings.sent = completion.timings.started = clock_.now();
    completion.timings.last_token = clock_.now();
    completion.finish = record::FinishReason::kStop;
    return completion;
  }

 private:
  int answers_;
  core::Clock& clock_;
};

TEST_F(ProfileTest, AModelThatIsGoneIsNotAskedEveryQuestion) {
  struct Row {
    int answers, asked;
  };
  for (const Row row : {Row{0, 3}, Row{1, 11}, Row{5, 15}}) {
    fs::remove_all(directory_ / "run");
    models::Script unused;
    ProfileParts parts = parts_with(unused);
    parts.open_model = [&] { return std::make_unique<GoneModel>(row.answers, clock_); };
    ProfileOptions options = kQuick;
    options.repeat = 10;
    ASSERT_TRUE(questions_.rewind().has_value());
    const auto result = profile(std::move(parts), options, [](const Progress&) {}, {});
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(result->gave_up, "connection refused");
    EXPECT_FALSE(result->interrupted);
    EXPECT_EQ(result->progress.done, row.answers);
    EXPECT_EQ(result->progress.asked, row.asked) << "what was asked is recorded";
  }
}

TEST_F(ProfileTest, AModelThatComesBackIsAskedOn) {
  models::Script script = [count = 0](const models::Request&) mutable -> ScriptedAnswer {
    ScriptedAnswer answer{.pieces = words("yes")};
    if (++count % 5 != 1) answer.failure = core::Error{core::ErrorCode::kUnavailable, "busy"};
    return answer;
  };
  ProfileParts parts = parts_with(script);
  ProfileOptions options = kQuick;
  options.repeat = 5;
  const auto result = profile(std::move(parts), options, [](const Progress&) {}, {});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->gave_up, "");
  EXPECT_EQ(result->progress.asked, 50);
}

TEST_F(ProfileTest, TheManifestKeepsTheCompanyOfTheRun) {
  models::Script script = [](const models::Request&) -> ScriptedAnswer {
    return {.pieces = words("yes"), .per_token = core::Seconds(0.02)};
  };
  energy::CompanyWatch company("/");
  ProfileParts parts = parts_with(script);
  parts.company = &company;
  ASSERT_TRUE(profile(std::move(parts), kQuick, [](const Progress&) {}, {}).has_value());
  const auto run = store::Run::open(directory_ / "run");
  const std::optional<record::Company> during = run->manifest().company.during;
  ASSERT_TRUE(during.has_value());
  EXPECT_GT(during->window.count(), 0.15);
  EXPECT_GE(during->processors, 1);
}

TEST_F(ProfileTest, AModelThatCannotBeOpenedEndsItBeforeAnythingIsWritten) {
  ProfileParts parts{.open_model = []() -> core::Result<std::unique_ptr<models::LanguageModel>> {
                       return core::fail(core::ErrorCode::kNotFound, "no such model");
                     },
                     .open_run =
                         [&](const models::ModelDescription&) {
                           return store::Run::create(directory_ / "run", {}, clock_);
                         },
                     .questions = questions_,
                     .planned = 10,
                     .scorer = *scorer_,
                     .sensors = {},
                     .clock = clock_};
  const auto result = profile(std::move(parts), kQuick, [](const Progress&) {}, {});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "no such model");
  EXPECT_FALSE(fs::exists(directory_ / "run"));
}

TEST(Judging, ATimeOutIsTheModelsOwnFailure) {
  const auto scorer = scoring::make_scorer("exact");
  const auto verdict =
      verdict_of({}, core::fail(core::ErrorCode::kTimeout, "no answer in 5 s"), 8, **scorer);
  EXPECT_EQ(verdict.outcome, Outcome::kIncorrect);
  EXPECT_EQ(verdict.why, "no answer in 5 s");
}

TEST(Judging, OnceMoreIsByTheTextAloneWhereThatDecided) {
  struct Case {
    const char* what;
    Outcome before;
    record::FinishReason finish;
    const char* failure;
    bool judged;
  };
  using enum record::FinishReason;
  const Case cases[] = {{"wrong before", Outcome::kIncorrect, kStop, nullptr, true},
                        {"right before", Outcome::kCorrect, kStop, nullptr, true},
                        {"never answered", Outcome::kMissing, kStop, "the line broke", false},
                        {"too late", Outcome::kIncorrect, kStop, "no answer in 5 s", false},
                        {"ended for no known reason", Outcome::kMissing, kStop, nullptr, false},
                        {"stopped", Outcome::kMissing, kCancelled, nullptr, false},
                        {"cut off", Outcome::kIncorrect, kLength, nullptr, false},
                        {"asked for a tool", Outcome::kIncorrect, kToolCalls, nullptr, false},
                        {"refused", Outcome::kIncorrect, kRefused, nullptr, false}};
  const auto scorer = scoring::make_scorer("exact");
  for (const Case& c : cases) {
    record::Call call;
    call.question.reference = "8";
    call.completion.text = "8";
    call.completion.finish = c.finish;
    call.verdict.outcome = c.before;
    if (c.failure != nullptr) call.failure = c.failure;
    const auto verdict = judged_again(call, **scorer);
    ASSERT_EQ(verdict.has_value(), c.judged) << c.what;
    EXPECT_EQ(verdict.value_or(record::Verdict{.outcome = Outcome::kCorrect}).outcome,
              Outcome::kCorrect)
        << c.what;
  }
}

}  // namespace
}  // namespace ipw::profiling
