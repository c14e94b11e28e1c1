// Reading cells, and contrasts between cells of a table.
#include "ipw/analysis/cells.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "ipw/analysis/paired_cells.h"
#include "ipw/analysis/run_series.h"
#include "ipw/metrics/distribution.h"
#include "ipw/metrics/linear.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using core::fail;

Known logarithm(double value, std::optional<double> standard_error) {
  Known known{.value = std::log(value), .low = {}, .high = {}};
  if (standard_error) {
    const double width = metrics::kZ95 * *standard_error / value;
    known.low = known.value - width;
    known.high = known.value + width;
  }
  return known;
}

// a ± b on the logarithmic scale, the two independent.
Known combined(const Known& a, const Known& b, double sign) {
  Known known{.value = a.value + sign * b.value, .low = {}, .high = {}};
  if (!a.low || !a.high || !b.low || !b.high) return known;
  const metrics::Limits limits = metrics::mover_linear(
      std::vector{1.0, sign},
      std::vector<metrics::Estimate>{{a.value, *a.low, *a.high}, {b.value, *b.low, *b.high}});
  known.low = limits.low;
  known.high = limits.high;
  return known;
}

class TableCells {
 public:
  TableCells(const Table& table, Per per) : table_(table), per_(per) {
    time_ = table.any_of({"year", "date"});
    accuracy_ = table.any_of({"accuracy", "success_rate"});
    if (!accuracy_) {
      accuracy_ = table.any_of({"accuracy_pct", "success_rate_pct"});
      percent_ = accuracy_.has_value();
    }
    accuracy_error_ = table.any_of({"accuracy_pm", "success_pm", "success_rate_pm"});
    const bool watt = per == Per::kWatt;
    rate_ = watt ? table.any_of({"ipw_per_w", "ipw"}) : table.any_of({"ipj_per_j", "ipj"});
    rate_error_ = table.column(watt ? "ipw_pm" : "ipj_pm");
    cost_ = watt ? table.any_of({"power_w", "watts"})
                 : table.any_of({"energy_j", "joules", "j_per_query"});
    n_ = table.any_of({"n", "questions", "samples"});
  }

  core::Result<Cells> read(const std::vector<std::string>& factors) {
    Cells cells{.per = per_, .factors = factors, .cells = {}, .outcomes = nullptr};
    if (!rate_ && !(accuracy_ && cost_)) {
      return fail(
          ErrorCode::kInvalidData,
          fmt::format("{}: neither {} nor accuracy and {} has a column (it has {})", table_.name,
                      rate_name(per_), cost_name(per_), fmt::join(table_.columns, ", ")));
    }
    std::vector<std::size_t> columns;
    for (const std::string& factor : factors) {
      IPW_TRY(const std::size_t column, needed_column(table_, factor));
      columns.push_back(column);
    }
    for (const TableRow& row : table_.rows) {
      IPW_TRY(Cell cell, read_cell(row));
      for (const std::size_t column : columns) cell.levels.push_back(row.cells[column]);
      for (const Cell& other : cells.cells) {
        if (other.levels == cell.levels && other.time == cell.time) {
          return fail(ErrorCode::kInvalidData,
                      fmt::format("{}: {} stands there a second time (keep one row, or name a "
                                  "further factor)",
                                  table_.where(row), cell.label()));
        }
      }
      cells.cells.push_back(std::move(cell));
    }
    if (!rate_error_ && !accuracy_error_ && !n_) {
      cells.notes.push_back(table_.name +
                            ": no standard errors and no numbers of questions, so no intervals");
    }
    return cells;
  }

 private:
  [[nodiscard]] core::Result<Cell> read_cell(const TableRow& row) const {
    Cell cell;
    cell.provenance = {record::Source::kPublished, "table " + table_.name};
    if (time_) {
      IPW_TRY(cell.time, time_of(row));
    }
    if (n_) {
      IPW_TRY(const std::optional<std::int64_t> n, count_in(table_, row, *n_));
      cell.n = n.value_or(0);
    }
    IPW_TRY(cell.rate, logarithm_in(row, rate_, rate_error_));
    IPW_TRY(cell.cost, logarithm_in(row, cost_, std::nullopt));
    IPW_TRY(cell.accuracy, logarithm_in(row, accuracy_, accuracy_error_));
    if (cell.accuracy) IPW_CHECK(finish_accuracy(row, cell));
    IPW_CHECK(complete(row, cell));
    return cell;
  }

  [[nodiscard]] core::Result<std::optional<double>> time_of(const TableRow& row) const {
    const std::string& text = row.cells[*time_];
    if (text.find('-') != std::string::npos) {
      if (const auto time = calendar_year(text)) return time;
      return fail(ErrorCode::kInvalidData, table_.where(row) + ": '" + text + "' is no date");
    }
    return number_in(table_, row, *time_);
  }

