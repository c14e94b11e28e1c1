// The messages of checked_row.h: the reading of sound rows stays in the header, where it is
// inlined.
#include "ipw/store/checked_row.h"

#include <fmt/format.h>

#include <cstring>

namespace ipw::store {
namespace {

constexpr std::size_t kShownBytes = 40;

std::string held(const Statement& row, int column) {
  switch (row.kind(column)) {
    case Statement::Kind::kNull: return "NULL";
    case Statement::Kind::kWhole: return fmt::format("{}", row.integer(column));
    case Statement::Kind::kReal: return fmt::format("{}", row.real(column));
    case Statement::Kind::kText: {
      const std::string_view text = row.text(column);
      if (!is_plain_utf8(text) || text.size() > kShownBytes) {
        return fmt::format("a text of {} bytes", text.size());
      }
      return fmt::format("\"{}\"", text);
    }
    case Statement::Kind::kBytes: return fmt::format("{} bytes", row.blob(column).size());
  }
  return "";
}

std::string range_text(const RealRange& range) {
  if (range.low == 0.0 && range.high == 1.0) return "a number from 0 to 1";
  return range.low == 0.0 ? "a number, and not below 0" : "a number";
}

}  // namespace

std::string_view CheckedRow::text(int column) {
  const Statement::Kind kind = row_.kind(column);
  if (kind == Statement::Kind::kText || kind == Statement::Kind::kBytes) return row_.text(column);
  refuse(column, "a text");
  return {};
}

std::optional<std::string> CheckedRow::optional_text(int column) {
  if (row_.is_null(column)) return std::nullopt;
  return std::string(text(column));
}

Bytes CheckedRow::blob(int column) {
  if (row_.kind(column) == Statement::Kind::kBytes) return row_.blob(column);
  refuse(column, "bytes");
  return {};
}

void CheckedRow::refuse(int column, std::string_view should) {
  if (!fault_.empty()) return;
  fault_ = fmt::format("{} is {} and should be {}", row_.column_name(column), held(row_, column),
                       should);
}

void CheckedRow::points_nowhere(int column, const char* table) {
  if (!fault_.empty()) return;
  fault_ = fmt::format("{} is {}, and {} has no such row", row_.column_name(column),
                       held(row_, column), table);
}

std::int64_t CheckedRow::refuse(int column, const WholeRange& range) {
  refuse(column, fmt::format("a whole number from {} to {}", range.low, range.high));
  return range.low;
}

double CheckedRow::refuse(int column, const RealRange& range) {
  refuse(column, range_text(range));
  return 0.0;
}

core::Error CheckedRow::damage() const {
  std::string name;
  for (int key = 0; key < keys_; ++key) {
    name += fmt::format("{}{} {}", key == 0 ? "" : ", ", row_.column_name(key), held(row_, key));
  }
  return damaged(row_.file(), table_, fmt::format("row {}: {}", name, fault_));
}

QuestionKey key_in(CheckedRow& row, int column) {
  QuestionKey key{};
  const Bytes id = row.blob(column);
  if (id.size() == key.size()) {
    std::memcpy(key.data(), id.data(), key.size());
  } else {
    row.refuse(column, "16 bytes");
  }
  return key;
}

core::Result<std::size_t> count_numbered(Database& database, const char* table) {
  IPW_TRY(Statement rows, database.prepare(fmt::format("SELECT count(*), coalesce(min(number), 1),"
                                                       " coalesce(max(number), 0) FROM {}",
                                                       table)));
  IPW_TRY(const bool row, rows.step());
  const std::int64_t count = row ? rows.integer(0) : 0;
  if (count > kRowNumbers.high || rows.integer(1) != 1 || rows.integer(2) != count) {
    return std::unexpected(
        damaged(database.file(), table,
                fmt::format("its {} rows are numbered from {} to {} and should be from 1 to {}",
                            count, rows.integer(1), rows.integer(2), count)));
  }
  return static_cast<std::size_t>(count);
}

core::Error damaged(const std::string& file, std::string_view table, std::string_view what) {
  return {core::ErrorCode::kInvalidData,
          fmt::format("cannot read {}: it is damaged: table {}: {} (restore it from a copy, or "
                      "measure again)",
                      file, table, what)};
}

}  // namespace ipw::store
