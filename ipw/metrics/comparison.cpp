// Both sides' measures side by side in one set of unit sums, so that a resampled question brings
// its records of both runs along.
#include "ipw/metrics/comparison.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "ipw/core/random.h"
#include "ipw/metrics/bootstrap.h"
#include "ipw/metrics/interval.h"
#include "ipw/metrics/linear.h"
#include "ipw/metrics/measure.h"
#include "ipw/metrics/student.h"
#include "ipw/metrics/tally.h"

namespace ipw::metrics {
namespace {

/// The same measure of both runs, and where its sums stand: a's terms first, b's behind them.
struct Pair {
  const Measure* a = nullptr;
  const Measure* b = nullptr;
  Count count_a;
  Count count_b;
};

struct Side {
  const Sample& sample;
  std::vector<std::uint32_t> records;  // of clusters that both sides have
  std::vector<Measure> table;
  bool binary = true;

  explicit Side(const Sample& whole) : sample(whole) {}

  void keep(const std::vector<bool>& shared) {
    for (std::uint32_t i = 0; i < sample.size(); ++i) {
      if (!shared[sample.cluster[i]]) continue;
      records.push_back(i);
      const float score = sample.score[i];
      binary = binary && (std::isnan(score) || score == 0.0F || score == 1.0F);
    }
    table = measures(sample, records);
  }
};

std::vector<bool> clusters_of(const Sample& sample, std::size_t clusters) {
  std::vector<bool> has(clusters, false);
  for (const std::uint32_t cluster : sample.cluster) has[cluster] = true;
  return has;
}

std::size_t repeats_of(const Sample& sample) {
  return sample.repeat.empty() ? 1 : std::ranges::max(sample.repeat) + std::size_t{1};
}

/// The last measure of this name and source, or of this name alone: of several sources the mixed.
const Measure* find_measure(const std::vector<Measure>& table, const std::string& name,
                            std::optional<record::Source> source) {
  const Measure* found = nullptr;
  for (const Measure& measure : table) {
    if (measure.name != name || !measure.absent.empty()) continue;
    if (!source || measure.provenance.source == *source) found = &measure;
  }
  return found;
}

/// Measures of one source first; of energies whose sources differ, one mixed pair.
std::vector<Pair> matched(const Side& a, const Side& b) {
  std::vector<Pair> pairs;
  for (const Measure& left : a.table) {
    if (!left.absent.empty()) continue;
    if (const Measure* right = find_measure(b.table, left.name, left.provenance.source)) {
      pairs.push_back({&left, right, {}, {}});
    } else if (find_measure(a.table, left.name, std::nullopt) == &left) {
      const Measure* other = find_measure(b.table, left.name, std::nullopt);
      if (other != nullptr) pairs.push_back({&left, other, {}, {}});
    }
  }
  return pairs;
}

class Computation {
 public:
  Computation(const Sample& a, const Sample& b, const ComparisonOptions& options)
      : a_(a), b_(b), options_(options) {
    const std::size_t clusters = 1U + std::max(a.cluster.empty() ? 0 : std::ranges::max(a.cluster),
                                               b.cluster.empty() ? 0 : std::ranges::max(b.cluster));
    const std::vector<bool> in_a = clusters_of(a, clusters);
    const std::vector<bool> in_b = clusters_of(b, clusters);
    dense_.resize(clusters);
    std::vector<bool> shared(clusters, false);
    for (std::size_t i = 0; i < clusters; ++i) {
      shared[i] = in_a[i] && in_b[i];
      if (shared[i]) dense_[i] = static_cast<std::uint32_t>(result_.pairs++);
      result_.only_a += in_a[i] && !in_b[i] ? 1 : 0;
      result_.only_b += in_b[i] && !in_a[i] ? 1 : 0;
    }
    a_.keep(shared);
    b_.keep(shared);
  }

  Comparison run() {
    std::vector<Pair> pairs = matched(a_, b_);
    const UnitSums sums = add_up(pairs);
    const std::vector<double> totals = sums.totals();
    const std::vector<Limits> limits = limits_of(pairs, sums);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const double value = drowned(pairs[i], sums) ? kNaN : statistic_of(pairs[i])(totals);
      result_.figures.push_back(figure(pairs[i], value, limits[i]));
      record::Figure& found = result_.figures.back().figure;
      if (!found.value || !heavy_tailed(pairs[i], sums)) continue;
      found.reason += found.reason.empty() ? "" : "; ";
      found.reason +=
          "heavy tail: a hundredth of the answers makes up more than a quarter of the sum, and the "
          "interval holds the ratio less often than 95 %: compare the medians (p50) in the reports";
    }
    return std::move(result_);
  }

