// How a run comes to be, is taken up again, and is written to and read.
#include "ipw/store/run.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <system_error>

#include "ipw/store/call_writer.h"
#include "ipw/store/checked_row.h"
#include "ipw/store/energy_cursor.h"
#include "ipw/store/run_directory.h"
#include "ipw/store/schema.h"
#include "ipw/store/sqlite.h"

namespace ipw::store {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::fail;

constexpr const char* kManifestFile = "run.json";
constexpr const char* kDatabaseFile = "run.sqlite";
constexpr const char* kLockFile = "run.lock";

struct PhaseName {
  IdlePhase phase;
  const char* name;
};
constexpr PhaseName kPhases[] = {
    {IdlePhase::kUnloadedBefore, "unloaded-before"},
    {IdlePhase::kLoadedBefore, "loaded-before"},
    {IdlePhase::kLoadedAfter, "loaded-after"},
    {IdlePhase::kUnloadedAfter, "unloaded-after"},
};

std::int64_t nanoseconds_of(core::WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

/// Of the columns attempt, outcome and value, which begin at `first`.
RecordState state_in(CheckedRow& row, int first) {
  RecordState state{.attempts = static_cast<int>(row.whole(first, kAttempts)) + 1,
                    .outcome = static_cast<record::Outcome>(row.whole(first + 1, kOutcomes))};
  const double value = verdict_value(row, first + 2, state.outcome);
  if (!std::isnan(value)) state.value = value;
  return state;
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// The manifest of an existing run, or the clearest reason why there is none.
core::Result<Manifest> find_manifest(const fs::path& directory) {
  std::error_code error;
  const auto status = fs::status(directory, error);
  if (status.type() == fs::file_type::not_found) {
    return fail(ErrorCode::kNotFound,
                fmt::format("no run at {}: no such folder (check the path)", directory.string()));
  }
  if (status.type() != fs::file_type::directory) {
    return fail(error ? ErrorCode::kPermissionDenied : ErrorCode::kNotFound,
                fmt::format("no run at {}: {} (a run is a folder with run.json)",
                            directory.string(), error ? error.message() : "not a folder"));
  }
  auto manifest = read_manifest(directory / kManifestFile);
  if (manifest || manifest.error().code != ErrorCode::kNotFound) return manifest;
  const bool begun = is_there(directory / kLockFile) || is_there(directory / kDatabaseFile) ||
                     fs::is_empty(directory, error);
  if (!begun) {
    return fail(ErrorCode::kNotFound,
                fmt::format("no run at {}: it has no run.json (a run is a folder with run.json)",
                            directory.string()));
  }
  return fail(ErrorCode::kInvalidData,
              fmt::format("no run at {}: its creation was cut off before anything was recorded "
                          "(delete the folder and start again)",
                          directory.string()));
}

core::Result<std::vector<QuestionKey>> read_question_keys(Database& database) {
  IPW_TRY(const std::size_t count, count_numbered(database, "questions"));
  std::vector<QuestionKey> keys(count);
  IPW_TRY(Statement rows,
          database.prepare("SELECT number, id FROM questions INDEXED BY question_by_id"));
  for (;;) {
    IPW_TRY(const bool more, rows.step());
    if (!more) return keys;
    CheckedRow row(rows, "questions", 1);
    const std::int64_t number = row.whole(0, {1, static_cast<std::int64_t>(count)});
    const QuestionKey key = key_in(row, 1);
    IPW_CHECK(row.sound());
    keys[static_cast<std::size_t>(number - 1)] = key;
  }
}

core::Result<void> check_database(Database& database, const fs::path& file,
                                  const Manifest& manifest) {
  auto statement = database.prepare(
      "SELECT (SELECT value FROM meta WHERE key = 'schema_version'),"
      " (SELECT value FROM meta WHERE key = 'run_id')");
  if (!statement) return std::unexpected(std::move(statement).error());
  IPW_CHECK(statement->step());
  if (statement->integer(0) > kSchemaVersion) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("cannot use {}: made by a newer ipw (upgrade): its format is {}, this "
                            "one reads {}",
                            file.string(), statement->integer(0), kSchemaVersion));
  }
  if (statement->integer(0) != kSchemaVersion || statement->text(1) != manifest.run_id) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot use {}: it does not belong to the run.json beside it (restore "
                            "both from one copy)",
                            file.string()));
  }
  return {};
}

