#pragma once
// The processes that run a model on this machine: a server by the port that it listens on, and what
// it started; other runs of ipw.

#include <cstdint>
#include <filesystem>
#include <set>

#include "ipw/core/result.h"

namespace ipw::energy {

/// `pids` and all their descendants that there are now, by /proc below `root`.
[[nodiscard]] std::set<int> with_descendants(const std::filesystem::path& root, std::set<int> pids);

/// The processes other than this one in which `ipw profile` measures, by /proc below `root`. Those
/// that the kernel hides (another container's, or other users' under hidepid) are not seen.
[[nodiscard]] std::set<int> other_runs(const std::filesystem::path& root);

/// The processes that listen on TCP port `port`, by /proc below `root`: several where they share
/// the socket. kNotFound where nobody listens, kPermissionDenied where the listener is another
/// user's and cannot be looked into.
[[nodiscard]] core::Result<std::set<int>> listeners(const std::filesystem::path& root,
                                                    std::uint16_t port);

}  // namespace ipw::energy
