// Opening, counting and naming lines; the forms themselves are read by datasets.
#include "ipw/analysis/table_rows.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>

namespace ipw::analysis {
namespace {

using core::ErrorCode;

core::Result<std::unique_ptr<std::ifstream>> open_file(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) {
    return core::fail(
        ErrorCode::kInvalidData,
        "cannot read " + file.string() + ": it is a folder and no run (give a table or a run)");
  }
  errno = 0;
  auto stream = std::make_unique<std::ifstream>(file, std::ios::binary);
  if (stream->is_open()) return stream;
  const int cause = errno;
  return core::fail(
      cause == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kNotFound,
      fmt::format("cannot read {}: {} (check the path)", file.string(), std::strerror(cause)));
}

}  // namespace

core::Result<std::unique_ptr<datasets::RowSource>> open_rows(const std::filesystem::path& file) {
  IPW_TRY(std::unique_ptr<std::ifstream> stream, open_file(file));
  std::string start(4096, '\0');
  stream->read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(stream->gcount()));
  stream->clear();
  stream->seekg(0);
  const auto form = datasets::form_of(file.filename().string(), start);
  if (!form) {
    return core::fail(ErrorCode::kUnsupported,
                      "cannot read " + file.string() +
                          ": its form cannot be told (name it .csv, .tsv, .jsonl or .json)");
  }
  return datasets::rows_of(*form, std::move(stream));
}

core::Result<std::size_t> for_each_row(const std::filesystem::path& file, const RowSink& sink) {
  IPW_TRY(const std::unique_ptr<datasets::RowSource> rows, open_rows(file));
  return for_each_row(*rows, file.string(), sink);
}

core::Result<std::size_t> for_each_row(datasets::RowSource& rows, const std::string& origin,
                                       const RowSink& sink) {
  std::size_t count = 0;
  while (true) {
    auto row = rows.next();
    if (!row) {
      return core::fail(row.error().code,
                        fmt::format("cannot read {}: {}", origin, row.error().message));
    }
    if (!row->has_value()) return count;
    const auto at = [&](const std::string& why) {
      return fmt::format("cannot use {} line {}: {}", origin, (*row)->line, why);
    };
    if (!(*row)->fault.empty()) {
      return core::fail(ErrorCode::kInvalidData, at((*row)->fault + " (correct the line)"));
    }
    if (const auto taken = sink(**row); !taken) {
      return core::fail(taken.error().code, at(taken.error().message));
    }
    ++count;
  }
}

std::optional<double> parse_number(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(" \t") - first + 1);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

core::Result<std::optional<double>> number_in(const datasets::Field* field) {
  if (field == nullptr || field->kind == datasets::Field::Kind::kNull || field->text.empty()) {
    return std::nullopt;
  }
  if (const auto value = parse_number(field->text)) return value;
  return core::fail(ErrorCode::kInvalidData,
                    fmt::format("{} is '{}', which is no number (leave it empty where unknown)",
                                field->name, field->text));
}

core::Result<std::optional<double>> number_in(const datasets::Row& row, const std::string& name) {
  return number_in(row.find(name));
}

core::Result<double> required_number(const datasets::Row& row, const std::string& name) {
  IPW_TRY(const std::optional<double> value, number_in(row, name));
  if (value) return *value;
  return core::fail(ErrorCode::kInvalidData, name + " is empty or not there (fill it)");
}

core::Result<std::string> required_text(const datasets::Row& row, const std::string& name) {
  const datasets::Field* field = row.find(name);
  if (field != nullptr && !field->text.empty()) return field->text;
  return core::fail(ErrorCode::kInvalidData, name + " is empty or not there (fill it)");
}

}  // namespace ipw::analysis
