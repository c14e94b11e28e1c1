// Columns of scores and costs, and sums over questions weighted by the router's chances.
#include "ipw/analysis/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ipw/core/random.h"
#include "ipw/metrics/bootstrap.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using record::Figure;

constexpr std::size_t kMostUnits = 4096;

std::vector<float> chosen(const std::vector<float>& column,
                          const std::vector<std::uint32_t>& questions) {
  std::vector<float> values;
  values.reserve(questions.size());
  for (const std::uint32_t i : questions) values.push_back(column[i]);
  return values;
}

void add_quantity(ReplayTable& table, const std::vector<const ModelOutcomes*>& models,
                  Quantity quantity, const char* unit) {
  Resource resource{.name = name(quantity), .unit = unit, .provenance = {}, .cost = {}, .why = {}};
  std::vector<record::Provenance> sources;
  for (const ModelOutcomes* model : models) {
    const QuantityColumn& column = model->of(quantity);
    if (column.empty()) {
      resource.why += fmt::format("{}{} has no {}", resource.why.empty() ? "" : "; ",
                                  model->label(), resource.name);
      continue;
    }
    resource.cost.push_back(chosen(column.value, table.questions));
    sources.insert(sources.end(), column.sources.begin(), column.sources.end());
  }
  if (!resource.why.empty()) resource.cost.clear();
  resource.provenance = combined(sources);
  table.resources.push_back(std::move(resource));
}

/// 2 × parameters × tokens; the attention term needs the architecture, which no table tells.
void add_flops(ReplayTable& table, const std::vector<const ModelOutcomes*>& models, bool active) {
  Resource resource{.name = active ? "flops_active" : "flops_total",
                    .unit = "FLOP",
                    .provenance = {record::Source::kEstimated,
                                   active ? "2 × active parameters × tokens, without attention"
                                          : "2 × all parameters × tokens, without attention"},
                    .cost = {},
                    .why = {}};
  for (const ModelOutcomes* model : models) {
    const ModelProperties& properties = model->properties;
    const auto size = active && properties.active_b ? properties.active_b : properties.parameters_b;
    const bool tokens = !model->input_tokens.empty() && !model->output_tokens.empty();
    if (!size || !tokens) {
      resource.why +=
          fmt::format("{}{} has no {}", resource.why.empty() ? "" : "; ", model->label(),
                      size ? "input and output tokens" : "parameters_b");
      continue;
    }
    std::vector<float>& cost = resource.cost.emplace_back();
    for (const std::uint32_t i : table.questions) {
      cost.push_back(static_cast<float>(2e9 * *size) *
                     (model->input_tokens[i] + model->output_tokens[i]));
    }
  }
  if (!resource.why.empty()) resource.cost.clear();
  table.resources.push_back(std::move(resource));
}

Figure limited(std::optional<double> value, const char* unit, std::int64_t n,
               const metrics::Limits& limits) {
  Figure figure;
  figure.unit = unit;
  figure.n = n;
  if (value && std::isfinite(*value)) {
    figure.value = value;
    figure.low = limits.low;
    figure.high = limits.high;
    figure.interval = limits.method;
  }
  figure.reason = limits.reason;
  return figure;
}

/// Expected score and costs of one router, by question.
struct Served {
  std::vector<double> score;
  std::vector<double> by_reference;
  std::vector<std::vector<double>> cost;  // by resource; NaN where a cost that counts is not known
};

Served serve(const ReplayTable& table, const Router& router) {
  const std::size_t n = table.size();
  Served served{.score = std::vector<double>(n, 0.0),
                .by_reference = std::vector<double>(n, 0.0),
                .cost = std::vector<std::vector<double>>(table.resources.size())};
  for (auto& cost : served.cost) cost.assign(n, 0.0);
  std::vector<double> chance(table.candidates.size());
  for (std::size_t i = 0; i < n; ++i) {
    std::ranges::fill(chance, 0.0);
    router.route(i, chance);
    served.by_reference[i] = chance[table.reference()];
    for (std::size_t c = 0; c < chance.size(); ++c) {
      if (chance[c] == 0.0) continue;
      served.score[i] += chance[c] * static_cast<double>(table.score[c][i]);
      for (std::size_t r = 0; r < table.resources.size(); ++r) {
        const Resource& resource = table.resources[r];
        if (!resource.cost.empty()) {
          served.cost[r][i] += chance[c] * static_cast<double>(resource.cost[c][i]);
        }
      }
    }
  }
  return served;
}

