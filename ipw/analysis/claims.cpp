// A recursive-descent evaluator. Depth is bounded, so that no formula can exhaust the stack.
#include "ipw/analysis/claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstdint>
#include <utility>

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using core::fail;
using metrics::Range;

constexpr int kDeepest = 64;
constexpr std::size_t kMostRows = 20;  // of the search for omitted rows: a million subsets

struct Condition {
  std::size_t column = 0;
  std::string value;
  bool equal = true;
};

Range sum_of(const std::vector<Range>& values) {
  Range sum;
  for (const Range& value : values) sum = sum + value;
  return sum;
}

Range exactly(double value) { return {value, value}; }

class Evaluator {
 public:
  Evaluator(std::string_view text, std::span<const Table> tables) : text_(text), tables_(tables) {}

  core::Result<Evaluation> run() {
    IPW_TRY(const Range value, formula());
    skip_blanks();
    if (at_ < text_.size()) return broken("something stands behind its end");
    Evaluation result{.value = value, .cells = cells_, .only_selection = {}, .is_sum = is_sum_};
    if (functions_ == 1 && operators_ == 0) result.only_selection = std::move(averaged_);
    return result;
  }

 private:
  core::Result<Range> formula() {
    if (++depth_ > kDeepest) return broken("it is nested too deeply");
    IPW_TRY(Range value, term());
    while (const char sign = take_one_of("+-")) {
      ++operators_;
      IPW_TRY(const Range right, term());
      value = sign == '+' ? value + right : value - right;
    }
    --depth_;
    return value;
  }

  core::Result<Range> term() {
    IPW_TRY(Range value, factor());
    while (const char sign = take_one_of("*/")) {
      ++operators_;
      IPW_TRY(const Range right, factor());
      if (sign == '/' && right.holds(0.0)) return broken("it divides by what may be zero");
      value = sign == '*' ? value * right : value / right;
    }
    return value;
  }

  core::Result<Range> factor() {
    if (take_one_of("-") != 0) {
      if (++depth_ > kDeepest) return broken("it is nested too deeply");
      ++operators_;
      IPW_TRY(const Range value, factor());
      --depth_;
      return exactly(0.0) - value;
    }
    if (take_one_of("(") != 0) {
      IPW_TRY(const Range value, formula());
      if (take_one_of(")") == 0) return broken("a parenthesis is not closed");
      return value;
    }
    skip_blanks();
    if (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0) {
      return number();
    }
    const std::size_t start = at_;
    const std::string_view name = word();
    if (take_one_of("(") != 0) return function(name);
    at_ = start;
    IPW_TRY(const Selection one, cells());
    if (one.values.size() != 1) {
      return broken(fmt::format(
          "it names {} cells where one is needed (add a condition, or mean())", one.values.size()));
    }
    return one.values.front();
  }

  core::Result<Range> number() {
    const std::size_t start = at_;
    while (at_ < text_.size() &&
           (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '.')) {
      ++at_;
    }
    const auto printed = metrics::parse_printed(text_.substr(start, at_ - start));
    if (!printed) return broken("a number cannot be read");
    return exactly(printed->value);
  }

  core::Result<Range> function(std::string_view name) {
    ++functions_;
    IPW_TRY(Selection over, cells());
    if (over.values.empty() && name != "count") return broken("it runs over no cell");
    Range value;
    if (name == "mean" || name == "sum") {
      is_sum_ = name == "sum";
      value = sum_of(over.values);
      if (!is_sum_) value = value / exactly(static_cast<double>(over.values.size()));
      averaged_ = over;
    } else if (name == "min" || name == "max") {
      value = extreme(over.values, name == "max");
    } else if (name == "count") {
      value = exactly(static_cast<double>(over.values.size()));
    } else if (name == "wmean") {
      IPW_TRY(value, weighted_mean(over));
    } else {
      return broken(fmt::format("there is no function '{}'", name));
    }
    if (take_one_of(")") == 0) return broken("a function is not closed");
    return value;
  }

  core::Result<Range> weighted_mean(const Selection& over) {
    if (take_one_of(",") == 0) return broken("wmean needs weights behind a comma");
    IPW_TRY(const Selection weights, cells());
    if (weights.names != over.names) return broken("wmean's weights stand in other rows");
    // Weights are taken as printed: as ranges, numerator and denominator would drift apart.
    Range sum;
    double total = 0.0;
    for (std::size_t i = 0; i < over.values.size(); ++i) {
      const double weight = weights.values[i].middle();
      sum = sum + over.values[i] * exactly(weight);
      total += weight;
    }
    if (!(total > 0.0)) return broken("wmean's weights do not add up to more than zero");
    return sum / exactly(total);
  }

  static Range extreme(const std::vector<Range>& values, bool largest) {
    Range found = values.front();
    for (const Range& value : values) {
      found = largest ? Range{std::max(found.low, value.low), std::max(found.high, value.high)}
                      : Range{std::min(found.low, value.low), std::min(found.high, value.high)};
    }
    return found;
  }

