#pragma once
// Several runs of `ipw profile` from one command line, in one folder: a run for each point of a
// sweep, or the same run several times, in turn with that of another model.

#include "ipw/cli/context.h"
#include "ipw/cli/profile_flags.h"
#include "ipw/core/result.h"

namespace ipw::cli {

/// Whether the flags ask for more than one run.
[[nodiscard]] bool asks_for_a_study(const ProfileFlags& flags);

/// Measures every run and shows what they say together. The exit status is that of the worst run.
/// kUsage for flags that do not go together, before anything is made; else as measure().
[[nodiscard]] core::Result<int> run_study(const ProfileFlags& flags, Context& context);

}  // namespace ipw::cli
