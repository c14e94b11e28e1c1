// SQLite's C interface, its error codes turned into ours, and the choice of journal and cache.
#include "ipw/store/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <system_error>

namespace ipw::store {
namespace {

using core::ErrorCode;
using core::fail;

constexpr int kBusyMilliseconds = 10'000;

// synchronous NORMAL writes the journal at every commit and syncs it at checkpoints only. Question
// ids come in no order: the cache (64 MB at most) has room for the index of a million, and the long
// journal (64 MB at most) lets a checkpoint write each page of it once for many commits.
constexpr const char* kWritePragmas =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=16000;"
    "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-64000;";
constexpr const char* kReadPragmas = "PRAGMA query_only=ON; PRAGMA cache_size=-4000;";

bool is_out_of_space(int reason) { return reason == ENOSPC || reason == EDQUOT; }

std::string file_of(sqlite3* connection) {
  const char* name = sqlite3_db_filename(connection, "main");
  return name != nullptr && *name != '\0' ? name : "run.sqlite";
}

core::Error error_of(sqlite3* connection, int status) {
  const std::string file = file_of(connection);
  const int reason = sqlite3_system_errno(connection);
  const std::string why = sqlite3_errmsg(connection);
  const auto error = [&](ErrorCode code, std::string_view cause, std::string_view cure) {
    return core::Error{code, fmt::format("cannot use {}: {} ({})", file, cause, cure)};
  };
  switch (status & 0xff) {
    case SQLITE_FULL:
      return error(ErrorCode::kOutOfSpace, "the disk is full",
                   "free some space and resume; everything recorded so far is intact");
    case SQLITE_NOMEM: return error(ErrorCode::kOutOfSpace, "out of memory", "free some memory");
    case SQLITE_TOOBIG:
      return error(ErrorCode::kInvalidData, "a text exceeds SQLite's limit of 1 GB", "shorten it");
    // The program's statements are sound: what they meet that they cannot be run on is the file.
    case SQLITE_ERROR:
    case SQLITE_AUTH:
    case SQLITE_SCHEMA:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return error(ErrorCode::kInvalidData, "the file is damaged, " + why,
                   "`sqlite3 run.sqlite .recover` saves what can be read");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return error(ErrorCode::kBusy, "another process holds it", "try again when it is done");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return error(ErrorCode::kPermissionDenied, why, "make the folder and its files writable");
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      if (is_out_of_space(reason)) {
        return error(ErrorCode::kOutOfSpace, "the disk is full",
                     "free some space and resume; everything recorded so far is intact");
      }
      if (reason == EACCES || reason == EPERM || reason == EROFS) {
        return error(ErrorCode::kPermissionDenied, std::generic_category().message(reason),
                     "change the permissions of the folder and its files");
      }
      return error(ErrorCode::kUnavailable,
                   reason != 0 ? why + ", " + std::generic_category().message(reason) : why,
                   "check the disk");
    default: return error(ErrorCode::kInternal, why, "please report this");
  }
}

/// The file may be somebody else's: its schema may not run anything, and ipw needs none of it to. A
/// view that stands in for a table, a trigger, a function in an index are refused.
void distrust(sqlite3* connection) {
  constexpr int kOff[] = {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW,
                          SQLITE_DBCONFIG_TRUSTED_SCHEMA};
  for (const int what : kOff) sqlite3_db_config(connection, what, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_exec(connection, "PRAGMA cell_size_check=ON", nullptr, nullptr, nullptr);
}

/// The length of the UTF-8 sequence that `lead` opens; 0 where it cannot open one.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

std::string percent_encoded(const std::string& path) {
  std::string encoded;
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      encoded += fmt::format("%{:02X}", static_cast<unsigned>(c));
    } else {
      encoded.push_back(c);
    }
  }
  return encoded;
}

}  // namespace

bool is_plain_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = sequence_length(lead);
    if (lead == 0 || length == 0 || at + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[at + k]) & 0xc0) != 0x80) return false;
    }
    if (length > 2) {  // overlong forms, surrogates and what lies beyond U+10FFFF
      const auto second = static_cast<unsigned char>(text[at + 1]);
      if (lead == 0xe0 && second < 0xa0) return false;
      if (lead == 0xed && second > 0x9f) return false;
      if (lead == 0xf0 && second < 0x90) return false;
      if (lead == 0xf4 && second > 0x8f) return false;
    }
    at += length;
  }
  return true;
}

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::note(int status) {
  if (bind_status_ == SQLITE_OK) bind_status_ = status;
}

void Statement::bind(int index, std::int64_t value) {
  note(sqlite3_bind_int64(statement_.get(), index, value));
}
void Statement::bind(int index, double value) {
  note(sqlite3_bind_double(statement_.get(), index, value));
}
void Statement::bind(int index, std::nullptr_t) {
  note(sqlite3_bind_null(statement_.get(), index));
}
void Statement::bind(int index, std::string_view value) {
  if (!is_plain_utf8(value)) return bind(index, std::as_bytes(std::span(value)));
  const char* data = value.empty() ? "" : value.data();  // a null pointer would become NULL
  note(sqlite3_bind_text64(statement_.get(), index, data, value.size(), nullptr, SQLITE_UTF8));
}
void Statement::bind(int index, Bytes value) {
  const void* data = value.empty() ? static_cast<const void*>("") : value.data();
  note(sqlite3_bind_blob64(statement_.get(), index, data, value.size(), nullptr));
}

