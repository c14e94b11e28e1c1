#pragma once
// Addresses of servers as people write them (RFC 3986, the part of it that HTTP uses).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"

namespace ipw::net {

/// `http://host[:port][/path][?query]`, `https://…`, or `unix:/path/of/socket`, which speaks plain
/// HTTP with target "/".
struct Url {
  bool tls = false;
  std::string host;           // lower case, IPv6 without brackets; empty for a Unix socket
  std::uint16_t port = 0;     // 80 or 443 where none is written; 0 for a Unix socket
  std::string target = "/";   // path and query, as they go into the request line
  std::string socket_path;    // of a Unix socket, else empty
  std::string authorization;  // value of the Authorization field for `user:password@`, else empty
  std::string password;       // of `user:password@`, decoded, else empty

  /// `host`, `host:port` or `[v6]:port`, the port only where it is not the scheme's: as the Host
  /// field and the manifest have it. Never the user's name or password.
  [[nodiscard]] std::string authority() const;
  /// The same server with another target: the base's path joined with `path` ("/v1" and "chat" as
  /// well as "/v1/" and "/chat" give "/v1/chat"); a query of the base is dropped.
  [[nodiscard]] Url join(std::string_view path) const;
  /// What of it nobody may repeat: what is sent of user and password.
  [[nodiscard]] std::vector<std::string> secrets() const;
};

/// kUsage, without repeating a password, where `text` is no such address.
[[nodiscard]] core::Result<Url> parse_url(std::string_view text);

/// `bytes` with everything but RFC 3986's unreserved characters as %XX.
[[nodiscard]] std::string percent_encode(std::string_view bytes);

}  // namespace ipw::net
