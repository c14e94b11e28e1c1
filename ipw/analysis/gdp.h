#pragma once
// What answers are worth: scores of domains weighted by the wage bill (or value added) of the work
// that they speak for, per watt and per joule, with the gaps and how much hangs on the weights.

#include <cstdint>
#include <vector>

#include "ipw/analysis/findings.h"
#include "ipw/analysis/outcomes.h"
#include "ipw/analysis/table.h"
#include "ipw/analysis/weights.h"
#include "ipw/core/result.h"

namespace ipw::analysis {

/// One model's answers by domain.
struct DomainScores {
  struct Domain {
    std::string name;
    double right = 0.0;          // sum of scores
    std::int64_t questions = 0;  // with a verdict
    std::int64_t missing = 0;    // without
  };
  std::string model;
  std::vector<Domain> domains;
  const ModelOutcomes* answers = nullptr;  // for costs; null: from a table of figures
  record::Provenance provenance;
};

/// By category of the outcomes, which must outlive the result. kInvalidData where the questions
/// have no categories.
[[nodiscard]] core::Result<std::vector<DomainScores>> domain_scores(const Outcomes& outcomes);

/// From a table with columns domain (or category), n and accuracy | accuracy_pct, and model where
/// there are several. kInvalidData naming the row.
[[nodiscard]] core::Result<std::vector<DomainScores>> domain_scores(const Table& table);

struct GdpOptions {
  std::uint64_t seed = 0;
  int resamples = 1000;
};

/// Sections "scores" (weighted accuracy with limits by MOVER of Wilson's, the unweighted one, value
/// per watt and per joule, and the bounds with the unmapped weight all wrong and all right),
/// "groups" of each model (weight, accuracy, gap = weight × (1 − accuracy)), "sensitivity" of each
/// model (weighted accuracy with a group's weight doubled, and without the group), "unmapped".
/// kInvalidData where a domain is not in the crosswalk, naming it. `outcomes` may be null.
[[nodiscard]] core::Result<Findings> gdp(const std::vector<DomainScores>& models,
                                         const Outcomes* outcomes, const WeightTable& weights,
                                         const Crosswalk& crosswalk, const GdpOptions& options);

}  // namespace ipw::analysis