 private:
  UnitSums add_up(std::vector<Pair>& pairs) const {
    std::size_t columns = 0;
    for (const Pair& pair : pairs) columns += pair.a->terms + pair.b->terms;
    const auto clusters = static_cast<std::size_t>(result_.pairs);
    const auto unit_of = units_of_clusters(clusters, options_.bootstrap.units,
                                           core::derive_seed(options_.bootstrap.seed, "units"));
    const std::size_t units = unit_of.empty() ? 0 : std::ranges::max(unit_of) + std::size_t{1};
    const std::size_t repeats = repeats_of(a_.sample);
    UnitSums sums(units, columns, repeats == repeats_of(b_.sample) ? repeats : 1);
    std::size_t column = 0;
    for (Pair& pair : pairs) {
      const std::vector<bool> in_a = taking_part(a_, *pair.a);
      const std::vector<bool> in_b = taking_part(b_, *pair.b);
      pair.count_a = add_side(a_, *pair.a, in_b, unit_of, column, sums);
      column += pair.a->terms;
      pair.count_b = add_side(b_, *pair.b, in_a, unit_of, column, sums);
      column += pair.b->terms;
      pair.count_a.clusters = 0;
      for (std::size_t i = 0; i < clusters; ++i) {
        pair.count_a.clusters += in_a[i] && in_b[i] ? 1 : 0;
      }
      pair.count_b.clusters = pair.count_a.clusters;
    }
    return sums;
  }

  [[nodiscard]] std::vector<bool> taking_part(const Side& side, const Measure& measure) const {
    std::vector<bool> part(static_cast<std::size_t>(result_.pairs), false);
    double terms[kMaxTerms];
    for (const std::uint32_t record : side.records) {
      if (measure.read(record, terms)) part[dense_[side.sample.cluster[record]]] = true;
    }
    return part;
  }

  /// Only of clusters that the other side has this measure of, too.
  Count add_side(const Side& side, const Measure& measure, const std::vector<bool>& other,
                 std::span<const std::uint32_t> unit_of, std::size_t column, UnitSums& sums) const {
    Count count{.first_column = column};
    double terms[kMaxTerms];
    for (const std::uint32_t record : side.records) {
      const std::uint32_t cluster = dense_[side.sample.cluster[record]];
      if (!other[cluster] || !measure.read(record, terms)) continue;
      ++count.records;
      const std::size_t repeat = sums.repeats == 1 ? 0 : side.sample.repeat[record];
      for (std::size_t t = 0; t < measure.terms; ++t) {
        sums.add(unit_of[cluster], repeat, column + t, terms[t]);
      }
    }
    return count;
  }

  static Statistic statistic_of(const Pair& pair) {
    const Statistic a = statistic(*pair.a, pair.count_a);
    const Statistic b = statistic(*pair.b, pair.count_b);
    if (is_share(pair.a->kind)) {
      return [a, b](std::span<const double> sums) { return a(sums) - b(sums); };
    }
    return [a, b](std::span<const double> sums) { return a(sums) / b(sums); };
  }

  static bool drowned(const Pair& pair, const UnitSums& sums) {
    return !divisible(*pair.a, pair.count_a, sums) || !divisible(*pair.b, pair.count_b, sums);
  }

  [[nodiscard]] std::vector<Limits> limits_of(const std::vector<Pair>& pairs,
                                              const UnitSums& sums) const {
    std::vector<Limits> limits(pairs.size());
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      limits[i] =
          drowned(pairs[i], sums) ? Limits{{}, {}, {}, kDrowned} : limits_of(pairs[i], sums);
    }
    return limits;
  }

  /// A difference of shares is Newcombe's, of Wilson's limits or of what stands for them. A ratio
  /// is that of its logarithm over the pairs, and where few answers are right or wrong MOVER of
  /// both runs' limits.
  [[nodiscard]] Limits limits_of(const Pair& pair, const UnitSums& sums) const {
    if (pair.count_a.records == 0 || pair.count_b.records == 0) return {{}, {}, {}, "no pairs"};
    const Kind kind = pair.a->kind;
    const bool few = kind != Kind::kRatio &&
                     (few_answers(pair.count_a, sums) || few_answers(pair.count_b, sums));
    if (!is_share(kind) && !few) {
      Limits limits = student_limits(sums, statistic_of(pair), Scale::kLog);
      limits.method = "paired-student";
      return limits;
    }
    const Limits a = closed_form_limits(*pair.a, pair.count_a, sums, a_.binary);
    const Limits b = closed_form_limits(*pair.b, pair.count_b, sums, b_.binary);
    if (!a.low || !a.high || !b.low || !b.high) return {{}, {}, "mover", a.reason};
    const Statistic value_a = statistic(*pair.a, pair.count_a);
    const Statistic value_b = statistic(*pair.b, pair.count_b);
    const std::vector<double> totals = sums.totals();
    const Estimate left{value_a(totals), *a.low, *a.high};
    const Estimate right{value_b(totals), *b.low, *b.high};
    const double correlation = jackknife_correlation(sums, value_a, value_b);
    const auto n = static_cast<double>(pair.count_a.clusters);
    if (is_share(kind)) return newcombe_paired(left, right, correlation, n);
    if (!(right.low > 0.0)) return {{}, {}, "mover", "the second run has no right answer"};
    if (left.value > 0.0) return scored_limits(pair, sums, n);
    return mover_ratio(
        left, right,
        corrected_phi(correlation, share(pair.count_a, totals), share(pair.count_b, totals), n));
  }

