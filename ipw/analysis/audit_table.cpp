// Each check is one function over one table.
#include "ipw/analysis/audit_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "ipw/analysis/audit_columns.h"

namespace ipw::analysis {
namespace {

using metrics::common;
using metrics::Range;

class TableAudit {
 public:
  TableAudit(const Table& table, std::optional<std::int64_t> samples, Audit& audit)
      : table_(table), samples_(samples), audit_(audit), columns_(columns_of(table)) {}

  void run() {
    check_ranges();
    check_duplicates();
    check_granularity();
    check_averages();
    check_ttft();
    check_products();
    check_costs();
    check_proportional(Role::kRouterAccuracy, Role::kSaved,
                       "every row is the same number times the router's accuracy, so the rows were "
                       "derived from one and not measured");
    check_power_constants();
    if (std::ranges::all_of(columns_, [](const Column& column) {
          return column.role == Role::kText || column.role == Role::kOther;
        })) {
      audit_.unchecked.push_back({"columns", table_.name, "no column that a check knows by name"});
    }
  }

  [[nodiscard]] const PowerConstants& constants() const { return constants_; }

  /// Other tables' constants: powers that this table implies for the same accelerator.
  void check_against(const std::string& other, const PowerConstants& constants) {
    const auto accelerator = table_.column("accelerator");
    if (!accelerator) return;
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      const TableRow& row = table_.rows[i];
      const auto constant = constants.find(row.cells[*accelerator]);
      const std::optional<Range> power = implied_power(i);
      if (constant == constants.end() || !power) continue;
      ++audit_.checked["constant"];
      if (common(*power, constant->second)) continue;
      add("constant", table_.where(row),
          fmt::format(
              "accuracy / IPW implies {:.0f} W on {}, where every model of {} implies {:.0f} W",
              power->middle(), constant->first, other, constant->second.middle()),
          power);
    }
  }

 private:
  [[nodiscard]] const Column* find(Role role) const {
    const auto found = std::ranges::find(columns_, role, &Column::role);
    return found == columns_.end() ? nullptr : &*found;
  }

  [[nodiscard]] const Column* find(Role role, const std::string& tag) const {
    for (const Column& column : columns_) {
      if (column.role == role && column.tag == tag) return &column;
    }
    return nullptr;
  }

  [[nodiscard]] const std::string& title(const Column& column) const {
    return table_.columns[column.index];
  }

  void add(const char* check, std::string where, std::string what,
           std::optional<Range> recomputed = {}) {
    audit_.findings.push_back({check, std::move(where), std::move(what), recomputed});
  }

  /// The accuracy of row i as a share.
  [[nodiscard]] std::optional<Range> accuracy(std::size_t i) const {
    const Column* share = find(Role::kAverage);
    if (share == nullptr) share = find(Role::kShare, "");
    if (share != nullptr && share->cells[i]) return share->cells[i]->range();
    const Column* percent = find(Role::kPercent, "");
    if (percent == nullptr || !percent->cells[i]) return std::nullopt;
    return percent->cells[i]->range() * Range{0.01, 0.01};
  }

  [[nodiscard]] std::optional<Range> implied_power(std::size_t i) const {
    const Column* ipw = find(Role::kIpw);
    const std::optional<Range> share = accuracy(i);
    if (ipw == nullptr || !ipw->cells[i] || !share || !(ipw->cells[i]->value > 0.0)) {
      return std::nullopt;
    }
    return *share / ipw->cells[i]->range();
  }

  void check_ranges() {
    for (const Column& column : columns_) {
      const bool physical = column.role == Role::kPower || column.role == Role::kEnergy ||
                            column.role == Role::kLatency || column.role == Role::kTtft;
      const double most = column.role == Role::kShare || column.role == Role::kAverage ||
                                  column.role == Role::kRouterAccuracy
                              ? 1.0
                          : column.role == Role::kPercent || column.role == Role::kSaved ? 100.0
                                                                                         : 0.0;
      if (!physical && most == 0.0) continue;
      for (std::size_t i = 0; i < table_.rows.size(); ++i) {
        if (!column.cells[i]) continue;
        const double value = column.cells[i]->value;
        ++audit_.checked["range"];
        if (physical ? value > 0.0 : value >= 0.0 && value <= most) continue;
        add("range", table_.where(table_.rows[i]),
            fmt::format("{} is {}, which is {}", title(column), table_.rows[i].cells[column.index],
                        physical ? "not above zero" : fmt::format("outside 0 to {}", most)));
      }
    }
  }

  // Two rows about one model under the same circumstances, or the same row twice.
  void check_duplicates() {
    const bool of_models = table_.column("model").has_value();
    const auto when = table_.any_of({"year", "date"});
    std::map<std::vector<std::string>, std::size_t> first;
    for (const TableRow& row : table_.rows) {
      std::vector<std::string> key;
      for (const Column& column : columns_) {
        if (of_models && column.role != Role::kText && column.index != when) continue;
        key.push_back(row.cells[column.index]);
      }
      ++audit_.checked["duplicate"];
      const auto [earlier, is_new] = first.try_emplace(std::move(key), row.line);
      if (is_new) continue;
      add("duplicate", table_.where(row),
          fmt::format("names the same thing as line {}", earlier->second));
    }
  }

