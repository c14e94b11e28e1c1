#include "ipw/analysis/gdi.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include "ipw/core/random.h"

namespace ipw::analysis {
namespace {

// One value per pool and input.
using Values = std::vector<std::vector<double>>;

struct Totals {
  double gdi = 0.0;
  double answers = 0.0;
  double data_centre_gdi = 0.0;
  double data_centre_answers = 0.0;

  /// How many times what the data centres alone give; nothing where there are none.
  [[nodiscard]] std::optional<double> multiplier() const {
    if (!(data_centre_answers > 0.0)) return std::nullopt;
    return answers / data_centre_answers;
  }
  [[nodiscard]] std::optional<double> gdi_multiplier() const {
    if (!(data_centre_gdi > 0.0)) return std::nullopt;
    return gdi / data_centre_gdi;
  }
};

// Kotz & van Dorp (2004), Beyond Beta, ch. 1: the inverse of the triangular distribution.
double triangular(double u, const Input& input) {
  if (!input.swept()) return input.value;
  const double width = input.high - input.low;
  const double left = (input.value - input.low) / width;
  if (u < left) return input.low + std::sqrt(u * width * (input.value - input.low));
  return input.high - std::sqrt((1.0 - u) * width * (input.high - input.value));
}

std::pair<double, double> middle95(std::vector<double> values) {
  std::ranges::sort(values);
  const auto at = [&](double p) {
    return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1))];
  };
  return {at(0.025), at(0.975)};
}

class Calculation {
 public:
  Calculation(const Scenario& scenario, const GdiOptions& options)
      : scenario_(scenario), options_(options) {
    for (const PowerPool& pool : scenario.pools) {
      std::vector<double>& values = base_.emplace_back();
      for (const Input& input : pool.inputs) {
        values.push_back(input.value);
        assumed_ = assumed_ || input.source.empty();
      }
    }
    draw();
  }

  [[nodiscard]] Findings run() const {
    Findings findings;
    findings.sections = {total(), pools(), interventions(), tornado(), claim(), inputs()};
    findings.notes.push_back(
        "a scenario, not a measurement: limits are the middle 95 % over the ranges of the inputs, "
        "drawn independently");
    findings.notes.push_back(
        "GDI is IPW x watts, a plain sum of accuracies; correct answers per second, IPJ x watts, "
        "is "
        "the quantity that has a meaning as a rate");
    if (!scenario_.note.empty()) findings.notes.push_back(scenario_.note);
    return findings;
  }

 private:
  [[nodiscard]] Totals totals(const Values& values) const {
    Totals sum;
    for (std::size_t p = 0; p < scenario_.pools.size(); ++p) {
      const PoolResult result = compute(scenario_.pools[p], values[p]);
      sum.gdi += result.gdi;
      sum.answers += result.answers_per_s;
      if (scenario_.pools[p].kind != PoolKind::kDataCentre) continue;
      sum.data_centre_gdi += result.gdi;
      sum.data_centre_answers += result.answers_per_s;
    }
    return sum;
  }

  void draw() {
    core::Random random(core::derive_seed(options_.seed, "scenario"));
    for (int i = 0; i < options_.draws; ++i) {
      Values& values = draws_.emplace_back(base_);
      for (std::size_t p = 0; p < scenario_.pools.size(); ++p) {
        for (std::size_t k = 0; k < values[p].size(); ++k) {
          const double u = random.unit();
          values[p][k] = triangular(u, scenario_.pools[p].inputs[k]);
        }
      }
    }
  }

  [[nodiscard]] record::Figure plain(std::optional<double> value, const char* unit) const {
    record::Figure figure;
    figure.unit = unit;
    figure.value = value;
    figure.provenance = {record::Source::kEstimated,
                         assumed_ ? "scenario, in part assumed" : "scenario"};
    if (!value) figure.reason = "there is no data centre to compare with";
    return figure;
  }

  // A function of the inputs at their values, with its quantiles over the draws.
  [[nodiscard]] record::Figure swept(
      const char* unit, const std::function<std::optional<double>(const Values&)>& of) const {
    record::Figure figure = plain(of(base_), unit);
    if (!figure.value || draws_.size() < 100) return figure;
    std::vector<double> values;
    values.reserve(draws_.size());
    for (const Values& drawn : draws_) values.push_back(of(drawn).value_or(0.0));
    const auto [low, high] = middle95(std::move(values));
    figure.low = low;
    figure.high = high;
    figure.n = static_cast<std::int64_t>(draws_.size());
    figure.interval = "monte-carlo";
    if (*figure.value < low || *figure.value > high) {
      figure.reason =
          "the scenario's own value lies outside: a range lies on one side of its input";
    }
    return figure;
  }

