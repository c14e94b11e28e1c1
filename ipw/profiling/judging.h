#pragma once
// From what a model gave back, or failed to, to a verdict: the model's own failures are incorrect,
// those of the infrastructure are missing and asked again (docs/metrics.md, Verdicts).

#include <optional>

#include "ipw/core/result.h"
#include "ipw/record/call.h"
#include "ipw/record/completion.h"
#include "ipw/record/question.h"
#include "ipw/record/verdict.h"
#include "ipw/scoring/scorer.h"

namespace ipw::profiling {

/// `fixed_length`: an answer of `max_tokens` is what was asked for, not one that ran over.
[[nodiscard]] record::Verdict verdict_of(const record::Question& question,
                                         const core::Result<record::Completion>& completion,
                                         int max_tokens, const scoring::Scorer& scorer,
                                         bool fixed_length = false);

/// The verdict of `scorer` on an answer that was recorded under other rules. Absent where the text
/// decided nothing: the call failed, was cut off or refused, or has no verdict and is asked again.
[[nodiscard]] std::optional<record::Verdict> judged_again(const record::Call& call,
                                                          const scoring::Scorer& scorer);

}  // namespace ipw::profiling
