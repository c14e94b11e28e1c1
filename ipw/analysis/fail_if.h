#pragma once
// Conditions on figures for continuous integration: "latest_ratio.high<1" fails the command where
// it holds, or where the figure is not there to be told.

#include <optional>
#include <string>
#include <string_view>

#include "ipw/analysis/findings.h"
#include "ipw/core/result.h"

namespace ipw::analysis {

struct FailIf {
  std::string figure;      // a name in some section
  std::string limit;       // "", "low" or "high"
  std::string comparison;  // "<", "<=", ">" or ">="
  double threshold = 0.0;
};

/// FIGURE[.low|.high]{<|<=|>|>=}NUMBER. kUsage with what is wrong.
[[nodiscard]] core::Result<FailIf> parse_fail_if(std::string_view text);

/// Why the condition fails the command; nothing where all is well. A figure that stands several
/// times fails where any of them does. kUsage where no section has a figure of the name.
[[nodiscard]] core::Result<std::optional<std::string>> failure(const FailIf& condition,
                                                               const Findings& findings);

}  // namespace ipw::analysis
