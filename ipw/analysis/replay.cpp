// Columns of scores and costs, and sums over questions weighted by the router's chances.
#include "ipw/analysis/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ipw/core/random.h"
#include "ipw/metrics/bootstrap.h"
#include "ipw/metrics/distribution.h"
#include "ipw/metrics/linear.h"
#include "ipw/metrics/student.h"
#include "ipw/metrics/tally.h"

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

constexpr double kFewQuestions = 20.0;  // that go one of the ways

bool binary(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return value == 0.0 || value == 1.0; });
}

/// The ratio of two columns of sums.
metrics::Statistic ratio_of(std::size_t above, std::size_t below) {
  return [above, below](std::span<const double> sums) { return sums[above] / sums[below]; };
}

/// One router against one baseline. Columns of the sums: score and 1, the baseline's score and 1,
/// the reference's share and 1; then by resource what Paid names.
class Replaying {
 public:
  Replaying(const ReplayTable& table, const Router& router, const Router& baseline,
            const ReplayOptions& options)
      : table_(table),
        to_reference_(router.to_reference()),
        mine_(serve(table, router)),
        base_(serve(table, baseline)),
        sums_(table.size() <= kMostUnits ? table.size() : kMostUnits / 2,
              kFirstCost + kCosts * table.resources.size(), 1),
        paid_(table.resources.size(), Paid(table.candidates.size())) {
    const auto unit_of = metrics::units_of_clusters(table.size(), kMostUnits,
                                                    core::derive_seed(options.seed, "units"));
    for (std::size_t i = 0; i < table.size(); ++i) add(i, unit_of[i]);
    totals_ = sums_.totals();
  }

  [[nodiscard]] Replay run() const {
    const auto n = static_cast<std::int64_t>(table_.size());
    const double quality = share(kScore);
    const double other = share(kBaseScore);
    const metrics::Limits mine = score_limits(kScore, mine_.score);
    const metrics::Limits base = score_limits(kBaseScore, base_.score);
    const metrics::Limits difference = metrics::newcombe_paired(
        {quality, *mine.low, *mine.high}, {other, *base.low, *base.high},
        metrics::jackknife_correlation(sums_, ratio_of(kScore, kScore + 1),
                                       ratio_of(kBaseScore, kBaseScore + 1)),
        static_cast<double>(n));
    Replay result{
        limited(quality, "1", n, mine),
        limited(quality - other, "1", n, difference),
        limited(share(kReference), "1", n, between(share(kReference), static_cast<double>(n))),
        {}};
    for (Figure* figure : {&result.quality, &result.quality_difference, &result.reference_share}) {
      figure->provenance = combined(table_.verdicts);
    }
    for (std::size_t r = 0; r < table_.resources.size(); ++r) result.saved.push_back(saved(r));
    return result;
  }

 private:
  static constexpr std::size_t kScore = 0;
  static constexpr std::size_t kBaseScore = 2;
  static constexpr std::size_t kReference = 4;
  static constexpr std::size_t kFirstCost = 6;

  // Columns of one resource, of the questions whose cost is known.
  static constexpr std::size_t kMine = 0;           // what the router pays
  static constexpr std::size_t kBase = 1;           // what the baseline pays
  static constexpr std::size_t kMineReference = 2;  // the part of both that the reference serves
  static constexpr std::size_t kBaseReference = 3;
  static constexpr std::size_t kMineOthers = 4;  // and that the others serve
  static constexpr std::size_t kBaseOthers = 5;
  static constexpr std::size_t kCosts = 6;

  static constexpr std::size_t first_of(std::size_t resource) {
    return kFirstCost + kCosts * resource;
  }

  /// The same resource over all questions whose cost is known.
  struct Paid {
    explicit Paid(std::size_t candidates) : alone(candidates, 0.0), base_of(candidates, 0.0) {}
    std::int64_t questions = 0;
    double base = 0.0;
    double base_squares = 0.0;
    std::vector<double> alone;    // by candidate, if it served all of which its cost is known
    std::vector<double> base_of;  // the baseline's cost of the same

