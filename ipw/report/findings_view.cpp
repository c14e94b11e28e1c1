// The same findings three times.
#include "ipw/report/findings_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include <nlohmann/json.hpp>

#include "ipw/report/figure_json.h"
#include "ipw/report/figure_table.h"
#include "ipw/report/text.h"
#include "ipw/store/export.h"

namespace ipw::report {
namespace {

using Json = nlohmann::ordered_json;
using store::csv_field;

/// Reasons under a table, each once.
class Notes {
 public:
  std::string mark(const std::string& reason) {
    if (reason.empty()) return {};
    auto note = std::ranges::find(notes_, reason);
    if (note == notes_.end()) note = notes_.insert(note, reason);
    return fmt::format(" ({})", note - notes_.begin() + 1);
  }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (std::size_t i = 0; i < notes_.size(); ++i) {
      text += wrapped(fmt::format("({}) {}", i + 1, notes_[i]), kTerminalWidth, 4) + "\n";
    }
    return text;
  }

 private:
  std::vector<std::string> notes_;
};

std::string cell_text(const record::Figure& figure, Notes& notes) {
  std::string text = value_text(figure);
  const std::string interval = interval_text(figure);
  if (!interval.empty()) text += " " + interval;
  if (const std::string bounds = bounds_text(figure); !bounds.empty()) {
    text += " missing wrong or right: " + bounds;
  }
  return text + notes.mark(figure.reason);
}

std::string sources_text(const analysis::FindingSection& section) {
  std::set<std::string> sources;
  for (const analysis::FindingRow& row : section.rows) {
    for (const auto& [name, figure] : row.figures) {
      if (figure.value) sources.insert(provenance_text(figure.provenance));
    }
  }
  std::string text;
  for (const std::string& source : sources) text += (text.empty() ? "" : "; ") + source;
  return text;
}

std::string section_text(const analysis::FindingSection& section, std::size_t most) {
  const std::vector<std::string> names = figure_names(section);
  std::vector<std::string> header{""};
  header.insert(header.end(), names.begin(), names.end());
  Table table(header, std::vector<bool>(header.size(), true));
  Notes notes;
  const std::size_t shown = most == 0 ? section.rows.size() : std::min(most, section.rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const analysis::FindingRow& row = section.rows[i];
    std::vector<std::string> cells{row.label};
    for (const std::string& name : names) {
      const auto found = std::ranges::find(row.figures, name, &metrics::NamedFigure::name);
      cells.push_back(found == row.figures.end() ? "" : cell_text(found->figure, notes));
    }
    table.add(cells);
  }
  std::string text = section.title + "\n" + table.text(kAnyWidth);
  if (shown < section.rows.size()) {
    text +=
        fmt::format("… {} more (all of them with --json and --csv)\n", section.rows.size() - shown);
  }
  text += notes.text();
  const std::string sources = sources_text(section);
  if (!sources.empty()) text += wrapped("source: " + sources, kTerminalWidth, 2) + "\n";
  return text;
}

std::string csv_number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{}", *value) : "";
}

}  // namespace

std::vector<std::string> figure_names(const analysis::FindingSection& section) {
  std::vector<std::string> names;
  for (const analysis::FindingRow& row : section.rows) {
    for (const auto& [name, figure] : row.figures) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

std::string findings_text(const analysis::Findings& findings, std::size_t rows) {
  std::string text;
  for (const std::string& note : findings.notes) {
    text += wrapped("note: " + note, kTerminalWidth, 2) + "\n";
  }
  for (const analysis::FindingSection& section : findings.sections) {
    if (section.rows.empty()) continue;
    if (!text.empty()) text += "\n";
    text += section_text(section, rows);
  }
  return text;
}

Json findings_json(const std::string& command, const analysis::Findings& findings) {
  Json json = {
      {"schema_version", kJsonSchemaVersion}, {"command", command}, {"notes", findings.notes}};
  Json& sections = json["sections"] = Json::object();
  for (const analysis::FindingSection& section : findings.sections) {
    Json& rows = sections[section.name] = Json::array();
    for (const analysis::FindingRow& row : section.rows) {
      rows.push_back({{"label", row.label}, {"figures", figures_json(row.figures)}});
    }
  }
  return json;
}

std::string findings_csv(const analysis::Findings& findings) {
  std::string csv =
      "section,label,figure,value,unit,low,high,all_wrong,all_right,n,provenance,method,"
      "interval,reason\r\n";
  for (const analysis::FindingSection& section : findings.sections) {
    for (const analysis::FindingRow& row : section.rows) {
      for (const auto& [name, figure] : row.figures) {
        csv += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", section.name,
                           csv_field(row.label), name, csv_number(figure.value),
                           csv_field(figure.unit), csv_number(figure.low), csv_number(figure.high),
                           csv_number(figure.all_wrong), csv_number(figure.all_right), figure.n,
                           record::name(figure.provenance.source),
                           csv_field(record::method_text(figure.provenance)), figure.interval,
                           csv_field(figure.reason));
      }
    }
  }
  return csv;
}

}  // namespace ipw::report
