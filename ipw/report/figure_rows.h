#pragma once
// Which figures a report shows, in which order, and what they are called there: the same for the
// terminal and the page.

#include <span>
#include <string>

#include "ipw/store/manifest.h"

namespace ipw::report {

struct FigureRow {
  const char* name;          // as in docs/metrics.md
  const char* label;         // as people say it
  bool of_schedule = false;  // says nothing where requests had no schedule
};

/// Whether the table of this run has the row.
[[nodiscard]] bool belongs(const FigureRow& row, const store::Manifest& manifest);

/// In the order of the table.
[[nodiscard]] std::span<const FigureRow> figure_rows();

/// Of a model file the name; the manifest keeps the path.
[[nodiscard]] std::string model_title(const store::Manifest& manifest);

}  // namespace ipw::report
