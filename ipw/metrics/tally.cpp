// One pass over the records per group; everything after it works on at most a few thousand rows.
#include "ipw/metrics/tally.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "ipw/core/random.h"
#include "ipw/metrics/distribution.h"
#include "ipw/metrics/interval.h"
#include "ipw/metrics/student.h"

namespace ipw::metrics {
namespace {

// Chosen by simulation: docs/metrics.md, "How good the intervals are".
constexpr std::size_t kManyUnits = 200;  // from here on the bootstrap is as good as Student's t
constexpr std::size_t kSomeUnits = 20;   // and from here on, where no closed form fits

std::vector<std::uint32_t> dense_clusters(const Sample& sample, Records records,
                                          std::size_t& clusters) {
  std::vector<std::uint32_t> dense(records.size());
  if (sample.cluster.empty()) {
    for (std::size_t i = 0; i < dense.size(); ++i) dense[i] = static_cast<std::uint32_t>(i);
    clusters = records.size();
    return dense;
  }
  constexpr auto kUnseen = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t last = 0;
  for (const std::uint32_t record : records) last = std::max(last, sample.cluster[record]);
  std::vector<std::uint32_t> index(static_cast<std::size_t>(last) + 1, kUnseen);
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    std::uint32_t& slot = index[sample.cluster[records[i]]];
    if (slot == kUnseen) slot = next++;
    dense[i] = slot;
  }
  clusters = next;
  return dense;
}

Statistic mean_of(std::size_t column) {
  return [column](std::span<const double> sums) { return sums[column] / sums[column + 1]; };
}

/// Whether all units but a few have the full score, or all but a few have none.
bool few_grades(const UnitSums& sums, std::size_t column) {
  double some = 0.0;
  double not_full = 0.0;
  for (std::size_t i = column; i < sums.by_unit.size(); i += sums.columns) {
    some += sums.by_unit[i] > 0.0 ? 1.0 : 0.0;
    not_full += sums.by_unit[i] < sums.by_unit[i + 1] ? 1.0 : 0.0;
  }
  return std::min(some, not_full) < kFewAnswers / 2.0;
}

/// Sums of what cannot be below zero have a mean that cannot either.
bool never_below_zero(const UnitSums& sums, std::size_t column) {
  for (std::size_t i = column; i < sums.by_unit.size(); i += sums.columns) {
    if (sums.by_unit[i] < 0.0) return false;
  }
  return true;
}

}  // namespace

Grouping grouping(const Sample& sample, Records records, const FigureOptions& options) {
  Grouping groups;
  groups.cluster = dense_clusters(sample, records, groups.clusters);
  if (!sample.repeat.empty()) {
    for (const std::uint32_t record : records) {
      groups.repeats = std::max<std::size_t>(groups.repeats, sample.repeat[record] + 1U);
    }
  }
  if (options.block > 0) {
    const std::size_t n = records.size();
    const std::size_t half = std::max<std::size_t>(options.units / 2, 1);
    const std::size_t size = n <= options.units ? 1 : (n + half - 1) / half;
    groups.unit.resize(n);
    for (std::size_t i = 0; i < n; ++i) groups.unit[i] = static_cast<std::uint32_t>(i / size);
    groups.units = (n + size - 1) / size;
    groups.block = (options.block + size - 1) / size;
    return groups;
  }
  const auto unit_of =
      units_of_clusters(groups.clusters, options.units, core::derive_seed(options.seed, "units"));
  groups.unit.reserve(records.size());
  for (const std::uint32_t cluster : groups.cluster) {
    groups.unit.push_back(unit_of[cluster]);
    groups.units = std::max<std::size_t>(groups.units, unit_of[cluster] + 1U);
  }
  return groups;
}

