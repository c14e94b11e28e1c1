#pragma once
// What can be scored on a question set without understanding anything: the floor that a model's
// score has to be above. Judged by the set's own scorer, like every answer.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/datasets/question_set.h"
#include "ipw/record/figure.h"
#include "ipw/scoring/scorer.h"

namespace ipw::profiling {

struct Control {
  std::string_view name;
  std::string_view answer;  // what it says to every question
};

/// empty, echo, majority, random: in this order.
[[nodiscard]] std::span<const Control> controls();

struct ControlScores {
  std::string task;                      // empty: all questions
  std::vector<record::Figure> accuracy;  // one of each of controls(), Wilson limits
};

/// Reads the set twice: once for the answers that there are, once to give them. All questions
/// first, then each task in the order of its first question. Errors of the set; kInvalidData where
/// the scorer cannot judge against a reference.
[[nodiscard]] core::Result<std::vector<ControlScores>> score_controls(
    datasets::QuestionSet& questions, const scoring::Scorer& scorer, std::uint64_t seed);

}  // namespace ipw::profiling
