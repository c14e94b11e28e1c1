// Contrasts that use the same cells share one set of unit sums and one draw of the bootstrap.
#include "ipw/analysis/paired_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "ipw/core/random.h"
#include "ipw/metrics/contrast.h"

namespace ipw::analysis {
namespace {

using metrics::ContrastSample;

std::vector<std::size_t> used_cells(const Contrast& contrast) {
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < contrast.weights.size(); ++i) {
    if (contrast.weights[i] != 0.0 || (!contrast.whole.empty() && contrast.whole[i] != 0.0)) {
      used.push_back(i);
    }
  }
  return used;
}

class Group {
 public:
  Group(const Cells& cells, std::vector<std::size_t> used) : cells_(cells), used_(std::move(used)) {
    quantity_ = cells.per == Per::kWatt ? Quantity::kWatts : Quantity::kJoules;
    for (const std::size_t i : used_) {
      for (const std::size_t model : cells.cells[i].models) {
        const ModelOutcomes& outcomes = cells.outcomes->models[model];
        if (!outcomes.of(quantity_).empty()) continue;
        reason_ = fmt::format("not identified: {} has no {}", outcomes.label(), name(quantity_));
      }
    }
    if (reason_.empty()) read();
  }

  std::vector<record::Figure> figures(const std::vector<Contrast>& contrasts) {
    std::vector<record::Figure> result(contrasts.size());
    for (record::Figure& figure : result) {
      figure.unit = "1";
      figure.n = static_cast<std::int64_t>(sample_.questions);
      figure.provenance = provenance_;
      figure.reason = reason_;
    }
    if (!reason_.empty()) return result;
    std::vector<metrics::LogContrast> logs;
    logs.reserve(contrasts.size());
    for (const Contrast& contrast : contrasts) logs.push_back(log_contrast(contrast));
    const auto estimates = metrics::contrasts(
        sample_, logs, {core::derive_seed(cells_.seed, "bootstrap"), cells_.resamples});
    for (std::size_t i = 0; i < contrasts.size(); ++i) fill(result[i], estimates[i]);
    return result;
  }

 private:
  // The questions that every cell has answered in every repeat, with what it cost.
  void read() {
    const Outcomes& outcomes = *cells_.outcomes;
    sample_.cells = used_.size();
    std::size_t repeats = cells_.cells[used_.front()].models.size();
    for (const std::size_t i : used_) {
      if (cells_.cells[i].models.size() != repeats) repeats = 1;
    }
    sample_.repeats = repeats;
    std::size_t partly = 0;
    for (std::size_t question = 0; question < outcomes.questions.size(); ++question) {
      const bool whole = take(question);
      partly += whole ? 0 : 1;
    }
    for (const std::size_t i : used_) merge(cells_.cells[i].provenance);
    if (sample_.questions == 0) {
      reason_ = "not identified: no question was answered, with its cost, in all cells";
    } else if (partly > 0) {
      caution_ = fmt::format("{} of {} questions are left out: not every cell has answer and cost",
                             partly, outcomes.questions.size());
    }
  }

  bool take(std::size_t question) {
    std::vector<double> scores;
    std::vector<double> costs;
    for (const std::size_t i : used_) {
      const Cell& cell = cells_.cells[i];
      // Unequal numbers of repeats: their mean stands for the cell.
      std::vector<double> score(sample_.repeats, 0.0);
      std::vector<double> cost(sample_.repeats, 0.0);
      for (std::size_t r = 0; r < cell.models.size(); ++r) {
        const ModelOutcomes& model = cells_.outcomes->models[cell.models[r]];
        const double right = model.score[question];
        const double paid = model.of(quantity_).value[question];
        if (std::isnan(right) || std::isnan(paid)) return false;
        const bool own = sample_.repeats > 1;
        const double share = own ? 1.0 : 1.0 / static_cast<double>(cell.models.size());
        score[own ? r : 0] += right * share;
        cost[own ? r : 0] += paid * share;
      }
      scores.insert(scores.end(), score.begin(), score.end());
      costs.insert(costs.end(), cost.begin(), cost.end());
    }
    sample_.score.insert(sample_.score.end(), scores.begin(), scores.end());
    sample_.cost.insert(sample_.cost.end(), costs.begin(), costs.end());
    ++sample_.questions;
    return true;
  }

  void merge(const record::Provenance& provenance) {
    if (provenance_.method.empty()) provenance_ = provenance;
    if (provenance_ == provenance) return;
    provenance_.disturbed = provenance_.disturbed || provenance.disturbed;
    if (provenance_.source != provenance.source) provenance_.source = record::Source::kMixed;
    if (provenance_.method.find(provenance.method) == std::string::npos) {
      provenance_.method += " / " + provenance.method;
    }
  }

  [[nodiscard]] metrics::LogContrast log_contrast(const Contrast& contrast) const {
    metrics::LogContrast log;
    for (const std::size_t i : used_) {
      const double weight = contrast.weights[i];
      const bool both = contrast.component == Component::kRate;
      log.accuracy.push_back(both || contrast.component == Component::kAccuracy ? weight : 0.0);
      log.cost.push_back(both || contrast.component == Component::kCost ? -weight : 0.0);
      if (!contrast.whole.empty()) log.whole.push_back(contrast.whole[i]);
    }
    return log;
  }

  void fill(record::Figure& figure, const metrics::ContrastEstimate& estimate) const {
    figure.reason = estimate.limits.reason;
    if (!std::isfinite(estimate.value)) {
      if (figure.reason.empty()) {
        figure.reason = fmt::format(
            "not identified: one of the cells has no right answer, or a mean of {} that is not "
            "above zero",
            name(quantity_));
      }
      return;
    }
    figure.value = estimate.value;
    figure.low = estimate.limits.low;
    figure.high = estimate.limits.high;
    figure.interval = estimate.limits.method;
    if (!caution_.empty()) figure.reason += (figure.reason.empty() ? "" : "; ") + caution_;
    if (provenance_.source == record::Source::kMixed) {
      figure.reason += figure.reason.empty() ? "" : "; ";
      figure.reason += "the cells were not measured alike";
    }
  }

  const Cells& cells_;
  std::vector<std::size_t> used_;
  Quantity quantity_ = Quantity::kWatts;
  ContrastSample sample_;
  record::Provenance provenance_;
  std::string reason_;
  std::string caution_;
};

}  // namespace

std::vector<record::Figure> paired_figures(const Cells& cells,
                                           std::span<const Contrast> contrasts) {
  std::map<std::vector<std::size_t>, std::vector<std::size_t>> by_cells;
  for (std::size_t i = 0; i < contrasts.size(); ++i) {
    by_cells[used_cells(contrasts[i])].push_back(i);
  }
  std::vector<record::Figure> result(contrasts.size());
  for (const auto& [used, indices] : by_cells) {
    if (used.empty()) {
      for (const std::size_t i : indices) result[i].reason = "nothing is compared";
      continue;
    }
    std::vector<Contrast> own;
    own.reserve(indices.size());
    for (const std::size_t i : indices) own.push_back(contrasts[i]);
    std::vector<record::Figure> figures = Group(cells, used).figures(own);
    for (std::size_t i = 0; i < indices.size(); ++i) result[indices[i]] = std::move(figures[i]);
  }
  return result;
}

}  // namespace ipw::analysis