  [[nodiscard]] core::Result<std::optional<Known>> logarithm_in(
      const TableRow& row, std::optional<std::size_t> column,
      std::optional<std::size_t> error) const {
    if (!column || row.cells[*column].empty()) return std::nullopt;
    IPW_TRY(const double value, positive_number(table_, row, *column));
    std::optional<double> standard_error;
    if (error) {
      IPW_TRY(standard_error, number_in(table_, row, *error));
    }
    if (standard_error && *standard_error < 0.0) {
      return fail(ErrorCode::kInvalidData,
                  fmt::format("{}: a standard error is negative", table_.where(row)));
    }
    return logarithm(value, standard_error);
  }

  // Percent to a share; limits from n where the table gives no error.
  core::Result<void> finish_accuracy(const TableRow& row, Cell& cell) const {
    const double scale = percent_ ? std::log(100.0) : 0.0;
    Known& known = *cell.accuracy;
    known.value -= scale;
    if (known.low) *known.low -= scale;
    if (known.high) *known.high -= scale;
    const double share = std::exp(known.value);
    if (share > 1.0 + 1e-12) {
      return fail(ErrorCode::kInvalidData,
                  fmt::format("{}: the accuracy {} is above one (name the column …_pct where it is "
                              "in percent)",
                              table_.where(row), share));
    }
    if (known.low || cell.n == 0) return {};
    const auto n = static_cast<double>(cell.n);
    const metrics::Limits limits = metrics::wilson(share * n, n);
    if (limits.low && *limits.low > 0.0) {
      known.low = std::log(*limits.low);
      known.high = std::log(*limits.high);
    }
    return {};
  }

  // The third of rate, accuracy and cost follows from two; all three must agree within 2 %.
  core::Result<void> complete(const TableRow& row, Cell& cell) const {
    constexpr double kRounding = 0.02;
    if (cell.rate && cell.accuracy && cell.cost) {
      const double gap = cell.accuracy->value - cell.cost->value - cell.rate->value;
      if (std::abs(gap) <= kRounding) return {};
      return fail(
          ErrorCode::kInvalidData,
          fmt::format("{}: {} is not accuracy / {} (a factor of {:.3f} apart; see ipw audit)",
                      table_.where(row), rate_name(per_), cost_name(per_), std::exp(gap)));
    }
    if (cell.rate && cell.accuracy) {
      cell.cost = combined(*cell.accuracy, *cell.rate, -1.0);
    } else if (cell.rate && cell.cost) {
      cell.accuracy = combined(*cell.rate, *cell.cost, 1.0);
    } else if (cell.accuracy && cell.cost) {
      cell.rate = combined(*cell.accuracy, *cell.cost, -1.0);
    }
    return {};
  }

  const Table& table_;
  Per per_;
  bool percent_ = false;
  std::optional<std::size_t> time_, accuracy_, accuracy_error_, rate_, rate_error_, cost_, n_;
};

const std::optional<Known>& component_of(const Cell& cell, Component component) {
  switch (component) {
    case Component::kAccuracy: return cell.accuracy;
    case Component::kCost: return cell.cost;
    case Component::kRate: break;
  }
  return cell.rate;
}

// A contrast over cells of a table, on the logarithmic scale. Behind the cells' components stand
// their rates, which a share of the whole gain is a share of.
class TableContrast {
 public:
  TableContrast(const Cells& cells, const Contrast& contrast) : contrast_(contrast) {
    figure_.unit = "1";
    const bool shared = !contrast.whole.empty();
    const bool of_rate = contrast.component == Component::kRate;
    top_ = contrast.weights;
    bottom_ = of_rate && shared ? contrast.whole : std::vector<double>(top_.size(), 0.0);
    for (std::size_t i = 0; i < top_.size(); ++i) {
      estimates_.push_back(
          estimate(cells.cells[i], contrast.component, top_[i] != 0.0 || bottom_[i] != 0.0));
    }
    if (!shared || of_rate) return;
    top_.resize(2 * contrast.whole.size(), 0.0);
    bottom_.insert(bottom_.end(), contrast.whole.begin(), contrast.whole.end());
    for (std::size_t i = 0; i < contrast.whole.size(); ++i) {
      estimates_.push_back(estimate(cells.cells[i], Component::kRate, contrast.whole[i] != 0.0));
    }
  }

  record::Figure figure() {
    if (!figure_.reason.empty()) return std::move(figure_);
    const double value = metrics::linear(top_, estimates_);
    if (contrast_.whole.empty()) {
      figure_.value = std::exp(value);
      set_limits(metrics::mover_linear(top_, estimates_), true);
      return std::move(figure_);
    }
    const double all = metrics::linear(bottom_, estimates_);
    if (all == 0.0) {
      figure_.reason = "there is no gain to share";
      return std::move(figure_);
    }
    figure_.value = value / all;
    set_limits(metrics::fieller(top_, bottom_, estimates_), false);
    return std::move(figure_);
  }

 private:
  metrics::Estimate estimate(const Cell& cell, Component component, bool used) {
    if (!used) return {};
    const std::optional<Known>& known = component_of(cell, component);
    if (!known) {
      figure_.reason = "not identified: " + cell.label() + " has no " +
                       (component == Component::kRate ? "rate" : "accuracy");
      return {};
    }
    limited_ = limited_ && known->low && known->high;
    figure_.provenance = cell.provenance;
    figure_.n = figure_.n == 0 ? cell.n : std::min(figure_.n, cell.n);
    const double low = known->low.value_or(known->value);
    const double high = known->high.value_or(known->value);
    if (component == Component::kCost) return {-known->value, -high, -low};
    return {known->value, low, high};
  }

