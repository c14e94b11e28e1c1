// A run from creation to reading back: round trips, attempts, sessions, and the ways in which a
// folder can be wrong.
#include "ipw/store/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <limits>
#include <optional>
#include <thread>

#include "ipw/store/run_directory.h"
#include "ipw/store/sample_run.h"
#include "ipw/store/sqlite.h"

namespace ipw::store {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<record::Call> calls_of(store::Run& run) {
  std::vector<record::Call> calls;
  const auto read = run.for_each_call([&](const record::Call& call) -> core::Result<void> {
    calls.push_back(call);
    return {};
  });
  EXPECT_TRUE(read) << read.error().message;
  return calls;
}

class RunTest : public testing::Test {
 protected:
  store::Run create() {
    auto run = store::Run::create(place_, sample_manifest(), clock_);
    EXPECT_TRUE(run) << run.error().message;
    return std::move(*run);
  }
  [[nodiscard]] record::Call call(int number) const { return sample_call(number, clock_.now()); }
  static void append(store::Run& run, const record::Call& call) {
    const auto done = run.append({&call, 1});
    ASSERT_TRUE(done) << done.error().message;
  }
  [[nodiscard]] core::Error error_on_open() const {
    const auto run = store::Run::open(place_);
    return run ? core::Error{ErrorCode::kInternal, "it opened"} : run.error();
  }
  void change_database(const char* sql) const {
    auto database = Database::open(place_ / "run.sqlite", Database::Mode::kAppend);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute(sql));
  }

  TemporaryDirectory directory_;
  fs::path place_ = directory_ / "run";
  HandClock clock_;
};

TEST_F(RunTest, GivesBackEveryFieldOfACall) {
  record::Call sent = call(4);
  sent.repeat = 2;
  sent.completion.finish = record::FinishReason::kLength;
  sent.completion.usage.reasoning = core::Tokens{1};
  sent.completion.flops = 6.8e6;
  sent.completion.peak_memory_bytes = 123456789;
  sent.completion.token_logprobs = {-0.5, -std::numeric_limits<double>::infinity(), 0.0};
  sent.failure = "the line broke";
  sent.energy.push_back(sent.energy[0]);
  sent.energy[1].sensor = "cpu-time:host";
  sent.energy[1].provenance = {record::Source::kEstimated, "cpu-time-model"};
  sent.energy[1].loaded_idle.reset();
  sent.energy[1].device_power.reset();
  {
    store::Run run = create();
    append(run, sent);
  }
  auto run = store::Run::open(place_);
  ASSERT_TRUE(run) << run.error().message;
  const auto calls = calls_of(*run);
  ASSERT_EQ(calls.size(), 1U);
  const record::Call& back = calls[0];
  EXPECT_EQ(back.question.id, sent.question.id);
  EXPECT_EQ(back.question.external_id, sent.question.external_id);
  EXPECT_EQ(back.question.task, sent.question.task);
  EXPECT_EQ(back.question.prompt, sent.question.prompt);
  EXPECT_EQ(back.question.choices, sent.question.choices);
  EXPECT_EQ(back.question.reference, sent.question.reference);
  EXPECT_EQ(back.repeat, 2);
  EXPECT_EQ(back.attempt, 0);
  EXPECT_EQ(back.completion.text, sent.completion.text);
  EXPECT_EQ(back.completion.usage.prompt->count, 12);
  EXPECT_EQ(back.completion.usage.cached, core::Tokens{3});
  EXPECT_EQ(back.completion.usage.reasoning, core::Tokens{1});
  EXPECT_EQ(back.completion.finish, record::FinishReason::kLength);
  EXPECT_EQ(back.completion.flops, 6.8e6);
  EXPECT_EQ(back.completion.peak_memory_bytes, 123456789U);
  EXPECT_EQ(back.completion.token_logprobs, sent.completion.token_logprobs);
  EXPECT_EQ(back.failure, sent.failure);
  EXPECT_EQ(back.verdict.outcome, record::Outcome::kCorrect);
  EXPECT_EQ(back.verdict.value, 1.0);
  EXPECT_EQ(back.verdict.extracted, "8");
  EXPECT_EQ(back.verdict.why, "numbers compared");
  using std::chrono::milliseconds;
  EXPECT_EQ(back.completion.timings.intended.time_since_epoch(), milliseconds(40));
  EXPECT_EQ(back.completion.timings.started.time_since_epoch(), milliseconds(41));
  EXPECT_EQ(back.completion.timings.first_token->time_since_epoch(), milliseconds(42));
  EXPECT_EQ(back.completion.timings.last_token.time_since_epoch(), milliseconds(48));
  ASSERT_EQ(back.energy.size(), 2U);
  EXPECT_EQ(back.energy[0].provenance, sent.energy[0].provenance);
  EXPECT_EQ(back.energy[0].active, core::Joules(1.25));
  EXPECT_EQ(back.energy[0].loaded_idle, core::Joules(0.5));
  EXPECT_EQ(back.energy[1].sensor, "cpu-time:host");
  EXPECT_EQ(back.energy[1].provenance, sent.energy[1].provenance);
  EXPECT_EQ(back.energy[1].loaded_idle, std::nullopt);
  EXPECT_EQ(back.energy[1].device_power, std::nullopt);
}

