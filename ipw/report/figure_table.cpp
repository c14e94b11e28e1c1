// The table that report and compare share.
#include "ipw/report/figure_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "ipw/report/text.h"

namespace ipw::report {

std::string provenance_text(const record::Provenance& provenance) {
  const std::string method = record::method_text(provenance);
  if (method.empty()) return record::name(provenance.source);
  return fmt::format("{}: {}", record::name(provenance.source), method);
}

std::string FigureTable::mark(const std::string& reason) {
  if (reason.empty()) return "";
  auto note = std::ranges::find(notes_, reason);
  if (note == notes_.end()) note = notes_.insert(note, reason);
  return fmt::format(" ({})", note - notes_.begin() + 1);
}

void FigureTable::add(const std::string& label, const record::Figure& figure) {
  const std::string bounds = bounds_text(figure);
  bounded_ = bounded_ || !bounds.empty();
  rows_.push_back({label + mark(figure.reason), value_text(figure), interval_text(figure), bounds,
                   std::to_string(figure.n), provenance_text(figure.provenance)});
}

std::string FigureTable::text() const {
  constexpr std::size_t kBounds = 3;
  std::vector<std::string> header{
      "figure", "value", "95 % interval", "missing all wrong to all right", "n", "source"};
  std::vector<bool> left{true, false, true, true, false, true};
  const auto shown = [this](auto row) {
    if (!bounded_) row.erase(row.begin() + kBounds);
    return row;
  };
  Table table(shown(header), shown(left));
  for (const std::vector<std::string>& row : rows_) table.add(shown(row));
  std::string text = table.text(kTerminalWidth, Names::kWhole);
  for (std::size_t i = 0; i < notes_.size(); ++i) {
    text += wrapped(fmt::format("({}) {}", i + 1, notes_[i]), kTerminalWidth, 4) + "\n";
  }
  return text;
}

}  // namespace ipw::report
