#pragma once
// The tables of run.sqlite. docs/formats.md describes every column; the two change together, and a
// change that older readers would misread raises the version.

namespace ipw::store {

/// Of run.json and run.sqlite alike.
inline constexpr int kSchemaVersion = 1;

/// All CREATE statements.
[[nodiscard]] const char* schema_sql();

}  // namespace ipw::store