TEST_F(RunTest, TakesTheEnergyOfACallAfterTheCall) {
  store::Run run = create();
  for (int number = 1; number <= 3; ++number) {
    record::Call bare = call(number);
    bare.energy.clear();
    append(run, bare);
  }
  EXPECT_EQ(*run.calls_without_energy(), 3);
  const record::Call whole = call(2);
  const CallEnergy energy[] = {{name_of(whole), whole.energy}};
  ASSERT_TRUE(run.append_energy(energy));
  ASSERT_TRUE(run.append_energy(energy));  // again: it replaces
  EXPECT_EQ(*run.calls_without_energy(), 2);
  const auto calls = calls_of(run);
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_TRUE(calls[0].energy.empty());
  ASSERT_EQ(calls[1].energy.size(), 1U);
  EXPECT_EQ(calls[1].energy[0].active, whole.energy[0].active);
  EXPECT_EQ(calls[1].energy[0].loaded_idle, whole.energy[0].loaded_idle);

  const record::Call unknown = call(9);
  const CallEnergy strays[] = {{name_of(call(1)), whole.energy}, {name_of(unknown), whole.energy}};
  EXPECT_EQ(run.append_energy(strays).error().code, ErrorCode::kUsage);
  EXPECT_EQ(*run.calls_without_energy(), 2) << "all of them or none";
}

TEST_F(RunTest, JudgesItsAnswersOnceMore) {
  const auto by_parity = [](const record::Call& call) -> std::optional<record::Verdict> {
    if (call.failure) return std::nullopt;
    const bool even = call.question.task == "even";
    return record::Verdict{even ? record::Outcome::kCorrect : record::Outcome::kIncorrect,
                           even ? 1.0 : 0.0, call.verdict.extracted, "by parity"};
  };
  {
    store::Run run = create();
    for (int number = 1; number <= 5; ++number) append(run, call(number));
    record::Call failed = call(6);
    failed.failure = "the line broke";
    failed.verdict.outcome = record::Outcome::kMissing;
    append(run, failed);
    const auto judged = run.judge_again(by_parity);
    ASSERT_TRUE(judged) << judged.error().message;
    EXPECT_EQ(judged->answers, 5);
    EXPECT_EQ(judged->changed, 2);  // 1 and 5; 3 was wrong before
    EXPECT_EQ(run.judge_again(by_parity)->changed, 0) << "it is the same the second time";
  }
  auto run = store::Run::open(place_);
  ASSERT_TRUE(run) << run.error().message;
  std::vector<record::Outcome> outcomes;
  std::vector<std::string> reasons;
  for (const record::Call& back : calls_of(*run)) {
    outcomes.push_back(back.verdict.outcome);
    reasons.push_back(back.verdict.why);
    EXPECT_EQ(back.energy.size(), 1U) << "only verdicts change";
  }
  using enum record::Outcome;
  EXPECT_THAT(outcomes,
              ElementsAre(kIncorrect, kCorrect, kIncorrect, kCorrect, kIncorrect, kMissing));
  const std::string before = "numbers compared";
  EXPECT_THAT(reasons, ElementsAre("by parity", before, before, before, "by parity", before));
  EXPECT_FALSE(run->judge_again(by_parity)) << "opened to read";
}

