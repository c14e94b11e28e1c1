#pragma once
// Numbers as documents print them. A printed number stands for every number that rounds to it, so a
// recomputation may only call two figures inconsistent where these ranges are apart.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ipw::metrics {

/// A closed interval of numbers, low <= high.
struct Range {
  double low = 0.0;
  double high = 0.0;

  [[nodiscard]] double middle() const { return low + (high - low) / 2.0; }
  [[nodiscard]] bool holds(double value) const { return low <= value && value <= high; }
};

/// Interval arithmetic (Moore 1966): every result of the operation on members of both is inside.
[[nodiscard]] Range operator+(Range a, Range b);
[[nodiscard]] Range operator-(Range a, Range b);
[[nodiscard]] Range operator*(Range a, Range b);
/// The whole line where `b` holds 0.
[[nodiscard]] Range operator/(Range a, Range b);

/// What both hold; nothing where they are apart. Relative differences below 1e-9, as computing in
/// doubles makes them, do not keep ranges apart.
[[nodiscard]] std::optional<Range> common(Range a, Range b);

struct Printed {
  double value = 0.0;
  int decimals = 0;  // digits behind the point, -2 for hundreds; an exponent counts: 1.5e-3 has 4

  /// value ± half a unit of the last digit.
  [[nodiscard]] Range range() const { return range_at(decimals); }
  /// The same where only `digits` digits behind the point were meant (".930" meant as .93).
  [[nodiscard]] Range range_at(int digits) const;
};

/// "0.930", "-12", "8.92e-5"; nothing for any other text, infinities and NaN included.
[[nodiscard]] std::optional<Printed> parse_printed(std::string_view text);

/// Digits behind the point without the zeros at the end: 2 for "0.930".
[[nodiscard]] int significant_decimals(const Printed& number);

/// Whether k right answers out of n give a share in `share` for some whole k, n > 0: the
/// granularity test of Brown & Heathers (2017), "The GRIM test".
[[nodiscard]] bool possible_share(Range share, std::int64_t n);

/// The share k / n nearest to `share`.
[[nodiscard]] double nearest_share(double share, std::int64_t n);

/// The constant c with a[i] = c · b[i] for all i, if rounding leaves one possible. `a` and `b` are
/// equally long and not empty.
[[nodiscard]] std::optional<Range> constant_ratio(std::span<const Range> a,
                                                  std::span<const Range> b);

/// Whether the values differ by clearly more than rounding: the spread between the largest and the
/// smallest is above four times the widest range. Only then does a constant ratio say anything.
[[nodiscard]] bool clearly_vary(std::span<const Range> values);

}  // namespace ipw::metrics
