#pragma once
// An answer is kept as soon as it is there; what it cost is known later, and finds it by its name.

#include <string>
#include <vector>

#include "ipw/record/call.h"
#include "ipw/record/energy_share.h"

namespace ipw::store {

/// One call in the run.
struct CallName {
  std::string question_id;
  int repeat = 0;
  int attempt = 0;
};
[[nodiscard]] inline CallName name_of(const record::Call& call) {
  return {.question_id = call.question.id, .repeat = call.repeat, .attempt = call.attempt};
}

/// What a call cost, told after the call.
struct CallEnergy {
  CallName call;
  std::vector<record::EnergyShare> shares;
};

}  // namespace ipw::store