TEST_F(RunTest, JudgesAllAnswersOrNone) {
  store::Run run = create();
  for (int number = 1; number <= 3; ++number) append(run, call(number));
  // The second of the new verdicts finds no place.
  change_database("CREATE UNIQUE INDEX once ON answers(why) WHERE why = 'by the new rules'");
  const auto all_wrong = [](const record::Call&) {
    return record::Verdict{record::Outcome::kIncorrect, 0.0, "", "by the new rules"};
  };
  EXPECT_FALSE(run.judge_again(all_wrong));
  for (const record::Call& back : calls_of(run)) EXPECT_EQ(back.verdict.why, "numbers compared");
}

TEST_F(RunTest, KeepsHostileTextByteForByte) {
  store::Run run = create();
  record::Call hostile = call(1);
  hostile.completion.text = std::string("a\0b\xff\xc0\x80\xed\xa0\x80", 9);
  hostile.question.prompt = std::string(10'000'000, 'p');
  hostile.question.reference = "'); DROP TABLE calls;--";
  hostile.question.task = std::string("\xfe\0task", 6);
  hostile.question.external_id = "";
  hostile.verdict.why = "\n\r\t\"\xe2\x82\xac";
  hostile.completion.token_logprobs.clear();
  hostile.completion.timings.first_token.reset();
  append(run, hostile);
  const auto calls = calls_of(run);
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].completion.text, hostile.completion.text);
  EXPECT_EQ(calls[0].question.prompt.size(), 10'000'000U);
  EXPECT_EQ(calls[0].question.reference, hostile.question.reference);
  EXPECT_EQ(calls[0].question.task, hostile.question.task);
  EXPECT_EQ(calls[0].question.external_id, "");
  EXPECT_EQ(calls[0].verdict.why, hostile.verdict.why);
  EXPECT_EQ(calls[0].completion.timings.first_token, std::nullopt);
}

TEST_F(RunTest, LeavesAReportedAttemptAsItIs) {
  store::Run run = create();
  append(run, call(1));
  record::Call again = call(1);
  again.completion.text = "other";
  append(run, again);
  const auto calls = calls_of(run);
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].completion.text, "It is 2.");
  EXPECT_EQ(calls[0].energy.size(), 1U);
}

TEST_F(RunTest, TakesAllCallsOfAnAppendOrNone) {
  store::Run run = create();
  std::vector<record::Call> calls{call(1), call(2), call(3)};
  calls[2].question.id = "not a hash";
  const auto refused = run.append(calls);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
  EXPECT_TRUE(calls_of(run).empty());
  calls.pop_back();
  ASSERT_TRUE(run.append(calls));
  EXPECT_EQ(calls_of(run).size(), 2U);
}

TEST_F(RunTest, AsksAgainWhatIsMissing) {
  store::Run run = create();
  record::Call missing = call(1);
  missing.verdict.outcome = record::Outcome::kMissing;
  missing.failure = "connection refused";
  append(run, missing);
  append(run, call(3));
  EXPECT_EQ(run.done(sample_id(1), 0), false);
  EXPECT_EQ(run.state(sample_id(1), 0)->attempts, 1);
  EXPECT_EQ(run.done(sample_id(2), 0), false);
  EXPECT_EQ(run.state(sample_id(2), 0)->attempts, 0);
  EXPECT_EQ(run.done(sample_id(3), 0), true);  // incorrect is a verdict
  EXPECT_EQ(run.done(sample_id(3), 1), false);

  record::Call second = call(1);
  second.attempt = run.state(sample_id(1), 0)->attempts;
  append(run, second);
  EXPECT_EQ(run.done(sample_id(1), 0), true);

  std::vector<std::string> keys;
  ASSERT_TRUE(run.for_each_key(
      [&](const QuestionKey& key, int repeat, const RecordState& state) -> core::Result<void> {
        keys.push_back(fmt::format("{}/{} {} {}", question_id(key), repeat, state.attempts,
                                   record::name(state.outcome)));
        return {};
      }));
  EXPECT_THAT(keys, ElementsAre(sample_id(1) + "/0 2 correct", sample_id(3) + "/0 1 incorrect"));
}