core::Result<Database> open_database(const fs::path& directory, const Manifest& manifest,
                                     Database::Mode mode) {
  const fs::path file = directory / kDatabaseFile;
  if (!is_there(file)) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot use the run in {}: run.sqlite is missing (restore it from a "
                            "copy)",
                            directory.string()));
  }
  IPW_TRY(Database database, Database::open(file, mode));
  IPW_CHECK(check_database(database, file, manifest));
  return database;
}

core::Result<Database> create_database(const fs::path& file, const Manifest& manifest,
                                       Sharing sharing) {
  IPW_CHECK(make_file(file, sharing));  // SQLite gives its journal the permissions of the database
  IPW_TRY(Database database, Database::open(file, Database::Mode::kCreate));
  IPW_TRY(Transaction transaction, Transaction::begin(database, "BEGIN IMMEDIATE"));
  IPW_CHECK(database.execute(schema_sql()));
  IPW_TRY(Statement meta, database.prepare("INSERT INTO meta VALUES (?,?)"));
  IPW_CHECK(meta.run("schema_version", kSchemaVersion));
  IPW_CHECK(meta.run("run_id", manifest.run_id));
  IPW_CHECK(transaction.commit());
  return database;
}

/// What earlier sessions left, in nanoseconds.
struct Recorded {
  std::int64_t wall_start = 0;  // of the first session, since 1970
  std::int64_t end = 0;         // of all that is there, on the run's time line
};

/// Absent: there was no session yet.
core::Result<std::optional<Recorded>> what_is_recorded(Database& database) {
  IPW_TRY(Statement rows,
          database.prepare("SELECT (SELECT wall_start_ns FROM sessions ORDER BY number LIMIT 1),"
                           " (SELECT max(base_ns) FROM sessions),"
                           " (SELECT max(last_token_ns) FROM calls),"
                           " (SELECT max(second) * 1000000000 FROM telemetry)"));
  IPW_CHECK(rows.step());
  if (rows.is_null(0)) return std::nullopt;
  CheckedRow row(rows, "sessions", 0);
  Recorded recorded{.wall_start = row.whole(0, kNanoseconds), .end = row.whole(1, kNanoseconds)};
  for (const int column : {2, 3}) {
    if (const auto end = row.optional_whole(column, kNanoseconds)) {
      recorded.end = std::max(recorded.end, *end);
    }
  }
  IPW_CHECK(row.sound());
  return recorded;
}

/// Opens a session now. It starts, on the run's time line, where the wall clock says, but in a
/// later second than all that is recorded, should the wall clock have been set back.
core::Result<Session> begin_session(Database& database, const core::Clock& clock) {
  const core::WallTime wall = clock.wall();
  Session session;
  session.origin = clock.now();
  IPW_TRY(const std::optional<Recorded> recorded, what_is_recorded(database));
  if (recorded) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    session.base = std::chrono::nanoseconds(std::max(nanoseconds_of(wall) - recorded->wall_start,
                                                     (recorded->end / kSecond + 1) * kSecond));
  }
  IPW_TRY(Statement add,
          database.prepare("INSERT INTO sessions (wall_start, wall_start_ns, base_ns, pid)"
                           " VALUES (?,?,?,?) RETURNING number"));
  const std::string wall_text = rfc3339(wall);
  add.start(wall_text, nanoseconds_of(wall), std::int64_t{session.base.count()}, getpid());
  IPW_TRY(const bool row, add.step());
  if (row) session.number = add.integer(0);
  IPW_CHECK(add.step());
  return session;
}

/// Takes back what a creation that failed has left.
void remove_debris(const fs::path& directory, bool made) {
  std::error_code ignored;
  for (const char* file : {"run.json.tmp", "run.json", "run.sqlite", "run.sqlite-wal",
                           "run.sqlite-shm", "run.sqlite-journal", "run.lock"}) {
    fs::remove(directory / file, ignored);
  }
  if (made) fs::remove(directory, ignored);
}

}  // namespace

std::string new_run_id() {
  QuestionKey bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    const auto now = core::SystemClock().wall().time_since_epoch().count();
    std::memcpy(bytes.data(), &now, std::min(sizeof now, bytes.size()));
  }
  return question_id(bytes);
}

const char* name(IdlePhase phase) {
  for (const PhaseName& row : kPhases) {
    if (row.phase == phase) return row.name;
  }
  return kPhases[0].name;
}

