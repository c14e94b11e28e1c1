#pragma once
// Listings that more than one command prints.

#include <string>
#include <vector>

#include "ipw/cli/context.h"

namespace ipw::cli {

/// Prints those of `ipw list` that are named in `what`, or all where it is empty. `command` is what
/// the JSON document calls itself; runs are looked for below `runs`.
void print_listings(const std::vector<std::string>& what, const std::string& runs, bool json,
                    const char* command, Context& context);

}  // namespace ipw::cli
