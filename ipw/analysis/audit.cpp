// Columns are known by name; each check is one function over one table.
#include "ipw/analysis/audit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "ipw/analysis/claims.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using core::fail;
using metrics::common;
using metrics::Printed;
using metrics::Range;

enum class Role {
  kText,
  kOther,
  kShare,           // accuracy and other shares in [0, 1]
  kPercent,         // the same in percent
  kAverage,         // mean of the other shares of the row
  kRouterAccuracy,  // share of right decisions
  kSaved,           // percent saved
  kIpw,
  kIpj,
  kPower,
  kEnergy,
  kLatency,
  kTtft,
  kCost,
  kCostPerRequest,
  kSamples,
};

struct Named {
  std::string_view name;
  Role role;
};

// Names as they stand in published tables, in `ipw report --csv` and in this project's files. What
// stands around a name is its tag: energy_batch_1_j and ipj_batch_1_per_j belong together.
constexpr std::array kNames{
    Named{"router_accuracy", Role::kRouterAccuracy},
    Named{"saved_pct", Role::kSaved},
    Named{"cost_per_request_usd", Role::kCostPerRequest},
    Named{"total_cost_usd", Role::kCost},
    Named{"ttft_s", Role::kTtft},
    Named{"latency_s", Role::kLatency},
    Named{"accuracy", Role::kShare},
    Named{"success_rate", Role::kShare},
    Named{"success_rate_pct", Role::kPercent},
    Named{"accuracy_pct", Role::kPercent},
    Named{"avg", Role::kAverage},
    Named{"average", Role::kAverage},
    Named{"ipw_per_w", Role::kIpw},
    Named{"ipw", Role::kIpw},
    Named{"ipj_per_j", Role::kIpj},
    Named{"ipj", Role::kIpj},
    Named{"power_w", Role::kPower},
    Named{"watts", Role::kPower},
    Named{"energy_j", Role::kEnergy},
    Named{"j_per_query", Role::kEnergy},
    Named{"samples", Role::kSamples},
    Named{"questions", Role::kSamples},
    Named{"n", Role::kSamples},
};

struct Column {
  std::size_t index = 0;
  Role role = Role::kOther;
  std::string tag;
  std::vector<std::optional<Printed>> cells;  // one per row
};

// "ipj_batch_1_per_j" is "ipj_per_j" with the tag "batch_1": the name's words in order, the tag
// between the first and the rest.
std::optional<std::string> tag_of(std::string_view header, const Named& named) {
  const std::string_view name = named.name;
  if (header == name) return "";
  if (named.role == Role::kSamples || named.role == Role::kAverage) return std::nullopt;
  if (header.ends_with(name) && header[header.size() - name.size() - 1] == '_') {
    return std::string(header.substr(0, header.size() - name.size() - 1));
  }
  const std::size_t cut = name.find('_');
  if (cut == std::string_view::npos) return std::nullopt;
  const std::string_view first = name.substr(0, cut + 1);
  const std::string_view rest = name.substr(cut);
  if (header.size() <= first.size() + rest.size() || !header.starts_with(first) ||
      !header.ends_with(rest)) {
    return std::nullopt;
  }
  return std::string(header.substr(first.size(), header.size() - first.size() - rest.size()));
}

class TableAudit {
 public:
  TableAudit(const Table& table, std::optional<std::int64_t> samples, Audit& audit)
      : table_(table), samples_(samples), audit_(audit) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) columns_.push_back(read_column(i));
    if (find(Role::kAverage) != nullptr) {
      // Beside an average, columns without another meaning are the shares that it averages.
      for (Column& column : columns_) {
        if (column.role == Role::kOther && all_in_unit(column)) column.role = Role::kShare;
      }
    }
  }

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

  /// By accelerator ("" where the table has none): the one power that all models of it imply.
  [[nodiscard]] const std::map<std::string, Range>& constants() const { return constants_; }

  /// Other tables' constants: powers that this table implies for the same accelerator.
  void check_against(const std::string& other, const std::map<std::string, Range>& constants) {
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
  Column read_column(std::size_t index) const {
    Column column{.index = index, .role = Role::kOther, .tag = {}, .cells = {}};
    bool any = false;
    for (const TableRow& row : table_.rows) {
      const std::string& text = row.cells[index];
      column.cells.push_back(metrics::parse_printed(text));
      any = any || column.cells.back().has_value();
      if (!text.empty() && !column.cells.back()) column.role = Role::kText;
    }
    if (column.role == Role::kText || !any) {
      column.role = Role::kText;
      return column;
    }
    for (const Named& named : kNames) {
      const auto tag = tag_of(table_.columns[index], named);
      if (!tag) continue;
      column.role = named.role;
      column.tag = *tag;
      break;
    }
    return column;
  }

  static bool all_in_unit(const Column& column) {
    return std::ranges::all_of(column.cells, [](const std::optional<Printed>& cell) {
      return !cell || (cell->value >= 0.0 && cell->value <= 1.0);
    });
  }

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
      if ((column.role != Role::kShare && column.role != Role::kAverage) || !column.cells[i])
        continue;
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
  std::map<std::string, Range> constants_;
};

