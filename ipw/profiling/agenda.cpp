// One pass over the question set per repeat, behind a mutex: the set is read lazily by whichever
// request slot is free.
#include "ipw/profiling/agenda.h"

#include <utility>

namespace ipw::profiling {

Agenda::Agenda(datasets::QuestionSet& questions, int repeats, NextAttempt next_attempt)
    : questions_(questions), repeats_(repeats), next_attempt_(std::move(next_attempt)) {}

core::Result<std::optional<Item>> Agenda::next() {
  const std::lock_guard lock(mutex_);
  while (repeat_ < repeats_) {
    IPW_TRY(std::optional<record::Question> question, questions_.next());
    if (!question) {
      if (++repeat_ < repeats_) IPW_CHECK(questions_.rewind());
      continue;
    }
    const std::optional<int> attempt = next_attempt_(question->id, repeat_);
    if (attempt) return Item{std::move(*question), repeat_, *attempt};
  }
  return std::nullopt;
}

}  // namespace ipw::profiling
