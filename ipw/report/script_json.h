#pragma once
// JSON that stands inside an HTML page's <script> element: whatever the texts hold, the element
// does not end before its time and nothing in it is read as markup.

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace ipw::report {

/// One line. '<' and the line separators U+2028 and U+2029 are written as \u escapes; bytes that
/// are not UTF-8 become U+FFFD.
[[nodiscard]] std::string script_json(const nlohmann::ordered_json& json);

/// `text` as JSON: a string, or, where it is longer than `limit` bytes, an object with its "head"
/// and "tail" and how many bytes were "cut" between them. Never cuts inside a UTF-8 sequence.
[[nodiscard]] nlohmann::ordered_json cut_text(std::string_view text, std::size_t limit);

}  // namespace ipw::report
