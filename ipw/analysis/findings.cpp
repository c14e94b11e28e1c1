// The one order in which rows are ranked.
#include "ipw/analysis/findings.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ipw::analysis {

void largest_first(std::vector<FindingRow>& rows, std::string_view figure) {
  const auto key = [figure](const FindingRow& row) {
    const record::Figure* found = metrics::find(row.figures, std::string(figure));
    const bool known = found != nullptr && found->value;
    return std::pair<double, std::string_view>(
        known ? -*found->value : std::numeric_limits<double>::infinity(), row.label);
  };
  std::ranges::sort(rows, {}, key);
}

}  // namespace ipw::analysis
