#pragma once
// Output tokens against joules: a grid of counts instead of a million points, and the line through
// all of them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ipw/metrics/line_fit.h"
#include "ipw/metrics/sample.h"
#include "ipw/record/provenance.h"

namespace ipw::report {

/// Where the joules of single questions come from in charts: all sources added up, gross where idle
/// is known and above idle otherwise.
struct JoulesBasis {
  record::Provenance provenance;
  bool above_idle = false;
};

struct TokenScatter {
  static constexpr std::size_t kColumns = 64;
  static constexpr std::size_t kRows = 40;

  JoulesBasis basis;
  double tokens_high = 0.0;  // the grid spans 0 … tokens_high and joules_low … joules_high
  double joules_low = 0.0;   // 0, or below where an estimate above idle came out negative
  double joules_high = 0.0;
  std::vector<std::uint32_t> cells;   // kRows rows of kColumns, tokens rising along a row
  std::int64_t outside = 0;           // beyond the grid, which ends at the 99.9 % quantiles
  std::optional<metrics::Line> line;  // joules over tokens, of all records, absent: one place only
  std::int64_t n = 0;                 // records with tokens and joules
};

/// The answers that have both, one number each.
struct TokenJoules {
  std::vector<float> tokens, joules;
};

/// On the same basis as token_scatter(); empty where no joules were measured.
[[nodiscard]] TokenJoules token_joules(const metrics::Sample& sample);

/// Absent where no joules were measured at all.
[[nodiscard]] std::optional<TokenScatter> token_scatter(const metrics::Sample& sample);

}  // namespace ipw::report
