#include "ipw/net/url.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace ipw::net {
namespace {

using core::ErrorCode;
using core::fail;

constexpr std::string_view kBasic = "Basic ";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), lower);
  return lowered;
}

// An address as an error may show it: without what stands before '@'.
std::string shown(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return std::string(text);
  const std::size_t scheme = text.find("//");
  return std::string(scheme < at ? text.substr(0, scheme + 2) : "") + "…" +
         std::string(text.substr(at));
}

std::unexpected<core::Error> refuse(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kUsage,
              fmt::format("cannot use the address \"{}\": {} (write http://HOST:PORT/PATH, "
                          "https://… or unix:/PATH)",
                          shown(text), why));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      decoded += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::string base64(std::string_view bytes) {
  std::vector<unsigned char> encoded((bytes.size() + 2) / 3 * 4 + 1);
  const int size =
      EVP_EncodeBlock(encoded.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  return {encoded.begin(), encoded.begin() + size};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool is_host_char(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' ||
         c == '_';
}

// `host[:port]` or `[v6][:port]`; empty: well.
std::string_view take_host(std::string_view text, Url& url) {
  std::string_view host;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return "a '[' has no ']'";
    host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (host.empty() || !std::ranges::all_of(host, [](char c) {
          return hex_digit(c) >= 0 || c == ':' || c == '.';
        })) {
      return "what stands in brackets is no IPv6 address";
    }
  } else {
    host = text.substr(0, text.find(':'));
    text.remove_prefix(host.size());
    if (host.empty()) return "it names no host";
    if (!std::ranges::all_of(host, is_host_char)) {
      return "the host has a character that no host has";
    }
  }
  url.host = lower_case(host);
  if (text.empty()) return {};
  const auto port = text.starts_with(':') ? parse_port(text.substr(1)) : std::nullopt;
  if (!port) return "the port is no number from 1 to 65535";
  url.port = *port;
  return {};
}

}  // namespace

core::Result<Url> parse_url(std::string_view text) {
  if (std::ranges::any_of(
          text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; })) {
    return refuse("", "it has a space or a control character");
  }
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("unix:")) {
    url.socket_path = rest.substr(5);
    if (!url.socket_path.starts_with('/')) {
      return refuse(text, "the path of a socket begins with /");
    }
    return url;
  }
  const std::size_t scheme_end = rest.find("://");
  if (scheme_end == std::string_view::npos) return refuse(text, "it has no http:// before it");
  const std::string scheme = lower_case(rest.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") return refuse(text, "it is neither http nor https");
  url.tls = scheme == "https";
  url.port = url.tls ? 443 : 80;
  rest.remove_prefix(scheme_end + 3);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(authority.size());
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string user = percent_decode(authority.substr(0, at));
    url.authorization = std::string(kBasic) + base64(user);
    if (const std::size_t colon = user.find(':'); colon != std::string::npos) {
      url.password = user.substr(colon + 1);
    }
    authority.remove_prefix(at + 1);
  }
  if (const std::string_view why = take_host(authority, url); !why.empty()) {
    return refuse(text, why);
  }
  const std::string_view target = rest.substr(0, rest.find('#'));
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return url;
}

std::string Url::authority() const {
  if (!socket_path.empty()) return "localhost";
  const std::string shown_host = host.contains(':') ? "[" + host + "]" : host;
  return port == (tls ? 443 : 80) ? shown_host : fmt::format("{}:{}", shown_host, port);
}

Url Url::join(std::string_view path) const {
  Url joined = *this;
  joined.target.resize(std::min(joined.target.find('?'), joined.target.size()));
  while (joined.target.ends_with('/')) joined.target.pop_back();
  if (!path.starts_with('/')) joined.target += '/';
  joined.target += path;
  return joined;
}

std::vector<std::string> Url::secrets() const {
  if (!authorization.starts_with(kBasic)) return {};
  return {authorization.substr(kBasic.size()), password};
}

std::string percent_encode(std::string_view bytes) {
  std::string encoded;
  for (const char c : bytes) {
    if (is_host_char(c) || c == '~') {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace ipw::net
