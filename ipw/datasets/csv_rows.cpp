// RFC 4180 by a small state machine over bytes: the form is simple, but line ends inside quotes
// forbid reading by lines.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ipw/core/formula_guard.h"
#include "ipw/datasets/byte_reader.h"
#include "ipw/datasets/json_row.h"
#include "ipw/datasets/rows.h"

namespace ipw::datasets {
namespace {

struct Cells {
  std::size_t line = 0;
  std::vector<std::string> values;
  std::string fault;
  std::string end;  // why nothing can be told from what follows
};

// How an export of ipw begins: its cells are guarded (core/formula_guard.h). In files of others an
// apostrophe is part of the text.
constexpr std::array<std::string_view, 3> kExported{"question_id", "repeat", "external_id"};

class CsvRows final : public RowSource {
 public:
  CsvRows(std::unique_ptr<std::istream> stream, char separator)
      : bytes_(std::move(stream)), separator_(separator) {}

  core::Result<std::optional<Row>> next() override {
    if (header_.empty()) {
      IPW_TRY(const bool found, read_header());
      if (!found) return std::nullopt;
    }
    IPW_TRY(std::optional<Cells> cells, take_readable_cells());
    if (!cells) return std::nullopt;
    return to_row(std::move(*cells));
  }

 private:
  core::Result<bool> read_header() {
    IPW_TRY(std::optional<Cells> cells, take_readable_cells());
    if (!cells) return false;
    if (cells->fault.empty()) cells->fault = fault_of_header(cells->values);
    if (!cells->fault.empty()) {
      return core::fail(
          core::ErrorCode::kInvalidData,
          "the header line cannot be used: " + cells->fault + " (name each column once)");
    }
    header_ = std::move(cells->values);
    guarded_ = header_.size() > kExported.size() &&
               std::equal(kExported.begin(), kExported.end(), header_.begin());
    return true;
  }

  static std::string fault_of_header(const std::vector<std::string>& names) {
    std::unordered_set<std::string_view> known;
    for (const std::string& name : names) {
      if (std::string fault = fault_of_cell(name); !fault.empty()) return fault;
      if (!name.empty() && !known.insert(name).second) {
        return "column '" + name + "' stands twice";
      }
    }
    return {};
  }

  static std::string fault_of_cell(const std::string& cell) {
    if (!is_utf8(cell)) return "it is not valid UTF-8";
    if (cell.find('\0') != std::string::npos) return "it holds a NUL byte";
    return {};
  }

  [[nodiscard]] Row to_row(Cells cells) const {
    Row row;
    row.line = cells.line;
    row.fault = std::move(cells.fault);
    if (row.fault.empty() && cells.values.size() != header_.size()) {
      row.fault = "it has " + std::to_string(cells.values.size()) +
                  " columns where the header has " + std::to_string(header_.size());
    }
    if (!row.fault.empty()) return row;
    for (std::size_t i = 0; i < header_.size(); ++i) {
      row.fault = fault_of_cell(cells.values[i]);
      if (!row.fault.empty()) {
        row.fields.clear();
        return row;
      }
      Field field;
      field.name = header_[i];
      field.kind = cells.values[i].empty() ? Field::Kind::kNull : Field::Kind::kText;
      field.text =
          guarded_ ? core::unguarded_cell(std::move(cells.values[i])) : std::move(cells.values[i]);
      row.fields.push_back(std::move(field));
    }
    return row;
  }

  core::Result<std::optional<Cells>> take_readable_cells() {
    std::optional<Cells> cells = take_cells();
    if (bytes_.broken()) {
      return core::fail(core::ErrorCode::kUnavailable, "reading broke off (check the disk)");
    }
    if (cells && !cells->end.empty()) {
      return core::fail(core::ErrorCode::kInvalidData,
                        "line " + std::to_string(cells->line) + ": " + cells->end);
    }
    return cells;
  }

  // One record, blank lines passed over; nothing at the end of the file.
  std::optional<Cells> take_cells() {
    while (bytes_.peek() == '\n' || bytes_.peek() == '\r') bytes_.get();
    if (bytes_.peek() == ByteReader::kEnd) return std::nullopt;
    Cells cells;
    cells.line = bytes_.line();
    std::size_t size = 0;
    while (true) {
      std::string& cell = cells.values.emplace_back();
      if (bytes_.peek() == '"') {
        take_quoted(cell, cells);
      } else {
        take_plain(cell, cells.fault);
      }
      size += cell.size();
      if (size > kLongestRecord) cells.end = "the record that begins here is longer than 256 MiB";
      if (cells.values.size() > kMostValues) cells.end = "it has more than 2,000,000 columns";
      if (!cells.end.empty() || bytes_.peek() != separator_) break;
      bytes_.get();
    }
    if (bytes_.peek() == '\r') bytes_.get();
    if (bytes_.peek() == '\n') bytes_.get();
    return cells;
  }

  [[nodiscard]] bool at_end_of_cell() {
    const int c = bytes_.peek();
    return c == ByteReader::kEnd || c == separator_ || c == '\n' || c == '\r';
  }

  void take_plain(std::string& cell, std::string& fault) {
    while (!at_end_of_cell() && cell.size() <= kLongestRecord) {
      // Tab-separated files quote nothing; in CSV a quote inside a plain field is forbidden.
      if (bytes_.peek() == '"' && separator_ == ',' && fault.empty()) {
        fault = "it has a quote inside a field that is not quoted (double it and quote the field)";
      }
      cell.push_back(static_cast<char>(bytes_.get()));
    }
  }

  void take_quoted(std::string& cell, Cells& cells) {
    const std::size_t line = bytes_.line();
    bytes_.get();
    while (cell.size() <= kLongestRecord) {
      const int c = bytes_.get();
      if (c == ByteReader::kEnd) {  // it has swallowed all that follows
        cells.line = line;
        cells.end = "a quoted field begins here and has no end (close its quote)";
        return;
      }
      if (c == '"' && bytes_.peek() != '"') break;
      if (c == '"') bytes_.get();
      cell.push_back(static_cast<char>(c));
    }
    if (at_end_of_cell()) return;
    if (cells.fault.empty()) cells.fault = "text follows the closing quote of a field";
    while (!at_end_of_cell()) bytes_.get();
  }

  ByteReader bytes_;
  char separator_;
  std::vector<std::string> header_;
  bool guarded_ = false;
};

}  // namespace

std::unique_ptr<RowSource> csv_rows(std::unique_ptr<std::istream> stream, char separator) {
  return std::make_unique<CsvRows>(std::move(stream), separator);
}

}  // namespace ipw::datasets
