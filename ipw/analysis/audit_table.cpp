// Each check is one function over one table.
#include "ipw/analysis/audit_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "ipw/analysis/audit_columns.h"

namespace ipw::analysis {
namespace {

using metrics::common;
using metrics::Printed;
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
    check_totals(Role::kCost, Role::kCostPerRequest);
    check_totals(Role::kTotalEnergy, Role::kEnergy);
    check_energy();
    check_correct();
    check_proportional(Role::kRouterAccuracy, Role::kSaved,
                       "every row is the same number times the router's accuracy, so the rows were "
                       "derived from one and not measured");
    check_power_constants();
    list_unchecked();
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
    const auto named = std::ranges::find_if(columns_, [](const Column& column) {
      return column.role == Role::kShare && column.tag.empty() && !column.part;
    });
    const Column* share = named == columns_.end() ? find(Role::kAverage) : &*named;
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
                            column.role == Role::kLatency || column.role == Role::kTtft ||
                            column.role == Role::kTotalEnergy;
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

  /// The numbers that a share of row i stands for.
  [[nodiscard]] Range meant(const Printed& share, std::size_t i) const {
    return share.range_at(std::min(share.decimals, decimals_meant(i)));
  }

  [[nodiscard]] std::optional<std::int64_t> whole_number(Role role, std::size_t i) const {
    const Column* column = find(role);
    if (column == nullptr || !column->cells[i]) return std::nullopt;
    return static_cast<std::int64_t>(column->cells[i]->value);
  }

  [[nodiscard]] std::optional<std::int64_t> samples_of(std::size_t i) const {
    const auto told = whole_number(Role::kSamples, i);
    return told ? told : samples_;
  }

  /// Binary verdicts behind each share of row i: every sample in every repeat.
  [[nodiscard]] std::optional<std::int64_t> verdicts_of(std::size_t i) const {
    const auto n = samples_of(i);
    if (!n || *n <= 0 || graded(table_, table_.rows[i])) return std::nullopt;
    return *n * std::max<std::int64_t>(whole_number(Role::kRepeats, i).value_or(1), 1);
  }

