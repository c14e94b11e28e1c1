// Every section of the findings is a few passes over the marks of the pool.
#include "ipw/analysis/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "ipw/analysis/pool_figures.h"

namespace ipw::analysis {
namespace {

using metrics::Mark;
using metrics::Marks;
using record::Figure;

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

class CoverageAnalysis {
 public:
  CoverageAnalysis(const Outcomes& outcomes, const CoverageOptions& options)
      : outcomes_(outcomes),
        options_(options),
        n_(outcomes.questions.size()),
        figures_(outcomes, options.adequate, options.missing_limit) {}

  Coverage run() {
    result_.findings.notes = outcomes_.notes;
    models();
    pools();
    one_by_one();
    difficulty();
    by_category();
    by_year();
    limits();
    return std::move(result_);
  }

 private:
  [[nodiscard]] const Pool& main_pool() const { return options_.pools.front(); }

  FindingSection& section(std::string name, std::string title) {
    return result_.findings.sections.emplace_back(
        FindingSection{std::move(name), std::move(title), {}});
  }

  void compare_with_reference(FindingRow& row, const Models& models, Marks marks) const {
    if (!options_.reference) return;
    const std::size_t reference = *options_.reference;
    Models all = models;
    all.push_back(reference);
    row.figures.push_back({"win_or_tie", figures_.win_or_tie(models, reference)});
    row.figures.push_back(
        {"difference", figures_.difference(marks, figures_.marks(reference), all)});
  }

  void models() {
    const Pool& pool = main_pool();
    const std::vector<std::int64_t> alone =
        metrics::right_alone(figures_.marks_of(pool.models), n_);
    std::vector<std::pair<double, FindingRow>> rows;
    for (std::size_t i = 0; i < pool.models.size(); ++i) {
      rows.push_back(model_row(pool.models[i]));
      rows.back().second.figures.push_back({"only_it", figures_.share(alone[i], pool.models)});
    }
    if (options_.reference && !std::ranges::count(pool.models, *options_.reference)) {
      rows.push_back(model_row(*options_.reference));
      rows.back().second.label += " (reference)";
    }
    std::ranges::sort(rows, {}, [](const std::pair<double, FindingRow>& row) {
      return std::pair<double, std::string_view>(-row.first, row.second.label);
    });
    FindingSection& found = section("models", fmt::format("Models alone: {}", pool.name));
    for (auto& [order, row] : rows) found.rows.push_back(std::move(row));
  }

  [[nodiscard]] std::pair<double, FindingRow> model_row(std::size_t m) const {
    FindingRow row{outcomes_.models[m].label(), {}};
    row.figures.push_back({"coverage", figures_.share(figures_.marks(m), {m})});
    const Figure& figure = row.figures.back().figure;
    const double order = figure.value.value_or(figure.all_wrong.value_or(0.0));
    if (figures_.graded({m})) row.figures.push_back({"mean_score", figures_.mean_score(m)});
    if (m != options_.reference) compare_with_reference(row, {m}, figures_.marks(m));
    return {order, std::move(row)};
  }

  void pools() {
    FindingSection& found = section("pools", "Pools");
    for (const Pool& pool : options_.pools) {
      const std::vector<Mark> covered = figures_.covered_by(pool.models);
      const std::size_t best = figures_.best_single(pool.models);
      FindingRow row{fmt::format("{} ({} models)", pool.name, pool.models.size()), {}};
      row.figures.push_back({"best_of", figures_.share(covered, pool.models)});
      row.figures.push_back({"best_single", figures_.share(figures_.marks(best), {best})});
      row.figures.back().figure.reason +=
          fmt::format("{}best single of {}: {}, chosen on these same questions",
                      row.figures.back().figure.reason.empty() ? "" : "; ", pool.name,
                      outcomes_.models[best].label());
      row.figures.push_back(
          {"gain", figures_.difference(covered, figures_.marks(best), pool.models)});
      compare_with_reference(row, pool.models, covered);
      row.figures.push_back({"chance_floor", figures_.chance_floor(pool.models.size(), nullptr)});
      if (auto figure = figures_.held_out(pool.models)) {
        row.figures.push_back({"held_out", std::move(*figure)});
      }
      found.rows.push_back(std::move(row));
    }
  }