TEST_F(RunTest, SumsTheEnergyOfAllAttemptsIntoTheRecord) {
  store::Run run = create();
  record::Call first = call(3);  // 1.0 J active, 40 W, 7 ms of service
  first.verdict.outcome = record::Outcome::kMissing;
  append(run, first);
  record::Call second = call(3);
  second.attempt = 1;
  second.energy[0].device_power = core::Watts(61.0);
  second.completion.timings.last_token += std::chrono::milliseconds(7);  // 14 ms of service
  append(run, second);
  append(run, call(4));

  std::vector<record::Call> records;
  ASSERT_TRUE(run.for_each_record([&](const record::Call& record) -> core::Result<void> {
    records.push_back(record);
    return {};
  }));
  ASSERT_EQ(records.size(), 2U);
  ASSERT_EQ(records[0].energy.size(), 1U);
  EXPECT_EQ(records[0].attempt, 1);
  EXPECT_DOUBLE_EQ(records[0].energy[0].active.count(), 2.0);
  EXPECT_DOUBLE_EQ(records[0].energy[0].loaded_idle->count(), 1.0);
  // (40 W × 7 ms + 61 W × 14 ms) / 21 ms
  EXPECT_NEAR(records[0].energy[0].device_power->count(), 54.0, 1e-9);
  EXPECT_NEAR(records[0].energy[0].uncertainty.count(), 0.25 * std::sqrt(2.0), 1e-12);
  EXPECT_DOUBLE_EQ(records[0].energy[0].coverage, 1.0);
  EXPECT_DOUBLE_EQ(records[1].energy[0].active.count(), 1.25);
}

TEST_F(RunTest, GivesTheCallsOfSomeQuestionsWithoutTheOthers) {
  store::Run run = create();
  for (int number = 0; number < 6; ++number) append(run, call(number));
  record::Call again = call(4);
  again.attempt = 1;
  append(run, again);
  std::vector<record::Call> calls;
  const std::uint32_t wanted[] = {4, 1};
  ASSERT_TRUE(run.for_each_call_of(wanted, [&](const record::Call& call) -> core::Result<void> {
    calls.push_back(call);
    return {};
  }));
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_EQ(calls[0].question.id, sample_id(4));
  EXPECT_EQ(calls[1].attempt, 1);
  EXPECT_EQ(calls[2].question.id, sample_id(1));
  for (const record::Call& call : calls) EXPECT_EQ(call.energy.size(), 1U);
  EXPECT_DOUBLE_EQ(calls[2].energy[0].active.count(), 0.5);
}

TEST_F(RunTest, KeepsTelemetryIdleAndEvents) {
  const std::byte one[] = {std::byte{1}, std::byte{0}, std::byte{255}};
  {
    store::Run run = create();
    ASSERT_TRUE(run.append_telemetry("b", 7, one));
    ASSERT_TRUE(run.append_telemetry("a", 8, {}));
    ASSERT_TRUE(run.append_telemetry("a", 7, std::span(one).first(1)));
    ASSERT_TRUE(run.append_telemetry("a", 7, std::span(one).first(2)));
    ASSERT_TRUE(run.append_idle({IdlePhase::kLoadedBefore, "a", core::Watts(12.5), core::Watts(0.5),
                                 core::Seconds(3.0), 300}));
    ASSERT_TRUE(run.append_event(clock_.wall(), "started", "100 questions"));
  }
  auto run = store::Run::open(place_);
  ASSERT_TRUE(run);
  std::vector<std::string> seconds;
  ASSERT_TRUE(run->for_each_telemetry([&](const TelemetrySecond& s) -> core::Result<void> {
    seconds.push_back(fmt::format("{} {} {}", s.sensor, s.second, s.samples.size()));
    return {};
  }));
  EXPECT_THAT(seconds, ElementsAre("a 7 2", "a 8 0", "b 7 3"));
  const auto idle = run->idle();
  ASSERT_TRUE(idle);
  ASSERT_EQ(idle->size(), 1U);
  EXPECT_EQ(idle->front().phase, IdlePhase::kLoadedBefore);
  EXPECT_EQ(idle->front().power, core::Watts(12.5));
  EXPECT_EQ(idle->front().n, 300);
  const auto events = run->events();
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 1U);
  EXPECT_EQ(events->front().time, "2026-11-21T01:02:03.000Z");
}