/// Members are destroyed from the last to the first: statements, connection, lock.
struct Run::State {
  fs::path directory;
  Manifest manifest;
  std::mutex mutex;
  std::optional<RunLock> lock;  // held while appending
  Database database;
  Session session;
  std::optional<CallWriter> writer;
  Statement find_state;

  /// Whether others worked beside it.
  [[nodiscard]] bool disturbed() const {
    return manifest.company.told() && manifest.company.told()->disturbs();
  }

  core::Result<void> start_appending(const core::Clock& clock) {
    IPW_TRY(session, begin_session(database, clock));
    IPW_TRY(writer, CallWriter::make(database, session));
    return {};
  }

  /// kUsage where the run was opened to read.
  [[nodiscard]] core::Result<CallWriter*> appending() {
    if (writer) return &*writer;
    return fail(
        ErrorCode::kUsage,
        fmt::format("cannot write to the run in {}: it was opened to read", directory.string()));
  }

  template <class... Values>
  core::Result<void> insert(const char* sql, const Values&... values) {
    const std::scoped_lock guard(mutex);
    IPW_CHECK(appending());
    IPW_TRY(Statement statement, database.prepare(sql));
    return statement.run(values...);
  }

  /// Hands every row of `sql` to `visit`.
  template <class Visit>
  core::Result<void> each(const char* sql, const Visit& visit) {
    const std::scoped_lock guard(mutex);
    IPW_TRY(Statement rows, database.prepare(sql));
    for (;;) {
      IPW_TRY(const bool row, rows.step());
      if (!row) return {};
      IPW_CHECK(visit(rows));
    }
  }
};

Run::Run(std::unique_ptr<State> state) : state_(std::move(state)) {}
Run::Run(Run&&) noexcept = default;
Run& Run::operator=(Run&&) noexcept = default;
Run::~Run() = default;

core::Result<Run> Run::create(const fs::path& directory, Manifest manifest,
                              const core::Clock& clock, Sharing sharing) {
  if (manifest.run_id.empty()) manifest.run_id = new_run_id();
  if (manifest.created.empty()) manifest.created = rfc3339(clock.wall());
  manifest.schema_version = kSchemaVersion;

  IPW_TRY(const bool made, make_empty_directory(directory, sharing));
  const auto build = [&]() -> core::Result<Run> {
    auto state = std::make_unique<State>();
    state->directory = directory;
    state->manifest = std::move(manifest);
    IPW_TRY(state->database, create_database(directory / kDatabaseFile, state->manifest, sharing));
    IPW_CHECK(state->start_appending(clock));
    // Last, so that a folder with run.json is a whole run.
    IPW_CHECK(write_atomically(directory / kManifestFile, to_json(state->manifest), sharing));
    return Run(std::move(state));
  };
  auto lock = RunLock::take(directory / kLockFile);
  if (!lock) {
    // Busy means that another process creates a run here; its files are not ours to remove.
    if (lock.error().code != ErrorCode::kBusy) remove_debris(directory, made);
    return std::unexpected(std::move(lock).error());
  }
  auto run = build();
  if (run) {
    run->state_->lock = std::move(*lock);
  } else {
    remove_debris(directory, made);
  }
  return run;
}

core::Result<Run> Run::resume(const fs::path& directory, const core::Clock& clock) {
  auto state = std::make_unique<State>();
  state->directory = directory;
  IPW_TRY(state->manifest, find_manifest(directory));
  IPW_TRY(state->lock, RunLock::take(directory / kLockFile));
  IPW_TRY(state->database, open_database(directory, state->manifest, Database::Mode::kAppend));
  // New rows are numbered on from these.
  for (const char* table : {"questions", "tasks", "sensors"}) {
    IPW_CHECK(count_numbered(state->database, table));
  }
  IPW_CHECK(state->start_appending(clock));
  return Run(std::move(state));
}

core::Result<Run> Run::open(const fs::path& directory) {
  auto state = std::make_unique<State>();
  state->directory = directory;
  IPW_TRY(state->manifest, find_manifest(directory));
  IPW_TRY(state->database, open_database(directory, state->manifest, Database::Mode::kRead));
  return Run(std::move(state));
}

const fs::path& Run::directory() const { return state_->directory; }
const Manifest& Run::manifest() const { return state_->manifest; }

