// Rows of routers over one replay table.
#include "ipw/analysis/savings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "ipw/analysis/table_rows.h"
#include "ipw/metrics/printed.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using record::Figure;

core::Result<void> check(const SavingsOptions& options) {
  if (!(options.adequate > 0.0 && options.adequate <= 1.0)) {
    return core::fail(ErrorCode::kUsage, "an adequate score lies above 0 and at most at 1");
  }
  for (const double accuracy : options.accuracies) {
    if (accuracy > 0.0 && accuracy <= 1.0) continue;
    return core::fail(ErrorCode::kUsage,
                      fmt::format("a router cannot be right with probability {} (above 0, at most "
                                  "1)",
                                  accuracy));
  }
  return {};
}

core::Result<const Resource*> objective(const ReplayTable& table, const std::string& by) {
  std::string there;
  for (const Resource& resource : table.resources) {
    if (resource.cost.empty()) continue;
    if (by.empty() || resource.name == by) return &resource;
    there += (there.empty() ? "" : ", ") + resource.name;
  }
  if (const Resource* named = table.find(by); named != nullptr) {
    return core::fail(ErrorCode::kUsage, fmt::format("cannot route by {}: {} (there is: {})", by,
                                                     named->why, there.empty() ? "none" : there));
  }
  return core::fail(by.empty() ? ErrorCode::kInvalidData : ErrorCode::kUsage,
                    by.empty()
                        ? "nothing to save: no joules, dollars, seconds or FLOPs of all "
                          "models (give costs, or join them with --energy, --prices, --models)"
                        : fmt::format("there is no resource '{}' (there is: {})", by, there));
}

class SavingsAnalysis {
 public:
  SavingsAnalysis(ReplayTable table, const SavingsOptions& options)
      : table_(std::move(table)), options_(options) {}

  core::Result<Findings> run() {
    IPW_TRY(by_, objective(table_, options_.by));
    findings_.notes = table_.notes;
    findings_.notes.push_back(fmt::format(
        "the oracle sends each question to the cheapest model by {} that {}, else to {}", by_->name,
        options_.suffices == Suffices::kWinOrTie ? "is no worse than the reference" : "answers it",
        table_.candidates.back()));
    models();
    routers();
    return std::move(findings_);
  }

 private:
  void models() {
    FindingSection& section = findings_.sections.emplace_back(
        FindingSection{"models", "Each model alone, saved against the reference", {}});
    const FixedRouter reference(table_, table_.reference());
    for (std::size_t c = 0; c < table_.candidates.size(); ++c) {
      const FixedRouter alone(table_, c);
      const Replay replayed = replay(table_, alone, reference, options_.replay);
      quality_.push_back(*replayed.quality.value);
      FindingRow row{table_.candidates[c], {{"quality", replayed.quality}}};
      if (c != table_.reference()) {
        row.figures.push_back({"quality_difference", replayed.quality_difference});
        add_saved(row, replayed, "_saved");
      } else {
        row.label += " (reference)";
      }
      section.rows.push_back(std::move(row));
    }
  }

  void routers() {
    const std::string title = "Routers, saved against everything to " + table_.candidates.back();
    FindingSection up{"routers", title + "; misroutes go there", {}};
    FindingSection either{"routers_either_way", title + "; misroutes go either way", {}};
    const OracleRouter oracle(table_, *by_, options_.suffices, options_.adequate);
    add_router(up, oracle, 1.0);
    add_router(either, oracle, 1.0);
    for (const double accuracy : options_.accuracies) {
      add_router(up, ImperfectRouter(oracle, table_, *by_, accuracy, Misroutes::kToReference),
                 accuracy);
      add_router(either, ImperfectRouter(oracle, table_, *by_, accuracy, Misroutes::kEitherWay),
                 accuracy);
    }
    findings_.sections.push_back(std::move(up));
    findings_.sections.push_back(std::move(either));
    findings_.sections.push_back(std::move(against_single_));
  }

