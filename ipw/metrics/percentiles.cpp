// One sort per column; what depends on groups is one pass per percentile.
#include "ipw/metrics/percentiles.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "ipw/metrics/interval.h"

namespace ipw::metrics {
namespace {

/// How many independent observations the share of values above `threshold` rests on.
double effective_size(std::span<const float> column, Records records,
                      std::span<const std::uint32_t> groups, std::size_t group_count,
                      double threshold, std::size_t n) {
  struct Tally {
    float above = 0.0F;
    float count = 0.0F;
  };
  std::vector<Tally> tallies(group_count);
  double above = 0.0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const float value = column[records[i]];
    if (!std::isfinite(value)) continue;
    const float exceeds = static_cast<double>(value) > threshold ? 1.0F : 0.0F;
    tallies[groups[i]].above += exceeds;
    tallies[groups[i]].count += 1.0F;
    above += static_cast<double>(exceeds);
  }
  const double count = static_cast<double>(n);
  const double share = above / count;
  double squares = 0.0;
  for (const Tally& tally : tallies) {
    squares +=
        std::pow(static_cast<double>(tally.above) - share * static_cast<double>(tally.count), 2);
  }
  const double inflation = squares / (count * share * (1.0 - share));
  return std::isfinite(inflation) ? count / std::max(inflation, 1.0) : count;
}

}  // namespace

std::vector<NamedFigure> percentile_figures(const std::string& name, const std::string& unit,
                                            std::span<const float> column, Records records,
                                            std::span<const std::uint32_t> groups,
                                            std::size_t group_count) {
  static constexpr std::array<std::pair<const char*, double>, 4> kPercentiles{
      {{"_p50", .50}, {"_p90", .90}, {"_p95", .95}, {"_p99", .99}}};
  std::vector<float> sorted;
  if (!column.empty()) {
    for (const std::uint32_t record : records) {
      if (std::isfinite(column[record])) sorted.push_back(column[record]);
    }
  }
  std::ranges::sort(sorted);
  std::vector<NamedFigure> figures;
  for (const auto& [suffix, p] : kPercentiles) {
    record::Figure figure;
    figure.unit = unit;
    figure.interval = "order-statistic";
    figure.n = static_cast<std::int64_t>(sorted.size());
    figure.provenance.method = "clock";
    if (sorted.empty()) {
      figure.reason = "nothing was timed";
    } else {
      figure.value = quantile(sorted, p);
      const double effective =
          group_count >= sorted.size()
              ? static_cast<double>(sorted.size())
              : effective_size(column, records, groups, group_count, *figure.value, sorted.size());
      Limits limits = order_statistic_limits(sorted, p, effective);
      figure.low = limits.low;
      figure.high = limits.high;
      figure.reason = std::move(limits.reason);
    }
    figures.push_back({name + suffix, std::move(figure)});
  }
  return figures;
}

}  // namespace ipw::metrics
