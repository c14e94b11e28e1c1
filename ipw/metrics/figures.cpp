// From a sample to its figures: measures are tallied, one bootstrap serves those that need it, and
// missing verdicts decide whether there is a headline at all.
#include "ipw/metrics/figures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "ipw/core/random.h"
#include "ipw/metrics/bootstrap.h"
#include "ipw/metrics/energy_view.h"
#include "ipw/metrics/interval.h"
#include "ipw/metrics/measure.h"
#include "ipw/metrics/percentiles.h"
#include "ipw/metrics/tally.h"

namespace ipw::metrics {
namespace {

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100.0 * share);
  return text;
}

void append_reason(record::Figure& figure, const std::string& reason) {
  if (reason.empty()) return;
  if (!figure.reason.empty()) figure.reason += "; ";
  figure.reason += reason;
}

/// One list of figures in the making: the records of a run or of one of its tasks.
class Computation {
 public:
  Computation(const Sample& sample, Records records, const FigureOptions& options)
      : sample_(sample),
        records_(records),
        options_(options),
        groups_(grouping(sample, records, options)),
        measures_(measures(sample, records)),
        tally_(tally(measures_, sample, records, groups_)) {
    for (const std::uint32_t record : records) {
      const float score = sample.score[record];
      missing_ += std::isnan(score) ? 1 : 0;
      binary_ = binary_ && (std::isnan(score) || score == 0.0F || score == 1.0F);
    }
  }

  std::vector<NamedFigure> run() {
    const std::vector<Limits> limits = all_limits();
    const std::vector<double> totals = tally_.sums.totals();
    std::vector<NamedFigure> figures;
    for (std::size_t m = 0; m < measures_.size(); ++m) {
      figures.push_back({measures_[m].name, figure(m, totals, limits[m])});
      if (m == 0 && missing_ > 0) add_missing(figures);
    }
    if (missing_share() > options_.missing_limit) bound_headlines(figures);
    add_percentiles(figures);
    return figures;
  }

 private:
  [[nodiscard]] double missing_share() const {
    return static_cast<double>(missing_) / static_cast<double>(records_.size());
  }

  [[nodiscard]] std::vector<Limits> all_limits() const {
    std::vector<Limits> limits(measures_.size());
    std::vector<Statistic> statistics;
    std::vector<std::size_t> resampled;
    for (std::size_t m = 0; m < measures_.size(); ++m) {
      const Count& count = tally_.counts[m];
      if (count.records == 0) continue;
      if (!bootstrap_serves(measures_[m], count, tally_.sums)) {
        limits[m] = closed_form_limits(measures_[m], count, tally_.sums, binary_);
        continue;
      }
      statistics.push_back(statistic(measures_[m], count));
      resampled.push_back(m);
    }
    if (resampled.empty()) return limits;
    const BootstrapOptions options{core::derive_seed(options_.seed, "bootstrap"),
                                   options_.resamples};
    std::vector<Limits> drawn = bootstrap(tally_.sums, statistics, options);
    for (std::size_t i = 0; i < resampled.size(); ++i) limits[resampled[i]] = std::move(drawn[i]);
    return limits;
  }

  record::Figure figure(std::size_t m, const std::vector<double>& totals, const Limits& limits) {
    const Measure& measure = measures_[m];
    const Count& count = tally_.counts[m];
    record::Figure figure;
    figure.unit = measure.unit;
    figure.provenance = measure.provenance;
    figure.n = count.clusters;
    figure.reason = measure.absent;
    if (!measure.absent.empty()) return figure;
    const double value = measure.value(totals.data() + count.first_column);
    if (count.records == 0 || !std::isfinite(value)) {
      figure.reason = count.records == 0 ? "no record has what it takes" : "divided by zero";
      return figure;
    }
    if (measure.kind == Kind::kScored && !divisible(measure, count, tally_.sums)) {
      figure.reason = kDrowned;
      return figure;
    }
    figure.value = value;
    figure.low = limits.low;
    figure.high = limits.high;
    figure.interval = limits.method;
    figure.reason = limits.reason;
    append_reason(figure, measure.caution);
    append_reason(figure, unmeasured(measure, count));
    append_reason(figure, heavy_tail(measure, count));
    widen(figure, measure.systematic);
    return figure;
  }

