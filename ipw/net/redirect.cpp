#include "ipw/net/redirect.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace ipw::net {
namespace {

constexpr std::array kRedirects = {301, 302, 303, 307, 308};

struct Network {
  std::uint32_t address;
  int bits;
};
// IANA's registry of special IPv4 addresses (RFC 6890), as far as it names neighbours.
constexpr std::array kLocalNetworks = std::to_array<Network>({
    {0x00000000, 8},   // 0.0.0.0/8: this host
    {0x0A000000, 8},   // 10.0.0.0/8: private
    {0x64400000, 10},  // 100.64.0.0/10: of the provider
    {0x7F000000, 8},   // 127.0.0.0/8: loopback
    {0xA9FE0000, 16},  // 169.254.0.0/16: link-local, and where clouds tell a machine its secrets
    {0xAC100000, 12},  // 172.16.0.0/12: private
    {0xC0A80000, 16},  // 192.168.0.0/16: private
});

bool is_local(std::uint32_t address) {
  return std::ranges::any_of(kLocalNetworks, [&](const Network& network) {
    return (address >> (32 - network.bits)) == (network.address >> (32 - network.bits));
  });
}

bool is_local(const in6_addr& address) {
  const auto* bytes = address.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address)) {  // :: and ::1, too
    std::uint32_t host = 0;
    for (int i = 12; i < 16; ++i) host = host << 8 | std::uint32_t{bytes[i]};
    return is_local(host) || IN6_IS_ADDR_LOOPBACK(&address);
  }
  return IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_LOOPBACK(&address) ||
         IN6_IS_ADDR_LINKLOCAL(&address) || (bytes[0] & 0xFE) == 0xFC;  // fc00::/7: private
}

// What stands before the first ':' that no '/', '?' or '#' comes before; absent: a relative one.
std::optional<std::string_view> scheme_of(std::string_view reference) {
  const std::size_t end = reference.find_first_of(":/?#");
  if (end == std::string_view::npos || reference[end] != ':') return std::nullopt;
  return reference.substr(0, end);
}

// RFC 3986 §5.2.4.
std::string without_dots(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    if (segment == "/..") result.resize(std::min(result.rfind('/'), result.size()));
    if (segment != "/." && segment != "/..") result += segment;
    if (path.empty() && (segment == "/." || segment == "/..")) result += '/';
  }
  return result.empty() ? "/" : result;
}

// The target that a reference without scheme and host makes of `base`.
std::string resolved(std::string_view base, std::string_view reference) {
  const std::string_view path = base.substr(0, base.find('?'));
  if (reference.starts_with('?')) return std::string(path) + std::string(reference);
  const std::size_t query = std::min(reference.find('?'), reference.size());
  const std::string whole = reference.starts_with('/')
                                ? std::string(reference.substr(0, query))
                                : std::string(path.substr(0, path.rfind('/') + 1)) +
                                      std::string(reference.substr(0, query));
  return without_dots(whole) + std::string(reference.substr(query));
}

}  // namespace

bool is_redirect(int status) { return std::ranges::find(kRedirects, status) != kRedirects.end(); }

bool same_origin(const Url& a, const Url& b) {
  return a.tls == b.tls && a.host == b.host && a.port == b.port && a.socket_path == b.socket_path;
}

bool is_local_host(std::string_view host) {
  const std::string name(host.ends_with('.') ? host.substr(0, host.size() - 1) : host);
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  in_addr four{};  // inet_aton: all the forms that a resolver takes for an address
  if (inet_aton(name.c_str(), &four) != 0) return is_local(ntohl(four.s_addr));
  in6_addr six{};
  return inet_pton(AF_INET6, name.c_str(), &six) == 1 && is_local(six);
}

core::Result<Url> redirect_target(const Url& from, const Headers& headers) {
  std::string_view location = find_header(headers, "Location").value_or("");
  location = location.substr(0, location.find('#'));
  const auto refuse = [&](std::string_view why) {
    return core::fail(core::ErrorCode::kUnavailable,
                      fmt::format("{} redirects {} (give the address of the file itself)",
                                  from.authority(), why));
  };
  if (location.empty()) return refuse("without saying where to");
  const std::optional<std::string_view> scheme = scheme_of(location);
  if (!scheme && !location.starts_with("//")) {
    Url to = from;
    to.authorization.clear();
    to.password.clear();
    to.target = resolved(from.target, location);
    return to;
  }
  if (scheme && !same_name(*scheme, "http") && !same_name(*scheme, "https")) {
    return refuse("to what is neither http nor https, which is not followed");
  }
  const auto to = parse_url(scheme ? std::string(location)
                                   : (from.tls ? "https:" : "http:") + std::string(location));
  if (!to) return refuse("to what is no address");
  if (from.tls && !to->tls) return refuse("from https to http, which is not followed");
  const bool from_here = !from.socket_path.empty() || is_local_host(from.host);
  if (!from_here && is_local_host(to->host)) {
    return refuse("into this machine or its network, which is not followed");
  }
  Url target = *to;
  target.authorization.clear();
  target.password.clear();
  return target;
}

}  // namespace ipw::net
