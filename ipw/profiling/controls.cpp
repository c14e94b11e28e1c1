// Four answers that need no model, given to every question.
#include "ipw/profiling/controls.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "ipw/core/random.h"
#include "ipw/metrics/interval.h"

namespace ipw::profiling {
namespace {

constexpr std::array kControls{
    Control{"empty", "nothing"},
    Control{"echo", "the prompt itself"},
    Control{"majority", "the commonest right answer of the task"},
    Control{"random", "one of the options, or the right answer to another question of the task"},
};
using Answers = std::array<std::string, kControls.size()>;

/// The right answers of one task, and how the controls fared on it.
struct TaskTally {
  std::vector<std::string> references;  // one per question
  std::string majority;
  std::array<double, kControls.size()> right{};
};

std::string most_common(const std::vector<std::string>& references) {
  std::map<std::string_view, std::size_t> counts;
  for (const std::string& reference : references) ++counts[reference];
  return std::string(
      std::ranges::max_element(counts, {}, [](const auto& c) { return c.second; })->first);
}

std::string random_answer(const record::Question& question, const TaskTally& task,
                          core::Random& random) {
  if (!question.choices.empty()) {
    return {static_cast<char>('A' + random.below(question.choices.size()))};
  }
  return task.references[random.below(task.references.size())];
}

record::Figure accuracy(double right, std::size_t n) {
  const metrics::Limits limits = metrics::wilson(right, static_cast<double>(n));
  return {.value = right / static_cast<double>(n),
          .unit = "1",
          .low = limits.low,
          .high = limits.high,
          .n = static_cast<std::int64_t>(n),
          .provenance = {record::Source::kMeasured, "scorer"},
          .interval = limits.method,
          .reason = limits.reason};
}

/// Tasks in the order of their first question.
struct Tallies {
  std::vector<std::string> order;
  std::map<std::string, TaskTally> by_task;

  TaskTally& of(const std::string& task) {
    const auto [found, added] = by_task.try_emplace(task);
    if (added) order.push_back(task);
    return found->second;
  }
};

core::Result<Tallies> collect(datasets::QuestionSet& questions, const scoring::Scorer& scorer) {
  Tallies tallies;
  for (;;) {
    IPW_TRY(const std::optional<record::Question> question, questions.next());
    if (!question) break;
    IPW_CHECK(scorer.check(*question));
    tallies.of(question->task).references.push_back(question->reference);
  }
  for (auto& [name, task] : tallies.by_task) task.majority = most_common(task.references);
  return tallies;
}

}  // namespace

std::span<const Control> controls() { return kControls; }

core::Result<std::vector<ControlScores>> score_controls(datasets::QuestionSet& questions,
                                                        const scoring::Scorer& scorer,
                                                        std::uint64_t seed) {
  IPW_TRY(Tallies tallies, collect(questions, scorer));
  IPW_CHECK(questions.rewind());
  core::Random random(core::derive_seed(seed, "controls"));
  for (;;) {
    IPW_TRY(const std::optional<record::Question> question, questions.next());
    if (!question) break;
    TaskTally& task = tallies.of(question->task);
    const Answers answers{"", question->prompt, task.majority,
                          random_answer(*question, task, random)};
    for (std::size_t i = 0; i < answers.size(); ++i) {
      task.right[i] += scorer.score(*question, answers[i]).value;
    }
  }
  std::vector<ControlScores> scores(1);
  std::array<double, kControls.size()> right{};
  std::size_t n = 0;
  for (const std::string& name : tallies.order) {
    const TaskTally& task = tallies.of(name);
    n += task.references.size();
    ControlScores& row = scores.emplace_back(ControlScores{.task = name, .accuracy = {}});
    for (std::size_t i = 0; i < right.size(); ++i) {
      right[i] += task.right[i];
      row.accuracy.push_back(accuracy(task.right[i], task.references.size()));
    }
  }
  for (const double value : right) scores[0].accuracy.push_back(accuracy(value, n));
  return scores;
}

}  // namespace ipw::profiling
