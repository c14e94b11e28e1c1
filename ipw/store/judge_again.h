#pragma once
// Verdicts by other rules than those that a run began with. A run is under one set of rules, or its
// figures are of two kinds; the texts of the answers are there, so they can be judged once more.

#include <cstdint>
#include <functional>
#include <optional>

#include "ipw/core/result.h"
#include "ipw/record/call.h"
#include "ipw/store/sqlite.h"

namespace ipw::store {

/// The verdict that a call has now; absent: it keeps the one that it has.
using Judge = std::function<std::optional<record::Verdict>(const record::Call&)>;

struct JudgedAgain {
  std::int64_t answers = 0;  // that were judged
  std::int64_t changed = 0;  // of those, with another outcome, value or extracted answer
};

/// Durable on return; all or none. A verdict that comes out the same stays as it stands, reason
/// included. Nobody else may write meanwhile. Memory grows with the verdicts that change.
[[nodiscard]] core::Result<JudgedAgain> judge_again(Database& database, const Judge& judge);

}  // namespace ipw::store
