#pragma once
// Which proxy stands between here and a server, after curl's rules for the environment.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/net/url.h"

namespace ipw::net {

struct ProxySettings {
  std::optional<Url> http;            // for http:// addresses
  std::optional<Url> https;           // for https:// addresses, by CONNECT
  std::vector<std::string> no_proxy;  // lower case: hosts, domains, IPv4 networks (10.0.0.0/8), "*"

  /// The proxy towards `url`; null: none. Never one for a Unix socket, localhost or a loopback
  /// address.
  [[nodiscard]] const Url* towards(const Url& url) const;
};

/// http_proxy, https_proxy, all_proxy and no_proxy, in either case (HTTP_PROXY is read in lower
/// case only, as in curl). `variable` answers with the value or null, as std::getenv. kInvalidData
/// where a proxy is no http:// address.
[[nodiscard]] core::Result<ProxySettings> proxies_from(
    const std::function<const char*(const char*)>& variable);

}  // namespace ipw::net
