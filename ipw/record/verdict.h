#pragma once
// The judgement on one answer. A model's own failures are incorrect; failures of infrastructure or
// judge are missing and asked again (docs/metrics.md).

#include <string>

namespace ipw::record {

enum class Outcome { kCorrect, kIncorrect, kMissing };

struct Verdict {
  Outcome outcome = Outcome::kMissing;
  double value = 0.0;     // in [0, 1]; meaningless while missing
  std::string extracted;  // what the scorer read as the answer; empty where it found none
  std::string why;        // one line that a person can check
};

/// "correct", "incorrect" or "missing".
[[nodiscard]] const char* name(Outcome outcome);

}  // namespace ipw::record
