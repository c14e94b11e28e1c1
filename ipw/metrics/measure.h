#pragma once
// The table of figures: how each is read off a record and put together from sums. One row of
// docs/metrics.md is one Measure; figures.cpp and comparison.cpp know no figure by name.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/metrics/sample.h"
#include "ipw/record/provenance.h"

namespace ipw::metrics {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr std::size_t kMaxTerms = 4;

/// Records of a sample, by index.
using Records = std::span<const std::uint32_t>;

enum class Kind {
  kAccuracy,  // Σscore / Σ1
  kScored,    // (Σscore / Σ1) / cost(sums)
  kRatio,     // Σa / Σb × scale
  kShare,     // Σ(0 or 1) / Σ1, known whatever the verdicts are
};

/// Compared by its difference, others by their ratio.
[[nodiscard]] constexpr bool is_share(Kind kind) {
  return kind == Kind::kAccuracy || kind == Kind::kShare;
}

struct Measure {
  std::string name;
  std::string unit;
  record::Provenance provenance;
  Kind kind = Kind::kRatio;
  std::size_t terms = 2;
  /// Writes the terms of a record; false: the record is not part of this figure.
  std::function<bool(std::size_t record, double* terms)> read;
  /// kScored: what an answer costs, from the sums. kRatio: the figure itself. kAccuracy: empty.
  std::function<double(const double* sums)> cost;
  bool per_record = false;  // kRatio: a mean over records, its second term is 1
  bool of_energy = false;   // says how many records have joules where some have none
  double systematic = 0.0;  // relative standard deviation that all its records share
  std::string caution;      // for `reason`, beside a value
  std::string absent;       // why there is no value whatever the records say; empty: there may be

  [[nodiscard]] double value(const double* sums) const;
};

inline constexpr const char* kDrowned =
    "what was used above idle cannot be told from zero: other work on the machine drowned it";

/// All measures of these records, in the order of a table. `missing_as`: the score that a missing
/// verdict counts as; NaN: it is left out. The measures refer to the columns of `sample` and must
/// not outlive them; `sample` itself may go.
[[nodiscard]] std::vector<Measure> measures(const Sample& sample, Records records,
                                            double missing_as = kNaN);

/// Seconds in which at least one of the records was in service: the union of [started, ended].
[[nodiscard]] double busy_seconds(const Sample& sample, Records records);

}  // namespace ipw::metrics