  core::Result<Selection> cells() {
    const std::string_view table_name = word();
    if (table_name.empty()) return broken("a number, a cell or a function is missing");
    const auto table = std::ranges::find(tables_, table_name, &Table::name);
    if (table == tables_.end()) return broken(fmt::format("there is no table '{}'", table_name));
    if (take_one_of(".") == 0) return broken("a table needs .COLUMN behind it");
    IPW_TRY(const std::size_t column, column_of(*table, word()));
    std::vector<Condition> conditions;
    if (take_one_of("[") != 0) {
      IPW_TRY(conditions, read_conditions(*table));
    }
    return select(*table, column, conditions);
  }

  core::Result<std::vector<Condition>> read_conditions(const Table& table) {
    std::vector<Condition> conditions;
    while (true) {
      Condition condition;
      IPW_TRY(condition.column, column_of(table, word()));
      condition.equal = take_one_of("!") == 0;
      if (take_one_of("=") == 0) return broken("a condition needs = or !=");
      const std::size_t end = text_.find_first_of(";]", at_);
      if (end == std::string_view::npos) return broken("a condition is not closed by ]");
      condition.value = text_.substr(at_, end - at_);
      at_ = end + 1;
      conditions.push_back(std::move(condition));
      if (text_[end] == ']') return conditions;
    }
  }

  core::Result<Selection> select(const Table& table, std::size_t column,
                                 const std::vector<Condition>& conditions) {
    Selection found;
    std::size_t rows = 0;
    for (const TableRow& row : table.rows) {
      const bool meant = std::ranges::all_of(conditions, [&](const Condition& condition) {
        return (row.cells[condition.column] == condition.value) == condition.equal;
      });
      if (!meant) continue;
      ++rows;
      if (row.cells[column].empty()) {
        ++found.empty;
        continue;
      }
      const auto printed = metrics::parse_printed(row.cells[column]);
      if (!printed) {
        return broken(
            fmt::format("{} has no number in '{}'", table.where(row), table.columns[column]));
      }
      found.names.push_back(row.cells.front());
      found.values.push_back(printed->range());
    }
    if (rows == 0) return broken(fmt::format("no row of '{}' is meant", table.name));
    cells_ += found.values.size();
    return found;
  }

  [[nodiscard]] core::Result<std::size_t> column_of(const Table& table,
                                                    std::string_view name) const {
    if (const auto found = table.column(name)) return *found;
    return broken(fmt::format("table '{}' has no column '{}'", table.name, name));
  }

  std::string_view word() {
    skip_blanks();
    const std::size_t start = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) {
      ++at_;
    }
    return text_.substr(start, at_ - start);
  }

  char take_one_of(std::string_view characters) {
    skip_blanks();
    if (at_ >= text_.size() || !characters.contains(text_[at_])) return 0;
    return text_[at_++];
  }

  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  [[nodiscard]] std::unexpected<core::Error> broken(const std::string& why) const {
    return fail(
        ErrorCode::kInvalidData,
        fmt::format("formula '{}' cannot be computed at character {}: {}", text_, at_ + 1, why));
  }

  std::string_view text_;
  std::span<const Table> tables_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int functions_ = 0;
  int operators_ = 0;
  std::size_t cells_ = 0;
  std::optional<Selection> averaged_;
  bool is_sum_ = false;
};

bool holds_without(const Evaluation& evaluation, std::uint32_t omitted, Range published) {
  Range sum;
  const std::vector<Range>& values = evaluation.only_selection->values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if ((omitted >> i & 1U) == 0) sum = sum + values[i];
  }
  const auto kept =
      static_cast<double>(values.size() - static_cast<std::size_t>(std::popcount(omitted)));
  if (!evaluation.is_sum) sum = sum / exactly(kept);
  return common(sum, published).has_value();
}

}  // namespace

core::Result<Evaluation> evaluate(std::string_view formula, std::span<const Table> tables) {
  return Evaluator(formula, tables).run();
}

std::vector<std::vector<std::string>> smallest_omissions(const Evaluation& evaluation,
                                                         Range published) {
  std::vector<std::vector<std::string>> found;
  if (!evaluation.only_selection) return found;
  const std::vector<std::string>& names = evaluation.only_selection->names;
  if (names.size() < 2 || names.size() > kMostRows) return found;
  for (int omitted = 1; omitted <= static_cast<int>(names.size() / 2) && found.empty(); ++omitted) {
    for (std::uint32_t set = 1; set < (1U << names.size()); ++set) {
      if (std::popcount(set) != omitted || !holds_without(evaluation, set, published)) continue;
      std::vector<std::string>& left_out = found.emplace_back();
      for (std::size_t i = 0; i < names.size(); ++i) {
        if ((set >> i & 1U) != 0) left_out.push_back(names[i]);
      }
    }
  }
  return found;
}

}  // namespace ipw::analysis
