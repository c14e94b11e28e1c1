#pragma once
// Single characters at the ends of a text in UTF-8.

#include <cstddef>
#include <string_view>

namespace ipw::scoring {

struct Character {
  char32_t code = 0;       // U+FFFD where the bytes are no UTF-8; 0 of an empty text
  std::size_t length = 0;  // bytes
};

[[nodiscard]] Character first_character(std::string_view text);
[[nodiscard]] Character last_character(std::string_view text);

}  // namespace ipw::scoring
