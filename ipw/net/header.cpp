#include "ipw/net/header.h"

#include <algorithm>

namespace ipw::net {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<std::string_view> find_header(const Headers& headers, std::string_view name) {
  const auto found = std::ranges::find_if(
      headers, [&](const Header& header) { return same_name(header.name, name); });
  if (found == headers.end()) return std::nullopt;
  return found->value;
}

bool is_valid_header(const Header& header) {
  return !header.name.empty() && std::ranges::all_of(header.name, is_token_char) &&
         std::ranges::all_of(header.value, [](char c) {
           return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
         });
}

}  // namespace ipw::net
