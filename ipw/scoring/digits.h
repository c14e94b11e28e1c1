#pragma once
// The digits of one decimal number, with the separators of many countries.

#include <cstddef>
#include <string>
#include <string_view>

namespace ipw::scoring {

struct Digits {
  std::string whole;
  std::string decimals;
  std::size_t length = 0;  // bytes, separators included
  bool sound = true;       // false: a version, an address, a date (1.2.3)

  /// Times ten to the power of `exponent`, canonical: "-12.5", "0".
  [[nodiscard]] std::string canonical(bool negative, int exponent) const;
};

/// The number at `at` (a digit, or a point before one) in plain spelling.
[[nodiscard]] Digits digits_at(std::string_view plain, std::size_t at);

}  // namespace ipw::scoring