void Statement::reset() {
  bind_status_ = SQLITE_OK;
  sqlite3_reset(statement_.get());
}

core::Result<bool> Statement::step() {
  sqlite3* connection = sqlite3_db_handle(statement_.get());
  if (bind_status_ != SQLITE_OK) {
    return std::unexpected(error_of(connection, std::exchange(bind_status_, SQLITE_OK)));
  }
  const int status = sqlite3_step(statement_.get());
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) {
    sqlite3_reset(statement_.get());
    return false;
  }
  core::Error error = error_of(connection, sqlite3_extended_errcode(connection));
  sqlite3_reset(statement_.get());
  return std::unexpected(std::move(error));
}

core::Result<void> Statement::finish() {
  for (;;) {
    IPW_TRY(const bool row, step());
    if (!row) return {};
  }
}

Statement::Kind Statement::kind(int column) const {
  switch (sqlite3_column_type(statement_.get(), column)) {
    case SQLITE_INTEGER: return Kind::kWhole;
    case SQLITE_FLOAT: return Kind::kReal;
    case SQLITE_TEXT: return Kind::kText;
    case SQLITE_BLOB: return Kind::kBytes;
    default: return Kind::kNull;
  }
}
const char* Statement::column_name(int column) const {
  const char* name = sqlite3_column_name(statement_.get(), column);
  return name == nullptr ? "" : name;
}
std::string Statement::file() const { return file_of(sqlite3_db_handle(statement_.get())); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}
std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}
double Statement::real(int column) const {
  return is_null(column) ? std::numeric_limits<double>::quiet_NaN()
                         : sqlite3_column_double(statement_.get(), column);
}
Bytes Statement::blob(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return data == nullptr ? Bytes() : Bytes(static_cast<const std::byte*>(data), size);
}
std::string_view Statement::text(int column) const {
  const Bytes bytes = blob(column);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void Database::Closer::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

core::Result<Database> Database::open_file(const std::string& name, int flags) {
  sqlite3* connection = nullptr;
  const int status = sqlite3_open_v2(name.c_str(), &connection,
                                     flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Database database;
  database.connection_.reset(connection);
  if (connection == nullptr) return fail(ErrorCode::kOutOfSpace, "cannot open SQLite: no memory");
  if (status != SQLITE_OK) return std::unexpected(error_of(connection, status));
  sqlite3_busy_timeout(connection, kBusyMilliseconds);
  distrust(connection);
  return database;
}

core::Result<Database> Database::open(const std::filesystem::path& path, Mode mode) {
  if (mode != Mode::kRead) {
    const int create = mode == Mode::kCreate ? SQLITE_OPEN_CREATE : 0;
    IPW_TRY(Database database, open_file(path.string(), SQLITE_OPEN_READWRITE | create));
    IPW_CHECK(database.execute(kWritePragmas));
    return database;
  }
  const auto readable = [](core::Result<Database> opened) -> core::Result<Database> {
    if (!opened) return opened;
    IPW_CHECK(opened->execute(kReadPragmas));
    IPW_CHECK(opened->integer("SELECT count(*) FROM sqlite_schema"));
    return opened;
  };
  auto database = readable(open_file(path.string(), SQLITE_OPEN_READONLY));
  if (database || database.error().code == ErrorCode::kInvalidData) return database;
  // Reading a WAL database makes its shared-memory file, which a read-only folder refuses. A run
  // that was closed in order has no journal and can be read without one.
  std::error_code ignored;
  const auto journal = std::filesystem::path(path) += "-wal";
  if (std::filesystem::exists(journal, ignored) &&
      std::filesystem::file_size(journal, ignored) > 0) {
    return database;
  }
  auto frozen = readable(open_file("file:" + percent_encoded(path.string()) + "?immutable=1",
                                   SQLITE_OPEN_READONLY | SQLITE_OPEN_URI));
  return frozen ? std::move(frozen) : std::move(database);
}

core::Result<void> Database::execute(const char* sql) {
  if (sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(error_of(connection_.get(), sqlite3_extended_errcode(connection_.get())));
}

core::Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int status = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement;
  statement.statement_.reset(raw);
  if (status != SQLITE_OK) return std::unexpected(error_of(connection_.get(), status));
  return statement;
}

core::Result<std::int64_t> Database::integer(std::string_view sql) {
  IPW_TRY(Statement statement, prepare(sql));
  IPW_TRY(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

std::string Database::file() const { return file_of(connection_.get()); }

int Database::changes() const { return sqlite3_changes(connection_.get()); }

void Database::rollback() {
  if (sqlite3_get_autocommit(connection_.get()) == 0) {
    sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

core::Result<Transaction> Transaction::begin(Database& database, const char* begin) {
  IPW_CHECK(database.execute(begin));
  return Transaction(database);
}

core::Result<void> Transaction::commit() {
  IPW_CHECK(open_->execute("COMMIT"));
  [[maybe_unused]] Database* const done = open_.release();
  return {};
}

}  // namespace ipw::store