  /// Decimals that were meant in row i: zeros at the end of every share are padding.
  [[nodiscard]] int decimals_meant(std::size_t i) const {
    int meant = 0;
    for (const Column& column : columns_) {
      if ((column.role != Role::kShare && column.role != Role::kAverage) || !column.cells[i]) {
        continue;
      }
      meant = std::max(meant, metrics::significant_decimals(*column.cells[i]));
    }
    return meant;
  }

  [[nodiscard]] std::optional<std::int64_t> samples_of(std::size_t i) const {
    const Column* column = find(Role::kSamples);
    if (column != nullptr && column->cells[i]) {
      return static_cast<std::int64_t>(column->cells[i]->value);
    }
    return samples_;
  }

  void check_granularity() {
    bool asked = false;
    for (const Column& column : columns_) {
      if (column.role != Role::kShare && column.role != Role::kPercent) continue;
      for (std::size_t i = 0; i < table_.rows.size(); ++i) {
        const std::optional<std::int64_t> n = samples_of(i);
        if (!column.cells[i]) continue;
        if (!n || *n <= 0) {
          asked = true;
          continue;
        }
        ++audit_.checked["granularity"];
        Range share = column.cells[i]->range() * Range{0.01, 0.01};
        if (column.role == Role::kShare) share = column.cells[i]->range_at(decimals_meant(i));
        if (metrics::possible_share(share, *n)) continue;
        const double nearest = metrics::nearest_share(share.middle(), *n);
        add("granularity", table_.where(table_.rows[i]),
            fmt::format(
                "{} of {} is {}, which no whole number of {} samples gives (nearest: {:.3f})",
                title(column), table_.rows[i].cells.front(), table_.rows[i].cells[column.index], *n,
                nearest),
            Range{nearest, nearest});
      }
    }
    if (asked) {
      audit_.unchecked.push_back(
          {"granularity", table_.name,
           "the number of samples is not in the table (give a column n, or --samples N)"});
    }
  }

  void check_averages() {
    const Column* average = find(Role::kAverage);
    if (average == nullptr) return;
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      if (!average->cells[i]) continue;
      const int decimals = decimals_meant(i);
      Range sum;
      double parts = 0.0;
      for (const Column& column : columns_) {
        if (column.role != Role::kShare || !column.cells[i]) continue;
        sum = sum + column.cells[i]->range_at(decimals);
        parts += 1.0;
      }
      if (parts < 2.0) continue;
      ++audit_.checked["mean"];
      const Range mean = sum / Range{parts, parts};
      if (common(mean, average->cells[i]->range_at(decimals))) continue;
      add("mean", table_.where(table_.rows[i]),
          fmt::format("{} of {} is {}, but its {:.0f} shares average {:.4f}", title(*average),
                      table_.rows[i].cells.front(), table_.rows[i].cells[average->index], parts,
                      mean.middle()),
          mean);
    }
  }