  [[nodiscard]] std::string unmeasured(const Measure& measure, const Count& count) const {
    const auto all = static_cast<std::int64_t>(records_.size());
    const std::int64_t expected = measure.kind == Kind::kScored ? all - missing_ : all;
    if (!measure.of_energy || count.records >= expected) return {};
    return "of " + percent(static_cast<double>(count.records) / static_cast<double>(expected)) +
           " of the records: the others have no measured joules";
  }

  /// A mean that rests on a handful of long answers says so: its median stands beside it.
  [[nodiscard]] std::string heavy_tail(const Measure& measure, const Count& count) const {
    const bool scored = measure.kind == Kind::kScored;
    if (!measure.per_record && !scored) return {};
    const double weight = weight_of_largest(tally_.sums, count.first_column + (scored ? 2U : 0U));
    if (weight < kHeavyTail) return {};
    return "heavy tail: the largest hundredth makes up " + percent(weight) +
           " of the sum, and the mean's interval holds it less often than 95 %: read the median "
           "(p50) beside it";
  }

  /// What the accuracy would be if all missing answers were wrong, and if all were right.
  void add_missing(std::vector<NamedFigure>& figures) const {
    const double n = static_cast<double>(records_.size());
    const double right = tally_.sums.totals()[0];
    for (const auto& [name, score] :
         {std::pair{"accuracy_all_wrong", right},
          {"accuracy_all_right", right + static_cast<double>(missing_)}}) {
      const double clusters = static_cast<double>(groups_.clusters);
      const Limits limits = wilson(score / n * clusters, clusters);
      record::Figure bound;
      bound.value = score / n;
      bound.unit = "1";
      bound.low = limits.low;
      bound.high = limits.high;
      bound.n = static_cast<std::int64_t>(groups_.clusters);
      bound.provenance = measures_[0].provenance;
      bound.interval = limits.method;
      bound.reason = percent(missing_share()) + " of the verdicts are missing";
      figures.push_back({name, std::move(bound)});
    }
  }

  /// Too much is missing: figures that rest on verdicts keep only what they could be at worst and
  /// at best.
  void bound_headlines(std::vector<NamedFigure>& figures) const {
    const auto worst = counted_as(0.0);
    const auto best = counted_as(1.0);
    for (NamedFigure& named : figures) {
      const auto found = std::ranges::find_if(measures_, [&](const Measure& measure) {
        return measure.name == named.name && measure.provenance == named.figure.provenance;
      });
      if (found == measures_.end()) continue;  // the bounds of the accuracy
      const bool judged = found->kind == Kind::kAccuracy || found->kind == Kind::kScored;
      if (!judged || !found->absent.empty()) continue;
      const auto m = static_cast<std::size_t>(found - measures_.begin());
      named.figure.value.reset();
      named.figure.low_total.reset();
      named.figure.high_total.reset();
      named.figure.low.reset();
      named.figure.high.reset();
      named.figure.all_wrong = worst[m];
      named.figure.all_right = best[m];
      named.figure.interval = "missing-bounds";
      named.figure.reason = percent(missing_share()) +
                            " of the verdicts are missing: shown with all of them wrong and all "
                            "right, which is no interval (resume the run)";
    }
  }

  [[nodiscard]] std::vector<std::optional<double>> counted_as(double score) const {
    const std::vector<Measure> table = measures(sample_, records_, score);
    const Tally all = tally(table, sample_, records_, groups_);
    const std::vector<double> totals = all.sums.totals();
    std::vector<std::optional<double>> values;
    for (std::size_t m = 0; m < table.size(); ++m) {
      const double value = all.counts[m].records == 0
                               ? kNaN
                               : table[m].value(totals.data() + all.counts[m].first_column);
      values.push_back(std::isfinite(value) ? std::optional(value) : std::nullopt);
    }
    return values;
  }

  /// The same from the actual send time.
  [[nodiscard]] std::vector<float> less_delay(std::span<const float> column) const {
    std::vector<float> sent;
    if (sample_.delay.empty() || column.empty()) return sent;
    sent.reserve(column.size());
    for (std::size_t i = 0; i < column.size(); ++i) sent.push_back(column[i] - sample_.delay[i]);
    return sent;
  }

  [[nodiscard]] std::vector<float> joules_of(const EnergyView& view,
                                             double (EnergyView::*read)(std::size_t) const) const {
    std::vector<float> joules(sample_.size());
    for (std::size_t i = 0; i < joules.size(); ++i) {
      joules[i] = static_cast<float>((view.*read)(i));
    }
    return joules;
  }

