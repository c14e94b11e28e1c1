#pragma once
// One run of `ipw profile`, from flags to the last durable record.

#include <filesystem>

#include "ipw/cli/context.h"
#include "ipw/cli/profile_flags.h"
#include "ipw/core/result.h"
#include "ipw/profiling/profile.h"

namespace ipw::cli {

struct Measured {
  std::filesystem::path directory;  // empty: nothing was begun
  profiling::ProfileResult result;  // whose `gave_up` then says why
};

/// The exit status that a run's outcome asks for.
[[nodiscard]] int exit_status_of(const profiling::ProfileResult& result);

/// Begins a run, or goes on with the one that `flags.resume` names, and says on the way what it
/// measures with and how to go on where something is missing.
[[nodiscard]] core::Result<Measured> measure(ProfileFlags& flags, Context& context);

}  // namespace ipw::cli
