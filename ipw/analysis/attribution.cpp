#include "ipw/analysis/attribution.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "ipw/metrics/linear.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using core::fail;

// One row of a section before its figures are computed: weights over all cells, or why not.
struct Part {
  std::string name;
  std::vector<double> weights;
  std::vector<double> whole;       // empty: no share of the gain (interactions)
  std::optional<Component> alone;  // the published decomposition has one component only
  std::string missing;             // combinations that were not measured
};

void add_to(std::vector<double>& sum, const std::vector<double>& weights) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weights[i];
}

// One step from a cell to another, and the coalitions between them.
class Step {
 public:
  Step(const Cells& cells, std::size_t from, std::size_t to) : cells_(cells), from_(from), to_(to) {
    const Cell& old_cell = cells.cells[from];
    const Cell& new_cell = cells.cells[to];
    for (std::size_t f = 0; f < cells.factors.size(); ++f) {
      if (old_cell.levels[f] != new_cell.levels[f]) players_.push_back(f);
    }
    for (std::size_t set = 0; set < (std::size_t{1} << players_.size()); ++set) {
      std::vector<std::string> levels = old_cell.levels;
      for (std::size_t p = 0; p < players_.size(); ++p) {
        if ((set >> p & 1U) != 0) levels[players_[p]] = new_cell.levels[players_[p]];
      }
      const bool is_end = set == 0 || set + 1 == (std::size_t{1} << players_.size());
      const auto found = is_end ? std::optional(set == 0 ? from : to) : measured(levels);
      coalitions_.push_back(found);
      if (!found) missing_.push_back(fmt::format("({})", fmt::join(levels, ", ")));
    }
  }

  [[nodiscard]] std::vector<Part> parts() const {
    std::vector<double> whole = ends();
    std::vector<Part> parts{{"total", whole, whole, {}, {}}};
    for (std::size_t p = 0; p < players_.size(); ++p) {
      parts.push_back({factor(p),
                       spread(metrics::shapley_weights(players_.size(), p)),
                       whole,
                       {},
                       missing_text()});
    }
    for (std::size_t p = 0; p < players_.size(); ++p) {
      for (std::size_t q = p + 1; q < players_.size(); ++q) {
        parts.push_back({"interaction " + factor(p) + " × " + factor(q),
                         spread(metrics::interaction_weights(players_.size(), p, q)),
                         {},
                         {},
                         missing_text()});
      }
    }
    parts.push_back({"model, as published", whole, whole, Component::kAccuracy, {}});
    parts.push_back({"accelerator, as published", whole, whole, Component::kCost, {}});
    return parts;
  }

  [[nodiscard]] std::string title() const {
    const auto name = [](const Cell& cell) {
      return cell.time ? fmt::format("{:.7g} {}", *cell.time, cell.label()) : cell.label();
    };
    return name(cells_.cells[from_]) + " → " + name(cells_.cells[to_]);
  }

 private:
  [[nodiscard]] const std::string& factor(std::size_t player) const {
    return cells_.factors[players_[player]];
  }

  // A cell that was measured at another time counts: a model does not change.
  [[nodiscard]] std::optional<std::size_t> measured(const std::vector<std::string>& levels) const {
    const auto found = cells_.find(levels);
    if (!found || cells_.outcomes || cells_.cells[*found].rate) return found;
    return std::nullopt;
  }

  [[nodiscard]] std::string missing_text() const {
    if (missing_.empty()) return "";
    return fmt::format("not identified: {} {} not measured", fmt::join(missing_, ", "),
                       missing_.size() == 1 ? "was" : "were");
  }

  [[nodiscard]] std::vector<double> ends() const {
    std::vector<double> weights(cells_.cells.size(), 0.0);
    weights[to_] += 1.0;
    weights[from_] -= 1.0;
    return weights;
  }

  [[nodiscard]] std::vector<double> spread(const std::vector<double>& by_coalition) const {
    std::vector<double> weights(cells_.cells.size(), 0.0);
    for (std::size_t set = 0; set < coalitions_.size(); ++set) {
      if (coalitions_[set]) weights[*coalitions_[set]] += by_coalition[set];
    }
    return weights;
  }

  const Cells& cells_;
  std::size_t from_;
  std::size_t to_;
  std::vector<std::size_t> players_;
  std::vector<std::optional<std::size_t>> coalitions_;
  std::vector<std::string> missing_;
};

// What each step gives to a part, added up; a part that one step lacks is lacking in the chain.
std::vector<Part> chained(const std::vector<std::vector<Part>>& steps, std::size_t cells) {
  std::vector<Part> chain;
  for (const std::vector<Part>& step : steps) {
    for (const Part& part : step) {
      if (part.name.starts_with("interaction")) continue;
      auto found = std::ranges::find(chain, part.name, &Part::name);
      if (found == chain.end()) {
        chain.push_back({part.name, std::vector<double>(cells, 0.0), {}, part.alone, {}});
        found = std::prev(chain.end());
      }
      add_to(found->weights, part.weights);
      if (!part.missing.empty()) found->missing = part.missing;
    }
  }
  for (Part& part : chain) part.whole = chain.front().weights;
  return chain;
}

