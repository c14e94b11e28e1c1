#pragma once
// The machine that a run was made on, for its manifest.

#include <filesystem>

#include "ipw/store/manifest.h"

namespace ipw::profiling {

/// Read from /proc and /etc below `root` and from uname(2); what cannot be found stays empty or 0.
[[nodiscard]] store::ManifestMachine describe_machine(const std::filesystem::path& root);

}  // namespace ipw::profiling
