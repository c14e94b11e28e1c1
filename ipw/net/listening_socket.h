#pragma once
// The socket that a server listens on: an IP address and port, or a file.

#include <cstdint>

#include "ipw/core/result.h"
#include "ipw/net/server.h"

namespace ipw::net {

/// A listening descriptor that does not block, to be closed by the caller. A socket file that
/// nobody listens on any more is taken over. kUsage for an address that is none, kBusy where it is
/// taken, kPermissionDenied, kNotFound.
[[nodiscard]] core::Result<int> listen_at(const ServerOptions& options);

/// The port that `descriptor` listens on; 0: none.
[[nodiscard]] std::uint16_t port_of(int descriptor);

/// For a descriptor that was just made or accepted.
void set_not_blocking(int descriptor);

}  // namespace ipw::net