class SectionWriter {
 public:
  explicit SectionWriter(const Cells& cells) : cells_(cells) {}

  FindingSection write(std::string name, const std::string& step, const std::vector<Part>& parts) {
    FindingSection section{.name = std::move(name),
                           .title = fmt::format("{}: {}", rate_name(cells_.per), step),
                           .rows = {}};
    std::vector<Contrast> contrasts;
    for (const Part& part : parts) {
      if (!part.missing.empty()) continue;
      for (const auto& [name_of, contrast] : figures_of(part)) contrasts.push_back(contrast);
    }
    const std::vector<record::Figure> figures = cells_.figures(contrasts);
    std::size_t next = 0;
    for (const Part& part : parts) {
      FindingRow row{.label = part.name, .figures = {}};
      if (!part.missing.empty()) {
        record::Figure none;
        none.unit = "1";
        none.reason = part.missing;
        row.figures.push_back({"ratio", none});
      } else {
        for (const auto& [name_of, contrast] : figures_of(part)) {
          row.figures.push_back({name_of, figures[next++]});
        }
      }
      section.rows.push_back(std::move(row));
    }
    return section;
  }

 private:
  [[nodiscard]] std::vector<std::pair<std::string, Contrast>> figures_of(const Part& part) const {
    const Component component = part.alone.value_or(Component::kRate);
    std::vector<std::pair<std::string, Contrast>> figures{{"ratio", {part.weights, component}}};
    if (!part.alone && splits()) {
      figures.push_back({"accuracy", {part.weights, Component::kAccuracy}});
      figures.push_back({cost_name(cells_.per), {part.weights, Component::kCost}});
    }
    if (!part.whole.empty() && part.name != "total") {
      figures.push_back({"share", {part.weights, component, part.whole}});
    }
    return figures;
  }

  // Whether any cell tells accuracy and cost apart.
  [[nodiscard]] bool splits() const {
    return cells_.outcomes || std::ranges::any_of(cells_.cells, [](const Cell& cell) {
             return cell.accuracy.has_value();
           });
  }

  const Cells& cells_;
};

core::Result<std::size_t> cell_named(const Cells& cells, const std::string& text) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < cells.cells.size(); ++i) {
    const Cell& cell = cells.cells[i];
    const std::string timed = cell.time ? fmt::format("{:.7g}", *cell.time) : "";
    if (cell.label() != text && timed + " " + cell.label() != text && timed != text) continue;
    if (found) {
      return fail(ErrorCode::kUsage, fmt::format("--step '{}' fits {} and {} (name all levels: {})",
                                                 text, cells.cells[*found].label(), cell.label(),
                                                 fmt::join(cells.factors, ", ")));
    }
    found = i;
  }
  if (found) return *found;
  std::vector<std::string> known;
  known.reserve(cells.cells.size());
  for (const Cell& cell : cells.cells) known.push_back("'" + cell.label() + "'");
  return fail(ErrorCode::kUsage,
              fmt::format("--step '{}' is not there (there are {})", text, fmt::join(known, ", ")));
}

}  // namespace

core::Result<std::vector<std::size_t>> path_of(const Cells& cells,
                                               const std::vector<std::string>& steps) {
  std::vector<std::size_t> path;
  for (const std::string& step : steps) {
    IPW_TRY(const std::size_t cell, cell_named(cells, step));
    path.push_back(cell);
  }
  if (steps.empty()) path = best_by_time(cells);
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (cells.cells[path[i]].levels == cells.cells[path[i - 1]].levels) {
      return fail(ErrorCode::kUsage, fmt::format("a step from {} to itself attributes nothing",
                                                 cells.cells[path[i]].label()));
    }
  }
  if (path.size() >= 2) return path;
  return fail(steps.empty() ? ErrorCode::kInvalidData : ErrorCode::kUsage,
              fmt::format("{} (give two or more --step '{}')",
                          steps.empty() ? "the cells have no two points in time"
                                        : "one step has no beginning or no end",
                          fmt::join(cells.factors, ", ")));
}

std::vector<FindingSection> attribution_sections(const Cells& cells,
                                                 const std::vector<std::size_t>& path) {
  SectionWriter writer(cells);
  std::vector<FindingSection> sections;
  std::vector<std::vector<Part>> steps;
  for (std::size_t i = 1; i < path.size(); ++i) {
    const Step step(cells, path[i - 1], path[i]);
    steps.push_back(step.parts());
    sections.push_back(writer.write(fmt::format("step_{}", i), step.title(), steps.back()));
  }
  if (steps.size() > 1) {
    sections.push_back(
        writer.write("chain", "all steps together", chained(steps, cells.cells.size())));
  }
  return sections;
}

core::Result<Findings> attribute(const Cells& cells, const std::vector<std::string>& steps) {
  IPW_TRY(const std::vector<std::size_t> path, path_of(cells, steps));
  Findings findings{.sections = attribution_sections(cells, path), .notes = cells.notes};
  findings.notes.push_back(fmt::format(
      "'as published': the decomposition of arXiv 2511.07885, all of accuracy to the model and all "
      "of {} to the accelerator; the other parts are Shapley shares, whose ratios multiply to the "
      "total",
      cost_name(cells.per)));
  return findings;
}

}  // namespace ipw::analysis