Tally tally(const std::vector<Measure>& measures, const Sample& sample, Records records,
            const Grouping& grouping) {
  std::size_t columns = 0;
  std::vector<Count> counts;
  for (const Measure& measure : measures) {
    counts.push_back({.first_column = columns});
    if (measure.absent.empty()) columns += measure.terms;
  }
  UnitSums sums(grouping.units, columns, grouping.repeats, grouping.block);
  const bool one_each = grouping.clusters == records.size();
  std::vector<bool> seen;
  for (std::size_t m = 0; m < measures.size(); ++m) {
    if (!measures[m].absent.empty()) continue;
    Count& count = counts[m];
    if (!one_each) seen.assign(grouping.clusters, false);
    double terms[kMaxTerms];
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (!measures[m].read(records[i], terms)) continue;
      ++count.records;
      if (!one_each && !seen[grouping.cluster[i]]) {
        seen[grouping.cluster[i]] = true;
        ++count.clusters;
      }
      const std::size_t repeat = sample.repeat.empty() ? 0 : sample.repeat[records[i]];
      for (std::size_t t = 0; t < measures[m].terms; ++t) {
        sums.add(grouping.unit[i], repeat, count.first_column + t, terms[t]);
      }
    }
    if (one_each) count.clusters = count.records;
  }
  return {std::move(sums), std::move(counts)};
}

Statistic statistic(const Measure& measure, const Count& count) {
  return [&measure, first = count.first_column](std::span<const double> sums) {
    return measure.value(sums.data() + first);
  };
}

bool bootstrap_serves(const Measure& measure, const Count& count, const UnitSums& sums) {
  const std::size_t independent_units = sums.units / sums.block;
  if (sums.block == 1) return false;
  if (measure.kind == Kind::kRatio) return independent_units >= kManyUnits;
  return independent_units >= kSomeUnits && !few_answers(count, sums);
}

bool few_answers(const Count& count, const UnitSums& sums) {
  const std::vector<double> totals = sums.totals();
  const double draws = static_cast<double>(count.clusters) / static_cast<double>(count.records);
  const double right = totals[count.first_column] * draws;
  const double wrong = totals[count.first_column + 1] * draws - right;
  return std::min(right, wrong) < kFewAnswers;
}

Limits share_limits(const Count& count, const UnitSums& sums, bool binary) {
  const Statistic mean = mean_of(count.first_column);
  const double share = mean(sums.totals());
  const auto clusters = static_cast<double>(count.clusters);
  const auto records = static_cast<double>(count.records);
  if (binary && count.clusters == count.records && sums.block == 1) {
    return wilson(share * clusters, clusters);
  }
  double trials = effective_trials(sums, mean, share);
  // Where hardly any grade is another the rare ones are not known; binary draws are never worth
  // more than their number.
  const bool blind = !(trials > 0.0) || (!binary && few_grades(sums, count.first_column));
  if (blind) trials = std::min(clusters, records);
  if (binary) trials = std::min(trials, records);
  return wilson(share * trials, trials);
}

bool divisible(const UnitSums& sums, std::size_t column) {
  if (!(sums.totals()[column] > 0.0)) return false;
  if (never_below_zero(sums, column)) return true;
  // Units are of one size, or bundles of one size: their sums vary as their means do.
  const Statistic total = [column](std::span<const double> all) { return all[column]; };
  const Limits limits = student_limits(sums, total, Scale::kPlain);
  return limits.low && *limits.low > 0.0;
}

bool divisible(const Measure& measure, const Count& count, const UnitSums& sums) {
  if (!measure.of_energy) return true;
  return divisible(sums, count.first_column + (measure.kind == Kind::kScored ? 2 : 0));
}

double weight_of_largest(const UnitSums& sums, std::size_t column) {
  std::vector<double> values;
  values.reserve(sums.units);
  for (std::size_t i = column; i < sums.by_unit.size(); i += sums.columns) {
    values.push_back(sums.by_unit[i]);
  }
  if (values.size() < 2 || !never_below_zero(sums, column)) return 0.0;
  const auto largest = static_cast<std::ptrdiff_t>((values.size() + 99) / 100);
  std::ranges::nth_element(values, values.begin() + largest, std::greater());
  const double whole = std::accumulate(values.begin(), values.end(), 0.0);
  const double part = std::accumulate(values.begin(), values.begin() + largest, 0.0);
  // One of a handful is a hundredth of nothing.
  return whole > 0.0 && values.size() >= kSomeUnits ? part / whole : 0.0;
}

