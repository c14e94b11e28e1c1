#include "ipw/net/proxy.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ipw::net {
namespace {

std::optional<std::uint32_t> ipv4(std::string_view text) {
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

bool is_loopback(const std::string& host) {
  const auto address = ipv4(host);
  return host == "localhost" || host.ends_with(".localhost") || host == "::1" ||
         (address && *address >> 24U == 127);
}

bool in_network(std::string_view host, std::string_view network) {
  const std::size_t slash = network.find('/');
  const auto address = ipv4(host);
  const auto base = ipv4(network.substr(0, slash));
  if (slash == std::string_view::npos || !address || !base) return false;
  const std::string_view digits = network.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size() || bits > 32) return false;
  return bits == 0 || (*address ^ *base) >> (32U - bits) == 0;
}

bool is_exempt(const Url& url, std::string_view entry) {
  if (entry == "*") return true;
  if (entry.contains('/')) return in_network(url.host, entry);
  const std::size_t colon = entry.rfind(':');
  if (colon != std::string_view::npos && entry.find(':') == colon) {
    if (entry.substr(colon + 1) != std::to_string(url.port)) return false;
    entry = entry.substr(0, colon);
  }
  if (entry.starts_with('.')) entry.remove_prefix(1);
  return !entry.empty() &&
         (url.host == entry || std::string_view(url.host).ends_with("." + std::string(entry)));
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> entries;
  std::string entry;
  for (const char c : text) {
    if (c == ',' || c == ' ' || c == '\t') {
      if (!entry.empty()) entries.push_back(std::move(entry));
      entry.clear();
    } else {
      entry += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  if (!entry.empty()) entries.push_back(std::move(entry));
  return entries;
}

// The first of `names` that is set and not empty.
core::Result<std::optional<Url>> proxy_of(const std::function<const char*(const char*)>& variable,
                                          std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = variable(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string text =
        std::string_view(value).contains("://") ? value : fmt::format("http://{}", value);
    const auto url = parse_url(text);
    if (!url || url->tls) {
      return core::fail(core::ErrorCode::kInvalidData,
                        fmt::format("cannot use the proxy of the environment variable {}: it is "
                                    "no http://HOST:PORT (set another, or unset it)",
                                    name));
    }
    return *url;
  }
  return std::nullopt;
}

}  // namespace

const Url* ProxySettings::towards(const Url& url) const {
  const std::optional<Url>& proxy = url.tls ? https : http;
  if (!proxy || !url.socket_path.empty() || is_loopback(url.host)) return nullptr;
  const bool exempt = std::ranges::any_of(
      no_proxy, [&](const std::string& entry) { return is_exempt(url, entry); });
  return exempt ? nullptr : &*proxy;
}

core::Result<ProxySettings> proxies_from(const std::function<const char*(const char*)>& variable) {
  ProxySettings settings;
  IPW_TRY(settings.http, proxy_of(variable, {"http_proxy", "all_proxy", "ALL_PROXY"}));
  IPW_TRY(settings.https,
          proxy_of(variable, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}));
  for (const char* name : {"no_proxy", "NO_PROXY"}) {
    const char* value = variable(name);
    if (value == nullptr) continue;
    settings.no_proxy = split(value);
    break;
  }
  return settings;
}

}  // namespace ipw::net
