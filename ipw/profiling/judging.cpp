// The rules that decide between incorrect and missing, in one place.
#include "ipw/profiling/judging.h"

#include <fmt/format.h>

namespace ipw::profiling {
namespace {

using core::ErrorCode;
using record::Outcome;

// A prompt beyond the context and a deadline missed are what the model could not do; everything
// else that fails is what it was not given the chance to do.
bool is_the_models_own(ErrorCode code) {
  return code == ErrorCode::kTooLong || code == ErrorCode::kTimeout;
}

record::Verdict without_text(Outcome outcome, std::string why) {
  return {.outcome = outcome, .value = 0.0, .extracted = {}, .why = std::move(why)};
}

}  // namespace

record::Verdict verdict_of(const record::Question& question,
                           const core::Result<record::Completion>& completion, int max_tokens,
                           const scoring::Scorer& scorer, bool fixed_length) {
  if (!completion) {
    const core::Error& error = completion.error();
    return without_text(is_the_models_own(error.code) ? Outcome::kIncorrect : Outcome::kMissing,
                        error.message);
  }
  const std::int64_t produced =
      completion->usage.output.value_or(core::Tokens{max_tokens}).count;  // uncounted: the limit
  switch (completion->finish) {
    case record::FinishReason::kCancelled:
      return without_text(Outcome::kMissing, "stopped before the answer was complete");
    case record::FinishReason::kLength:
      if (fixed_length && produced >= max_tokens) break;  // as asked
      return without_text(Outcome::kIncorrect,
                          produced >= max_tokens
                              ? fmt::format("ran over the limit of {} tokens", max_tokens)
                              : fmt::format("ran out of context after {} tokens", produced));
    case record::FinishReason::kToolCalls:
      return without_text(Outcome::kIncorrect, "asked for a tool instead of answering");
    case record::FinishReason::kRefused:
      return without_text(Outcome::kIncorrect, "refused, by itself or by its provider's filter");
    case record::FinishReason::kStop: break;
  }
  return scorer.score(question, completion->text);
}

std::optional<record::Verdict> judged_again(const record::Call& call,
                                            const scoring::Scorer& scorer) {
  const bool by_its_text = !call.failure && call.verdict.outcome != Outcome::kMissing &&
                           call.completion.finish == record::FinishReason::kStop;
  if (!by_its_text) return std::nullopt;
  return scorer.score(call.question, call.completion.text);
}

}  // namespace ipw::profiling