  void add_percentiles(std::vector<NamedFigure>& figures) const {
    std::vector<std::uint32_t> blocks;
    if (options_.block > 0) {
      blocks.resize(records_.size());
      for (std::size_t i = 0; i < blocks.size(); ++i) {
        blocks[i] = static_cast<std::uint32_t>(i / options_.block);
      }
    }
    const std::span<const std::uint32_t> groups = options_.block > 0 ? blocks : groups_.cluster;
    const std::size_t count =
        options_.block > 0 ? records_.size() / options_.block + 1 : groups_.clusters;
    const auto add_median = [&](std::string name, const char* unit, std::span<const float> column,
                                const record::Provenance& provenance) {
      record::Figure median =
          percentile_figures("", unit, column, records_, groups, count).front().figure;
      median.provenance = provenance;
      figures.push_back({std::move(name), std::move(median)});
    };
    for (const EnergyView& view : energy_views(sample_.energy)) {
      if (view.idle_known) {
        add_median("j_per_query_p50", "J", joules_of(view, &EnergyView::total), view.provenance);
      }
      add_median("j_per_query_p50_active", "J", joules_of(view, &EnergyView::active),
                 view.provenance);
    }
    if (!sample_.output_tokens.empty()) {
      add_median("output_tokens_p50", "tokens", sample_.output_tokens,
                 {.source = record::Source::kMeasured, .method = "usage"});
    }
    if (!sample_.usd.empty()) {
      add_median("usd_per_query_p50", "USD", sample_.usd,
                 {.source = record::Source::kPublished, .method = "price-list"});
    }
    const std::vector<float> ttft_sent = less_delay(sample_.ttft);
    for (const auto& [name, unit, column] : {std::tuple{"ttft", "s", sample_.ttft},
                                             {"latency", "s", sample_.latency},
                                             {"latency_sent", "s", sample_.latency_sent},
                                             {"ttft_sent", "s", std::span(ttft_sent)},
                                             {"tpot", "s/token", sample_.tpot},
                                             {"dispatch_delay", "s", sample_.delay}}) {
      const bool of_a_schedule =
          name == std::string_view("ttft_sent") || name == std::string_view("dispatch_delay");
      if (of_a_schedule && sample_.delay.empty()) continue;
      std::ranges::move(percentile_figures(name, unit, column, records_, groups, count),
                        std::back_inserter(figures));
    }
  }

  const Sample& sample_;
  Records records_;
  const FigureOptions& options_;
  Grouping groups_;
  std::vector<Measure> measures_;
  Tally tally_;
  std::int64_t missing_ = 0;
  bool binary_ = true;
};

}  // namespace

core::Result<std::vector<NamedFigure>> figures(const Sample& sample, const FigureOptions& options) {
  IPW_CHECK(check(sample, options));
  std::vector<std::uint32_t> all(sample.size());
  std::iota(all.begin(), all.end(), 0U);
  return Computation(sample, all, options).run();
}

core::Result<std::vector<TaskFigures>> figures_by_task(const Sample& sample,
                                                       const FigureOptions& options) {
  IPW_CHECK(check(sample, options));
  std::vector<std::size_t> ends;  // of each task's stretch in `order`: a counting sort
  for (const std::uint16_t task : sample.task) {
    if (task >= ends.size()) ends.resize(task + 1U, 0);
    ++ends[task];
  }
  std::exclusive_scan(ends.begin(), ends.end(), ends.begin(), std::size_t{0});
  std::vector<std::uint32_t> order(sample.task.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[ends[sample.task[i]]++] = i;
  std::vector<TaskFigures> tasks;
  std::size_t begin = 0;
  for (std::size_t task = 0; task < ends.size(); ++task) {
    const Records records = std::span(order).subspan(begin, ends[task] - begin);
    begin = ends[task];
    if (records.empty()) continue;
    tasks.push_back(
        {static_cast<std::uint16_t>(task), Computation(sample, records, options).run()});
  }
  return tasks;
}

const record::Figure* find(const std::vector<NamedFigure>& figures, const std::string& name) {
  const record::Figure* found = nullptr;
  for (const NamedFigure& named : figures) {
    if (named.name != name) continue;
    if (named.figure.provenance.source == record::Source::kMixed) return &named.figure;
    if (found == nullptr) found = &named.figure;
  }
  return found;
}

}  // namespace ipw::metrics