Limits mean_limits(const UnitSums& sums, std::size_t column, const Statistic& value, Scale scale) {
  const bool positive = never_below_zero(sums, column);
  const double estimate = value(sums.totals());
  if (!positive && !(estimate > 0.0)) return {{}, {}, "student", kNotPositive};
  const bool logarithmic = scale == Scale::kLog && positive && estimate > 0.0;
  Limits limits = student_limits(sums, value, logarithmic ? Scale::kLog : Scale::kPlain);
  if (limits.low) limits.low = std::max(*limits.low, 0.0);
  return limits;
}

Limits closed_form_limits(const Measure& measure, const Count& count, const UnitSums& sums,
                          bool binary) {
  const Statistic value = statistic(measure, count);
  if (measure.kind == Kind::kRatio) {
    return mean_limits(sums, count.first_column, value,
                       measure.per_record ? Scale::kPlain : Scale::kLog);
  }
  Limits accuracy = share_limits(count, sums, binary);
  if (measure.kind != Kind::kScored) return accuracy;
  if (!few_answers(count, sums)) return student_limits(sums, value, Scale::kLog);
  const Statistic cost = [&measure, first = count.first_column](std::span<const double> all) {
    return measure.cost(all.data() + first);
  };
  Limits paid = student_limits(sums, cost, Scale::kPlain);
  if (paid.low && !(*paid.low > 0.0)) paid.low = student_limits(sums, cost, Scale::kLog).low;
  if (!accuracy.low || !paid.low) return Limits{{}, {}, "mover", paid.reason};
  const std::vector<double> totals = sums.totals();
  const Statistic mean_score = mean_of(count.first_column);
  const Estimate share{mean_score(totals), *accuracy.low, *accuracy.high};
  return mover_ratio(share, {cost(totals), *paid.low, *paid.high},
                     jackknife_correlation(sums, mean_score, cost));
}

core::Result<void> check(const Sample& sample, const FigureOptions& options) {
  using core::ErrorCode;
  if (options.resamples < 100 || options.units < 2) {
    return core::fail(ErrorCode::kUsage,
                      "figures not computed: fewer than 100 resamples or 2 units (ask for more)");
  }
  const std::size_t n = sample.size();
  const auto fits = [n](const auto& column) { return column.empty() || column.size() == n; };
  bool same = fits(sample.cluster) && fits(sample.repeat) && fits(sample.task) &&
              fits(sample.started) && fits(sample.ended) && fits(sample.latency) &&
              fits(sample.latency_sent) && fits(sample.delay) && fits(sample.good) &&
              fits(sample.ttft) && fits(sample.tpot) && fits(sample.prompt_tokens) &&
              fits(sample.output_tokens);
  same = same && fits(sample.usd);
  for (const EnergyColumns& part : sample.energy) {
    same = same && fits(part.active_j) && fits(part.total_j) && fits(part.power_w);
  }
  if (!same || n >= std::numeric_limits<std::uint32_t>::max()) {
    return core::fail(ErrorCode::kUsage,
                      "figures not computed: columns of different lengths (fill all or none)");
  }
  const auto wrong = [](float score) { return score < 0.0F || score > 1.0F; };
  if (std::ranges::any_of(sample.score, wrong)) {
    return core::fail(ErrorCode::kUsage, "figures not computed: a score outside [0, 1]");
  }
  return {};
}

void widen(record::Figure& figure, double systematic) {
  if (!(systematic > 0.0) || !figure.value) return;
  const double value = *figure.value;
  const double error = kZ95 * systematic;
  const auto moved = [&](double limit, double direction) {
    if (!(value > 0.0) || !(limit > 0.0)) return limit * std::exp(direction * error);
    return value * std::exp(direction * std::hypot(std::log(limit / value), error));
  };
  if (figure.low) figure.low_total = moved(*figure.low, -1.0);
  if (figure.high) figure.high_total = moved(*figure.high, 1.0);
}

}  // namespace ipw::metrics
