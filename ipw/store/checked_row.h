#pragma once
// The rows of a database that somebody else may have written, or half of whose pages are gone:
// every value has a type and a range before anything computes with it.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/core/result.h"
#include "ipw/record/verdict.h"
#include "ipw/store/question_key.h"
#include "ipw/store/ranges.h"
#include "ipw/store/sqlite.h"

namespace ipw::store {

/// The row that a statement stands at. A value that is not what its column may hold is answered by
/// the nearest thing that it may hold, and the first such value is kept: sound() tells of it. So a
/// row is read as a whole and judged once, before its values are used.
class CheckedRow {
 public:
  /// `table` and the values of the first `keys` columns name the row in messages.
  CheckedRow(const Statement& row, const char* table, int keys)
      : row_(row), table_(table), keys_(keys) {}

  [[nodiscard]] std::int64_t whole(int column, const WholeRange& range) {
    const bool fits = row_.kind(column) == Statement::Kind::kWhole;
    const std::int64_t value = fits ? row_.integer(column) : range.low;
    if (fits && value >= range.low && value <= range.high) return value;
    return refuse(column, range);
  }
  [[nodiscard]] std::optional<std::int64_t> optional_whole(int column, const WholeRange& range) {
    if (row_.is_null(column)) return std::nullopt;
    return whole(column, range);
  }
  [[nodiscard]] double real(int column, const RealRange& range) {
    const Statement::Kind kind = row_.kind(column);
    const bool fits = kind == Statement::Kind::kReal || kind == Statement::Kind::kWhole;
    const double value = fits ? row_.real(column) : range.low;
    if (fits && range.holds(value)) return value;
    return refuse(column, range);
  }
  /// NaN where it is NULL.
  [[nodiscard]] double optional_real(int column, const RealRange& range) {
    if (row_.is_null(column)) return std::numeric_limits<double>::quiet_NaN();
    return real(column, range);
  }
  /// Text, or the bytes of what was no plain UTF-8. Valid until the next step.
  [[nodiscard]] std::string_view text(int column);
  [[nodiscard]] std::optional<std::string> optional_text(int column);
  /// Valid until the next step.
  [[nodiscard]] Bytes blob(int column);

  /// Notes that `column` holds something that it may not; `should` says what it should.
  void refuse(int column, std::string_view should);
  /// Notes that the row points at a row of `table` that is not there.
  void points_nowhere(int column, const char* table);

  /// kInvalidData with file, table, row and column of the first value that does not belong.
  [[nodiscard]] core::Result<void> sound() const {
    if (fault_.empty()) return {};
    return std::unexpected(damage());
  }

 private:
  std::int64_t refuse(int column, const WholeRange& range);
  double refuse(int column, const RealRange& range);
  [[nodiscard]] core::Error damage() const;

  const Statement& row_;
  const char* table_;
  int keys_;
  std::string fault_;
};

/// The value of a verdict, NaN while missing.
[[nodiscard]] inline double verdict_value(CheckedRow& row, int column, record::Outcome outcome) {
  return outcome == record::Outcome::kMissing ? row.optional_real(column, kUnitInterval)
                                              : row.real(column, kUnitInterval);
}

/// The content hash in `column`.
[[nodiscard]] QuestionKey key_in(CheckedRow& row, int column);

/// How many rows the `table` has. kInvalidData unless their numbers are 1, 2, …, without a gap:
/// what counts rows by them needs no more memory than there are rows.
[[nodiscard]] core::Result<std::size_t> count_numbered(Database& database, const char* table);

/// kInvalidData: `file` is damaged in `table`, in the way that `what` says.
[[nodiscard]] core::Error damaged(const std::string& file, std::string_view table,
                                  std::string_view what);

}  // namespace ipw::store
