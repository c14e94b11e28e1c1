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
#include "ipw/metrics/student.h"

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

/// Whether hardly any answer is right, or hardly any wrong (a question with repeats counts once).
[[nodiscard]] bool few_answers(const Count& count, const UnitSums& sums);

/// Whether the bootstrap makes the limits of this measure: where records depend on their neighbours
/// (blocks), and resamples are neither few nor blind for the rare kind of answer.
[[nodiscard]] bool bootstrap_serves(const Measure& measure, const Count& count,
                                    const UnitSums& sums);

/// Wilson's limits of Σcolumn / Σ(column behind it), a mean of scores in [0, 1], on the number of
/// independent binary draws that the records are worth. `binary`: all scores are 0 or 1.
[[nodiscard]] Limits share_limits(const Count& count, const UnitSums& sums, bool binary);

/// Whether anything can be divided by the sum of this column: it is above zero, and clearly so
/// where noise makes some of its parts negative (the lower 95 % limit of their mean). The one place
/// that decides whether a ratio has a meaning; kDrowned says why not.
[[nodiscard]] bool divisible(const UnitSums& sums, std::size_t column);

/// Whether the measure's cost, or for a comparison the measure itself, can be divided by.
[[nodiscard]] bool divisible(const Measure& measure, const Count& count, const UnitSums& sums);

/// student_limits() of a mean, or on the logarithmic scale of a ratio of sums, of what is never
/// below zero but for noise: neither are the limits, and a mean that is has none. `column`: the
/// numerator.
[[nodiscard]] Limits mean_limits(const UnitSums& sums, std::size_t column, const Statistic& value,
                                 Scale scale);

/// What the largest hundredth of the units (one at least) makes up of a sum that is never below
/// zero; 0 of others.
[[nodiscard]] double weight_of_largest(const UnitSums& sums, std::size_t column);

/// From here on the mean rests on a handful of records, and its limits hold it too rarely.
inline constexpr double kHeavyTail = 0.25;

/// The closed forms: share_limits() for shares, mean_limits() for means and ratios of sums; for a
/// score per cost student_limits() of its logarithm, and MOVER of both where few answers are right
/// or wrong.
[[nodiscard]] Limits closed_form_limits(const Measure& measure, const Count& count,
                                        const UnitSums& sums, bool binary);

/// kUsage where columns differ in length, a score is outside [0, 1] or an option makes no sense.
[[nodiscard]] core::Result<void> check(const Sample& sample, const FigureOptions& options);

/// Limits widened by a systematic error of relative standard deviation `systematic`, on the log
/// scale and independent of the random error (MOVER of the two).
void widen(record::Figure& figure, double systematic);

}  // namespace ipw::metrics
