#pragma once
// Words and letters behind a number that multiply it by a power of ten: 60k, 2.5 million, 6万.

#include <cstddef>
#include <string_view>

namespace ipw::scoring {

struct Magnitude {
  int exponent = 0;        // of ten; 0: none follows
  std::size_t length = 0;  // bytes that it takes, blanks and markup before it included
};

/// The magnitude at the start of `rest`, in plain spelling (plain_mathematics.h). Words may follow
/// a blank or markup ("2.5$ million", "2.5{ million}"); letters stand right behind the number (60k,
/// 5M, 7B), and behind money after a blank too. Of money, m, b and t are magnitudes; else they may
/// be units. A dozen is a unit.
[[nodiscard]] Magnitude magnitude_at(std::string_view rest, bool money);

}  // namespace ipw::scoring