  [[nodiscard]] FindingSection total() const {
    FindingRow row{.label = scenario_.name, .figures = {}};
    row.figures.push_back({"gdi", swept("1", [&](const Values& v) { return totals(v).gdi; })});
    row.figures.push_back(
        {"answers_per_s", swept("1/s", [&](const Values& v) { return totals(v).answers; })});
    row.figures.push_back({"answers_multiplier",
                           swept("1", [&](const Values& v) { return totals(v).multiplier(); })});
    row.figures.push_back({"gdi_multiplier", swept("1", [&](const Values& v) {
                             return totals(v).gdi_multiplier();
                           })});
    return {"total", "all pools; the multipliers are over the data centres alone", {row}};
  }

  [[nodiscard]] FindingSection pools() const {
    FindingSection section{"pools", "pool by pool, and what binds it", {}};
    for (std::size_t p = 0; p < scenario_.pools.size(); ++p) {
      const PowerPool& pool = scenario_.pools[p];
      const PoolResult here = compute(pool, base_[p]);
      const auto of = [&, p](const Values& values) { return compute(pool, values[p]); };
      FindingRow row{.label = pool.name, .figures = {}};
      record::Figure watts = swept("W", [&](const Values& v) { return of(v).power.watts; });
      const bool by_power = here.power.binding == metrics::Binding::kPower;
      watts.reason = by_power ? "power binds" : "accelerators bind";
      if (!here.power.both_given) {
        watts.reason += by_power ? " (how many accelerators there are is not given)"
                                 : " (what the grid could give is not given)";
      }
      row.figures.push_back({"usable_power", watts});
      record::Figure binds = plain(0.0, "1");
      for (const Values& drawn : draws_) {
        *binds.value += of(drawn).power.binding == metrics::Binding::kPower ? 1.0 : 0.0;
      }
      if (draws_.empty()) {
        binds.value = by_power ? 1.0 : 0.0;
      } else {
        *binds.value /= static_cast<double>(draws_.size());
      }
      binds.n = static_cast<std::int64_t>(draws_.size());
      row.figures.push_back({"power_binds_share", binds});
      row.figures.push_back({"gdi", swept("1", [&](const Values& v) { return of(v).gdi; })});
      row.figures.push_back(
          {"answers_per_s", swept("1/s", [&](const Values& v) { return of(v).answers_per_s; })});
      section.rows.push_back(std::move(row));
    }
    return section;
  }

  [[nodiscard]] FindingSection interventions() const {
    FindingSection section{"interventions", "what would gain, most correct answers first", {}};
    for (const Intervention& intervention : scenario_.interventions) {
      const auto changed = [&](Values values) {
        for (const Change& change : intervention.changes) {
          const std::string& input = scenario_.pools[change.pool].inputs[change.input].name;
          double& value = values[change.pool][change.input];
          value *= change.factor;
          if (input.ends_with("_share") || input == "availability" || input == "participation" ||
              input == "utilisation") {
            value = std::min(value, 1.0);
          }
          if (input == "pue") value = std::max(value, 1.0);
        }
        return values;
      };
      FindingRow row{.label = intervention.name, .figures = {}};
      row.figures.push_back({"answers_gain", swept("1", [&](const Values& v) {
                               return totals(changed(v)).answers / totals(v).answers;
                             })});
      row.figures.push_back({"gdi_gain", swept("1", [&](const Values& v) {
                               return totals(changed(v)).gdi / totals(v).gdi;
                             })});
      section.rows.push_back(std::move(row));
    }
    largest_first(section.rows, "answers_gain");
    return section;
  }

  // Every input of every pool.
  template <class Visit>
  void each_input(Visit visit) const {
    for (std::size_t p = 0; p < scenario_.pools.size(); ++p) {
      for (std::size_t k = 0; k < base_[p].size(); ++k) {
        visit(p, k, scenario_.pools[p].name + ": " + scenario_.pools[p].inputs[k].name);
      }
    }
  }

