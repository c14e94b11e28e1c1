#include "ipw/metrics/printed.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace ipw::metrics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kArithmetic = 1e-9;  // relative noise of computing in doubles

// Digits behind the point as written, the exponent taken off.
int decimals_of(std::string_view text) {
  const std::size_t e = text.find_first_of("eE");
  const std::string_view mantissa = text.substr(0, e);
  const std::size_t point = mantissa.find('.');
  int decimals =
      point == std::string_view::npos ? 0 : static_cast<int>(mantissa.size() - point - 1);
  if (e == std::string_view::npos) return decimals;
  std::string_view digits = text.substr(e + 1);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int exponent = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  return decimals - exponent;
}

}  // namespace

Range operator+(Range a, Range b) { return {a.low + b.low, a.high + b.high}; }

Range operator-(Range a, Range b) { return {a.low - b.high, a.high - b.low}; }

Range operator*(Range a, Range b) {
  const auto [low, high] =
      std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
  return {low, high};
}

Range operator/(Range a, Range b) {
  if (b.holds(0.0)) return {-kInfinity, kInfinity};
  const auto [low, high] =
      std::minmax({a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high});
  return {low, high};
}

std::optional<Range> common(Range a, Range b) {
  const double low = std::max(a.low, b.low);
  const double high = std::min(a.high, b.high);
  if (low <= high) return Range{low, high};
  if (low - high <= kArithmetic * std::max(std::abs(low), std::abs(high))) {
    return Range{high, low};
  }
  return std::nullopt;
}

Range Printed::range_at(int digits) const {
  const double half = 0.5 * std::pow(10.0, -digits);
  return {value - half, value + half};
}

std::optional<Printed> parse_printed(std::string_view text) {
  Printed number;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number.value);
  if (error != std::errc() || stop != end || !std::isfinite(number.value)) return std::nullopt;
  number.decimals = decimals_of(text);
  return number;
}

int significant_decimals(const Printed& number) {
  int digits = std::max(number.decimals, 0);
  double scaled = std::round(number.value * std::pow(10.0, digits));
  while (digits > 0 && std::fmod(scaled, 10.0) == 0.0) {
    scaled = std::round(scaled / 10.0);
    --digits;
  }
  return digits;
}

double nearest_share(double share, std::int64_t n) {
  const auto trials = static_cast<double>(n);
  return std::clamp(std::round(share * trials), 0.0, trials) / trials;
}

bool possible_share(Range share, std::int64_t n) {
  const double nearest = nearest_share(share.middle(), n);
  return common(share, {nearest, nearest}).has_value();
}

std::optional<Range> constant_ratio(std::span<const Range> a, std::span<const Range> b) {
  std::optional<Range> constant = Range{-kInfinity, kInfinity};
  for (std::size_t i = 0; i < a.size() && constant; ++i) constant = common(*constant, a[i] / b[i]);
  return constant;
}

bool clearly_vary(std::span<const Range> values) {
  Range spread{kInfinity, -kInfinity};
  double widest = 0.0;
  for (const Range& value : values) {
    spread.low = std::min(spread.low, value.middle());
    spread.high = std::max(spread.high, value.middle());
    widest = std::max(widest, value.high - value.low);
  }
  return spread.high - spread.low > 4.0 * widest;
}

}  // namespace ipw::metrics
