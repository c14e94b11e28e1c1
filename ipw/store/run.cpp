// How a run comes to be, is taken up again, and is written to and read.
#include "ipw/store/run.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <system_error>

#include "ipw/store/call_writer.h"
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

std::string random_id() {
  QuestionKey bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    const auto now = core::SystemClock().wall().time_since_epoch().count();
    std::memcpy(bytes.data(), &now, std::min(sizeof now, bytes.size()));
  }
  return question_id(bytes);
}

std::int64_t nanoseconds_of(core::WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
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

core::Result<void> check_database(Database& database, const fs::path& file,
                                  const Manifest& manifest) {
  auto statement = database.prepare(
      "SELECT (SELECT value FROM meta WHERE key = 'schema_version'),"
      " (SELECT value FROM meta WHERE key = 'run_id')");
  if (!statement && statement.error().code == ErrorCode::kInternal) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot use {}: its tables are missing (restore it from a copy)",
                            file.string()));
  }
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

core::Result<Database> create_database(const fs::path& file, const Manifest& manifest) {
  IPW_TRY(Database database, Database::open(file, Database::Mode::kCreate));
  IPW_TRY(Transaction transaction, Transaction::begin(database, "BEGIN IMMEDIATE"));
  IPW_CHECK(database.execute(schema_sql()));
  IPW_TRY(Statement meta, database.prepare("INSERT INTO meta VALUES (?,?)"));
  IPW_CHECK(meta.run("schema_version", kSchemaVersion));
  IPW_CHECK(meta.run("run_id", manifest.run_id));
  IPW_CHECK(transaction.commit());
  return database;
}

/// Opens a session now. It starts, on the run's time line, where the wall clock says, but in a
/// later second than all that is recorded, should the wall clock have been set back.
core::Result<Session> begin_session(Database& database, const core::Clock& clock) {
  const core::WallTime wall = clock.wall();
  Session session;
  session.origin = clock.now();
  IPW_TRY(const std::int64_t first,
          database.integer("SELECT wall_start_ns FROM sessions ORDER BY number LIMIT 1"));
  if (first != 0) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    IPW_TRY(const std::int64_t call, database.integer("SELECT max(last_token_ns) FROM calls"));
    IPW_TRY(const std::int64_t sample, database.integer("SELECT max(second) FROM telemetry"));
    IPW_TRY(const std::int64_t begun, database.integer("SELECT max(base_ns) FROM sessions"));
    const std::int64_t recorded = std::max({call, sample * kSecond, begun});
    session.base = std::chrono::nanoseconds(
        std::max(nanoseconds_of(wall) - first, (recorded / kSecond + 1) * kSecond));
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
                              const core::Clock& clock) {
  if (manifest.run_id.empty()) manifest.run_id = random_id();
  if (manifest.created.empty()) manifest.created = rfc3339(clock.wall());
  manifest.schema_version = kSchemaVersion;

  IPW_TRY(const bool made, make_empty_directory(directory));
  const auto build = [&]() -> core::Result<Run> {
    auto state = std::make_unique<State>();
    state->directory = directory;
    state->manifest = std::move(manifest);
    IPW_TRY(state->database, create_database(directory / kDatabaseFile, state->manifest));
    IPW_CHECK(state->start_appending(clock));
    // Last, so that a folder with run.json is a whole run.
    IPW_CHECK(write_atomically(directory / kManifestFile, to_json(state->manifest)));
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
  IPW_TRY(const bool row, find.step());
  if (!row) return RecordState{};
  const RecordState state{static_cast<int>(find.integer(0)) + 1,
                          static_cast<record::Outcome>(find.integer(1)),
                          find.is_null(2) ? 0.0 : find.real(2)};
  find.reset();
  return state;
}

core::Result<bool> Run::done(std::string_view question_id, int repeat) {
  IPW_TRY(const RecordState found, state(question_id, repeat));
  return found.done();
}

core::Result<void> Run::for_each_key(
    const std::function<core::Result<void>(const QuestionKey&, int, const RecordState&)>& sink) {
  constexpr const char* kKeys =
      "SELECT q.id, c.repeat, max(c.attempt), c.outcome, c.value FROM calls c"
      " CROSS JOIN questions q ON q.number = c.question GROUP BY c.question, c.repeat";
  return state_->each(kKeys, [&](const Statement& row) {
    QuestionKey key{};
    const Bytes id = row.blob(0);
    std::memcpy(key.data(), id.data(), std::min(id.size(), key.size()));
    return sink(key, static_cast<int>(row.integer(1)),
                RecordState{static_cast<int>(row.integer(2)) + 1,
                            static_cast<record::Outcome>(row.integer(3)),
                            row.is_null(4) ? 0.0 : row.real(4)});
  });
}

core::Result<void> Run::for_each_call(const CallSink& sink) {
  const std::scoped_lock guard(state_->mutex);
  return read_calls(state_->database, sink);
}

core::Result<void> Run::for_each_call_of(std::span<const std::uint32_t> questions,
                                         const CallSink& sink) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(questions.size());
  for (const std::uint32_t index : questions) numbers.push_back(std::int64_t{index} + 1);
  const std::scoped_lock guard(state_->mutex);
  return read_calls_of(state_->database, numbers, sink);
}