  void one_by_one() {
    const Pool& pool = main_pool();
    FindingSection& found = section(
        "one_by_one", "Marginal value: models added one by one, each time the one that adds most");
    int place = 0;
    Models by_name = pool.models;  // of models that add as much the first by name joins first
    std::ranges::sort(by_name, {}, [this](std::size_t m) { return outcomes_.models[m].label(); });
    for (const metrics::Addition& step :
         metrics::added_one_by_one(figures_.marks_of(by_name), n_)) {
      const ModelOutcomes& model = outcomes_.models[by_name[step.model]];
      FindingRow row{fmt::format("{}. {}", ++place, model.label()), {}, place};
      row.figures.push_back({"gain", figures_.share(step.newly_right, pool.models)});
      row.figures.push_back({"best_of", figures_.covered(step.covered, pool.models)});
      found.rows.push_back(std::move(row));
    }
  }

  void difficulty() {
    std::vector<std::size_t> by_size = main_pool().models;
    std::string unsized;
    for (const std::size_t m : by_size) {
      if (outcomes_.models[m].properties.parameters_b) continue;
      unsized += (unsized.empty() ? "" : ", ") + outcomes_.models[m].label();
    }
    FindingSection& found = section("difficulty", "Difficulty: size of the smallest right model");
    if (!unsized.empty()) {
      found.rows.push_back(
          {"levels",
           {{"share", absent("parameters_b of " + unsized +
                             " is not told (a column of that name, or --models)")}}});
      return;
    }
    const auto size = [this](std::size_t m) {
      return *outcomes_.models[m].properties.parameters_b;
    };
    std::ranges::sort(by_size, {}, [&](std::size_t m) {
      return std::pair(size(m), outcomes_.models[m].label());
    });
    result_.smallest = metrics::smallest_right(figures_.marks_of(by_size), n_);
    std::vector<std::int64_t> of_model(by_size.size(), 0);
    std::int64_t nobody = 0;
    std::int64_t undecided = 0;
    for (std::uint32_t& smallest : result_.smallest) {
      nobody += smallest == metrics::kNoModel ? 1 : 0;
      undecided += smallest == metrics::kUndecided ? 1 : 0;
      if (smallest >= by_size.size()) continue;
      ++of_model[smallest];
      smallest = static_cast<std::uint32_t>(by_size[smallest]);
    }
    level_rows(found, by_size, of_model, nobody, undecided);
    FindingSection& each = section("smallest", "Smallest adequate model per question");
    for (std::size_t m = 0; m < by_size.size(); ++m) {
      each.rows.push_back(
          {outcomes_.models[by_size[m]].label(),
           {{"share", figures_.share(of_model[m], main_pool().models, undecided)}}});
    }
  }

  void level_rows(FindingSection& found, const std::vector<std::size_t>& by_size,
                  const std::vector<std::int64_t>& of_model, std::int64_t nobody,
                  std::int64_t undecided) const {
    double above = 0.0;
    for (std::size_t level = 0; level <= options_.levels.size(); ++level) {
      const bool last = level == options_.levels.size();
      const double limit = last ? std::numeric_limits<double>::infinity() : options_.levels[level];
      std::int64_t questions = 0;
      bool any = false;
      for (std::size_t m = 0; m < by_size.size(); ++m) {
        const double size = *outcomes_.models[by_size[m]].properties.parameters_b;
        if (size <= above || size > limit) continue;
        questions += of_model[m];
        any = true;
      }
      if (last && !any) break;
      found.rows.push_back(
          {last ? fmt::format("L{} above {} B", level + 1, above)
                : fmt::format("L{} up to {} B", level + 1, limit),
           {{"share", any ? figures_.share(questions, main_pool().models, undecided)
                          : absent("no model of the pool has this size")}}});
      above = limit;
    }
    found.rows.push_back(
        {"unsolved", {{"share", figures_.share(nobody, main_pool().models, undecided)}}});
  }