  [[nodiscard]] Values with(std::size_t pool, std::size_t input, double value) const {
    Values values = base_;
    values[pool][input] = value;
    return values;
  }

  [[nodiscard]] FindingSection tornado() const {
    FindingSection section{
        "tornado", "correct answers per second with one input at its low and high end", {}};
    each_input([&](std::size_t p, std::size_t k, const std::string& label) {
      const Input& input = scenario_.pools[p].inputs[k];
      if (!input.swept()) return;
      const double at_low = totals(with(p, k, input.low)).answers;
      const double at_high = totals(with(p, k, input.high)).answers;
      section.rows.push_back({label,
                              {{"at_low", plain(at_low, "1/s")},
                               {"at_high", plain(at_high, "1/s")},
                               {"swing", plain(std::abs(at_high - at_low), "1/s")}}});
    });
    largest_first(section.rows, "swing");
    return section;
  }

  // The input's value at which the multiplier is `target`: the multiplier is monotone in each
  // input, so that bisection over the logarithm finds it, if it is within a factor of a million.
  [[nodiscard]] record::Figure needed(std::size_t pool, std::size_t input, double target) const {
    record::Figure figure = plain(std::nullopt, "1");
    if (!totals(base_).multiplier()) return figure;
    const auto excess = [&](double value) {
      return *totals(with(pool, input, value)).multiplier() - target;
    };
    const double start = base_[pool][input];
    double low = start * 1e-6;
    double high = start * 1e6;
    const bool rising = excess(high) > excess(low);
    if ((excess(low) > 0.0) == (excess(high) > 0.0)) {
      figure.reason = "no value of this input alone gives it";
      return figure;
    }
    for (int step = 0; step < 200; ++step) {
      const double middle = std::sqrt(low * high);
      ((excess(middle) > 0.0) == rising ? high : low) = middle;
    }
    figure.value = std::sqrt(low * high);
    const Input& swept_input = scenario_.pools[pool].inputs[input];
    const bool inside = *figure.value >= swept_input.low && *figure.value <= swept_input.high;
    figure.reason = inside ? "within its range" : "outside its range";
    return figure;
  }

  [[nodiscard]] FindingSection claim() const {
    FindingSection section{
        "claim",
        "what local devices multiplying the data centres' answers by 2 and by 4 would need "
        "of each input alone",
        {}};
    if (!draws_.empty() && totals(base_).multiplier()) {
      record::Figure share = plain(0.0, "1");
      for (const Values& drawn : draws_) {
        const double multiplier = *totals(drawn).multiplier();
        *share.value += multiplier >= 2.0 && multiplier <= 4.0 ? 1.0 : 0.0;
      }
      *share.value /= static_cast<double>(draws_.size());
      share.n = static_cast<std::int64_t>(draws_.size());
      section.rows.push_back({"share of draws between 2 and 4", {{"now", share}}});
    }
    each_input([&](std::size_t p, std::size_t k, const std::string& label) {
      section.rows.push_back({label,
                              {{"now", plain(base_[p][k], "1")},
                               {"for_2x", needed(p, k, 2.0)},
                               {"for_4x", needed(p, k, 4.0)}}});
    });
    return section;
  }

  [[nodiscard]] FindingSection inputs() const {
    FindingSection section{"inputs", "every number, and where it comes from", {}};
    each_input([&](std::size_t p, std::size_t k, const std::string& label) {
      const Input& input = scenario_.pools[p].inputs[k];
      record::Figure figure;
      figure.unit = "1";
      figure.value = input.value;
      if (input.swept()) {
        figure.low = input.low;
        figure.high = input.high;
        figure.interval = "range";
      }
      const bool assumed = input.source.empty();
      figure.provenance = {assumed ? record::Source::kEstimated : record::Source::kPublished,
                           assumed ? "assumption" : "source"};
      figure.reason = assumed ? "assumption: " + input.assumption : "source: " + input.source;
      section.rows.push_back({label, {{"value", figure}}});
    });
    return section;
  }

  const Scenario& scenario_;
  const GdiOptions& options_;
  Values base_;
  std::vector<Values> draws_;
  bool assumed_ = false;
};

}  // namespace

Findings gdi(const Scenario& scenario, const GdiOptions& options) {
  return Calculation(scenario, options).run();
}

}  // namespace ipw::analysis
