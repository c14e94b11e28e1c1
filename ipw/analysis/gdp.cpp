#include "ipw/analysis/gdp.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "ipw/metrics/interval.h"
#include "ipw/metrics/linear.h"
#include "ipw/metrics/printed.h"
#include "ipw/metrics/weighted_score.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using core::fail;

// The scores of one model against the weights.
class Weighing {
 public:
  Weighing(const DomainScores& model, const Outcomes* outcomes, const WeightTable& weights,
           const Crosswalk& crosswalk, const GdpOptions& options)
      : model_(model), outcomes_(outcomes), weights_(weights), options_(options) {
    for (const DomainScores::Domain& domain : model.domains) {
      const auto n = static_cast<double>(domain.questions);
      questions_.push_back(n);
      const metrics::Limits limits = metrics::wilson(domain.right, n);
      estimates_.push_back(domain.questions == 0
                               ? metrics::Estimate{}
                               : metrics::Estimate{domain.right / n, *limits.low, *limits.high});
      total_ += domain.questions;
    }
    for (const WeightedGroup& group : weights.groups) {
      group_weights_.push_back(group.weight);
      std::vector<double>& row = share_.emplace_back(model.domains.size(), 0.0);
      for (const CrosswalkRow& entry : crosswalk.rows) {
        for (std::size_t d = 0; d < model.domains.size(); ++d) {
          if (entry.group == group.id && entry.domain == model.domains[d].name) {
            row[d] += entry.share;
          }
        }
      }
    }
    domain_weights_ = metrics::domain_weights(group_weights_, share_, questions_);
    for (std::size_t g = 0; g < weights.groups.size(); ++g) {
      if (speaks_for(g)) reached_ += group_weights_[g];
    }
  }

  [[nodiscard]] FindingRow scores() const {
    FindingRow row{.label = model_.model, .figures = {}};
    const record::Figure weighted = score(domain_weights_);
    row.figures.push_back({"weighted_accuracy", weighted});
    std::vector<double> plain(questions_);
    for (double& n : plain) n /= std::max(static_cast<double>(total_), 1.0);
    row.figures.push_back({"accuracy", score(plain)});
    row.figures.push_back({"value_per_watt", rate(Quantity::kWatts, "1/W")});
    row.figures.push_back({"value_per_joule", rate(Quantity::kJoules, "1/J")});
    row.figures.push_back({"unmapped_all_wrong", bound(weighted, 0.0)});
    row.figures.push_back({"unmapped_all_right", bound(weighted, 1.0)});
    return row;
  }

  [[nodiscard]] FindingSection groups() const {
    FindingSection section{
        .name = "groups", .title = model_.model + ": groups, largest gap first", .rows = {}};
    for (std::size_t g = 0; g < weights_.groups.size(); ++g) {
      if (!speaks_for(g)) continue;
      const record::Figure accuracy = score(of_group(g));
      record::Figure gap = accuracy;
      const double weight = group_weights_[g];
      gap.value = weight * (1.0 - *accuracy.value);
      gap.low = weight * (1.0 - *accuracy.high);
      gap.high = weight * (1.0 - *accuracy.low);
      section.rows.push_back(
          {weights_.groups[g].title,
           {{"weight", plain_weight(weight)}, {"accuracy", accuracy}, {"gap", gap}}});
    }
    largest_first(section.rows, "gap");
    return section;
  }

  [[nodiscard]] FindingSection sensitivity() const {
    FindingSection section{
        .name = "sensitivity", .title = model_.model + ": what hangs on the weights", .rows = {}};
    for (std::size_t g = 0; g < weights_.groups.size(); ++g) {
      if (!speaks_for(g)) continue;
      FindingRow row{.label = weights_.groups[g].title, .figures = {}};
      for (const auto& [name, factor] : {std::pair("doubled", 2.0), std::pair("without", 0.0)}) {
        std::vector<double> changed = group_weights_;
        changed[g] *= factor;
        const auto weights = metrics::domain_weights(changed, share_, questions_);
        row.figures.push_back({name, score(weights)});
        std::vector<double> difference = weights;
        for (std::size_t d = 0; d < difference.size(); ++d) difference[d] -= domain_weights_[d];
        row.figures.push_back({fmt::format("{}_difference", name), score(difference)});
      }
      section.rows.push_back(std::move(row));
    }
    return section;
  }

  [[nodiscard]] bool speaks_for(std::size_t group) const {
    double speaking = 0.0;
    for (std::size_t d = 0; d < questions_.size(); ++d) {
      speaking += share_[group][d] * questions_[d];
    }
    return speaking > 0.0;
  }

  [[nodiscard]] double reached() const { return reached_; }