    /// What the candidate costs over what the baseline does.
    [[nodiscard]] double ratio(std::size_t candidate) const {
      return base_of[candidate] > 0.0 ? alone[candidate] / base_of[candidate] : 1.0;
    }
    /// As many questions of equal cost would have told as much.
    [[nodiscard]] double worth() const { return base * base / base_squares; }
  };

  void add(std::size_t i, std::size_t unit) {
    const double row[kFirstCost] = {mine_.score[i],        1.0, base_.score[i], 1.0,
                                    mine_.by_reference[i], 1.0};
    for (std::size_t c = 0; c < kFirstCost; ++c) sums_.add(unit, 0, c, row[c]);
    for (std::size_t r = 0; r < table_.resources.size(); ++r) {
      const double mine = mine_.cost[r][i];
      const double base = base_.cost[r][i];
      if (table_.resources[r].cost.empty() || std::isnan(mine) || std::isnan(base)) continue;
      const double chance = mine_.by_reference[i];
      const double own = chance > 0.0 ? chance * cost(r, table_.reference(), i) : 0.0;
      const double costs[kCosts] = {mine,          base,       own,
                                    chance * base, mine - own, (1.0 - chance) * base};
      for (std::size_t c = 0; c < kCosts; ++c) sums_.add(unit, 0, first_of(r) + c, costs[c]);
      count(paid_[r], r, i, base);
    }
  }

  void count(Paid& paid, std::size_t r, std::size_t i, double base) const {
    ++paid.questions;
    paid.base += base;
    paid.base_squares += base * base;
    for (std::size_t c = 0; c < table_.candidates.size(); ++c) {
      if (std::isnan(cost(r, c, i))) continue;
      paid.alone[c] += cost(r, c, i);
      paid.base_of[c] += base;
    }
  }

  [[nodiscard]] double cost(std::size_t r, std::size_t candidate, std::size_t i) const {
    return static_cast<double>(table_.resources[r].cost[candidate][i]);
  }

  [[nodiscard]] double share(std::size_t column) const {
    return totals_[column] / totals_[column + 1];
  }

  [[nodiscard]] metrics::Limits score_limits(std::size_t column,
                                             std::span<const double> scores) const {
    const auto n = static_cast<std::int64_t>(table_.size());
    return metrics::share_limits({.first_column = column, .records = n, .clusters = n}, sums_,
                                 binary(scores));
  }

  /// Limits of the share that goes to the reference: the router decides between two chances, and
  /// how often for one of them is a proportion.
  [[nodiscard]] metrics::Limits between(double value, double trials) const {
    const auto [least, most] = to_reference_;
    if (!(most > least)) {
      return {{}, {}, "none", "decided for all questions alike: no sample decides it"};
    }
    const double taken = std::clamp((value - least) / (most - least), 0.0, 1.0);
    metrics::Limits limits = metrics::wilson(taken * trials, trials);
    limits.low = std::min(least + (most - least) * *limits.low, value);
    limits.high = std::max(least + (most - least) * *limits.high, value);
    return limits;
  }

  /// Whether few questions go to the reference, or few to the others, where the router chooses.
  [[nodiscard]] bool few_one_way(std::size_t r) const {
    const auto [least, most] = to_reference_;
    if (!(most > least)) return false;
    const double taken = (share(kReference) - least) / (most - least);
    return std::min(taken, 1.0 - taken) * static_cast<double>(paid_[r].questions) < kFewQuestions;
  }

  /// One way's cost over the baseline's of the same questions: where no question went there, what
  /// it would have been for all.
  [[nodiscard]] metrics::Estimate way(std::size_t above, std::size_t below, double unseen) const {
    if (!(totals_[below] > 0.0)) return {unseen, unseen, unseen};
    const double value = totals_[above] / totals_[below];
    const metrics::Limits limits =
        metrics::mean_limits(sums_, above, ratio_of(above, below), metrics::Scale::kLog);
    return {value, std::min(limits.low.value_or(value), value),
            std::max(limits.high.value_or(value), value)};
  }

