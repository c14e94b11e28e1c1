#pragma once
// Numbers as people and models write them: 1,234.50, $18, 3/4, 1 1/2, 15%, −7, 6×10^4, 60k,
// 2 million, 1.234,5, 12,34,567, ١٨.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/scoring/plain_mathematics.h"

namespace ipw::scoring {

/// A number found in a text.
struct Number {
  double value = 0.0;
  /// The exact value of a decimal, canonical: no leading or trailing zeros, "-12.5", "0";
  /// magnitudes and powers of ten included. Empty for fractions, which are compared by `value`.
  std::string exact;
  bool percent = false;
  bool formula = false;   // √18, 18π, x^18: no plain number; value and exact say nothing
  std::size_t begin = 0;  // byte range in the text, sign, currency and percent included
  std::size_t end = 0;
};

/// Answers within this relative distance count as equal where either side is not a whole number.
inline constexpr double kRelativeTolerance = 1e-6;

/// All numbers of a text in plain spelling, in order, and with them the formulas that have digits.
/// - A sign belongs to what it stands before at once; "- 3" after a mark that announces a value (=,
///   :, ####, a bracket, "is") or as the whole text is −3 too, and so are "negative 3" and "minus
///   3".
/// - Commas, apostrophes, underscores and narrow spaces group digits by three (by two in India);
///   points do in 1.234.567 and 1.234,5; a comma before other than three digits is a decimal
///   comma, unless several numbers are listed or it stands in brackets: (1,5).
/// - Not numbers: digits inside a word (x2, H2O, 0x1F) or an exponent or index, versions (1.2.3),
///   inf and nan, exponents beyond ±300.
[[nodiscard]] std::vector<Number> numbers_in(std::string_view plain);

/// Whole references: exactly equal. Otherwise equal within kRelativeTolerance. A percent sign on
/// one side only also allows the factor 100. A formula equals nothing.
[[nodiscard]] bool equal(const Number& answer, const Number& reference);

}  // namespace ipw::scoring
