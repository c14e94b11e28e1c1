// Runs that are damaged: whatever a row holds, reading ends with the rows that are there or with an
// error that names file, table and row, and needs no more memory than the file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "ipw/store/export.h"
#include "ipw/store/run.h"
#include "ipw/store/sample_run.h"

namespace ipw::store {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using testing::HasSubstr;

/// Changes the database as another program could, views and foreign keys included.
void change(const fs::path& file, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  char* why = nullptr;
  const int status = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &why);
  EXPECT_EQ(status, SQLITE_OK) << sql << ": " << (why != nullptr ? why : "");
  sqlite3_free(why);
  sqlite3_close(database);
}

/// Opens the run and reads everything that it holds, in every way that there is. The first error.
core::Result<void> read_everything(const fs::path& place) {
  IPW_TRY(Run run, Run::open(place));
  const CallSink nothing = [](const record::Call&) { return core::Result<void>{}; };
  IPW_CHECK(run.for_each_call(nothing));
  IPW_CHECK(run.for_each_record(nothing));
  IPW_CHECK(run.for_each_key(
      [](const QuestionKey&, int, const RecordState&) { return core::Result<void>{}; }));
  IPW_TRY(const Columns columns, run.columns());
  IPW_TRY(const std::vector<QuestionKey> keys, run.question_keys());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    EXPECT_LT(columns.question[i], keys.size());
    EXPECT_LT(columns.task[i], columns.tasks.size());
  }
  std::vector<std::uint32_t> all(keys.size());
  std::iota(all.begin(), all.end(), 0U);
  IPW_CHECK(run.for_each_call_of(all, nothing));
  IPW_CHECK(run.for_each_telemetry([](const TelemetrySecond&) { return core::Result<void>{}; }));
  IPW_TRY(const auto idle, run.idle());
  IPW_TRY(const auto events, run.events());
  IPW_TRY(const auto sessions, run.sessions());
  IPW_TRY(const auto sensors, run.sensors());
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::tmpfile(), std::fclose);
  IPW_CHECK(export_records(run, ExportFormat::kCsv, out.get()));
  IPW_CHECK(export_records(run, ExportFormat::kJsonl, out.get()));
  return {};
}

/// Goes on with the run as a process that resumes it would.
core::Result<void> append_one_more(const fs::path& place, const core::Clock& clock) {
  IPW_TRY(Run run, Run::resume(place, clock));
  IPW_TRY([[maybe_unused]] const bool done, run.done(sample_id(2), 0));
  const record::Call call = sample_call(77, clock.now());
  return run.append({&call, 1});
}

struct Damage {
  const char* name;
  const char* sql;
  const char* table;  // that the message names; nullptr: it can be read all the same
  const char* row = "row";
};