std::chrono::nanoseconds Run::on_time_line(core::Instant at) const {
  return state_->session.on_run(at);
}

core::Result<void> Run::rewrite(Manifest manifest) {
  const std::scoped_lock guard(state_->mutex);
  IPW_CHECK(state_->appending());
  manifest.schema_version = kSchemaVersion;
  manifest.run_id = state_->manifest.run_id;
  manifest.created = state_->manifest.created;
  IPW_CHECK(write_atomically(state_->directory / kManifestFile, to_json(manifest)));
  state_->manifest = std::move(manifest);
  return {};
}

core::Result<void> Run::append(std::span<const record::Call> calls) {
  const std::scoped_lock guard(state_->mutex);
  IPW_TRY(CallWriter* const writer, state_->appending());
  return writer->append(state_->database, calls);
}

core::Result<void> Run::append_energy(std::span<const CallEnergy> energy) {
  const std::scoped_lock guard(state_->mutex);
  IPW_TRY(CallWriter* const writer, state_->appending());
  return writer->append_energy(state_->database, energy);
}

core::Result<JudgedAgain> Run::judge_again(const Judge& judge) {
  const std::scoped_lock guard(state_->mutex);
  IPW_CHECK(state_->appending());
  return store::judge_again(state_->database, judge);
}

core::Result<std::int64_t> Run::calls_without_energy() {
  const std::scoped_lock guard(state_->mutex);
  return state_->database.integer(
      "SELECT count(*) FROM calls c WHERE NOT EXISTS (SELECT 1 FROM energy e WHERE"
      " e.question = c.question AND e.repeat = c.repeat AND e.attempt = c.attempt)");
}

core::Result<void> Run::append_telemetry(std::string_view sensor, std::int64_t second,
                                         std::span<const std::byte> samples) {
  return state_->insert("INSERT OR REPLACE INTO telemetry VALUES (?,?,?)", sensor, second, samples);
}

core::Result<void> Run::append_idle(const IdlePower& idle) {
  return state_->insert("INSERT INTO idle VALUES (?,?,?,?,?,?,?)", state_->session.number,
                        name(idle.phase), idle.sensor, idle.power.count(),
                        idle.standard_error.count(), idle.duration.count(), idle.n);
}

core::Result<void> Run::append_event(core::WallTime time, std::string_view kind,
                                     std::string_view text) {
  return state_->insert("INSERT INTO events (session, time, kind, text) VALUES (?,?,?,?)",
                        state_->session.number, rfc3339(time), kind, text);
}

core::Result<RecordState> Run::state(std::string_view question_id, int repeat) {
  const auto key = question_key(question_id);
  if (!key) return RecordState{};
  const std::scoped_lock guard(state_->mutex);
  Statement& find = state_->find_state;
  if (!find) {
    IPW_TRY(find,
            state_->database.prepare("SELECT attempt, outcome, value FROM calls"
                                     " WHERE question = (SELECT number FROM questions WHERE id = ?)"
                                     " AND repeat = ? ORDER BY attempt DESC LIMIT 1"));
  }
  find.start(std::as_bytes(std::span(*key)), repeat);
  IPW_TRY(const bool found, find.step());
  if (!found) return RecordState{};
  CheckedRow row(find, "calls", 0);
  const RecordState state = state_in(row, 0);
  auto sound = row.sound();
  find.reset();
  if (!sound) return std::unexpected(std::move(sound).error());
  return state;
}

core::Result<bool> Run::done(std::string_view question_id, int repeat) {
  IPW_TRY(const RecordState found, state(question_id, repeat));
  return found.done();
}

core::Result<void> Run::for_each_key(
    const std::function<core::Result<void>(const QuestionKey&, int, const RecordState&)>& sink) {
  constexpr const char* kKeys =
      "SELECT c.question, c.repeat, max(c.attempt), c.outcome, c.value, q.id FROM calls c"
      " LEFT JOIN questions q ON q.number = c.question GROUP BY c.question, c.repeat";
  return state_->each(kKeys, [&](const Statement& statement) -> core::Result<void> {
    CheckedRow row(statement, "calls", 3);
    if (statement.is_null(5)) row.points_nowhere(0, "questions");
    const QuestionKey key = key_in(row, 5);
    const auto repeat = static_cast<int>(row.whole(1, kRepeats));
    const RecordState state = state_in(row, 2);
    IPW_CHECK(row.sound());
    return sink(key, repeat, state);
  });
}