  void by_category() {
    if (outcomes_.category.empty()) return;
    std::vector<std::vector<std::size_t>> questions(outcomes_.categories.size());
    for (std::size_t i = 0; i < n_; ++i) questions[outcomes_.category[i]].push_back(i);
    const Pool& pool = main_pool();
    const std::vector<Mark> covered = figures_.covered_by(pool.models);
    const std::size_t best = figures_.best_single(pool.models);
    std::vector<Mark> wins;
    if (options_.reference) wins = figures_.wins_or_ties(pool.models, *options_.reference);
    FindingSection& found = section("by_category", "By category");
    for (std::size_t c = 0; c < questions.size(); ++c) {
      if (questions[c].empty()) continue;
      const auto of = [&](const std::vector<Mark>& marks) { return some(marks, questions[c]); };
      const std::string& name = outcomes_.categories[c];
      FindingRow row{name.empty() ? "(none)" : name, {}};
      row.figures.push_back({"best_of", figures_.share(of(covered), pool.models)});
      row.figures.push_back({"best_single", figures_.share(of(figures_.marks(best)), {best})});
      if (options_.reference) {
        row.figures.push_back({"reference", figures_.share(of(figures_.marks(*options_.reference)),
                                                           {*options_.reference})});
        row.figures.push_back({"win_or_tie", figures_.share(of(wins), pool.models)});
      }
      row.figures.push_back(
          {"chance_floor", figures_.chance_floor(pool.models.size(), &questions[c])});
      found.rows.push_back(std::move(row));
    }
  }

  static std::vector<Mark> some(const std::vector<Mark>& marks,
                                const std::vector<std::size_t>& questions) {
    std::vector<Mark> chosen;
    chosen.reserve(questions.size());
    for (const std::size_t i : questions) chosen.push_back(marks[i]);
    return chosen;
  }

  void by_year() {
    std::map<int, std::vector<std::size_t>> by_year;
    std::string undated;
    for (const std::size_t m : main_pool().models) {
      const std::optional<double> year = outcomes_.models[m].properties.year;
      if (year) by_year[static_cast<int>(std::floor(*year))].push_back(m);
      if (!year) undated += (undated.empty() ? "" : ", ") + outcomes_.models[m].label();
    }
    if (by_year.empty()) return;
    FindingSection& found = section("by_year", "By year: models of the pool released until then");
    if (!undated.empty()) {
      result_.findings.notes.push_back("not in the table by year, their year is not told: " +
                                       undated);
    }
    Pool until{.name = main_pool().name, .models = {}};
    for (const auto& [year, models] : by_year) {
      until.models.insert(until.models.end(), models.begin(), models.end());
      const std::vector<Mark> covered = figures_.covered_by(until.models);
      const std::size_t best = figures_.best_single(until.models);
      FindingRow row{fmt::format("{} ({} models)", year, until.models.size()), {}, year};
      row.figures.push_back({"best_of", figures_.share(covered, until.models)});
      row.figures.push_back({"best_single", figures_.share(figures_.marks(best), {best})});
      compare_with_reference(row, until.models, covered);
      found.rows.push_back(std::move(row));
    }
  }

  void limits() {
    if (options_.within_seconds) within("within_latency", latency_limit());
    if (options_.within_memory_gb) within("within_memory", memory_limit());
  }

  struct Limited {
    std::string title;
    std::string unknown;                      // why the pool has no figure; empty: it has one
    std::vector<std::vector<Mark>> of_model;  // in the order of the pool
  };