core::Result<void> Run::for_each_record(const CallSink& sink) {
  const std::scoped_lock guard(state_->mutex);
  return read_records(state_->database, sink);
}

core::Result<Columns> Run::columns() {
  const std::scoped_lock guard(state_->mutex);
  return read_columns(state_->database);
}

core::Result<std::vector<QuestionKey>> Run::question_keys() {
  std::vector<QuestionKey> keys;
  constexpr const char* kKeys = "SELECT number, id FROM questions INDEXED BY question_by_id";
  IPW_CHECK(state_->each(kKeys, [&](const Statement& row) -> core::Result<void> {
    const auto index = static_cast<std::size_t>(row.integer(0) - 1);
    const Bytes id = row.blob(1);
    if (index >= keys.size()) keys.resize(index + 1);
    std::memcpy(keys[index].data(), id.data(), std::min(id.size(), keys[index].size()));
    return {};
  }));
  return keys;
}

core::Result<void> Run::for_each_telemetry(
    const std::function<core::Result<void>(const TelemetrySecond&)>& sink) {
  return state_->each("SELECT sensor, second, samples FROM telemetry ORDER BY sensor, second",
                      [&](const Statement& row) {
                        return sink({std::string(row.text(0)), row.integer(1), row.blob(2)});
                      });
}

core::Result<std::vector<IdlePower>> Run::idle() {
  std::vector<IdlePower> rows;
  constexpr const char* kIdle =
      "SELECT phase, sensor, power_w, power_stderr_w, seconds, n FROM idle ORDER BY rowid";
  IPW_CHECK(state_->each(kIdle, [&](const Statement& row) -> core::Result<void> {
    const auto* phase = std::ranges::find(kPhases, row.text(0), &PhaseName::name);
    if (phase == std::end(kPhases)) return {};
    rows.push_back({phase->phase, std::string(row.text(1)), core::Watts(row.real(2)),
                    core::Watts(row.real(3)), core::Seconds(row.real(4)), row.integer(5)});
    return {};
  }));
  return rows;
}

core::Result<std::vector<Event>> Run::events() {
  std::vector<Event> rows;
  constexpr const char* kEvents = "SELECT time, kind, text FROM events ORDER BY number";
  IPW_CHECK(state_->each(kEvents, [&](const Statement& row) -> core::Result<void> {
    rows.push_back({std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2))});
    return {};
  }));
  return rows;
}

core::Result<std::vector<SessionStart>> Run::sessions() {
  std::vector<SessionStart> rows;
  constexpr const char* kSessions = "SELECT base_ns, wall_start_ns FROM sessions ORDER BY number";
  IPW_CHECK(state_->each(kSessions, [&](const Statement& row) -> core::Result<void> {
    rows.push_back(
        {std::chrono::nanoseconds(row.integer(0)), std::chrono::nanoseconds(row.integer(1))});
    return {};
  }));
  return rows;
}

core::Result<std::vector<std::pair<std::string, record::Provenance>>> Run::sensors() {
  const std::scoped_lock guard(state_->mutex);
  IPW_TRY(const auto names, read_sensors(state_->database));
  std::vector<std::pair<std::string, record::Provenance>> sensors;
  for (const SensorName& name : names) sensors.emplace_back(name.id, name.provenance);
  return sensors;
}

}  // namespace ipw::store