core::Result<void> Run::for_each_call(const CallSink& sink) {
  const std::scoped_lock guard(state_->mutex);
  return read_calls(state_->database, state_->disturbed(), sink);
}

core::Result<void> Run::for_each_call_of(std::span<const std::uint32_t> questions,
                                         const CallSink& sink) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(questions.size());
  for (const std::uint32_t index : questions) numbers.push_back(std::int64_t{index} + 1);
  const std::scoped_lock guard(state_->mutex);
  return read_calls_of(state_->database, state_->disturbed(), numbers, sink);
}

core::Result<void> Run::for_each_record(const CallSink& sink) {
  const std::scoped_lock guard(state_->mutex);
  return read_records(state_->database, state_->disturbed(), sink);
}

core::Result<Columns> Run::columns() {
  const std::scoped_lock guard(state_->mutex);
  return read_columns(state_->database, state_->disturbed());
}

core::Result<std::vector<QuestionKey>> Run::question_keys() {
  const std::scoped_lock guard(state_->mutex);
  return read_question_keys(state_->database);
}

core::Result<void> Run::for_each_telemetry(
    const std::function<core::Result<void>(const TelemetrySecond&)>& sink) {
  constexpr const char* kSeconds =
      "SELECT sensor, second, samples FROM telemetry ORDER BY sensor, second";
  return state_->each(kSeconds, [&](const Statement& statement) -> core::Result<void> {
    CheckedRow row(statement, "telemetry", 2);
    const TelemetrySecond second{std::string(row.text(0)), row.whole(1, kTelemetrySeconds),
                                 row.blob(2)};
    IPW_CHECK(row.sound());
    return sink(second);
  });
}

core::Result<std::vector<IdlePower>> Run::idle() {
  std::vector<IdlePower> rows;
  constexpr const char* kIdle =
      "SELECT rowid, phase, sensor, power_w, power_stderr_w, seconds, n FROM idle ORDER BY rowid";
  IPW_CHECK(state_->each(kIdle, [&](const Statement& statement) -> core::Result<void> {
    CheckedRow row(statement, "idle", 1);
    const auto* phase = std::ranges::find(kPhases, row.text(1), &PhaseName::name);
    if (phase == std::end(kPhases)) {
      row.refuse(1, "a phase of the idle power");
      return row.sound();
    }
    rows.push_back({phase->phase, std::string(row.text(2)),
                    core::Watts(row.optional_real(3, kAnyNumber)),
                    core::Watts(row.optional_real(4, kNotNegative)),
                    core::Seconds(row.real(5, kNotNegative)), row.whole(6, kCounts)});
    return row.sound();
  }));
  return rows;
}

core::Result<std::vector<Event>> Run::events() {
  std::vector<Event> rows;
  constexpr const char* kEvents = "SELECT number, time, kind, text FROM events ORDER BY number";
  IPW_CHECK(state_->each(kEvents, [&](const Statement& statement) -> core::Result<void> {
    CheckedRow row(statement, "events", 1);
    rows.push_back({std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3))});
    return row.sound();
  }));
  return rows;
}

core::Result<std::vector<SessionStart>> Run::sessions() {
  std::vector<SessionStart> rows;
  constexpr const char* kSessions =
      "SELECT number, base_ns, wall_start_ns FROM sessions ORDER BY number";
  IPW_CHECK(state_->each(kSessions, [&](const Statement& statement) -> core::Result<void> {
    CheckedRow row(statement, "sessions", 1);
    rows.push_back({std::chrono::nanoseconds(row.whole(1, kNanoseconds)),
                    std::chrono::nanoseconds(row.whole(2, kNanoseconds))});
    return row.sound();
  }));
  if (rows.empty()) {
    return std::unexpected(damaged((state_->directory / kDatabaseFile).string(), "sessions",
                                   "it has no row and should have one at least"));
  }
  return rows;
}

core::Result<std::vector<std::pair<std::string, record::Provenance>>> Run::sensors() {
  const std::scoped_lock guard(state_->mutex);
  IPW_TRY(const auto names, read_sensors(state_->database, state_->disturbed()));
  std::vector<std::pair<std::string, record::Provenance>> sensors;
  for (const SensorName& name : names) sensors.emplace_back(name.id, name.provenance);
  return sensors;
}

}  // namespace ipw::store
