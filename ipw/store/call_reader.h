#pragma once
// Streams a run's calls back as they were recorded, one at a time, whatever the run's size.

#include <cstdint>
#include <functional>
#include <span>

#include "ipw/core/result.h"
#include "ipw/record/call.h"
#include "ipw/store/sqlite.h"

namespace ipw::store {

/// An error ends the pass and is handed on.
using CallSink = std::function<core::Result<void>(const record::Call&)>;

// `disturbed`: whether others worked beside the run, for the provenance of its joules.

/// All attempts, in the order of questions (as first recorded), repeats, attempts. Instants count
/// from the run's start: time_since_epoch() is the offset on the run's time line.
[[nodiscard]] core::Result<void> read_calls(Database& database, bool disturbed,
                                            const CallSink& sink);

/// The same of some questions only, without reading the others: `numbers` count from 1.
[[nodiscard]] core::Result<void> read_calls_of(Database& database, bool disturbed,
                                               std::span<const std::int64_t> numbers,
                                               const CallSink& sink);

/// The last attempt of each question and repeat, its energy that of all attempts (attempt_sum.h).
[[nodiscard]] core::Result<void> read_records(Database& database, bool disturbed,
                                              const CallSink& sink);

}  // namespace ipw::store
