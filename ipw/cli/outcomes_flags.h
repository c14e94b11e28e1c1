#pragma once
// The flags that every analysis of outcomes shares: where the answers are, how their tables are
// laid out, and what is joined to them.

#include <optional>
#include <string>
#include <vector>

#include "ipw/analysis/outcomes.h"
#include "ipw/cli/flags.h"
#include "ipw/core/result.h"

namespace ipw::cli {

struct OutcomesFlags {
  std::vector<std::string> paths;
  std::vector<std::string> columns;
  bool wide = false;
  std::string provenance;
  bool clip_scores = false;
  std::string models;
  std::string questions;
  std::vector<std::string> question_columns;
  std::string energy;
  std::string energy_hardware;
  int energy_batch = 0;
  std::string prices;
};

void declare_outcomes(const Flags& app, OutcomesFlags& flags, bool required = true);
[[nodiscard]] core::Result<analysis::Outcomes> load(const OutcomesFlags& flags);

/// The model so called, or kUsage with the name that was probably meant.
[[nodiscard]] core::Result<std::size_t> model_called(const analysis::Outcomes& outcomes,
                                                     const std::string& name);

}  // namespace ipw::cli