TEST_F(RunTest, GoesOnOnOneTimeLineInASecondSession) {
  {
    store::Run run = create();
    append(run, call(1));
  }
  clock_.move(std::chrono::seconds(-900), std::chrono::seconds(60));  // another boot
  auto run = store::Run::resume(place_, clock_);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->on_time_line(clock_.now()), std::chrono::seconds(60));
  append(*run, call(2));
  EXPECT_EQ(calls_of(*run)[1].completion.timings.intended.time_since_epoch(),
            std::chrono::milliseconds(60'020));
}

TEST_F(RunTest, NeverGoesBackWithTheWallClock) {
  {
    store::Run run = create();
    append(run, call(1000));  // ends at 10.008 s
    ASSERT_TRUE(run.append_telemetry("a", 12, {}));
  }
  clock_.move(std::chrono::seconds(0), std::chrono::seconds(-3600));
  auto run = store::Run::resume(place_, clock_);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->on_time_line(clock_.now()), std::chrono::seconds(13));
}

TEST_F(RunTest, RewritesItsManifestButNotItsName) {
  store::Run run = create();
  const std::string id = run.manifest().run_id;
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(run.manifest().created, "2026-11-21T01:02:03.000Z");
  Manifest manifest = run.manifest();
  manifest.run_id = "other";
  manifest.questions.invalid = 3;
  ASSERT_TRUE(run.rewrite(manifest));
  const auto read = store::Run::open(place_);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->manifest().run_id, id);
  EXPECT_EQ(read->manifest().questions.invalid, 3);
}

