#pragma once
// The fields of an HTTP message, in the order in which they stand there.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::net {

struct Header {
  std::string name;
  std::string value;
  bool operator==(const Header&) const = default;
};
using Headers = std::vector<Header>;

/// Whether two names differ in nothing but case (ASCII).
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);

/// The value of the first field called `name`, in whatever case (RFC 9110 §5.1); absent: no such
/// field.
[[nodiscard]] std::optional<std::string_view> find_header(const Headers& headers,
                                                          std::string_view name);

/// Whether no byte of `name` and `value` could break out of its line (RFC 9110 §5.5).
[[nodiscard]] bool is_valid_header(const Header& header);

}  // namespace ipw::net
