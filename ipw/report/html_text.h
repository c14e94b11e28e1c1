#pragma once
// Text and data as they stand in HTML.

#include <string>
#include <string_view>

namespace ipw::report {

/// `text` with &, <, > and " escaped, for an element or a quoted attribute; bytes that are not
/// UTF-8 become U+FFFD.
[[nodiscard]] std::string html_text(std::string_view text);

/// "data:TYPE;base64,…" (RFC 2397, RFC 4648).
[[nodiscard]] std::string data_uri(std::string_view type, std::string_view bytes);

}  // namespace ipw::report