  // The first token cannot come with the last one, row after row, if answers were streamed.
  void check_ttft() {
    const Column* ttft = find(Role::kTtft);
    const Column* latency = find(Role::kLatency);
    if (ttft == nullptr || latency == nullptr) return;
    std::vector<std::string> equal;
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      if (!ttft->cells[i] || !latency->cells[i]) continue;
      ++audit_.checked["identity"];
      const double first = ttft->cells[i]->value;
      const double last = latency->cells[i]->value;
      if (first == last) equal.push_back(table_.rows[i].cells.front());
      if (ttft->cells[i]->range().low > latency->cells[i]->range().high) {
        add("identity", table_.where(table_.rows[i]),
            fmt::format("{} {} is after {} {}", title(*ttft), first, title(*latency), last));
      }
    }
    if (equal.empty()) return;
    add("identity", table_.name,
        fmt::format("{} equals {} for {}: these answers were probably not streamed, so their time "
                    "to first token is not known",
                    title(*ttft), title(*latency), fmt::join(equal, ", ")));
  }

  // accuracy = IPW x watts = IPJ x joules, a share of at most 1 that tags of one row share.
  void check_products() {
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      std::optional<Range> implied = accuracy(i);
      std::string from = "accuracy";
      for (const auto& [per, cost] :
           {std::pair(Role::kIpw, Role::kPower), std::pair(Role::kIpj, Role::kEnergy)}) {
        for (const Column& rate : columns_) {
          if (rate.role != per || !rate.cells[i]) continue;
          const Column* paid = find(cost, rate.tag);
          if (paid == nullptr || !paid->cells[i]) continue;
          const Range product = rate.cells[i]->range() * paid->cells[i]->range();
          const std::string here = title(rate) + " x " + title(*paid);
          ++audit_.checked["product"];
          if (!implied) {
            implied = product;
            from = here;
          } else if (!common(*implied, product)) {
            add("product", table_.where(table_.rows[i]),
                fmt::format("{} gives the accuracy {:.4f}, {} gives {:.4f}", here, product.middle(),
                            from, implied->middle()),
                product);
          }
          if (product.low > 1.0 || product.high < 0.0) {
            add("product", table_.where(table_.rows[i]),
                fmt::format("{} gives {:.3g}, which is no accuracy", here, product.middle()),
                product);
          }
        }
      }
    }
  }

  // One number of requests must explain every total and its cost per request.
  void check_costs() {
    const Column* total = find(Role::kCost);
    const Column* each = find(Role::kCostPerRequest);
    if (total == nullptr || each == nullptr) return;
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      if (!total->cells[i] || !each->cells[i]) continue;
      const std::optional<std::int64_t> n = samples_of(i);
      if (!n) continue;
      ++audit_.checked["product"];
      const auto requests = static_cast<double>(*n);
      if (common(total->cells[i]->range(), each->cells[i]->range() * Range{requests, requests})) {
        continue;
      }
      add("product", table_.where(table_.rows[i]),
          fmt::format("{} is not {} times {}", title(*total), *n, title(*each)));
    }
  }

  void check_proportional(Role left, Role right, const char* meaning) {
    const Column* by = find(left);
    if (by == nullptr) return;
    for (const Column& column : columns_) {
      if (column.role != right) continue;
      std::vector<Range> a;
      std::vector<Range> b;
      for (std::size_t i = 0; i < table_.rows.size(); ++i) {
        if (!by->cells[i] || !column.cells[i]) continue;
        a.push_back(column.cells[i]->range());
        b.push_back(by->cells[i]->range());
      }
      if (a.size() < 3) continue;
      ++audit_.checked["constant"];
      const auto constant = metrics::constant_ratio(a, b);
      if (!constant || !metrics::clearly_vary(a) || !metrics::clearly_vary(b)) continue;
      add("constant", table_.name,
          fmt::format("{} / {} is {:.1f} in all {} rows: {}", title(column), title(*by),
                      constant->middle(), a.size(), meaning),
          constant);
      check_exact_multiples(*by, column);
    }
  }

  // A router's accuracy is chosen by who replays it, so that 0.60 is exactly that, and rows that
  // are the oracle's times it can only differ by the rounding of the savings.
  void check_exact_multiples(const Column& by, const Column& column) {
    std::optional<std::size_t> oracle;
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      if (by.cells[i] && by.cells[i]->value == 1.0 && column.cells[i]) oracle = i;
    }
    for (std::size_t i = 0; oracle && i < table_.rows.size(); ++i) {
      if (!by.cells[i] || !column.cells[i]) continue;
      const double accuracy = by.cells[i]->value;
      const Range product = Range{accuracy, accuracy} * column.cells[*oracle]->range();
      ++audit_.checked["product"];
      if (common(product, column.cells[i]->range())) continue;
      add("product", table_.where(table_.rows[i]),
          fmt::format("{} is {}, where {} times the oracle's {} is {:.2f}", title(column),
                      column.cells[i]->value, accuracy, column.cells[*oracle]->value,
                      product.middle()),
          product);
    }
  }

  // Power depends on the model: models of clearly different accuracy whose accuracy / IPW is one
  // number were given that number.
  void check_power_constants() {
    const auto accelerator = table_.column("accelerator");
    std::map<std::string, std::vector<std::size_t>> rows_of;
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      if (!implied_power(i)) continue;
      rows_of[accelerator ? table_.rows[i].cells[*accelerator] : std::string()].push_back(i);
    }
    for (const auto& [name, rows] : rows_of) {
      std::vector<Range> shares;
      std::vector<Range> rates;
      for (const std::size_t i : rows) {
        shares.push_back(*accuracy(i));
        rates.push_back(find(Role::kIpw)->cells[i]->range());
      }
      if (rows.size() < 3) continue;
      ++audit_.checked["constant"];
      const auto constant = metrics::constant_ratio(shares, rates);
      if (!constant || !metrics::clearly_vary(shares) || !metrics::clearly_vary(rates)) continue;
      constants_.emplace(name, *constant);
      add("constant", table_.name,
          fmt::format(
              "accuracy / IPW is {:.0f} W for all {} rows{}: their power is one constant, so "
              "ratios between accelerators are ratios of constants",
              constant->middle(), rows.size(), name.empty() ? "" : " on " + name),
          constant);
    }
  }

  const Table& table_;
  std::optional<std::int64_t> samples_;
  Audit& audit_;
  std::vector<Column> columns_;
  PowerConstants constants_;
};

}  // namespace

PowerConstants audit_table(const Table& table, std::optional<std::int64_t> samples, Audit& audit) {
  TableAudit of_table(table, samples, audit);
  of_table.run();
  return of_table.constants();
}

void audit_against(const Table& table, const std::string& other, const PowerConstants& constants,
                   Audit& audit) {
  TableAudit(table, std::nullopt, audit).check_against(other, constants);
}

}  // namespace ipw::analysis
