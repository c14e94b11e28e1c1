#include "ipw/analysis/fail_if.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "ipw/metrics/printed.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using core::fail;

bool holds(double value, const std::string& comparison, double threshold) {
  if (comparison == "<") return value < threshold;
  if (comparison == "<=") return value <= threshold;
  if (comparison == ">") return value > threshold;
  return value >= threshold;
}

std::optional<double> asked(const record::Figure& figure, const std::string& limit) {
  if (limit == "low") return figure.low;
  if (limit == "high") return figure.high;
  return figure.value;
}

}  // namespace

core::Result<FailIf> parse_fail_if(std::string_view text) {
  const auto broken = [&] {
    return fail(ErrorCode::kUsage,
                fmt::format("--fail-if '{}' is no condition (write FIGURE[.low|.high]<NUMBER, with "
                            "<, <=, > or >=)",
                            text));
  };
  const std::size_t sign = text.find_first_of("<>");
  if (sign == std::string_view::npos || sign == 0) return broken();
  FailIf condition;
  const bool with_equal = sign + 1 < text.size() && text[sign + 1] == '=';
  condition.comparison = text.substr(sign, with_equal ? 2 : 1);
  condition.figure = text.substr(0, sign);
  if (const std::size_t dot = condition.figure.find('.'); dot != std::string::npos) {
    condition.limit = condition.figure.substr(dot + 1);
    condition.figure.resize(dot);
    if (condition.limit != "low" && condition.limit != "high") return broken();
  }
  const auto threshold = metrics::parse_printed(text.substr(sign + condition.comparison.size()));
  if (!threshold || condition.figure.empty()) return broken();
  condition.threshold = threshold->value;
  return condition;
}

core::Result<std::optional<std::string>> failure(const FailIf& condition,
                                                 const Findings& findings) {
  std::set<std::string> known;
  bool found = false;
  for (const FindingSection& section : findings.sections) {
    for (const FindingRow& row : section.rows) {
      for (const auto& [name, figure] : row.figures) {
        known.insert(name);
        if (name != condition.figure) continue;
        found = true;
        const std::optional<double> value = asked(figure, condition.limit);
        const std::string what = name + (condition.limit.empty() ? "" : "." + condition.limit);
        if (!value) {
          return fmt::format("{} ({}) cannot be told: {}", what, row.label,
                             figure.reason.empty() ? "it has no such limit" : figure.reason);
        }
        if (holds(*value, condition.comparison, condition.threshold)) {
          return fmt::format("{} ({}) is {:.6g}, which is {} {:.6g}", what, row.label, *value,
                             condition.comparison, condition.threshold);
        }
      }
    }
  }
  if (found) return std::nullopt;
  return fail(ErrorCode::kUsage, fmt::format("--fail-if: there is no figure '{}' (there are {})",
                                             condition.figure, fmt::join(known, ", ")));
}

}  // namespace ipw::analysis
