#pragma once
// Where a command that serves is to listen, as users write it.

#include <cstdint>
#include <string>
#include <string_view>

#include "ipw/core/result.h"

namespace ipw::cli {

struct ListenAddress {
  std::string address;  // IPv6 without brackets
  std::uint16_t port = 0;
};

/// "ADDRESS:PORT" or "[IPv6]:PORT", of `flag`; port 0 takes a free one. kUsage for anything else.
/// Whether the address is one is the server's to say.
[[nodiscard]] core::Result<ListenAddress> parse_listen_address(std::string_view flag,
                                                               std::string_view text);

}  // namespace ipw::cli
