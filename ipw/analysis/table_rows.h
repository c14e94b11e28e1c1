#pragma once
// Tables of any supported form, row by row, with errors that say where: what the readers of
// outcomes, of properties and of weights share.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/core/result.h"
#include "ipw/datasets/row.h"
#include "ipw/datasets/rows.h"

namespace ipw::analysis {

/// An error ends the pass; for_each_row adds the file and the line to its message.
using RowSink = std::function<core::Result<void>(const datasets::Row&)>;

/// The rows of a CSV, TSV, JSONL or JSON file (form by its ending, else by its first bytes).
/// kNotFound, kPermissionDenied, kInvalidData for a folder, kUnsupported where the form cannot be
/// told.
[[nodiscard]] core::Result<std::unique_ptr<datasets::RowSource>> open_rows(
    const std::filesystem::path& file);

/// Every row of a file; how many there were. Errors as open_rows(); kInvalidData where a row is
/// broken.
core::Result<std::size_t> for_each_row(const std::filesystem::path& file, const RowSink& sink);

/// The same over rows that are already open; `origin` names them in messages.
core::Result<std::size_t> for_each_row(datasets::RowSource& rows, const std::string& origin,
                                       const RowSink& sink);

/// The field's text as a decimal number; absent where the field is not there, null or empty.
/// kInvalidData, naming the field, where it is something else, infinite or NaN.
[[nodiscard]] core::Result<std::optional<double>> number_in(const datasets::Field* field);

/// The same by the field's name.
[[nodiscard]] core::Result<std::optional<double>> number_in(const datasets::Row& row,
                                                            const std::string& name);
[[nodiscard]] core::Result<double> required_number(const datasets::Row& row,
                                                   const std::string& name);
/// Text of a field that must be there and not empty.
[[nodiscard]] core::Result<std::string> required_text(const datasets::Row& row,
                                                      const std::string& name);

/// A decimal number that makes up the whole of `text`, spaces around it allowed.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

}  // namespace ipw::analysis
