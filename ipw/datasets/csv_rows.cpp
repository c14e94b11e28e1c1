// RFC 4180 by a small state machine over bytes: the form is simple, but line ends inside quotes
// forbid reading by lines.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ipw/datasets/byte_reader.h"
#include "ipw/datasets/json_row.h"
#include "ipw/datasets/rows.h"

namespace ipw::datasets {
namespace {

struct Cells {
  std::size_t line = 0;
  std::vector<std::string> values;
  std::string fault;
};

class CsvRows final : public RowSource {
 public:
  CsvRows(std::unique_ptr<std::istream> stream, char separator)
      : bytes_(std::move(stream)), separator_(separator) {}

  core::Result<std::optional<Row>> next() override {
    if (header_.empty()) {
      IPW_TRY(const bool found, read_header());
      if (!found) return std::nullopt;
    }
    std::optional<Cells> cells = take_cells();
    if (bytes_.broken()) {
      return core::fail(core::ErrorCode::kUnavailable, "reading broke off (check the disk)");
    }
    if (!cells) return std::nullopt;
    return to_row(std::move(*cells));
  }

 private:
  core::Result<bool> read_header() {
    std::optional<Cells> cells = take_cells();
    if (!cells) return false;
    if (cells->fault.empty()) cells->fault = fault_of_header(cells->values);
    if (!cells->fault.empty()) {
      return core::fail(
          core::ErrorCode::kInvalidData,
          "the header line cannot be used: " + cells->fault + " (name each column once)");
    }
    header_ = std::move(cells->values);
    return true;
  }

  static std::string fault_of_header(const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!is_utf8(names[i])) return "it is not valid UTF-8";
      if (!names[i].empty() && std::ranges::count(names, names[i]) > 1) {
        return "column '" + names[i] + "' stands twice";
      }
    }
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
      if (!is_utf8(cells.values[i])) {
        row.fault = "it is not valid UTF-8";
        return row;
      }
      Field field;
      field.name = header_[i];
      field.kind = cells.values[i].empty() ? Field::Kind::kNull : Field::Kind::kText;
      field.text = std::move(cells.values[i]);
      row.fields.push_back(std::move(field));
    }
    return row;
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
        take_quoted(cell, cells.fault);
      } else {
        take_plain(cell, cells.fault);
      }
      size += cell.size();
      if (size > kLongestRecord) cells.fault = "it is longer than 256 MiB";
      if (bytes_.peek() != separator_ || size > kLongestRecord) break;
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

  void take_quoted(std::string& cell, std::string& fault) {
    bytes_.get();
    while (cell.size() <= kLongestRecord) {
      const int c = bytes_.get();
      if (c == ByteReader::kEnd) {
        fault = "it has a quoted field without an end";
        return;
      }
      if (c == '"' && bytes_.peek() != '"') break;
      if (c == '"') bytes_.get();
      cell.push_back(static_cast<char>(c));
    }
    if (at_end_of_cell()) return;
    if (fault.empty()) fault = "text follows the closing quote of a field";
    while (!at_end_of_cell()) bytes_.get();
  }

  ByteReader bytes_;
  char separator_;
  std::vector<std::string> header_;
};

}  // namespace

std::unique_ptr<RowSource> csv_rows(std::unique_ptr<std::istream> stream, char separator) {
  return std::make_unique<CsvRows>(std::move(stream), separator);
}

}  // namespace ipw::datasets