  [[nodiscard]] record::Figure plain_weight(double weight) const {
    record::Figure figure;
    figure.unit = "1";
    figure.value = weight;
    figure.provenance = {record::Source::kPublished, weights_.name};
    figure.reason = "";
    return figure;
  }

 private:
  [[nodiscard]] std::vector<double> of_group(std::size_t group) const {
    std::vector<double> alone(group_weights_.size(), 0.0);
    alone[group] = 1.0;
    return metrics::domain_weights(alone, share_, questions_);
  }

  [[nodiscard]] record::Figure score(const std::vector<double>& weights) const {
    record::Figure figure;
    figure.unit = "1";
    figure.provenance = model_.provenance;
    if (std::ranges::all_of(weights, [](double weight) { return weight == 0.0; })) {
      figure.reason = "no question speaks for a group that has weight";
      return figure;
    }
    figure.value = metrics::linear(weights, estimates_);
    const metrics::Limits limits = metrics::mover_linear(weights, estimates_);
    figure.low = limits.low;
    figure.high = limits.high;
    figure.interval = limits.method;
    for (std::size_t d = 0; d < weights.size(); ++d) {
      if (weights[d] != 0.0) figure.n += model_.domains[d].questions;
    }
    return figure;
  }

  // The whole economy's score if every answer for unmapped groups were as `unmapped` says.
  [[nodiscard]] record::Figure bound(record::Figure weighted, double unmapped) const {
    const auto whole = [&](std::optional<double>& value) {
      if (value) value = *value * reached_ + unmapped * (1.0 - reached_);
    };
    whole(weighted.value);
    whole(weighted.low);
    whole(weighted.high);
    return weighted;
  }

  [[nodiscard]] record::Figure rate(Quantity quantity, const char* unit) const {
    record::Figure figure;
    figure.unit = unit;
    if (model_.answers == nullptr || model_.answers->of(quantity).empty()) {
      figure.reason = fmt::format("no answer has {}", name(quantity));
      return figure;
    }
    const QuantityColumn& column = model_.answers->of(quantity);
    metrics::WeightedSample sample{
        .domains = model_.domains.size(), .domain = {}, .score = {}, .cost = {}};
    for (std::size_t q = 0; q < column.value.size(); ++q) {
      const float score = model_.answers->score[q];
      if (std::isnan(score) || std::isnan(column.value[q])) continue;
      sample.domain.push_back(outcomes_->category[q]);
      sample.score.push_back(score);
      sample.cost.push_back(column.value[q]);
    }
    figure.provenance = column.provenance();
    figure.n = static_cast<std::int64_t>(sample.score.size());
    const metrics::WeightedRate rate =
        metrics::weighted_rate(sample, domain_weights_, {options_.seed, options_.resamples});
    if (!std::isfinite(rate.value)) {
      figure.reason = fmt::format(
          "not identified: a weighted domain has no answer with {}, or their mean is not above "
          "zero",
          name(quantity));
      return figure;
    }
    figure.value = rate.value;
    figure.low = rate.limits.low;
    figure.high = rate.limits.high;
    figure.interval = rate.limits.method;
    figure.reason = rate.limits.reason;
    if (figure.n < total_) {
      figure.reason += fmt::format("{}{} of {} answers have {}", figure.reason.empty() ? "" : "; ",
                                   figure.n, total_, name(quantity));
    }
    return figure;
  }

  const DomainScores& model_;
  const Outcomes* outcomes_;
  const WeightTable& weights_;
  const GdpOptions& options_;
  std::vector<double> questions_;
  std::vector<metrics::Estimate> estimates_;
  std::vector<double> group_weights_;
  std::vector<std::vector<double>> share_;
  std::vector<double> domain_weights_;
  std::int64_t total_ = 0;
  double reached_ = 0.0;
};

core::Result<void> check_domains(const std::vector<DomainScores>& models,
                                 const Crosswalk& crosswalk) {
  std::set<std::string> unknown;
  for (const DomainScores& model : models) {
    for (const DomainScores::Domain& domain : model.domains) {
      const bool asked = domain.questions + domain.missing > 0;
      if (asked && !crosswalk.knows(domain.name)) unknown.insert("'" + domain.name + "'");
    }
  }
  if (unknown.empty()) return {};
  return fail(ErrorCode::kInvalidData,
              fmt::format("{} has no row for {} (add one; with an empty group where it speaks for "
                          "none)",
                          crosswalk.name, fmt::join(unknown, ", ")));
}

}  // namespace

