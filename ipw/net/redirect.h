#pragma once
// Where a server may send somebody on to. A Location is the server's word, and it must not turn a
// download into a request to this machine, to its network or over another protocol. Pure.

#include <string_view>

#include "ipw/core/result.h"
#include "ipw/net/header.h"
#include "ipw/net/url.h"

namespace ipw::net {

/// Whether `status` sends on (RFC 9110 §15.4: 301, 302, 303, 307, 308).
[[nodiscard]] bool is_redirect(int status);

/// Same scheme, host and port, or the same socket (RFC 6454): what may see a key that the other
/// may.
[[nodiscard]] bool same_origin(const Url& a, const Url& b);

/// Whether `host` is a name or address of this machine or of a network that only its neighbours
/// reach: loopback, private, link-local and unspecified addresses, however they are written
/// ("127.1", "2130706433", "::ffff:10.0.0.1"), "localhost" and names below it. Names are not looked
/// up.
[[nodiscard]] bool is_local_host(std::string_view host);

/// The address that the answer of `from` with these headers leads to (RFC 3986 §5.2), without
/// user or password. kUnavailable: without a Location, from https to http, to a Unix socket, to
/// another scheme, or from a host that is not is_local_host() to one that is.
[[nodiscard]] core::Result<Url> redirect_target(const Url& from, const Headers& headers);

}  // namespace ipw::net