// clang-format off
constexpr Damage kDamages[] = {
    // Rows that are gone.
    {"NoTasks", "DELETE FROM tasks", "tasks"},
    {"OneTaskGone", "DELETE FROM tasks WHERE number = 1", "tasks"},
    {"NoQuestions", "DELETE FROM questions", "questions"},
    {"OneQuestionGone", "DELETE FROM questions WHERE number = 2", "questions"},
    {"LastQuestionGone", "DELETE FROM questions WHERE number = 3", "questions", "question 3"},
    {"NoAnswers", "DELETE FROM answers", "answers", "question 1, repeat 0, attempt 0"},
    {"OneAnswerGone", "DELETE FROM answers WHERE id = 2", "answers", "answer is 2"},
    {"NoSensors", "DELETE FROM sensors", "sensors"},
    {"NoSessions", "DELETE FROM sessions", "sessions"},
    {"NoMeta", "DELETE FROM meta", nullptr},  // refused: it belongs to no run.json
    {"NoCalls", "DELETE FROM calls", "energy"},
    {"OneCallGone", "DELETE FROM calls WHERE question = 2", "energy", "question 2"},
    {"LastCallGone", "DELETE FROM calls WHERE question = 3", "energy", "question 3"},
    // Numbers that are absurd.
    {"HugeQuestionNumber", "UPDATE questions SET number = 4000000000 WHERE number = 2;"
                           "UPDATE calls SET question = 4000000000 WHERE question = 2;"
                           "UPDATE energy SET question = 4000000000 WHERE question = 2", "", ""},
    {"NegativeQuestionNumber", "UPDATE questions SET number = -5 WHERE number = 2;"
                               "UPDATE calls SET question = -5 WHERE question = 2;"
                               "UPDATE energy SET question = -5 WHERE question = 2", "", "-5"},
    {"LargestQuestionNumber", "UPDATE questions SET number = 9223372036854775807 WHERE number = 3",
     "questions"},
    {"SmallestQuestionNumber", "UPDATE questions SET number = -9223372036854775808 WHERE number = 1",
     "questions"},
    {"QuestionNumberZero", "UPDATE questions SET number = 0 WHERE number = 1", "questions"},
    {"HugeTaskNumber", "UPDATE tasks SET number = 4294967297 WHERE number = 1", "tasks"},
    {"HugeSensorNumber", "UPDATE sensors SET number = 4294967297", "sensors"},
    {"HugeRepeat", "UPDATE calls SET repeat = 4294967296 WHERE question = 1", "calls", "repeat is"},
    {"NegativeAttempt", "UPDATE calls SET attempt = -1 WHERE question = 1", "calls", "attempt is -1"},
    {"HugeAttempt", "UPDATE calls SET attempt = 9223372036854775807 WHERE question = 1", "calls"},
    {"OutcomeSeven", "UPDATE calls SET outcome = 7 WHERE question = 2", "calls",
     "question 2, repeat 0, attempt 0: outcome is 7"},
    {"OutcomeOfAnotherByte", "UPDATE calls SET outcome = 256", "calls"},
    {"NegativeFinish", "UPDATE calls SET finish = -1", "calls"},
    {"HugeTime", "UPDATE calls SET last_token_ns = 9223372036854775807", "calls"},
    {"SmallestTime", "UPDATE calls SET started_ns = -9223372036854775808", "calls"},
    {"FirstTokenNever", "UPDATE calls SET first_token_ns = -9223372036854775808", "calls"},
    {"NegativeTokens", "UPDATE calls SET output_tokens = -1", "calls", "output_tokens is -1"},
    {"HugeTokens", "UPDATE calls SET prompt_tokens = 9223372036854775807", "calls"},
    {"ValueOfTwo", "UPDATE calls SET value = 2 WHERE outcome = 0", "calls", "value is 2"},
    {"InfiniteValue", "UPDATE calls SET value = 9e999 WHERE outcome = 0", "calls"},
    {"InfiniteJoules", "UPDATE energy SET active_j = 9e999", "energy"},
    {"NegativeUncertainty", "UPDATE energy SET uncertainty_j = -1", "energy"},
    {"CoverageOfFive", "UPDATE energy SET coverage = 5", "energy"},
    {"InfiniteFlops", "UPDATE calls SET flops = 9e999", "calls"},
    {"NegativeMemory", "UPDATE calls SET peak_memory_bytes = -1", "calls"},
    {"HugeSecond", "UPDATE telemetry SET second = 9223372036854775807", "telemetry"},
    {"NegativeSecond", "UPDATE telemetry SET second = -1", "telemetry"},
    {"HugeSession", "UPDATE sessions SET base_ns = 9223372036854775807", "sessions"},
    {"NegativeIdleReadings", "UPDATE idle SET n = -1", "idle"},
    {"NegativeIdleSeconds", "UPDATE idle SET seconds = -1.5", "idle"},
    // Values of another type. SQLite keeps what it cannot convert.
    {"TextAsOutcome", "UPDATE calls SET outcome = 'correct'", "calls", "outcome is \"correct\""},
    {"BytesAsTime", "UPDATE calls SET sent_ns = x'00ff'", "calls", "sent_ns is 2 bytes"},
    {"TextAsTokens", "UPDATE calls SET output_tokens = 'many'", "calls"},
    {"RealAsTokens", "UPDATE calls SET output_tokens = 1.5", "calls", "output_tokens is 1.5"},
    {"TextAsValue", "UPDATE calls SET value = 'one' WHERE outcome = 0", "calls"},
    {"NullAsValue", "UPDATE calls SET value = NULL WHERE outcome = 0", "calls", "value is NULL"},
    {"TextAsQuestion", "UPDATE calls SET question = 'first' WHERE question = 1", "calls"},
    {"BytesAsRepeat", "UPDATE calls SET repeat = x'01' WHERE question = 1", "calls"},
    {"TextAsTask", "UPDATE questions SET task = 'odd' WHERE number = 1", "questions"},
    {"TextAsId", "UPDATE questions SET id = 'abc' WHERE number = 1", "questions"},
    {"ShortId", "UPDATE questions SET id = x'0102' WHERE number = 1", "questions", "2 bytes"},
    {"LongId", "UPDATE questions SET id = zeroblob(1000) WHERE number = 1", "questions"},
    {"TextAsJoules", "UPDATE energy SET active_j = 'two'", "energy"},
    {"BytesAsCoverage", "UPDATE energy SET coverage = x'ff'", "energy"},
    {"TextAsSensor", "UPDATE energy SET sensor = 'rapl'", "energy"},
    {"OddLogprobs", "UPDATE answers SET logprobs = x'010203'", "answers"},
    {"TextAsLogprobs", "UPDATE answers SET logprobs = 'none'", "answers"},
    {"TextAsSamples", "UPDATE telemetry SET samples = 'none'", "telemetry"},
    {"ChoicesAreNoJson", "UPDATE questions SET choices = '[\"a\"'", "questions"},
    {"ChoicesAreNumbers", "UPDATE questions SET choices = '[1, 2]'", "questions"},
    {"ChoicesAreOneText", "UPDATE questions SET choices = '\"a\"'", "questions"},
    {"UnknownPhase", "UPDATE idle SET phase = 'while asleep'", "idle"},
    {"UnknownSource", "UPDATE sensors SET source = 'guessed'", "sensors"},
    // Ids of nothing.
    {"ForeignTask", "UPDATE questions SET task = 99", "questions", "tasks has no such row"},
    {"ForeignQuestion", "UPDATE calls SET question = 99 WHERE question = 3", "calls"},
    {"ForeignAnswer", "UPDATE calls SET answer = 99 WHERE question = 3", "calls", "answer is 99"},
    {"ForeignSensor", "UPDATE energy SET sensor = 99", "energy", "sensors has no such row"},
    {"ShareOfNobody", "INSERT INTO energy VALUES (2, 1, 0, 1, 1, 1, 1, 1, 1)", "energy",
     "question 2, repeat 1"},
    // A schema that is another's.
    {"NoViews", "DROP VIEW records; DROP VIEW record_energy", nullptr, nullptr},
    {"NoIndex", "DROP INDEX question_by_id", "", "question_by_id"},
    {"NoTable", "DROP TABLE telemetry", "", "no such table: telemetry"},
    {"NoColumn", "ALTER TABLE energy RENAME COLUMN active_j TO joules", "", "active_j"},
    {"AViewForATable", "ALTER TABLE events RENAME TO old; CREATE VIEW events AS SELECT 1 AS number, "
                       "1 AS session, 'x' AS time, 'x' AS kind, 'x' AS text", "", "events"},
    {"ATriggerOnAppending", "CREATE TRIGGER t AFTER INSERT ON calls BEGIN DELETE FROM calls; END",
     nullptr, nullptr},
};
// clang-format on