core::Result<std::vector<DomainScores>> domain_scores(const Outcomes& outcomes) {
  if (outcomes.category.empty()) {
    return fail(ErrorCode::kInvalidData,
                "the questions have no categories to weigh (name their column with --columns "
                "category=NAME)");
  }
  std::vector<DomainScores> all;
  for (const ModelOutcomes& model : outcomes.models) {
    DomainScores scores{
        .model = model.label(), .domains = {}, .answers = &model, .provenance = model.verdicts};
    for (const std::string& name : outcomes.categories) {
      scores.domains.push_back({name.empty() ? "(none)" : name, 0.0, 0, 0});
    }
    for (std::size_t q = 0; q < model.score.size(); ++q) {
      DomainScores::Domain& domain = scores.domains[outcomes.category[q]];
      if (std::isnan(model.score[q])) {
        ++domain.missing;
        continue;
      }
      domain.right += model.score[q];
      ++domain.questions;
    }
    all.push_back(std::move(scores));
  }
  return all;
}

core::Result<std::vector<DomainScores>> domain_scores(const Table& table) {
  const auto domain = table.any_of({"domain", "category"});
  const auto model = table.column("model");
  const bool percent = !table.column("accuracy") && table.column("accuracy_pct");
  if (!domain) {
    IPW_CHECK(needed_column(table, "domain"));
  }
  IPW_TRY(const std::size_t n, needed_column(table, "n"));
  IPW_TRY(const std::size_t accuracy, needed_column(table, percent ? "accuracy_pct" : "accuracy"));
  std::vector<DomainScores> all;
  for (const TableRow& row : table.rows) {
    const std::string name = model ? row.cells[*model] : table.name;
    auto scores = std::ranges::find(all, name, &DomainScores::model);
    if (scores == all.end()) {
      all.push_back({.model = name,
                     .domains = {},
                     .answers = nullptr,
                     .provenance = {record::Source::kPublished, "table " + table.name}});
      scores = std::prev(all.end());
    }
    if (std::ranges::find(scores->domains, row.cells[*domain], &DomainScores::Domain::name) !=
        scores->domains.end()) {
      return fail(ErrorCode::kInvalidData, fmt::format("{}: '{}' of {} stands there a second time",
                                                       table.where(row), row.cells[*domain], name));
    }
    IPW_TRY(const std::optional<std::int64_t> questions, count_in(table, row, n));
    if (!questions) return fail(ErrorCode::kInvalidData, table.where(row) + ": n is empty");
    IPW_TRY(double share, needed_number(table, row, accuracy));
    if (percent) share /= 100.0;
    if (share < 0.0 || share > 1.0) {
      return fail(ErrorCode::kInvalidData, table.where(row) + ": the accuracy is outside 0 to 1");
    }
    scores->domains.push_back(
        {row.cells[*domain], share * static_cast<double>(*questions), *questions, 0});
  }
  return all;
}

core::Result<Findings> gdp(const std::vector<DomainScores>& models, const Outcomes* outcomes,
                           const WeightTable& weights, const Crosswalk& crosswalk,
                           const GdpOptions& options) {
  IPW_CHECK(check_domains(models, crosswalk));
  Findings findings;
  findings.sections.push_back({"scores", "accuracy weighted by " + weights.name, {}});
  FindingSection unmapped{"unmapped", "groups that no question speaks for", {}};
  for (const DomainScores& model : models) {
    const Weighing weighing(model, outcomes, weights, crosswalk, options);
    findings.sections.front().rows.push_back(weighing.scores());
    findings.sections.push_back(weighing.groups());
    findings.sections.push_back(weighing.sensitivity());
    if (models.size() > 1) {
      // Names of sections are keys: one pair per model.
      const std::size_t number = findings.sections.front().rows.size();
      findings.sections[findings.sections.size() - 2].name += fmt::format("_{}", number);
      findings.sections.back().name += fmt::format("_{}", number);
    }
    std::int64_t missing = 0;
    for (const DomainScores::Domain& domain : model.domains) missing += domain.missing;
    if (missing > 0) {
      findings.notes.push_back(
          fmt::format("{}: {} questions without a verdict are left out", model.model, missing));
    }
    if (&model != &models.front()) continue;
    for (std::size_t g = 0; g < weights.groups.size(); ++g) {
      if (weighing.speaks_for(g)) continue;
      unmapped.rows.push_back(
          {weights.groups[g].title, {{"weight", weighing.plain_weight(weights.groups[g].weight)}}});
    }
    findings.notes.push_back(
        fmt::format("{:.1f} % of the weight has questions that speak for it; weighted figures are "
                    "of that part, "
                    "and the bounds say what the rest could do",
                    100.0 * weighing.reached()));
  }
  largest_first(findings.sections.front().rows, "weighted_accuracy");
  findings.sections.push_back(std::move(unmapped));
  findings.notes.emplace_back(
      "which questions speak for which work is a judgement (see the crosswalk); the one behind the "
      "published dollar figures of arXiv 2511.07885 is not public, and these are not those");
  return findings;
}

}  // namespace ipw::analysis
