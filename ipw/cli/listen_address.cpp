// See listen_address.h.
#include "ipw/cli/listen_address.h"

#include <fmt/format.h>

#include <charconv>

namespace ipw::cli {

core::Result<ListenAddress> parse_listen_address(std::string_view flag, std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  const std::string digits(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  ListenAddress parsed{.address = std::string(address)};
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, parsed.port);
  if (error != std::errc() || end != last || address.empty()) {
    return core::fail(core::ErrorCode::kUsage,
                      fmt::format("{} \"{}\" is no place to listen at (write ADDRESS:PORT, as "
                                  "127.0.0.1:9417 or [::1]:9417; port 0 takes a free one)",
                                  flag, text));
  }
  return parsed;
}

}  // namespace ipw::cli
