#pragma once
// Who may talk to the sensor daemon, and what the daemon itself may still do once it has opened its
// sensors: keys, sockets handed over by systemd, users and groups.

#include <filesystem>
#include <string>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/energy/sensors.h"

namespace ipw::energy {

/// The shared key in a file: one line of at least 16 visible ASCII characters. kPermissionDenied
/// where others than its owner may read the file; kNotFound, kInvalidData.
[[nodiscard]] core::Result<std::string> read_key(const std::filesystem::path& file);

/// The listening sockets that systemd handed to process `pid` (sd_listen_fds(3): descriptors from 3
/// on, LISTEN_PID and LISTEN_FDS). kInvalidData where one of them does not listen.
[[nodiscard]] core::Result<std::vector<int>> activated_sockets(const Environment& environment,
                                                               int pid);

enum class SocketReach { kUnix, kLoopback, kNetwork };
[[nodiscard]] SocketReach reach(int descriptor);
/// Whether an IP address is one of this machine alone (127/8, ::1).
[[nodiscard]] bool is_loopback(const std::string& address);

/// kNotFound where the system has no such group.
[[nodiscard]] core::Result<unsigned> group_id(const std::string& name);

/// Becomes `user`, with the user's groups, for good, in all threads; descriptors stay open. Nothing
/// to do, and no error, where the process is not root's. kNotFound, kPermissionDenied.
[[nodiscard]] core::Result<void> drop_root(const std::string& user);

}  // namespace ipw::energy
