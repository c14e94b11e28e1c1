// No order of models, questions or runs changes a result: shown on random answers with ties,
// missing verdicts and missing costs.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ipw/analysis/coverage.h"
#include "ipw/analysis/savings.h"
#include "ipw/core/random.h"
#include "ipw/metrics/contrast.h"
#include "ipw/metrics/linear.h"

namespace ipw::analysis {
namespace {

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

/// Four models over forty questions; costs are whole numbers, so that there are ties.
Outcomes answers(core::Random& random, bool missing_verdicts) {
  Outcomes outcomes;
  for (int q = 0; q < 40; ++q) outcomes.questions.push_back("q" + std::to_string(q));
  for (const char* name : {"ash", "birch", "cedar", "oak"}) {
    ModelOutcomes model;
    model.model = name;
    model.properties.parameters_b = static_cast<double>(1 + random.below(2));
    const double accuracy = 0.3 + 0.2 * static_cast<double>(random.below(4));
    QuantityColumn& joules = model.quantities[static_cast<std::size_t>(Quantity::kJoules)];
    joules.sources = {{record::Source::kMeasured, "meter"}};
    for (std::size_t q = 0; q < outcomes.questions.size(); ++q) {
      const bool judged = !missing_verdicts || random.below(20) > 0;
      const float score = random.unit() < accuracy ? 1.0F : 0.0F;
      model.score.push_back(judged ? score : kUnknown);
      joules.value.push_back(random.below(6) == 0 ? kUnknown
                                                  : static_cast<float>(1 + random.below(3)));
    }
    outcomes.models.push_back(std::move(model));
  }
  return outcomes;
}

template <class T>
std::vector<T> reordered(const std::vector<T>& values, const std::vector<std::size_t>& order) {
  std::vector<T> result;
  if (values.empty()) return result;
  for (const std::size_t i : order) result.push_back(values[i]);
  return result;
}

std::vector<std::size_t> shuffled(core::Random& random, std::size_t n) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < n; ++i) order.push_back(i);
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

Outcomes shuffled(core::Random& random, const Outcomes& from) {
  Outcomes outcomes = from;
  const auto questions = shuffled(random, from.questions.size());
  outcomes.questions = reordered(from.questions, questions);
  outcomes.models = reordered(from.models, shuffled(random, from.models.size()));
  for (ModelOutcomes& model : outcomes.models) {
    model.score = reordered(model.score, questions);
    for (QuantityColumn& column : model.quantities) {
      column.value = reordered(column.value, questions);
    }
  }
  return outcomes;
}

using Key = std::tuple<std::string, std::string, std::string>;
struct Shown {
  std::optional<double> value, low, high;
};

std::map<Key, Shown> shown(const Findings& findings) {
  std::map<Key, Shown> all;
  for (const FindingSection& section : findings.sections) {
    for (const FindingRow& row : section.rows) {
      for (const auto& [name, figure] : row.figures) {
        all[{section.name, row.label, name}] = {figure.value, figure.low, figure.high};
      }
    }
  }
  return all;
}

void expect_same(const std::map<Key, Shown>& one, const std::map<Key, Shown>& other) {
  ASSERT_EQ(one.size(), other.size());
  const auto same = [](const std::optional<double>& a, const std::optional<double>& b) {
    return a.has_value() == b.has_value() && (!a || std::abs(*a - *b) <= 1e-9);
  };
  for (const auto& [key, figure] : one) {
    const auto found = other.find(key);
    const std::string name = std::get<0>(key) + " / " + std::get<1>(key) + " / " + std::get<2>(key);
    ASSERT_NE(found, other.end()) << name;
    EXPECT_TRUE(same(figure.value, found->second.value) && same(figure.low, found->second.low) &&
                same(figure.high, found->second.high))
        << name;
  }
}

std::size_t index_of(const Outcomes& outcomes, const std::string& model) {
  return static_cast<std::size_t>(std::ranges::find(outcomes.models, model, &ModelOutcomes::model) -
                                  outcomes.models.begin());
}

Findings saved(const Outcomes& outcomes) {
  SavingsOptions options;
  options.reference = index_of(outcomes, "oak");
  for (std::size_t m = 0; m < outcomes.models.size(); ++m) {
    if (m != options.reference) options.locals.push_back(m);
  }
  const auto found = savings(outcomes, options);
  EXPECT_TRUE(found) << found.error().message;
  return *found;
}

Findings covered_by(const Outcomes& outcomes) {
  CoverageOptions options;
  options.reference = index_of(outcomes, "oak");
  Pool pool{.name = "pool", .models = {}};
  for (std::size_t m = 0; m < outcomes.models.size(); ++m) {
    if (m != options.reference) pool.models.push_back(m);
  }
  options.pools = {pool};
  options.missing_limit = .2;
  const auto found = coverage(outcomes, options);
  EXPECT_TRUE(found) << found.error().message;
  return found->findings;
}

TEST(Order, OfModelsAndQuestionsChangesNoSaving) {
  core::Random random(1);
  for (int round = 0; round < 30; ++round) {
    const Outcomes outcomes = answers(random, round % 2 == 0);
    const auto first = shown(saved(outcomes));
    for (int i = 0; i < 4; ++i) expect_same(first, shown(saved(shuffled(random, outcomes))));
  }
}

TEST(Order, OfModelsAndQuestionsChangesNoCoverage) {
  core::Random random(2);
  for (int round = 0; round < 30; ++round) {
    const Outcomes outcomes = answers(random, round % 2 == 0);
    const auto first = shown(covered_by(outcomes));
    for (int i = 0; i < 4; ++i) {
      expect_same(first, shown(covered_by(shuffled(random, outcomes))));
    }
  }
}

/// The questions of `from` in another order.
metrics::ContrastSample reordered(const metrics::ContrastSample& from,
                                  const std::vector<std::size_t>& order) {
  metrics::ContrastSample sample = from;
  for (std::size_t q = 0; q < order.size(); ++q) {
    for (std::size_t cell = 0; cell < from.cells; ++cell) {
      sample.score[from.cells * q + cell] = from.score[from.cells * order[q] + cell];
      sample.cost[from.cells * q + cell] = from.cost[from.cells * order[q] + cell];
    }
  }
  return sample;
}

TEST(Order, OfQuestionsChangesNoContribution) {
  constexpr std::size_t kQuestions = 40;
  core::Random random(3);
  const std::vector<double> weights = metrics::shapley_weights(2, 0);
  std::vector<double> negative = weights;
  for (double& weight : negative) weight = -weight;
  const std::vector<metrics::LogContrast> contrasts{
      {.accuracy = weights, .cost = negative, .whole = {}}};
  for (int round = 0; round < 30; ++round) {
    metrics::ContrastSample sample{
        .questions = kQuestions, .cells = 4, .repeats = 1, .score = {}, .cost = {}};
    for (std::size_t i = 0; i < 4 * kQuestions; ++i) {
      sample.score.push_back(random.unit() < 0.5 ? 1.0 : 0.0);
      sample.cost.push_back(static_cast<double>(1 + random.below(3)));
    }
    const metrics::ContrastEstimate one = metrics::contrasts(sample, contrasts, {.seed = 7})[0];
    const metrics::ContrastEstimate other = metrics::contrasts(
        reordered(sample, shuffled(random, kQuestions)), contrasts, {.seed = 7})[0];
    EXPECT_NEAR(one.value, other.value, 1e-9);
    EXPECT_NEAR(*one.limits.low, *other.limits.low, 1e-9);
    EXPECT_NEAR(*one.limits.high, *other.limits.high, 1e-9);
  }
}

}  // namespace
}  // namespace ipw::analysis