  void add_router(FindingSection& section, const Router& router, double accuracy) {
    const FixedRouter reference(table_, table_.reference());
    const Replay replayed = replay(table_, router, reference, options_.replay);
    FindingRow row{router.name(), {}, accuracy};
    add_saved(row, replayed, "_saved");
    row.figures.push_back({"quality", replayed.quality});
    row.figures.push_back({"quality_difference", replayed.quality_difference});
    row.figures.push_back({"reference_share", replayed.reference_share});
    section.rows.push_back(std::move(row));
    const bool seen = accuracy == 1.0 && !against_single_.rows.empty();
    if (!seen) add_against_single(router, *replayed.quality.value);
  }

  /// The cheapest model that is no worse than the router; where there is none, the most accurate.
  void add_against_single(const Router& router, double quality) {
    std::size_t best = 0;
    bool equal = false;
    for (std::size_t c = 0; c < table_.candidates.size(); ++c) {
      const bool reaches = quality_[c] >= quality - 1e-12;  // sums in another order
      if (c > 0 && (reaches != equal ? equal : !before(c, best, equal))) continue;
      best = c;
      equal = reaches;
    }
    const Replay replayed = replay(table_, router, FixedRouter(table_, best), options_.replay);
    FindingRow row{router.name() + " against " + table_.candidates[best], {}};
    add_saved(row, replayed, "_saved");
    row.figures.push_back({"quality_difference", replayed.quality_difference});
    if (!equal) {
      row.figures.back().figure.reason +=
          "no single model is as good: compared with the most accurate one";
    }
    against_single_.rows.push_back(std::move(row));
  }

  /// Of two models that are good enough the cheaper, of two that are not the better one; then the
  /// first by name, so that the order of the models decides nothing.
  [[nodiscard]] bool before(std::size_t a, std::size_t b, bool good_enough) const {
    const double cost_a = mean_cost(a);
    const double cost_b = mean_cost(b);
    if (good_enough && cost_a != cost_b) return cost_a < cost_b;
    if (quality_[a] != quality_[b]) return quality_[a] > quality_[b];
    return table_.candidates[a] < table_.candidates[b];
  }

  /// Over the questions whose cost is known of every candidate.
  [[nodiscard]] double mean_cost(std::size_t candidate) const {
    double sum = 0.0;
    double known = 0.0;
    for (std::size_t i = 0; i < table_.size(); ++i) {
      if (std::ranges::any_of(by_->cost, [i](const auto& cost) { return std::isnan(cost[i]); })) {
        continue;
      }
      sum += static_cast<double>(by_->cost[candidate][i]);
      known += 1.0;
    }
    return known > 0.0 ? sum / known : std::numeric_limits<double>::infinity();
  }

  void add_saved(FindingRow& row, const Replay& replayed, const char* suffix) const {
    for (std::size_t r = 0; r < table_.resources.size(); ++r) {
      row.figures.push_back({table_.resources[r].name + suffix, replayed.saved[r]});
    }
  }

  ReplayTable table_;
  const SavingsOptions& options_;
  const Resource* by_ = nullptr;
  std::vector<double> quality_;  // by candidate, alone
  FindingSection against_single_{
      "against_best_single", "The same against the best single model", {}};
  Findings findings_;
};

/// One row of a published table.
struct PublishedRow {
  double accuracy = 0.0;
  std::string origin;
  std::map<std::string, metrics::Printed> saved;  // by resource, percent
};

constexpr std::string_view kSavedColumn = "_saved_pct";

core::Result<PublishedRow> published_row(const datasets::Row& row) {
  PublishedRow published;
  IPW_TRY(published.accuracy, required_number(row, "router_accuracy"));
  if (!(published.accuracy > 0.0 && published.accuracy <= 1.0)) {
    return core::fail(
        ErrorCode::kInvalidData,
        fmt::format("router_accuracy is {}: expected above 0, at most 1", published.accuracy));
  }
  for (const datasets::Field& field : row.fields) {
    if (field.name == "origin") published.origin = field.text;
    if (!field.name.ends_with(kSavedColumn)) continue;
    const std::optional<metrics::Printed> percent = metrics::parse_printed(field.text);
    if (field.text.empty()) continue;
    if (!percent) {
      return core::fail(ErrorCode::kInvalidData,
                        fmt::format("{} is '{}', which is no number (write it like 80.4)",
                                    field.name, field.text));
    }
    const std::string resource = field.name.substr(0, field.name.size() - kSavedColumn.size());
    published.saved[resource] = *percent;
  }
  return published;
}