/// Columns of the sums: score, baseline's score, share of the reference, 1, and per resource the
/// router's and the baseline's cost.
constexpr std::size_t kFirstCost = 4;

double saved(std::span<const double> sums, std::size_t resource) {
  const std::size_t column = kFirstCost + 2 * resource;
  return sums[column + 1] > 0.0 ? 1.0 - sums[column] / sums[column + 1] : std::nan("");
}

}  // namespace

const Resource* ReplayTable::find(std::string_view resource) const {
  const auto found = std::ranges::find(resources, resource, &Resource::name);
  return found == resources.end() ? nullptr : &*found;
}

core::Result<ReplayTable> replay_table(const Outcomes& outcomes,
                                       const std::vector<std::size_t>& locals,
                                       std::size_t reference) {
  if (locals.empty() || std::ranges::count(locals, reference) > 0) {
    return core::fail(ErrorCode::kUsage,
                      "nothing to route: name local models other than the reference");
  }
  std::vector<const ModelOutcomes*> models;
  models.reserve(locals.size());
  for (const std::size_t m : locals) models.push_back(&outcomes.models[m]);
  models.push_back(&outcomes.models[reference]);
  ReplayTable table;
  table.notes = outcomes.notes;
  for (std::size_t i = 0; i < outcomes.questions.size(); ++i) {
    const auto unknown = [i](const ModelOutcomes* m) { return std::isnan(m->score[i]); };
    if (std::ranges::none_of(models, unknown)) {
      table.questions.push_back(static_cast<std::uint32_t>(i));
    }
  }
  if (table.questions.empty()) {
    return core::fail(ErrorCode::kInvalidData,
                      "nothing to replay: no question has a verdict of all these models (do their "
                      "tables use the same ids?)");
  }
  if (table.size() < outcomes.questions.size()) {
    table.notes.push_back(
        fmt::format("{} of {} questions are left out: not every model has a verdict on them",
                    outcomes.questions.size() - table.size(), outcomes.questions.size()));
  }
  for (const ModelOutcomes* model : models) {
    table.candidates.push_back(model->label());
    table.verdicts.push_back(model->verdicts);
    table.score.push_back(chosen(model->score, table.questions));
  }
  add_quantity(table, models, Quantity::kJoules, "J");
  add_flops(table, models, true);
  add_flops(table, models, false);
  add_quantity(table, models, Quantity::kDollars, "USD");
  add_quantity(table, models, Quantity::kSeconds, "s");
  return table;
}

FixedRouter::FixedRouter(const ReplayTable& table, std::size_t candidate)
    : table_(table), candidate_(candidate) {}
std::string FixedRouter::name() const { return "all " + table_.candidates[candidate_]; }
void FixedRouter::route(std::size_t, std::span<double> chance) const { chance[candidate_] = 1.0; }

OracleRouter::OracleRouter(const ReplayTable& table, const Resource& by, Suffices suffices,
                           double adequate) {
  const std::size_t reference = table.reference();
  choice_.reserve(table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    const float enough =
        suffices == Suffices::kWinOrTie ? table.score[reference][i] : static_cast<float>(adequate);
    std::size_t best = reference;
    float least = std::numeric_limits<float>::infinity();
    for (std::size_t c = 0; c < table.candidates.size(); ++c) {
      if (table.score[c][i] < enough || !(by.cost[c][i] < least)) continue;
      best = c;
      least = by.cost[c][i];
    }
    choice_.push_back(static_cast<std::uint32_t>(best));
  }
}

void OracleRouter::route(std::size_t i, std::span<double> chance) const {
  chance[choice_[i]] = 1.0;
}