  [[nodiscard]] Limited latency_limit() const {
    Limited limited{.title = fmt::format("Within {} s", *options_.within_seconds),
                    .unknown = {},
                    .of_model = {}};
    const auto limit = static_cast<float>(*options_.within_seconds);
    for (const std::size_t m : main_pool().models) {
      const std::vector<float>& seconds = outcomes_.models[m].of(Quantity::kSeconds).value;
      std::vector<Mark> marks = figures_.marks(m);
      for (std::size_t i = 0; i < n_; ++i) {
        const float spent = seconds.empty() ? kUnknown : seconds[i];
        if (marks[i] == Mark::kWrong) continue;  // late or not, it is wrong
        if (spent > limit) marks[i] = Mark::kWrong;
        if (std::isnan(spent)) marks[i] = Mark::kUnknown;
      }
      limited.of_model.push_back(std::move(marks));
    }
    return limited;
  }

  [[nodiscard]] Limited memory_limit() const {
    Limited limited{.title = fmt::format("Within {} GB of memory", *options_.within_memory_gb),
                    .unknown = {},
                    .of_model = {}};
    for (const std::size_t m : main_pool().models) {
      const std::optional<double> memory = outcomes_.models[m].properties.memory_gb;
      const Mark otherwise = memory ? Mark::kWrong : Mark::kUnknown;
      const bool fits = memory && *memory <= *options_.within_memory_gb;
      limited.of_model.push_back(fits ? figures_.marks(m) : std::vector<Mark>(n_, otherwise));
      if (!memory) {
        limited.unknown += (limited.unknown.empty() ? "" : ", ") + outcomes_.models[m].label();
      }
    }
    if (!limited.unknown.empty()) {
      limited.unknown = "memory_gb of " + limited.unknown + " is not told";
    }
    return limited;
  }

  void within(const std::string& name, const Limited& limited) {
    const Pool& pool = main_pool();
    FindingSection& found = section(name, limited.title);
    for (std::size_t i = 0; i < pool.models.size(); ++i) {
      const std::size_t m = pool.models[i];
      found.rows.push_back(
          {outcomes_.models[m].label(), {{"coverage", figures_.share(limited.of_model[i], {m})}}});
    }
    const std::vector<Mark> covered =
        metrics::pooled(std::vector<Marks>(limited.of_model.begin(), limited.of_model.end()), n_);
    FindingRow row{pool.name, {{"coverage", figures_.share(covered, pool.models)}}};
    if (!limited.unknown.empty()) {
      std::string& reason = row.figures.back().figure.reason;
      reason += (reason.empty() ? "" : "; ") + limited.unknown;
    }
    found.rows.push_back(std::move(row));
  }

  const Outcomes& outcomes_;
  const CoverageOptions& options_;
  std::size_t n_;
  PoolFigures figures_;
  Coverage result_;
};

core::Result<void> check(const Outcomes& outcomes, const CoverageOptions& options) {
  using core::ErrorCode;
  if (options.pools.empty()) {
    return core::fail(ErrorCode::kUsage, "coverage needs a pool of models");
  }
  for (const Pool& pool : options.pools) {
    if (pool.models.empty()) {
      return core::fail(ErrorCode::kUsage, "pool " + pool.name + " has no model (name some)");
    }
    std::set<std::size_t> seen;
    for (const std::size_t m : pool.models) {
      if (m >= outcomes.models.size() || !seen.insert(m).second) {
        return core::fail(ErrorCode::kUsage, "pool " + pool.name + " names a model twice");
      }
    }
  }
  if (!(options.adequate > 0.0 && options.adequate <= 1.0)) {
    return core::fail(ErrorCode::kUsage, "an adequate score lies above 0 and at most at 1");
  }
  if (!std::ranges::is_sorted(options.levels, std::less_equal())) {
    return core::fail(ErrorCode::kUsage, "difficulty levels must ascend");
  }
  return {};
}

}  // namespace

core::Result<Coverage> coverage(const Outcomes& outcomes, const CoverageOptions& options) {
  IPW_CHECK(check(outcomes, options));
  return CoverageAnalysis(outcomes, options).run();
}

}  // namespace ipw::analysis