  // ln of a ratio of scores per cost is linear in the logarithms of the two scores and the two
  // costs: MOVER of Wilson's limits and the costs', with all their correlations over the pairs, of
  // which that of the scores is Newcombe's.
  [[nodiscard]] Limits scored_limits(const Pair& pair, const UnitSums& sums, double n) const {
    const std::vector<double> totals = sums.totals();
    std::vector<Statistic> parts;
    std::vector<Estimate> estimates;
    const auto add = [&](const Limits& limits) {
      const double value = std::log(parts.back()(totals));
      estimates.push_back({value, std::log(*limits.low), std::log(*limits.high)});
    };
    for (const bool first_run : {true, false}) {
      const Measure* measure = first_run ? pair.a : pair.b;
      const Count& count = first_run ? pair.count_a : pair.count_b;
      const std::size_t first = count.first_column;
      parts.emplace_back(
          [first](std::span<const double> all) { return all[first] / all[first + 1]; });
      add(share_limits(count, sums, first_run ? a_.binary : b_.binary));
      parts.emplace_back(
          [measure, first](std::span<const double> all) { return measure->cost(&all[first]); });
      const Limits cost = student_limits(sums, parts.back(), Scale::kLog);
      if (!cost.low) return {{}, {}, "mover", cost.reason};
      add(cost);
    }
    const std::size_t size = parts.size();
    std::vector<double> correlation(size * size, 0.0);
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j) {
        correlation[size * i + j] = jackknife_correlation(sums, parts[i], parts[j]);
      }
    }
    double& of_scores = correlation[2];
    of_scores = corrected_phi(of_scores, parts[0](totals), parts[2](totals), n);
    correlation[2 * size] = of_scores;
    const Limits limits = mover_linear(std::vector{1.0, -1.0, -1.0, 1.0}, estimates, correlation);
    return {std::exp(*limits.low), std::exp(*limits.high), "mover", {}};
  }

  static bool heavy_tailed(const Pair& pair, const UnitSums& sums) {
    if (is_share(pair.a->kind)) return false;
    const std::size_t column = pair.a->kind == Kind::kScored ? 2 : 0;
    return std::max(weight_of_largest(sums, pair.count_a.first_column + column),
                    weight_of_largest(sums, pair.count_b.first_column + column)) >= kHeavyTail;
  }

  static double share(const Count& count, const std::vector<double>& totals) {
    return totals[count.first_column] / totals[count.first_column + 1];
  }

  [[nodiscard]] NamedFigure figure(const Pair& pair, double value, const Limits& limits) const {
    const bool difference = is_share(pair.a->kind);
    record::Figure figure;
    figure.unit = "1";
    figure.n = pair.count_a.clusters;
    figure.provenance = pair.a->provenance;
    figure.provenance.disturbed |= pair.b->provenance.disturbed;
    if (pair.a->provenance.method != pair.b->provenance.method) {
      figure.provenance.method += " / " + pair.b->provenance.method;
    }
    figure.reason = limits.reason;
    if (pair.a->provenance.source != pair.b->provenance.source) {
      figure.provenance.source = record::Source::kMixed;
      figure.reason += figure.reason.empty() ? "" : "; ";
      figure.reason += "the two runs were not measured alike";
    }
    if (std::isfinite(value)) {
      figure.value = value;
      figure.low = limits.low;
      figure.high = limits.high;
      figure.interval = limits.method;
      widen(figure,
            options_.same_devices ? 0.0 : std::hypot(pair.a->systematic, pair.b->systematic));
    } else if (figure.reason.empty()) {
      figure.reason = "divided by zero";
    }
    return {pair.a->name + (difference ? "_difference" : "_ratio"), std::move(figure)};
  }

  Side a_;
  Side b_;
  const ComparisonOptions& options_;
  std::vector<std::uint32_t> dense_;  // cluster -> index among the shared ones
  Comparison result_;
};

}  // namespace

core::Result<Comparison> compare(const Sample& a, const Sample& b,
                                 const ComparisonOptions& options) {
  IPW_CHECK(check(a, options.bootstrap));
  IPW_CHECK(check(b, options.bootstrap));
  if (a.cluster.size() != a.size() || b.cluster.size() != b.size()) {
    return core::fail(core::ErrorCode::kUsage,
                      "runs not compared: no cluster index says which questions are the same");
  }
  return Computation(a, b, options).run();
}

}  // namespace ipw::metrics