Figure published_figure(double value, const std::string& method) {
  Figure figure;
  figure.value = value;
  figure.unit = "1";
  figure.provenance = {record::Source::kPublished, method};
  figure.interval = "none";
  figure.reason = "published without an interval";
  return figure;
}

// What the oracle's row and a router's accuracy give, beside what is printed. The accuracy is a
// choice of who replays and therefore exact; the savings are rounded.
void add_published(FindingRow& found, const PublishedRow& row, const std::string& resource,
                   const metrics::Printed& oracle, const std::string& file) {
  const double computed = row.accuracy * oracle.value / 100;
  found.figures.push_back(
      {resource + "_saved", published_figure(computed, "router accuracy × " + file)});
  const auto printed = row.saved.find(resource);
  if (printed == row.saved.end()) return;
  const double stated = printed->second.value / 100;
  found.figures.push_back({resource + "_printed", published_figure(stated, file)});
  Figure difference = published_figure(stated - computed, "printed - computed");
  const metrics::Range exact{row.accuracy, row.accuracy};
  if (!metrics::common(exact * oracle.range(), printed->second.range())) {
    difference.reason = fmt::format(
        "more than rounding: what is printed does not follow from the oracle's row and {:.4g}",
        row.accuracy);
  }
  found.figures.push_back({resource + "_difference", std::move(difference)});
}

}  // namespace

core::Result<Findings> savings(const Outcomes& outcomes, const SavingsOptions& options) {
  IPW_CHECK(check(options));
  IPW_TRY(ReplayTable table, replay_table(outcomes, options.locals, options.reference));
  return SavingsAnalysis(std::move(table), options).run();
}

core::Result<Findings> published_savings(const std::filesystem::path& table,
                                         std::optional<double> local_share) {
  if (local_share && !(*local_share > 0.0 && *local_share <= 1.0)) {
    return core::fail(ErrorCode::kUsage, "the local share lies above 0 and at most at 1");
  }
  std::vector<PublishedRow> rows;
  IPW_CHECK(for_each_row(table, [&](const datasets::Row& row) -> core::Result<void> {
    IPW_TRY(PublishedRow published, published_row(row));
    rows.push_back(std::move(published));
    return {};
  }));
  const auto oracle = std::ranges::find(rows, 1.0, &PublishedRow::accuracy);
  if (oracle == rows.end() || oracle->saved.empty()) {
    return core::fail(ErrorCode::kInvalidData,
                      "cannot use " + table.string() +
                          ": it has no row of the oracle (router_accuracy 1, NAME_saved_pct)");
  }
  const std::string file = table.filename().string();
  Findings findings;
  FindingSection& section = findings.sections.emplace_back(FindingSection{
      "published", "Saved: accuracy of the router × the oracle's row, beside what is printed", {}});
  for (const PublishedRow& row : rows) {
    FindingRow found{fmt::format("right {:.4g} %", 100 * row.accuracy), {}, row.accuracy};
    if (!row.origin.empty()) found.label += " (" + row.origin + ")";
    for (const auto& [resource, saved] : oracle->saved) {
      add_published(found, row, resource, saved, file);
    }
    section.rows.push_back(std::move(found));
  }
  if (!local_share) return findings;
  FindingSection& implied = findings.sections.emplace_back(FindingSection{
      "implied",
      fmt::format("Cost of a local answer over a cloud answer that the oracle implies "
                  "at a local share of {}",
                  *local_share),
      {}});
  for (const auto& [resource, saved] : oracle->saved) {
    implied.rows.push_back(
        {resource,
         {{"local_over_cloud",
           published_figure(1 - saved.value / 100 / *local_share, "1 - saved / share")}}});
  }
  return findings;
}

}  // namespace ipw::analysis
