#pragma once
// The thinnest layer over SQLite's C interface that closes what it opens and answers with Result.
// Only sqlite.cpp sees the library's header.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "ipw/core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ipw::store {

using Bytes = std::span<const std::byte>;

/// A prepared statement. One thread at a time. Views that the column functions return are valid
/// until the next step, reset or run.
class Statement {
 public:
  Statement() = default;
  /// Whether it was prepared.
  explicit operator bool() const { return statement_ != nullptr; }

  /// Binds `values` to ?1, ?2, … and runs the statement to its end, without rows.
  template <class... Values>
  [[nodiscard]] core::Result<void> run(const Values&... values) {
    start(values...);
    return finish();
  }

  /// Binds `values` and rewinds; step() then yields the rows. Texts and bytes are not copied: they
  /// have to live until the last step.
  template <class... Values>
  void start(Values&&... values) {
    static_assert((!std::is_same_v<Values, std::string> && ...), "a temporary would be gone");
    reset();
    int index = 0;
    (bind(++index, values), ...);
  }

  /// True: a row stands ready. False: no more rows; the statement is rewound.
  [[nodiscard]] core::Result<bool> step();
  void reset();

  /// What the current row holds in `column`, whatever the column was declared as.
  enum class Kind { kNull, kWhole, kReal, kText, kBytes };
  [[nodiscard]] Kind kind(int column) const;
  [[nodiscard]] const char* column_name(int column) const;
  /// Path of the database.
  [[nodiscard]] std::string file() const;

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;  // NaN where the column is NULL
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] Bytes blob(int column) const;

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };

  /// Integers, reals, text and bytes as they are, nothing as NULL. Text that is not valid UTF-8 or
  /// holds NUL is stored as BLOB, byte for byte, so that other readers do not stumble over it.
  void bind(int index, std::int64_t value);
  void bind(int index, int value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, double value);  // NaN becomes NULL
  void bind(int index, std::string_view value);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  void bind(int index, const char* value) { bind(index, std::string_view(value)); }
  void bind(int index, Bytes value);
  void bind(int index, std::nullptr_t);
  template <class Value>
  void bind(int index, const std::optional<Value>& value) {
    value ? bind(index, *value) : bind(index, nullptr);
  }

  [[nodiscard]] core::Result<void> finish();
  void note(int status);

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
  int bind_status_ = 0;
};

/// A connection. One thread at a time.
class Database {
 public:
  enum class Mode { kCreate, kAppend, kRead };

  Database() = default;

  /// Write modes use WAL with synchronous NORMAL: a commit survives the death of the process.
  /// kNotFound, kPermissionDenied, kOutOfSpace, or kInvalidData where the file is no database.
  [[nodiscard]] static core::Result<Database> open(const std::filesystem::path& path, Mode mode);

  [[nodiscard]] core::Result<void> execute(const char* sql);
  /// kInvalidData where the file lacks a table or a column of `sql`.
  [[nodiscard]] core::Result<Statement> prepare(std::string_view sql);
  /// The first column of the first row; 0 where there is none or it is NULL.
  [[nodiscard]] core::Result<std::int64_t> integer(std::string_view sql);
  /// Path of the database.
  [[nodiscard]] std::string file() const;
  /// Rows that the latest INSERT, UPDATE or DELETE changed.
  [[nodiscard]] int changes() const;
  /// Drops an open transaction; does nothing where there is none.
  void rollback();

 private:
  struct Closer {
    void operator()(sqlite3* connection) const;
  };
  [[nodiscard]] static core::Result<Database> open_file(const std::string& name, int flags);

  std::unique_ptr<sqlite3, Closer> connection_;
};

/// A transaction that is rolled back unless it is committed.
class Transaction {
 public:
  /// `begin` is "BEGIN IMMEDIATE" to write, "BEGIN" to read one snapshot.
  [[nodiscard]] static core::Result<Transaction> begin(Database& database, const char* begin);
  [[nodiscard]] core::Result<void> commit();

 private:
  struct Rollback {
    void operator()(Database* database) const { database->rollback(); }
  };
  explicit Transaction(Database& database) : open_(&database) {}
  std::unique_ptr<Database, Rollback> open_;
};

/// Whether `text` is well-formed UTF-8 (RFC 3629) without NUL.
[[nodiscard]] bool is_plain_utf8(std::string_view text);

}  // namespace ipw::store
