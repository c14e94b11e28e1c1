#pragma once
// Numbers as people and models write them: 1,234.50, $18, 3/4, 1 1/2, 15%, −7, 6×10^4, 2 million.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::scoring {

/// A number found in a text.
struct Number {
  double value = 0.0;
  /// The exact value of a plain decimal, canonical: no leading or trailing zeros, "-12.5", "0".
  /// Empty for fractions, exponents and scale words, which are compared by `value`.
  std::string exact;
  bool percent = false;
  std::size_t begin = 0;  // byte range in the text, sign, currency and percent included
  std::size_t end = 0;
};

/// Answers within this relative distance count as equal where either side is not a whole number.
inline constexpr double kRelativeTolerance = 1e-6;

/// `text` with LaTeX's and typography's disguises of numbers taken off: \$ \% \, {,} \text{…}
/// \dfrac, the minus sign U+2212, no-break and thin spaces, ½.
[[nodiscard]] std::string plain_mathematics(std::string_view text);

/// All numbers of a text that went through plain_mathematics(), in order. Not numbers: digits
/// inside a word (x2, H2O, 0x1F), versions (1.2.3), inf and nan, exponents beyond ±300.
[[nodiscard]] std::vector<Number> numbers_in(std::string_view plain);

/// Whole references: exactly equal. Otherwise equal within kRelativeTolerance. A percent sign on
/// one side only also allows the factor 100.
[[nodiscard]] bool equal(const Number& answer, const Number& reference);

}  // namespace ipw::scoring
