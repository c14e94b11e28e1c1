#pragma once
// What pools of models can answer of one question set, beside a reference model: the analysis
// behind `ipw coverage`. docs/metrics.md, Coverage.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipw/analysis/findings.h"
#include "ipw/analysis/outcomes.h"
#include "ipw/core/result.h"
#include "ipw/metrics/coverage.h"

namespace ipw::analysis {

struct Pool {
  std::string name;
  std::vector<std::size_t> models;  // indices into Outcomes::models, each once
};

struct CoverageOptions {
  std::vector<Pool> pools;  // the first is the one that models, difficulty, … are shown of
  std::optional<std::size_t> reference;  // index into Outcomes::models
  double adequate = 1.0;                 // a score of so much or more is a right answer
  std::vector<double> levels = {4, 8, 20,
                                235};  // 10^9 parameters, ascending: App. E.2 of the paper
  std::optional<double> within_seconds;
  std::optional<double> within_memory_gb;
  double missing_limit = .01;  // share of missing verdicts above which there is no headline
};

struct Coverage {
  Findings findings;
  /// By question, index into Outcomes::models of the smallest model of the first pool that is
  /// right; metrics::kNoModel or metrics::kUndecided. Empty where a size is not known.
  std::vector<std::uint32_t> smallest;
};

/// kUsage where a pool is empty or an option makes no sense. Memory: a byte per question and model.
[[nodiscard]] core::Result<Coverage> coverage(const Outcomes& outcomes,
                                              const CoverageOptions& options);

}  // namespace ipw::analysis