  void set_limits(const metrics::Limits& limits, bool logarithmic) {
    if (!limited_) {
      figure_.reason = "no standard errors in the table";
      return;
    }
    figure_.interval = limits.method;
    figure_.reason = limits.reason;
    if (limits.low) figure_.low = logarithmic ? std::exp(*limits.low) : *limits.low;
    if (limits.high) figure_.high = logarithmic ? std::exp(*limits.high) : *limits.high;
  }

  const Contrast& contrast_;
  std::vector<double> top_;
  std::vector<double> bottom_;
  std::vector<metrics::Estimate> estimates_;
  record::Figure figure_;
  bool limited_ = true;
};

}  // namespace

const char* rate_name(Per per) { return per == Per::kWatt ? "ipw" : "ipj"; }
const char* cost_name(Per per) { return per == Per::kWatt ? "power" : "energy"; }

std::string Cell::label() const { return fmt::format("{}", fmt::join(levels, ", ")); }

std::optional<std::size_t> Cells::find(const std::vector<std::string>& levels) const {
  const auto found = std::ranges::find(cells, levels, &Cell::levels);
  if (found == cells.end()) return std::nullopt;
  return static_cast<std::size_t>(found - cells.begin());
}

std::vector<record::Figure> Cells::figures(std::span<const Contrast> contrasts) const {
  if (outcomes) return paired_figures(*this, contrasts);
  std::vector<record::Figure> figures;
  figures.reserve(contrasts.size());
  for (const Contrast& contrast : contrasts) {
    figures.push_back(TableContrast(*this, contrast).figure());
  }
  return figures;
}

std::optional<double> Cells::log_rate(std::size_t cell) const {
  if (!outcomes) {
    const std::optional<Known>& rate = cells[cell].rate;
    return rate ? std::optional(rate->value) : std::nullopt;
  }
  Contrast alone{.weights = std::vector<double>(cells.size(), 0.0)};
  alone.weights[cell] = 1.0;
  Cells quick = *this;
  quick.resamples = 0;
  const std::optional<double> value = quick.figures(std::span(&alone, 1)).front().value;
  return value ? std::optional(std::log(*value)) : std::nullopt;
}

std::vector<std::size_t> best_by_time(const Cells& cells) {
  std::map<double, std::pair<double, std::size_t>> best;
  for (std::size_t i = 0; i < cells.cells.size(); ++i) {
    const std::optional<double> rate = cells.log_rate(i);
    if (!cells.cells[i].time || !rate) continue;
    const auto [entry, is_new] = best.try_emplace(*cells.cells[i].time, *rate, i);
    if (!is_new && *rate > entry->second.first) entry->second = {*rate, i};
  }
  std::vector<std::size_t> path;
  path.reserve(best.size());
  for (const auto& [time, cell] : best) path.push_back(cell.second);
  return path;
}

core::Result<Cells> cells_of_table(const Table& table, const std::vector<std::string>& factors,
                                   Per per) {
  constexpr std::size_t kMostFactors = 12;  // 4,096 combinations
  if (factors.empty() || factors.size() > kMostFactors) {
    return fail(ErrorCode::kUsage, fmt::format("{} factors: between 1 and {} can be told apart",
                                               factors.size(), kMostFactors));
  }
  return TableCells(table, per).read(factors);
}

core::Result<Cells> cells_of_outcomes(const std::shared_ptr<const Outcomes>& outcomes, Per per) {
  const Quantity quantity = per == Per::kWatt ? Quantity::kWatts : Quantity::kJoules;
  Cells cells{.per = per, .factors = {"model", "accelerator"}, .cells = {}, .outcomes = outcomes};
  const bool batches = std::ranges::any_of(
      outcomes->models, [](const ModelOutcomes& model) { return model.batch.has_value(); });
  if (batches) cells.factors.emplace_back("batch");
  bool any_cost = false;
  for (std::size_t i = 0; i < outcomes->models.size(); ++i) {
    const ModelOutcomes& model = outcomes->models[i];
    std::vector<std::string> levels{model.model, model.hardware.empty() ? "?" : model.hardware};
    if (batches) levels.push_back(model.batch ? std::to_string(*model.batch) : "?");
    any_cost = any_cost || !model.of(quantity).empty();
    std::optional<std::size_t> found = cells.find(levels);
    if (!found) {
      found = cells.cells.size();
      Cell& cell = cells.cells.emplace_back();
      cell.levels = std::move(levels);
      cell.time = model.properties.year;
      cell.provenance = model.of(quantity).provenance();
    }
    cells.cells[*found].models.push_back(i);
  }
  if (any_cost) return cells;
  return fail(ErrorCode::kInvalidData,
              fmt::format("no answer has {}: {} cannot be computed (join energy, or give runs that "
                          "measured it)",
                          name(quantity), rate_name(per)));
}

}  // namespace ipw::analysis