  void check_granularity() {
    bool asked = false;
    bool of_grades = false;
    for (const Column& column : columns_) {
      if (column.role != Role::kShare && column.role != Role::kPercent) continue;
      for (std::size_t i = 0; i < table_.rows.size(); ++i) {
        const std::optional<std::int64_t> n = verdicts_of(i);
        if (!column.cells[i]) continue;
        if (!n) {
          (graded(table_, table_.rows[i]) ? of_grades : asked) = true;
          continue;
        }
        ++audit_.checked["granularity"];
        Range share = column.cells[i]->range() * Range{0.01, 0.01};
        if (column.role == Role::kShare) share = meant(*column.cells[i], i);
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
    if (of_grades) {
      audit_.unchecked.push_back(
          {"granularity", table_.name, "grades need not be whole numbers of right answers"});
    }
  }

  /// What a share can be: its rounding, and of a known number of verdicts the fractions within it.
  [[nodiscard]] Range possible(const Column& column, std::size_t i) const {
    const Range rounded = meant(*column.cells[i], i);
    const auto n = verdicts_of(i);
    if (!n) return rounded;
    const auto trials = static_cast<double>(*n);
    const Range exact{std::ceil(rounded.low * trials - 1e-6) / trials,
                      std::floor(rounded.high * trials + 1e-6) / trials};
    return exact.low <= exact.high ? exact : rounded;
  }

  struct Parts {
    Range sum;
    double count = 0.0;

    void add(Range share) {
      sum = sum + share;
      count += 1.0;
    }
    [[nodiscard]] Range mean() const { return sum / Range{count, count}; }
  };

  void check_averages() {
    const Column* average = find(Role::kAverage);
    if (average == nullptr) return;
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      if (!average->cells[i]) continue;
      Parts all;  // an overall accuracy may be one of the shares, or stand beside them
      Parts of_parts;
      for (const Column& column : columns_) {
        if (column.role != Role::kShare || !column.cells[i]) continue;
        all.add(possible(column, i));
        if (column.part) of_parts.add(possible(column, i));
      }
      if (all.count < 2.0) continue;
      ++audit_.checked["mean"];
      const Range printed = meant(*average->cells[i], i);
      const Parts& shares = of_parts.count < 2.0 ? all : of_parts;
      if (common(all.mean(), printed) || common(shares.mean(), printed)) continue;
      add("mean", table_.where(table_.rows[i]),
          fmt::format("{} of {} is {}, but its {:.0f} shares average {:.4f}", title(*average),
                      table_.rows[i].cells.front(), table_.rows[i].cells[average->index],
                      shares.count, shares.mean().middle()),
          shares.mean());
    }
  }

  // The first token cannot come with the last one, row after row, if answers were streamed.
  void check_ttft() {
    const Column* ttft = find(Role::kTtft);
    const Column* latency = find(Role::kLatency);
    if (ttft == nullptr || latency == nullptr) return;
    constexpr std::size_t kSeveralRows = 3;
    std::vector<std::string> equal;
    std::vector<std::string> both;
    bool apart = false;
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      if (!ttft->cells[i] || !latency->cells[i]) continue;
      ++audit_.checked["identity"];
      const double first = ttft->cells[i]->value;
      const double last = latency->cells[i]->value;
      both.push_back(table_.rows[i].cells.front());
      apart = apart || !common(ttft->cells[i]->range(), latency->cells[i]->range());
      if (first == last) equal.push_back(both.back());
      if (ttft->cells[i]->range().low > latency->cells[i]->range().high) {
        add("identity", table_.where(table_.rows[i]),
            fmt::format("{} {} is after {} {}", title(*ttft), first, title(*latency), last));
      }
    }
    // Printed with other digits they are equal where no row tells them apart.
    if (!apart && both.size() >= kSeveralRows) equal = both;
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

  // A total is its number of requests times what each takes. Where no column tells the number, one
  // must explain most rows, or a whole one each row.
  void check_totals(Role of_all, Role of_each) {
    const Column* total = find(of_all);
    const Column* each = find(of_each, total == nullptr ? "" : total->tag);
    if (total == nullptr || each == nullptr) return;
    std::vector<std::pair<std::size_t, Range>> untold;  // rows, and the requests that they imply
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      if (!total->cells[i] || !each->cells[i] || !(each->cells[i]->value > 0.0)) continue;
      const Range implied = total->cells[i]->range() / each->cells[i]->range();
      const std::optional<std::int64_t> n = samples_of(i);
      if (!n) {
        untold.emplace_back(i, implied);
        continue;
      }
      ++audit_.checked["product"];
      const auto requests = static_cast<double>(*n);
      const auto repeats = static_cast<double>(whole_number(Role::kRepeats, i).value_or(1));
      const auto fits = [&](double count) {
        return common(total->cells[i]->range(), each->cells[i]->range() * Range{count, count});
      };
      if (fits(requests) || fits(requests * repeats)) continue;
      add("product", table_.where(table_.rows[i]),
          fmt::format("{} is not {} times {}", title(*total), *n, title(*each)));
    }
    check_untold_requests(*total, *each, untold);
  }

  void check_untold_requests(const Column& total, const Column& each,
                             const std::vector<std::pair<std::size_t, Range>>& rows) {
    const std::string what = title(total) + " / " + title(each);
    // The number of requests that explains most rows: one of the ends of their ranges.
    std::size_t most = 0;
    double number = 0.0;
    for (const auto& [unused, candidate] : rows) {
      for (const double end : {candidate.low, candidate.high}) {
        const auto explained =
            static_cast<std::size_t>(std::ranges::count_if(rows, [&](const auto& row) {
              return common(row.second, Range{end, end}).has_value();
            }));
        if (explained > most) {
          most = explained;
          number = end;
        }
      }
    }
    const bool one_number = most >= 3 && 3 * most >= 2 * rows.size();
    for (const auto& [i, implied] : rows) {
      ++audit_.checked["product"];
      if (std::floor(implied.high + 1e-9) < implied.low - 1e-9 || implied.high < 1.0 - 1e-9) {
        add("product", table_.where(table_.rows[i]),
            fmt::format("{} is {:.4g}, which is no whole number of requests", what,
                        implied.middle()),
            implied);
      } else if (one_number && !common(implied, Range{number, number})) {
        add("product", table_.where(table_.rows[i]),
            fmt::format("{} is {:.4g}, where the other rows had {:.4g} requests", what,
                        implied.middle(), number),
            implied);
      }
    }
    if (!rows.empty() && !one_number) {
      audit_.unchecked.push_back(
          {"product", table_.name,
           fmt::format("{} differs from row to row, and no column n says how many requests there "
                       "were",
                       what)});
    }
  }

  // Joules are watts times seconds. Means need not multiply exactly where long answers draw more or
  // less power than short ones, so that a table whose joules are no products has some room.
  static constexpr double kRoomForMeans = 1.25;
  static constexpr double kNarrow = 0.02;

