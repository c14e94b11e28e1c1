#pragma once
// How the references of a run are judged: counted before the first question is asked, so that
// nobody learns from an accuracy of 0 that a set of formulas was compared as text.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ipw/datasets/question_set.h"
#include "ipw/record/question.h"
#include "ipw/scoring/scorer.h"

namespace ipw::profiling {

struct References {
  std::map<std::string, std::int64_t> judged_by;  // questions by the rule that judges them
  std::int64_t formulas = 0;                      // references that are compared as text only
  std::vector<std::string> formula_list;          // "question 7: '\\sqrt{3}'"; the first thousand

  void add(const scoring::Scorer& scorer, const record::Question& question);
};

/// Those of all questions of `set`, which is read once and rewound. The set's own errors.
[[nodiscard]] core::Result<References> references_of(datasets::QuestionSet& set,
                                                     const scoring::Scorer& scorer);

/// For people, one line each, mostly none: by which rules the questions are judged where that is
/// more than one, and how many references are formulas.
[[nodiscard]] std::vector<std::string> notes(const References& references);

}  // namespace ipw::profiling
