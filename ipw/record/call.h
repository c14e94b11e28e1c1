#pragma once
// One attempt at one question: what was asked, what came back, what it cost, how it was judged.
// A record of a run is a question and repeat with all its calls; the last call carries the verdict,
// the energy of all of them counts.

#include <optional>
#include <string>
#include <vector>

#include "ipw/record/completion.h"
#include "ipw/record/energy_share.h"
#include "ipw/record/question.h"
#include "ipw/record/verdict.h"

namespace ipw::record {

struct Call {
  Question question;
  int repeat = 0;                      // 0-based
  int attempt = 0;                     // 0-based; above 0 only where an earlier one went missing
  Completion completion;               // timings are filled in even where the call failed
  std::optional<std::string> failure;  // infrastructure's or model's failure, with its cause
  std::vector<EnergyShare> energy;     // one per sensor; empty: not measured
  Verdict verdict;
};

}  // namespace ipw::record
