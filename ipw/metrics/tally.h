#pragma once
// Adding measures up over records: sums by resampling unit for the intervals, and how many records
// and questions stand behind each figure.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/metrics/bootstrap.h"
#include "ipw/metrics/figures.h"
#include "ipw/metrics/measure.h"
#include "ipw/metrics/sample.h"

namespace ipw::metrics {

/// Which records depend on each other: those of one cluster, or of one stretch of time under load.
struct Grouping {
  std::vector<std::uint32_t> cluster;  // of records[i], dense from 0
  std::size_t clusters = 0;
  std::vector<std::uint32_t> unit;  // of records[i]
  std::size_t units = 0;
  std::size_t repeats = 1;
  std::size_t block = 1;  // units per moving block
};

[[nodiscard]] Grouping grouping(const Sample& sample, Records records,
                                const FigureOptions& options);

/// What the records say of one measure.
struct Count {
  std::size_t first_column = 0;  // of UnitSums
  std::int64_t records = 0;      // that take part
  std::int64_t clusters = 0;     // that have such a record
};

struct Tally {
  UnitSums sums;
  std::vector<Count> counts;  // one per measure
};

/// Adds up `measures` over `records`.
[[nodiscard]] Tally tally(const std::vector<Measure>& measures, const Sample& sample,
                          Records records, const Grouping& grouping);

/// The measure as a function of the sums of its tally.
[[nodiscard]] Statistic statistic(const Measure& measure, const Count& count);

/// Right or wrong answers below which resamples, and the t of a logarithm, miss the rare kind.
inline constexpr double kFewAnswers = 20.0;

/// Whether the bootstrap is the best interval of this measure. It is blind where hardly any answer
/// is right or hardly any is wrong, worse than the closed forms in small samples, and needless for
/// a proportion of independent binary draws.
[[nodiscard]] bool bootstrap_serves(const Measure& measure, const Count& count,
                                    const UnitSums& sums, bool binary);

/// The closed form instead: Wilson, Student's t of the logarithm, or MOVER of both.
[[nodiscard]] Limits closed_form_limits(const Measure& measure, const Count& count,
                                        const UnitSums& sums);

/// kUsage where columns differ in length, a score is outside [0, 1] or an option makes no sense.
[[nodiscard]] core::Result<void> check(const Sample& sample, const FigureOptions& options);

/// Limits widened by a systematic error of relative standard deviation `systematic`, on the log
/// scale and independent of the random error (MOVER of the two).
void widen(record::Figure& figure, double systematic);

}  // namespace ipw::metrics