constexpr std::string_view kSamplesFunction = "samples(";

// Sets whose names begin alike first: a family that was left out is likelier than a mixture.
std::size_t shared_beginning(const std::vector<std::string>& names) {
  std::size_t length = names.front().size();
  for (const std::string& name : names) {
    const auto stops = std::ranges::mismatch(names.front(), name);
    length = std::min(length, static_cast<std::size_t>(stops.in1 - names.front().begin()));
  }
  return length;
}

std::string omission_text(const Evaluation& evaluation, Range published) {
  auto sets = smallest_omissions(evaluation, published);
  if (sets.empty()) return "";
  const auto likeliest = std::ranges::max_element(sets, {}, shared_beginning);
  return fmt::format("; it follows where {} are left out{}", fmt::join(*likeliest, ", "),
                     sets.size() == 1 ? ""
                                      : fmt::format(" ({} sets of {} rows would do)", sets.size(),
                                                    likeliest->size()));
}

class ClaimAudit {
 public:
  ClaimAudit(const Table& claims, std::span<const Table> tables, Audit& audit)
      : claims_(claims), tables_(tables), audit_(audit) {}

  core::Result<void> run() {
    IPW_TRY(const std::size_t claim, needed_column(claims_, "claim"));
    IPW_TRY(const std::size_t published, needed_column(claims_, "published"));
    IPW_TRY(const std::size_t formula, needed_column(claims_, "formula"));
    const auto rows = claims_.column("rows");
    for (const TableRow& row : claims_.rows) {
      const std::string& text = row.cells[formula];
      if (text.empty() || text.starts_with(kSamplesFunction)) continue;
      const auto printed = metrics::parse_printed(row.cells[published]);
      if (!printed) {
        return fail(ErrorCode::kInvalidData,
                    fmt::format("{}: '{}' in column 'published' is not a number (write it without "
                                "unit)",
                                claims_.where(row), row.cells[published]));
      }
      core::Result<Evaluation> found = evaluate(text, tables_);
      if (!found) {
        return fail(found.error().code, claims_.where(row) + ": " + found.error().message);
      }
      std::optional<double> wanted;
      if (rows) {
        IPW_TRY(wanted, number_in(claims_, row, *rows));
      }
      judge(row.cells[claim], *printed, *found, wanted);
    }
    return {};
  }

 private:
  void judge(const std::string& claim, const Printed& published, const Evaluation& found,
             std::optional<double> rows) {
    if (rows && static_cast<double>(found.cells) != *rows) {
      audit_.unchecked.push_back(
          {"claim", claim,
           fmt::format("it speaks of {} rows, of which the table has {}", *rows, found.cells)});
      return;
    }
    ++audit_.checked["claim"];
    if (common(published.range(), found.value)) return;
    audit_.findings.push_back(
        {"claim", claim,
         fmt::format("{} is published, {:.4g} follows from the table{}", published.value,
                     found.value.middle(), omission_text(found, published.range())),
         found.value});
  }

  const Table& claims_;
  std::span<const Table> tables_;
  Audit& audit_;
};

core::Result<std::map<std::string, std::int64_t>> samples_of_claims(const Table& claims) {
  std::map<std::string, std::int64_t> samples;
  IPW_TRY(const std::size_t formula, needed_column(claims, "formula"));
  IPW_TRY(const std::size_t published, needed_column(claims, "published"));
  for (const TableRow& row : claims.rows) {
    std::string_view text = row.cells[formula];
    if (!text.starts_with(kSamplesFunction) || !text.ends_with(")")) continue;
    text.remove_prefix(kSamplesFunction.size());
    text.remove_suffix(1);
    IPW_TRY(const double count, positive_number(claims, row, published));
    samples[std::string(text)] = static_cast<std::int64_t>(count);
  }
  return samples;
}

}  // namespace

core::Result<Audit> audit_tables(std::span<const Table> tables, const std::optional<Claims>& claims,
                                 const AuditOptions& options) {
  Audit audit;
  std::map<std::string, std::int64_t> samples = options.samples;
  if (claims) {
    IPW_TRY(const auto stated, samples_of_claims(claims->table));
    samples.insert(stated.begin(), stated.end());
  }
  std::vector<TableAudit> audits;
  audits.reserve(tables.size());
  for (const Table& table : tables) {
    audit.audited.push_back(table.name);
    auto count = samples.find(table.name);
    if (count == samples.end()) count = samples.find("");
    audits.emplace_back(table, count == samples.end() ? std::nullopt : std::optional(count->second),
                        audit);
    audits.back().run();
  }
  for (std::size_t i = 0; i < tables.size(); ++i) {
    for (std::size_t j = 0; j < tables.size(); ++j) {
      if (i != j) audits[i].check_against(tables[j].name, audits[j].constants());
    }
  }
  if (claims) {
    audit.audited.push_back(claims->table.name);
    IPW_CHECK(ClaimAudit(claims->table, tables, audit).run());
  }
  return audit;
}

}  // namespace ipw::analysis