TEST_F(RunTest, OpenedToReadRefusesToWrite) {
  {
    const store::Run run = create();
  }
  auto run = store::Run::open(place_);
  ASSERT_TRUE(run);
  const record::Call one = call(1);
  EXPECT_EQ(run->append({&one, 1}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(run->append_event(clock_.wall(), "x", "y").error().code, ErrorCode::kUsage);
  EXPECT_EQ(run->rewrite({}).error().code, ErrorCode::kUsage);
}

TEST_F(RunTest, HasOneWriterAtATime) {
  store::Run run = create();
  const auto second = store::Run::resume(place_, clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  const pid_t child = fork();
  if (child == 0) {
    const auto other = store::Run::resume(place_, clock_);
    const std::string parent = fmt::format("process {} is writing", getppid());
    _exit(!other && other.error().code == ErrorCode::kBusy &&
                  other.error().message.find(parent) != std::string::npos
              ? 0
              : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(store::Run::open(place_));  // readers may
}

TEST_F(RunTest, IsReadWholeWhileItIsWritten) {
  store::Run run = create();
  constexpr int kCalls = 300;
  std::atomic<bool> finished = false;
  std::jthread writer([&] {
    for (int i = 0; i < kCalls; ++i) append(run, call(i));
    finished = true;
  });
  std::size_t seen = 0;
  auto reader = store::Run::open(place_);
  ASSERT_TRUE(reader) << reader.error().message;
  for (bool last = false; !last;) {
    last = finished;
    const auto columns = reader->columns();
    ASSERT_TRUE(columns) << columns.error().message;
    ASSERT_GE(columns->size(), seen);
    seen = columns->size();
    for (std::size_t i = 0; i < seen; ++i) {
      ASSERT_EQ(columns->sensors.at(0).active[i].count(), static_cast<double>(1 + i) / 4.0);
    }
  }
  EXPECT_EQ(seen, static_cast<std::size_t>(kCalls));
}

TEST_F(RunTest, IsNotStartedInAFolderThatHoldsAnything) {
  {
    const store::Run run = create();
  }
  const auto again = store::Run::create(place_, sample_manifest(), clock_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(store::Run::open(place_));
  std::ofstream(directory_ / "file") << "x";
  EXPECT_EQ(store::Run::create(directory_ / "file", {}, clock_).error().code,
            ErrorCode::kAlreadyExists);
}

TEST_F(RunTest, IsStartedInAnEmptyFolder) {
  fs::create_directory(place_);
  EXPECT_TRUE(store::Run::create(place_, sample_manifest(), clock_));
}

TEST_F(RunTest, InAFolderWithoutPermissionSaysSo) {
  fs::permissions(directory_.path(), fs::perms::owner_all | fs::perms::others_read |
                                         fs::perms::others_exec | fs::perms::group_read |
                                         fs::perms::group_exec);
  {
    store::Run run = create();
    append(run, call(1));
  }
  // Its owner may open it to others, to read.
  ASSERT_EQ(chmod(place_.c_str(), 0755), 0);
  for (const fs::directory_entry& file : fs::directory_iterator(place_)) {
    ASSERT_EQ(chmod(file.path().c_str(), 0644), 0);
  }
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(77);
    if (geteuid() != 65534)
      fs::permissions(directory_.path(), fs::perms::owner_read | fs::perms::owner_exec);
    const auto made = store::Run::create(directory_ / "other", {}, clock_);
    if (made || made.error().code != ErrorCode::kPermissionDenied) _exit(1);
    if (made.error().message.find("choose another folder") == std::string::npos) _exit(2);
    if (geteuid() != 65534) _exit(0);
    if (store::Run::resume(place_, clock_).error().code != ErrorCode::kPermissionDenied) _exit(3);
    auto read = store::Run::open(place_);  // a closed run can be read where nothing can be written
    if (!read) _exit(4);
    const auto columns = read->columns();
    _exit(columns && columns->size() == 1 ? 0 : 5);
  }
  int status = 0;
  waitpid(child, &status, 0);
  fs::permissions(directory_.path(), fs::perms::owner_all);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

unsigned mode_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

class SharingTest : public RunTest, public testing::WithParamInterface<mode_t> {
 protected:
  SharingTest() : before_(umask(GetParam())) {}
  ~SharingTest() override { umask(before_); }

  static void expect_modes(const fs::path& place, unsigned folder, unsigned file) {
    EXPECT_EQ(mode_of(place), folder);
    for (const char* name : {"run.json", "run.sqlite", "run.sqlite-wal", "run.sqlite-shm"}) {
      EXPECT_EQ(mode_of(place / name), file) << name;
    }
    EXPECT_EQ(mode_of(place / "run.lock"), 0600U);
  }

 private:
  mode_t before_;
};

TEST_P(SharingTest, IsPrivateByDefault) {
  store::Run run = create();
  append(run, call(1));
  expect_modes(place_, 0700, 0600);
  ASSERT_TRUE(run.rewrite(run.manifest()));
  expect_modes(place_, 0700, 0600);
}

TEST_P(SharingTest, OfAResumedRunStaysAsItIs) {
  {
    store::Run run = create();
  }
  auto run = store::Run::resume(place_, clock_);
  ASSERT_TRUE(run) << run.error().message;
  append(*run, call(1));
  ASSERT_TRUE(run->rewrite(run->manifest()));
  expect_modes(place_, 0700, 0600);
}

TEST_P(SharingTest, WithTheGroupLetsItRead) {
  auto run = store::Run::create(place_, sample_manifest(), clock_, Sharing::kGroup);
  ASSERT_TRUE(run) << run.error().message;
  append(*run, call(1));
  ASSERT_TRUE(run->rewrite(run->manifest()));
  expect_modes(place_, 02750, 0640);
  struct stat above{};
  struct stat here{};
  struct stat file{};
  ASSERT_EQ(stat(directory_.path().c_str(), &above), 0);
  ASSERT_EQ(stat(place_.c_str(), &here), 0);
  ASSERT_EQ(stat((place_ / "run.sqlite").c_str(), &file), 0);
  EXPECT_EQ(here.st_gid, above.st_gid);
  EXPECT_EQ(file.st_gid, above.st_gid);
}

TEST_P(SharingTest, OfAnEmptyFolderThatWasThereIsSet) {
  ASSERT_TRUE(fs::create_directory(place_));
  fs::permissions(place_, fs::perms::all);
  store::Run run = create();
  append(run, call(1));
  expect_modes(place_, 0700, 0600);
}

TEST_P(SharingTest, OfANewFolderOfThatNameIsSet) {
  for (const auto& [sharing, mode] :
       {std::pair(Sharing::kPrivate, 0700U), std::pair(Sharing::kGroup, 02750U)}) {
    const auto place = new_run_directory(directory_.path(), "m", "d", clock_.wall(), sharing);
    ASSERT_TRUE(place) << place.error().message;
    EXPECT_EQ(mode_of(*place), mode);
  }
}

TEST_P(SharingTest, OfAFileThatIsReplacedStaysAsItIs) {
  const fs::path file = directory_ / "page.html";
  ASSERT_TRUE(write_atomically(file, "one", Sharing::kPrivate));
  EXPECT_EQ(mode_of(file), 0600U);
  ASSERT_EQ(chmod(file.c_str(), 0644), 0);
  ASSERT_TRUE(write_atomically(file, "two", Sharing::kPrivate));
  EXPECT_EQ(mode_of(file), 0644U);
  ASSERT_TRUE(write_atomically(directory_ / "plot.svg", "one", Sharing::kUmask));
  EXPECT_EQ(mode_of(directory_ / "plot.svg"), 0666U & ~GetParam());
}

INSTANTIATE_TEST_SUITE_P(UnderAnyUmask, SharingTest, testing::Values(022, 0, 077, 027, 002));

TEST_F(RunTest, ThatIsNotThereIsNotFound) {
  EXPECT_EQ(error_on_open().code, ErrorCode::kNotFound);
  fs::create_directory(place_);
  std::ofstream(place_ / "thesis.tex") << "x";
  EXPECT_EQ(error_on_open().code, ErrorCode::kNotFound);
  EXPECT_EQ(store::Run::open(place_ / "thesis.tex").error().code, ErrorCode::kNotFound);
}

TEST_F(RunTest, WhoseCreationWasCutOffSaysSo) {
  fs::create_directory(place_);
  EXPECT_THAT(error_on_open().message, HasSubstr("creation was cut off"));
  std::ofstream(place_ / "run.lock") << "1\n";
  EXPECT_THAT(error_on_open().message, HasSubstr("delete the folder and start again"));
  EXPECT_EQ(store::Run::resume(place_, clock_).error().code, ErrorCode::kInvalidData);
}

TEST_F(RunTest, OfANewerFormatIsNotTouched) {
  {
    const store::Run run = create();
  }
  change_database("UPDATE meta SET value = 2 WHERE key = 'schema_version'");
  EXPECT_EQ(error_on_open().code, ErrorCode::kUnsupported);
  EXPECT_THAT(error_on_open().message, HasSubstr("made by a newer ipw (upgrade)"));
  EXPECT_EQ(store::Run::resume(place_, clock_).error().code, ErrorCode::kUnsupported);
  std::ofstream(place_ / "run.json") << R"({"schema_version": 2})";
  EXPECT_EQ(error_on_open().code, ErrorCode::kUnsupported);
}

TEST_F(RunTest, WithTheDatabaseOfAnotherRunIsRefused) {
  {
    const store::Run run = create();
  }
  change_database("UPDATE meta SET value = 'x' WHERE key = 'run_id'");
  EXPECT_THAT(error_on_open().message, HasSubstr("does not belong"));
}

TEST_F(RunTest, WithDamagedFilesSaysWhich) {
  {
    store::Run run = create();
    for (int i = 0; i < 300; ++i) append(run, call(i));
  }
  const fs::path database = place_ / "run.sqlite";
  const auto size = fs::file_size(database);

  fs::resize_file(database, size / 2);  // the header stands, pages are missing
  auto run = store::Run::open(place_);
  const auto error = run ? run->columns().error() : run.error();
  EXPECT_EQ(error.code, ErrorCode::kInvalidData);
  EXPECT_THAT(error.message, HasSubstr("run.sqlite"));

  std::ofstream(database, std::ios::trunc) << std::string(size, 'x');
  EXPECT_EQ(error_on_open().code, ErrorCode::kInvalidData);
  EXPECT_EQ(store::Run::resume(place_, clock_).error().code, ErrorCode::kInvalidData);
  fs::resize_file(database, 0);
  EXPECT_EQ(error_on_open().code, ErrorCode::kInvalidData);
  fs::remove(database);
  EXPECT_THAT(error_on_open().message, HasSubstr("run.sqlite is missing"));
  fs::resize_file(place_ / "run.json", 40);
  EXPECT_THAT(error_on_open().message, HasSubstr("run.json"));
  EXPECT_EQ(error_on_open().code, ErrorCode::kInvalidData);
}

}  // namespace
}  // namespace ipw::store
