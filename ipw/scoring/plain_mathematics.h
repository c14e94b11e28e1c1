#pragma once
// One spelling for what people, models and typesetters write in many: digits of all scripts, minus
// signs, spaces within numbers, LaTeX's dress.

#include <string>
#include <string_view>

namespace ipw::scoring {

/// Stands in plain text for a space that may group digits (thin, no-break, \, ~): 1\,000 is one
/// number, 1 000 are two.
inline constexpr char kNarrowSpace = '\x01';

/// `text` (any bytes) in plain spelling: digits of all scripts as ASCII; one minus, one ×, one =
/// for ≈ and \approx; \$ \% {,} \text{…} \left \( without their backslashes; \frac12 and
/// \dfrac{-3}{4} as 1/2 and -3/4 where both parts are plain numbers, ½ as 1/2; exponents in
/// superscripts as ^{…}; \circ as °. Everything else stays: what is no plain number is still seen
/// not to be one. Linear in the text.
[[nodiscard]] std::string plain_mathematics(std::string_view text);

}  // namespace ipw::scoring
