#pragma once
// The file forms that hold questions, each a RowSource over a stream.

#include <istream>
#include <memory>
#include <optional>
#include <string_view>

#include "ipw/datasets/row.h"

namespace ipw::datasets {

enum class Form { kJsonl, kJson, kCsv, kTsv };

/// "jsonl", "json", "csv" or "tsv".
[[nodiscard]] const char* name(Form form);
[[nodiscard]] std::optional<Form> form_by_name(std::string_view name);

/// The form that a file name's ending tells (.jsonl .ndjson .json .csv .tsv), else what its first
/// bytes tell ('{' or '['), else nothing.
[[nodiscard]] std::optional<Form> form_of(std::string_view file_name, std::string_view first_bytes);

/// One JSON object per line (jsonlines.org); blank lines are passed over.
[[nodiscard]] std::unique_ptr<RowSource> jsonl_rows(std::unique_ptr<std::istream> stream);

/// An array of objects, or an object that holds such an array under data, questions, rows or
/// examples. The array is never in memory as a whole.
[[nodiscard]] std::unique_ptr<RowSource> json_rows(std::unique_ptr<std::istream> stream);

/// RFC 4180 with a header line: quoted fields may hold separators, doubled quotes and line ends;
/// lines end in LF or CRLF. `separator` is ',' or '\t'.
[[nodiscard]] std::unique_ptr<RowSource> csv_rows(std::unique_ptr<std::istream> stream,
                                                  char separator);

[[nodiscard]] std::unique_ptr<RowSource> rows_of(Form form, std::unique_ptr<std::istream> stream);

}  // namespace ipw::datasets