ImperfectRouter::ImperfectRouter(const OracleRouter& oracle, const ReplayTable& table,
                                 const Resource& by, double accuracy, Misroutes misroutes)
    : oracle_(oracle), reference_(table.reference()), accuracy_(accuracy), misroutes_(misroutes) {
  if (misroutes == Misroutes::kToReference) return;
  cheapest_.reserve(table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::size_t best = 0;
    for (std::size_t c = 1; c < reference_; ++c) {
      if (by.cost[c][i] < by.cost[best][i]) best = c;
    }
    cheapest_.push_back(static_cast<std::uint32_t>(best));
  }
}

std::string ImperfectRouter::name() const {
  return fmt::format("right {:.4g} %{}", 100 * accuracy_,
                     misroutes_ == Misroutes::kEitherWay ? ", misroutes either way" : "");
}

void ImperfectRouter::route(std::size_t i, std::span<double> chance) const {
  const std::size_t right = oracle_.choice(i);
  const bool either = misroutes_ == Misroutes::kEitherWay;
  const std::size_t wrong = right == reference_ && either ? cheapest_[i] : reference_;
  chance[right] += accuracy_;
  chance[wrong] += 1.0 - accuracy_;
}

Replay replay(const ReplayTable& table, const Router& router, const Router& baseline,
              const ReplayOptions& options) {
  const Served mine = serve(table, router);
  const Served base = serve(table, baseline);
  const std::size_t n = table.size();
  const std::size_t resources = table.resources.size();
  const auto unit_of =
      metrics::units_of_clusters(n, kMostUnits, core::derive_seed(options.seed, "units"));
  metrics::UnitSums sums(n <= kMostUnits ? n : kMostUnits / 2, kFirstCost + 2 * resources, 1);
  std::vector<std::int64_t> counted(resources, 0);
  for (std::size_t i = 0; i < n; ++i) {
    const double row[kFirstCost] = {mine.score[i], base.score[i], mine.by_reference[i], 1.0};
    for (std::size_t c = 0; c < kFirstCost; ++c) sums.add(unit_of[i], 0, c, row[c]);
    for (std::size_t r = 0; r < resources; ++r) {
      if (std::isnan(mine.cost[r][i]) || std::isnan(base.cost[r][i])) continue;
      ++counted[r];
      sums.add(unit_of[i], 0, kFirstCost + 2 * r, mine.cost[r][i]);
      sums.add(unit_of[i], 0, kFirstCost + 2 * r + 1, base.cost[r][i]);
    }
  }
  std::vector<metrics::Statistic> statistics;
  statistics.emplace_back([](std::span<const double> s) { return s[0] / s[3]; });
  statistics.emplace_back([](std::span<const double> s) { return (s[0] - s[1]) / s[3]; });
  statistics.emplace_back([](std::span<const double> s) { return s[2] / s[3]; });
  for (std::size_t r = 0; r < resources; ++r) {
    statistics.emplace_back([r](std::span<const double> s) { return saved(s, r); });
  }
  const std::vector<metrics::Limits> limits =
      metrics::bootstrap(sums, statistics, {.seed = options.seed, .resamples = options.resamples});
  const std::vector<double> totals = sums.totals();

  const auto count = static_cast<std::int64_t>(n);
  const auto figure = [&](std::size_t s) {
    Figure result = limited(statistics[s](totals), "1", count, limits[s]);
    result.provenance = combined(table.verdicts);
    return result;
  };
  Replay result{figure(0), figure(1), figure(2), {}};
  for (std::size_t r = 0; r < resources; ++r) {
    const Resource& resource = table.resources[r];
    Figure saving;
    saving.unit = "1";
    if (resource.cost.empty()) {
      saving.reason = resource.why;
    } else if (counted[r] == 0) {
      saving.reason = "no question has " + resource.name + " of both";
    } else {
      saving = limited(saved(totals, r), "1", counted[r], limits[kFirstCost - 1 + r]);
      if (!saving.value) saving.reason = "the baseline costs nothing: there is nothing to save";
      if (counted[r] < count) {
        saving.reason += fmt::format("{}{} of {} questions have no {} and are left out",
                                     saving.reason.empty() ? "" : "; ", count - counted[r], count,
                                     resource.name);
      }
    }
    saving.provenance = resource.provenance;
    result.saved.push_back(std::move(saving));
  }
  return result;
}

}  // namespace ipw::analysis