  // The share π of questions that goes to the reference decides what part of the baseline's costs
  // that is, and with it the whole: (1 - part) · others + part · reference.
  struct Split {
    double part = 0.0;
    double reference = 0.0;
    double others = 0.0;
    double relative_size =
        1.0;  // a question for the reference costs so many times one of the others

    /// `stretch`: the relative size taken so many times as large.
    [[nodiscard]] double whole(double share, double stretch = 1.0) const {
      const double weight = share * relative_size * stretch;
      const double moved = weight > 0.0 ? 1.0 / (1.0 + (1.0 - share) / weight) : 0.0;
      return others + moved * (reference - others);
    }
  };

  /// How many times larger or smaller than in the sample a question for the reference may be,
  /// compared with one of the others: a ratio of two means, of which Student's t stands for both
  /// spreads on the logarithmic scale. As log-normal costs have it, the limits are far from even.
  static double size_stretch(const Paid& paid, double share_now) {
    const auto n = static_cast<double>(paid.questions);
    const double few = std::max(std::min(share_now, 1.0 - share_now) * n, 1.0);
    const double rest = std::max(n - few, 1.0);
    const double spread_of_one = std::sqrt(std::max(n / paid.worth() - 1.0, 0.0));
    return std::exp(metrics::student_quantile(0.975, few + 2.0) * spread_of_one *
                    std::sqrt(1.0 / few + 1.0 / rest));
  }

  // MOVER over what the whole depends on: Wilson's limits of π, the costs on either way, and, of
  // few questions, how much the baseline pays for one of them.
  [[nodiscard]] metrics::Limits split_limits(std::size_t r) const {
    const Paid& paid = paid_[r];
    const std::size_t first = first_of(r);
    double cheapest = paid.ratio(0);
    for (std::size_t c = 1; c < table_.reference(); ++c) {
      cheapest = std::min(cheapest, paid.ratio(c));
    }
    const metrics::Estimate others = way(first + kMineOthers, first + kBaseOthers, cheapest);
    const metrics::Estimate reference =
        way(first + kMineReference, first + kBaseReference, paid.ratio(table_.reference()));
    const double part = totals_[first + kBaseReference] / totals_[first + kBase];
    const auto n = static_cast<double>(paid.questions);
    const double share_now = share(kReference);
    const metrics::Limits split_share = between(share_now, n);
    Split split{part, reference.value, others.value, 1.0};
    if (part > 0.0 && part < 1.0) {
      split.relative_size = part / (1.0 - part) * (1.0 - share_now) / share_now;
    }
    const double value = totals_[first + kMine] / totals_[first + kBase];
    const double now = split.whole(share_now);
    const double one = split.whole(*split_share.low);
    const double other = split.whole(*split_share.high);
    const double stretch = size_stretch(paid, share_now);
    const double small = split.whole(share_now, 1.0 / stretch);
    const double large = split.whole(share_now, stretch);
    const std::vector<metrics::Estimate> parts{
        others,
        reference,
        {now, std::min({now, one, other}), std::max({now, one, other})},
        {now, std::min({now, small, large}), std::max({now, small, large})}};
    const std::vector<double> weights{1.0 - part, part, 1.0, 1.0};
    const metrics::Limits spread = metrics::mover_linear(weights, parts);
    const double off = value - metrics::linear(weights, parts);
    return {std::max(*spread.low + off, 0.0), *spread.high + off, "mover", {}};
  }

