#pragma once
// What an analysis found: named sections of labelled rows of figures. Terminal, JSON and CSV show
// the same of it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/metrics/figures.h"

namespace ipw::analysis {

struct FindingRow {
  std::string label;  // a model, a pool, a category, a year, …
  std::vector<metrics::NamedFigure> figures;
  std::optional<double> at;  // where it stands on the section's axis: a year, a router's
                             // accuracy, how many models; absent: rows are names
};

struct FindingSection {
  std::string name;   // key in JSON and CSV: "models", "by_category", …
  std::string title;  // for people
  std::vector<FindingRow> rows;
};

/// Sorts rows by a figure, the largest first; rows without its value stand last, equals by label.
void largest_first(std::vector<FindingRow>& rows, std::string_view figure);

struct Findings {
  std::vector<FindingSection> sections;
  std::vector<std::string> notes;  // what a reader of the figures must know
};

}  // namespace ipw::analysis