/// A run with something in every table.
void make_run(const fs::path& place, const core::Clock& clock) {
  auto run = Run::create(place, sample_manifest(), clock);
  ASSERT_TRUE(run) << run.error().message;
  std::vector<record::Call> calls;
  for (int number = 0; number < 3; ++number) {
    calls.push_back(sample_call(number, clock.now()));
    calls.back().completion.token_logprobs = {-0.5};
  }
  ASSERT_TRUE(run->append(calls));
  const std::byte samples[] = {std::byte{1}};
  ASSERT_TRUE(run->append_telemetry("rapl:package-0", 0, samples));
  ASSERT_TRUE(run->append_idle({.sensor = "rapl:package-0",
                                .power = core::Watts(3.0),
                                .standard_error = core::Watts(0.1),
                                .duration = core::Seconds(2.0),
                                .n = 20}));
  ASSERT_TRUE(run->append_event(clock.wall(), "started", ""));
}

class DamageTest : public testing::TestWithParam<Damage> {
 protected:
  static void SetUpTestSuite() {
    whole_ = std::make_unique<TemporaryDirectory>();
    make_run(*whole_ / "run", HandClock());
  }
  static void TearDownTestSuite() { whole_.reset(); }

  void SetUp() override { fs::copy(*whole_ / "run", place_); }