  [[nodiscard]] Figure saved(std::size_t r) const {
    const Resource& resource = table_.resources[r];
    const auto count = static_cast<std::int64_t>(table_.size());
    const std::size_t first = first_of(r);
    Figure saving;
    saving.unit = "1";
    if (resource.cost.empty()) {
      saving.reason = resource.why;
    } else if (paid_[r].questions == 0) {
      saving.reason = "no question has " + resource.name + " of both";
    } else if (!metrics::divisible(sums_, first + kBase)) {
      saving.reason = totals_[first + kBase] == 0.0
                          ? "the baseline costs nothing: there is nothing to save"
                          : "what the baseline costs cannot be told from zero";
    } else {
      const metrics::Limits ratio =
          few_one_way(r)
              ? split_limits(r)
              : metrics::mean_limits(sums_, first + kMine, ratio_of(first + kMine, first + kBase),
                                     metrics::Scale::kLog);
      metrics::Limits limits{{}, {}, ratio.method, ratio.reason};
      if (ratio.high) limits.low = 1.0 - *ratio.high;
      if (ratio.low) limits.high = 1.0 - *ratio.low;
      saving = limited(1.0 - totals_[first + kMine] / totals_[first + kBase], "1",
                       paid_[r].questions, limits);
    }
    if (!resource.cost.empty() && paid_[r].questions > 0 && paid_[r].questions < count) {
      saving.reason += fmt::format("{}{} of {} questions have no {} and are left out",
                                   saving.reason.empty() ? "" : "; ", count - paid_[r].questions,
                                   count, resource.name);
    }
    saving.provenance = resource.provenance;
    return saving;
  }

  const ReplayTable& table_;
  Router::Chances to_reference_;
  Served mine_;
  Served base_;
  metrics::UnitSums sums_;
  std::vector<Paid> paid_;  // by resource
  std::vector<double> totals_;
};

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

namespace {

/// Whether candidate a rather than b is to serve question i by their costs, both known. No order of
/// candidates decides: of equal costs the better score, then the name.
bool cheaper(const ReplayTable& table, const Resource& by, std::size_t i, std::size_t a,
             std::size_t b) {
  if (by.cost[a][i] != by.cost[b][i]) return by.cost[a][i] < by.cost[b][i];
  if (table.score[a][i] != table.score[b][i]) return table.score[a][i] > table.score[b][i];
  return table.candidates[a] < table.candidates[b];
}

}  // namespace

FixedRouter::FixedRouter(const ReplayTable& table, std::size_t candidate)
    : table_(table), candidate_(candidate) {}
std::string FixedRouter::name() const { return "all " + table_.candidates[candidate_]; }
void FixedRouter::route(std::size_t, std::span<double> chance) const { chance[candidate_] = 1.0; }

Router::Chances FixedRouter::to_reference() const {
  return candidate_ == table_.reference() ? Chances{1.0, 1.0} : Chances{0.0, 0.0};
}

OracleRouter::OracleRouter(const ReplayTable& table, const Resource& by, Suffices suffices,
                           double adequate) {
  const std::size_t reference = table.reference();
  choice_.reserve(table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    const float enough =
        suffices == Suffices::kWinOrTie ? table.score[reference][i] : static_cast<float>(adequate);
    std::size_t best = reference;
    bool found = false;
    for (std::size_t c = 0; c < table.candidates.size(); ++c) {
      if (table.score[c][i] < enough || std::isnan(by.cost[c][i])) continue;
      if (!found || cheaper(table, by, i, c, best)) best = c;
      found = true;
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
    std::size_t best = reference_;  // where no other has a known cost
    for (std::size_t c = 0; c < reference_; ++c) {
      if (std::isnan(by.cost[c][i])) continue;
      if (best == reference_ || cheaper(table, by, i, c, best)) best = c;
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

Router::Chances ImperfectRouter::to_reference() const {
  return {.least = std::min(1.0 - accuracy_, misroutes_ == Misroutes::kEitherWay ? accuracy_ : 1.0),
          .most = std::max(1.0 - accuracy_, misroutes_ == Misroutes::kEitherWay ? accuracy_ : 1.0)};
}

Replay replay(const ReplayTable& table, const Router& router, const Router& baseline,
              const ReplayOptions& options) {
  return Replaying(table, router, baseline, options).run();
}

}  // namespace ipw::analysis
