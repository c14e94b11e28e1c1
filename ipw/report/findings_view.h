#pragma once
// An analysis's findings for people and programs: a table a section, one JSON document, CSV with a
// line per figure. All commands of ipw/analysis print through here.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ipw/analysis/findings.h"

namespace ipw::report {

/// The names of a section's figures in order of appearance: the columns of its table.
[[nodiscard]] std::vector<std::string> figure_names(const analysis::FindingSection& section);

/// A table per section, a row per label and a column per figure; reasons as numbered notes below.
/// Sections beyond `rows` rows show so many and say how many there are (0: all).
[[nodiscard]] std::string findings_text(const analysis::Findings& findings, std::size_t rows = 0);

/// {"schema_version": 1, "command": …, "notes": […], "sections": {name: [{"label", "figures"}]}}
[[nodiscard]] nlohmann::ordered_json findings_json(const std::string& command,
                                                   const analysis::Findings& findings);

/// section,label,figure,value,unit,low,high,n,provenance,method,interval,reason
[[nodiscard]] std::string findings_csv(const analysis::Findings& findings);

}  // namespace ipw::report
