#pragma once
// What is still to be asked: the questions of a set, once per repeat, without those that the run
// already has.

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "ipw/core/result.h"
#include "ipw/datasets/question_set.h"
#include "ipw/record/question.h"

namespace ipw::profiling {

struct Item {
  record::Question question;
  int repeat = 0;
  int attempt = 0;
};

/// Nothing: this question and repeat is done. Otherwise the number of the attempt to make.
using NextAttempt = std::function<std::optional<int>(const std::string& question_id, int repeat)>;

/// Goes through the whole set once per repeat, so that a drift of the machine meets all questions
/// of a repeat alike. Thread-safe.
class Agenda {
 public:
  Agenda(datasets::QuestionSet& questions, int repeats, NextAttempt next_attempt);

  /// The next thing to ask, or nothing at the end.
  [[nodiscard]] core::Result<std::optional<Item>> next();

 private:
  std::mutex mutex_;
  datasets::QuestionSet& questions_;
  int repeats_;
  int repeat_ = 0;
  NextAttempt next_attempt_;
};

}  // namespace ipw::profiling
