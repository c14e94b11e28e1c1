#pragma once
// A run as one flat table for other tools: one row per record (question and repeat), written as it
// is read, whatever the run's size. docs/formats.md lists the columns.

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/core/result.h"
#include "ipw/store/run.h"

namespace ipw::store {

enum class ExportFormat {
  kCsv,    // RFC 4180 with a header line; absent is an empty field
  kJsonl,  // one object a line, schema_version first; absent is null
};

/// "csv" or "jsonl"; nothing for other words.
[[nodiscard]] std::optional<ExportFormat> export_format(std::string_view word);

/// `text` as one field of RFC 4180: quoted where a comma, a quotation mark or a line break stands
/// in it, with an apostrophe before what a spreadsheet would run (core/formula_guard.h). NUL and
/// bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string csv_field(const std::string& text);

/// Writes every record to `out` and flushes it. Bytes that are not UTF-8 become U+FFFD. kOutOfSpace
/// for a full disk, kCancelled for a pipe that nobody reads any more (the process must ignore
/// SIGPIPE), kUnavailable for other write errors, and what reading the run may give.
[[nodiscard]] core::Result<void> export_records(Run& run, ExportFormat format, std::FILE* out);

}  // namespace ipw::store
