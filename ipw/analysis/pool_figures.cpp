// One pass over the scores of each model, then counting.
#include "ipw/analysis/pool_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "ipw/metrics/bootstrap.h"
#include "ipw/metrics/interval.h"
#include "ipw/metrics/tally.h"

namespace ipw::analysis {

using metrics::Mark;
using metrics::MarkCounts;
using metrics::Marks;
using record::Figure;

Figure absent(std::string reason) {
  Figure figure;
  figure.unit = "1";
  figure.reason = std::move(reason);
  return figure;
}

PoolFigures::PoolFigures(const Outcomes& outcomes, double adequate, double missing_limit)
    : outcomes_(outcomes), adequate_(adequate), missing_limit_(missing_limit) {
  marks_.reserve(outcomes.models.size());
  for (const ModelOutcomes& model : outcomes.models) marks_.push_back(marks_from(model.score));
}

std::vector<Mark> PoolFigures::marks_from(const std::vector<float>& scores) const {
  const auto adequate = static_cast<float>(adequate_);
  std::vector<Mark> marks;
  marks.reserve(scores.size());
  for (const float score : scores) {
    const Mark judged = score >= adequate ? Mark::kRight : Mark::kWrong;
    marks.push_back(std::isnan(score) ? Mark::kUnknown : judged);
  }
  return marks;
}

bool PoolFigures::graded(const Models& models) const {
  const auto between = [](float score) { return score > 0.0F && score < 1.0F; };
  return std::ranges::any_of(models, [&](std::size_t m) {
    return std::ranges::any_of(outcomes_.models[m].score, between);
  });
}

std::vector<Marks> PoolFigures::marks_of(const Models& models) const {
  std::vector<Marks> all;
  all.reserve(models.size());
  for (const std::size_t m : models) all.emplace_back(marks_[m]);
  return all;
}

std::vector<Mark> PoolFigures::covered_by(const Models& models) const {
  return metrics::pooled(marks_of(models), questions());
}

std::vector<Mark> PoolFigures::wins_or_ties(const Models& models, std::size_t reference) const {
  const std::vector<float>& scores = outcomes_.models[reference].score;
  std::vector<Mark> wins(questions(), Mark::kWrong);
  for (std::size_t i = 0; i < wins.size(); ++i) {
    float best = -1.0F;
    bool unknown = std::isnan(scores[i]);
    const float least = unknown ? 1.0F : scores[i];  // nobody exceeds 1
    for (const std::size_t m : models) {
      const float score = outcomes_.models[m].score[i];
      unknown = unknown || std::isnan(score);
      if (score > best) best = score;
    }
    if (unknown) wins[i] = Mark::kUnknown;
    if (best >= least) wins[i] = Mark::kRight;
  }
  return wins;
}

std::size_t PoolFigures::best_single(const Models& models) const {
  const auto place = [this](std::size_t m) {
    const MarkCounts counts = metrics::count(marks_[m]);
    const std::int64_t known = counts.right + counts.wrong;
    const double accuracy =
        known == 0 ? -1.0 : static_cast<double>(counts.right) / static_cast<double>(known);
    return std::pair(-accuracy, outcomes_.models[m].label());
  };
  return *std::ranges::min_element(models, {}, place);
}

Figure PoolFigures::with_verdicts(Figure figure, const Models& models) const {
  std::vector<record::Provenance> verdicts;
  verdicts.reserve(models.size());
  for (const std::size_t m : models) verdicts.push_back(outcomes_.models[m].verdicts);
  figure.provenance = combined(verdicts);
  return figure;
}

Figure PoolFigures::share(Marks marks, const Models& models) const {
  const MarkCounts counts = metrics::count(marks);
  if (models.size() > 1) return covered(counts, models);
  return with_verdicts(metrics::share_right(counts, missing_limit_), models);
}

Figure PoolFigures::share(std::int64_t count, const Models& models, std::int64_t undecided) const {
  const auto all = static_cast<std::int64_t>(questions());
  return with_verdicts(
      metrics::share_right({.right = count, .wrong = all - count - undecided, .unknown = undecided},
                           missing_limit_),
      models);
}

Figure PoolFigures::covered(const MarkCounts& counts, const Models& models) const {
  return with_verdicts(metrics::share_covered(counts, missing_limit_), models);
}

Figure PoolFigures::win_or_tie(const Models& models, std::size_t reference) const {
  Models all = models;
  all.push_back(reference);
  return with_verdicts(share(wins_or_ties(models, reference), models), all);
}

Figure PoolFigures::difference(Marks a, Marks b, const Models& models) const {
  return with_verdicts(metrics::paired_difference(metrics::count_pairs(a, b), missing_limit_),
                       models);
}

Figure PoolFigures::mean_score(std::size_t m) const {
  const std::vector<float>& scores = outcomes_.models[m].score;
  const std::int64_t known =
      std::ranges::count_if(scores, [](float score) { return !std::isnan(score); });
  if (known < 2) return absent("fewer than two verdicts");
  metrics::UnitSums sums(static_cast<std::size_t>(known), 2, 1);
  std::size_t unit = 0;
  for (const float score : scores) {
    if (std::isnan(score)) continue;
    sums.add(unit, 0, 0, static_cast<double>(score));
    sums.add(unit++, 0, 1, 1.0);
  }
  const std::vector<double> totals = sums.totals();
  const metrics::Limits limits =
      metrics::share_limits({.first_column = 0, .records = known, .clusters = known}, sums, false);
  Figure figure = absent("");
  figure.value = totals[0] / totals[1];
  figure.low = limits.low;
  figure.high = limits.high;
  figure.n = known;
  figure.interval = limits.method;
  return with_verdicts(std::move(figure), {m});
}

Figure PoolFigures::chance_floor(std::size_t models,
                                 const std::vector<std::size_t>* questions) const {
  if (questions == nullptr || outcomes_.options.empty()) {
    return metrics::chance_floor(outcomes_.options, models);
  }
  std::vector<float> options;
  options.reserve(questions->size());
  for (const std::size_t i : *questions) options.push_back(outcomes_.options[i]);
  return metrics::chance_floor(options, models);
}

std::optional<Figure> PoolFigures::held_out(const Models& models) const {
  Models second;
  for (const std::size_t m : models) {
    const ModelOutcomes& first = outcomes_.models[m];
    const auto found = std::ranges::find_if(outcomes_.models, [&](const ModelOutcomes& other) {
      return other.repeat == first.repeat + 1 && other.model == first.model &&
             other.hardware == first.hardware && other.batch == first.batch;
    });
    if (found == outcomes_.models.end()) return std::nullopt;
    second.push_back(static_cast<std::size_t>(found - outcomes_.models.begin()));
  }
  const std::vector<float> one = metrics::held_out(marks_of(models), marks_of(second), questions());
  const std::vector<float> two = metrics::held_out(marks_of(second), marks_of(models), questions());
  double sum = 0.0;
  std::int64_t known = 0;
  for (std::size_t i = 0; i < questions(); ++i) {
    if (std::isnan(one[i])) continue;
    sum += 0.5 * static_cast<double>(one[i] + two[i]);
    ++known;
  }
  if (known == 0) return absent("no question has both repeats of all models");
  const metrics::Limits limits = metrics::wilson(sum, static_cast<double>(known));
  Figure figure = absent("the model is chosen on one repeat and scored on another");
  figure.value = sum / static_cast<double>(known);
  figure.low = limits.low;
  figure.high = limits.high;
  figure.n = known;
  figure.interval = limits.method;
  if (const auto all = static_cast<std::int64_t>(questions()); known < all) {
    figure.reason += fmt::format("; {} questions lack a verdict and are left out", all - known);
  }
  return with_verdicts(std::move(figure), models);
}

}  // namespace ipw::analysis