  TemporaryDirectory directory_;
  fs::path place_ = directory_ / "run";
  fs::path file_ = place_ / "run.sqlite";
  HandClock clock_;

 private:
  static std::unique_ptr<TemporaryDirectory> whole_;
};

std::unique_ptr<TemporaryDirectory> DamageTest::whole_;

TEST_P(DamageTest, IsTold) {
  ASSERT_TRUE(read_everything(place_));
  change(file_, GetParam().sql);
  const auto read = read_everything(place_);
  const bool readable = GetParam().table == nullptr && GetParam().row == nullptr;
  ASSERT_EQ(read.has_value(), readable) << (read ? "it was read" : read.error().message);
  if (!read) {
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidData);
    EXPECT_THAT(read.error().message, HasSubstr(file_.string()));
    if (GetParam().table != nullptr) {
      EXPECT_THAT(read.error().message, HasSubstr(GetParam().table));
      EXPECT_THAT(read.error().message, HasSubstr(GetParam().row));
    }
  }
  static_cast<void>(append_one_more(place_, clock_));
  static_cast<void>(read_everything(place_));
}

INSTANTIATE_TEST_SUITE_P(Kinds, DamageTest, testing::ValuesIn(kDamages),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(DamagedRun, IsSurvivedWhereverItIsCutOff) {
  TemporaryDirectory directory;
  HandClock clock;
  const fs::path place = directory / "run";
  {
    auto run = Run::create(place, sample_manifest(), clock);
    ASSERT_TRUE(run);
    for (int number = 0; number < 200; ++number) {
      const record::Call call = sample_call(number, clock.now());
      ASSERT_TRUE(run->append({&call, 1}));
    }
  }
  const fs::path file = place / "run.sqlite";
  std::ifstream stream(file, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(stream), {}};
  ASSERT_GT(whole.size(), 20'000U);
  for (std::size_t length = 0; length < whole.size(); length += 1021) {
    std::ofstream(file, std::ios::binary) << whole.substr(0, length);
    const auto read = read_everything(place);
    ASSERT_FALSE(read) << length;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidData) << read.error().message;
  }
}

TEST(DamagedRun, IsSurvivedWhereverPagesAreOverwritten) {
  TemporaryDirectory directory;
  HandClock clock;
  const fs::path place = directory / "run";
  {
    auto run = Run::create(place, sample_manifest(), clock);
    ASSERT_TRUE(run);
    for (int number = 0; number < 50; ++number) {
      const record::Call call = sample_call(number, clock.now());
      ASSERT_TRUE(run->append({&call, 1}));
    }
  }
  const fs::path file = place / "run.sqlite";
  std::ifstream stream(file, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(stream), {}};
  constexpr char kFillings[] = {'\0', '\x7f', '\xff'};
  for (std::size_t at = 0; at + 64 < whole.size(); at += 1021) {
    std::string changed = whole;
    std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(at), 64, kFillings[at % 3]);
    std::ofstream(file, std::ios::binary) << changed;
    const auto read = read_everything(place);
    if (read) continue;
    EXPECT_THAT(read.error().message, HasSubstr(place.string()));
  }
}

}  // namespace
}  // namespace ipw::store
