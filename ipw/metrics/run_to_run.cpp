// See run_to_run.h.
#include "ipw/metrics/run_to_run.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "ipw/metrics/distribution.h"

namespace ipw::metrics {
namespace {

struct Spread {
  double mean = 0.0;
  double deviation = 0.0;   // of one value
  double half_width = 0.0;  // of the mean's 95 % interval
};

double mean(std::span<const double> values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Of two values or more.
Spread spread_of(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  Spread spread{.mean = mean(values)};
  double squares = 0.0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.deviation = std::sqrt(squares / (n - 1.0));
  spread.half_width = student_quantile(0.975, n - 1.0) * spread.deviation / std::sqrt(n);
  return spread;
}

const record::Figure* same_figure(const std::vector<NamedFigure>& figures,
                                  const NamedFigure& wanted) {
  const auto found = std::ranges::find_if(figures, [&](const NamedFigure& figure) {
    return figure.name == wanted.name &&
           figure.figure.provenance.source == wanted.figure.provenance.source;
  });
  return found == figures.end() ? nullptr : &found->figure;
}

// Where the pairs have a figure: it, on the scale on which it is averaged, and its sides.
struct Side {
  std::vector<double> values;
  std::vector<double> below;  // value less low
  std::vector<double> above;
  bool limited = true;     // every pair has both limits
  bool disturbed = false;  // any pair is
};

double on_scale(double value, bool ratio) { return ratio ? std::log(value) : value; }
double off_scale(double value, bool ratio) { return ratio ? std::exp(value) : value; }

std::optional<Side> side_of(std::span<const Comparison> pairs, const NamedFigure& wanted,
                            bool ratio) {
  Side side;
  for (const Comparison& pair : pairs) {
    const record::Figure* figure = same_figure(pair.figures, wanted);
    if (figure == nullptr || !figure->value || (ratio && *figure->value <= 0.0)) {
      return std::nullopt;
    }
    side.disturbed = side.disturbed || figure->provenance.disturbed;
    const double value = on_scale(*figure->value, ratio);
    side.values.push_back(value);
    if (!figure->low || !figure->high || (ratio && *figure->low <= 0.0)) {
      side.limited = false;
      continue;
    }
    side.below.push_back(value - on_scale(*figure->low, ratio));
    side.above.push_back(on_scale(*figure->high, ratio) - value);
  }
  return side;
}

record::Figure combined_figure(std::span<const Comparison> pairs, const NamedFigure& first) {
  const bool ratio = first.name.ends_with("_ratio");
  record::Figure figure = first.figure;
  figure.value = figure.low = figure.high = figure.low_total = figure.high_total = std::nullopt;
  const std::optional<Side> side = side_of(pairs, first, ratio);
  if (!side) {
    figure.reason = "not every pair of runs has it";
    return figure;
  }
  const Spread runs = spread_of(side->values);
  figure.value = off_scale(runs.mean, ratio);
  figure.provenance.disturbed = side->disturbed;
  if (!side->limited) {
    figure.reason = "not every pair of runs has limits";
    return figure;
  }
  const double least = ratio ? 0.0 : -1.0;  // a difference of shares lies within -1 and 1
  const double most = ratio ? HUGE_VAL : 1.0;
  figure.low =
      std::max(least, off_scale(runs.mean - std::hypot(mean(side->below), runs.half_width), ratio));
  figure.high =
      std::min(most, off_scale(runs.mean + std::hypot(mean(side->above), runs.half_width), ratio));
  figure.interval += ", run-to-run";
  return figure;
}

}  // namespace

std::vector<RunToRun> run_to_run(std::span<const std::vector<NamedFigure>> runs) {
  std::vector<RunToRun> result;
  if (runs.size() < 2) return result;
  for (const NamedFigure& first : runs.front()) {
    std::vector<double> values;
    bool disturbed = false;
    for (const std::vector<NamedFigure>& run : runs) {
      const record::Figure* figure = same_figure(run, first);
      if (figure == nullptr || !figure->value) break;
      values.push_back(*figure->value);
      disturbed = disturbed || figure->provenance.disturbed;
    }
    if (values.size() != runs.size()) continue;
    const Spread spread = spread_of(values);
    record::Figure figure;
    figure.unit = first.figure.unit;
    figure.provenance = first.figure.provenance;
    figure.provenance.disturbed = disturbed;
    figure.n = static_cast<std::int64_t>(values.size());
    figure.value = spread.mean;
    figure.low = spread.mean - spread.half_width;
    figure.high = spread.mean + spread.half_width;
    if (std::ranges::min(values) >= 0.0) figure.low = std::max(*figure.low, 0.0);
    if (first.name.starts_with("accuracy")) figure.high = std::min(*figure.high, 1.0);
    figure.interval = "student, run-to-run";
    result.push_back({first.name, std::move(figure), spread.deviation});
  }
  return result;
}

Comparison combined(std::span<const Comparison> pairs) {
  Comparison result = pairs.front();
  if (pairs.size() == 1) return result;
  for (NamedFigure& named : result.figures) named.figure = combined_figure(pairs, named);
  return result;
}

}  // namespace ipw::metrics