  void check_energy() {
    for (const Column& energy : columns_) {
      if (energy.role != Role::kEnergy) continue;
      const Column* power = find(Role::kPower, energy.tag);
      const Column* time = find(Role::kLatency, energy.tag);
      if (power == nullptr || time == nullptr) continue;
      check_energy(energy, *power, *time);
    }
  }

  void check_energy(const Column& energy, const Column& power, const Column& time) {
    struct Row {
      std::size_t i;
      Range joules;
      Range product;
    };
    std::vector<Row> rows;
    std::size_t exact = 0;
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      if (!energy.cells[i] || !power.cells[i] || !time.cells[i]) continue;
      if (!(energy.cells[i]->value > 0.0)) continue;
      const Range joules = energy.cells[i]->range();
      const Range whole = power.cells[i]->range() * time.cells[i]->range();
      // Requests that are served together share the power: either view is in use.
      const double batch = batch_of(energy.tag)
                               .value_or(static_cast<double>(std::max<std::int64_t>(
                                   whole_number(Role::kBatch, i).value_or(1), 1)));
      const Range shared = whole / Range{batch, batch};
      const bool whole_is_nearer = std::abs(std::log(whole.middle() / joules.middle())) <
                                   std::abs(std::log(shared.middle() / joules.middle()));
      rows.push_back({i, joules, whole_is_nearer ? whole : shared});
      // Coarse rounding would let anything pass for a product.
      const Range& product = rows.back().product;
      const bool narrow = product.high - product.low < kNarrow * product.middle();
      exact += narrow && common(joules, product) ? 1U : 0U;
    }
    const bool products = exact >= 3 && 2 * exact > rows.size();
    const double room = products ? 1.0 : kRoomForMeans;
    for (const Row& row : rows) {
      ++audit_.checked["energy"];
      const Range allowed{row.product.low / room, row.product.high * room};
      if (common(row.joules, allowed)) continue;
      add("energy", table_.where(table_.rows[row.i]),
          fmt::format("{} is {}, but {} x {} gives an energy of {:.4g} J", title(energy),
                      table_.rows[row.i].cells[energy.index], title(power), title(time),
                      row.product.middle()),
          row.product);
    }
  }

  // Right answers over samples are the accuracy.
  void check_correct() {
    const Column* correct = find(Role::kCorrect);
    if (correct == nullptr) return;
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      const auto n = verdicts_of(i);
      const std::optional<Range> share = accuracy(i);
      if (!n || !share || !correct->cells[i]) continue;
      ++audit_.checked["product"];
      const double found = correct->cells[i]->value / static_cast<double>(*n);
      if (common(*share, Range{found, found})) continue;
      add("product", table_.where(table_.rows[i]),
          fmt::format("{} of {} is an accuracy of {:.4f}, not {:.4f}",
                      table_.rows[i].cells[correct->index], *n, found, share->middle()),
          Range{found, found});
    }
  }

  // Checks of which the table has one half.
  void list_unchecked() {
    struct Needs {
      const char* check;
      Role has;
      std::vector<Role> lacks;
      const char* why;
    };
    const bool any_share = find(Role::kShare) != nullptr || find(Role::kPercent) != nullptr ||
                           find(Role::kAverage) != nullptr;
    const std::vector<Needs> needs{
        {"energy",
         Role::kEnergy,
         {Role::kPower, Role::kLatency},
         "joules are watts x seconds, of which the table lacks one"},
        {"identity", Role::kTtft, {Role::kLatency}, "there is no latency beside the first token"},
        {"product", Role::kCost, {Role::kCostPerRequest}, "a total cost without the cost of one"},
        {"product", Role::kTotalEnergy, {Role::kEnergy}, "total joules without those of one"},
        {"product", Role::kIpw, {Role::kPower}, "ipw without watts"},
        {"product", Role::kIpj, {Role::kEnergy}, "ipj without joules"},
        {"product", Role::kSaved, {Role::kRouterAccuracy}, "savings without a router's accuracy"}};
    for (const Needs& need : needs) {
      if (find(need.has) == nullptr) continue;
      const bool lacks =
          std::ranges::any_of(need.lacks, [this](Role role) { return find(role) == nullptr; });
      if (lacks) audit_.unchecked.push_back({need.check, table_.name, need.why});
    }
    if (!any_share && (find(Role::kIpw) != nullptr || find(Role::kIpj) != nullptr)) {
      audit_.unchecked.push_back(
          {"product", table_.name, "no accuracy beside ipw or ipj: only their products can be"});
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
