#pragma once
// `ipw energy daemon`: reads the sensors for programs that may not, here or on other machines.

#include "ipw/cli/command.h"
#include "ipw/cli/flags.h"

namespace ipw::cli {

/// The step `daemon` of `ipw energy`.
Action declare_energy_daemon(const Flags& app, Context& context);

}  // namespace ipw::cli
