#pragma once
// Whether anybody listens at an address, without a word to them.

#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/net/url.h"

namespace ipw::net {

/// Connects to the host and port, or the Unix socket, of `url`, and hangs up; tries again for
/// `patience`, for a server that is just starting. Nothing is sent, no proxy is used. kNotFound for
/// a host without address, kUnavailable, with the system's words, where nobody answers. Blocks.
[[nodiscard]] core::Result<void> reachable(const Url& url, core::Seconds patience);

}  // namespace ipw::net
