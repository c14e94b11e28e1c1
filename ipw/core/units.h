#pragma once
// Physical and economic units after the manner of std::chrono: watts times seconds give joules, and
// assigning watts to joules does not compile. Plain doubles with units never cross a header.

#include <chrono>
#include <compare>
#include <cstdint>

namespace ipw::core {

using Seconds = std::chrono::duration<double>;

/// A double that carries its dimension. Copyable, ordered, additive within the dimension.
template <class Dimension>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value_(value) {}

  /// The number in the unit that names the type (joules, watts, dollars).
  [[nodiscard]] constexpr double count() const { return value_; }

  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity operator-() const { return Quantity(-value_); }
  constexpr Quantity& operator+=(Quantity other) {
    value_ += other.value_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    value_ -= other.value_;
    return *this;
  }
  constexpr Quantity& operator*=(double factor) {
    value_ *= factor;
    return *this;
  }
  constexpr Quantity& operator/=(double divisor) {
    value_ /= divisor;
    return *this;
  }

  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    return Quantity(a.value_ + b.value_);
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity(a.value_ - b.value_);
  }
  friend constexpr Quantity operator*(Quantity a, double f) { return Quantity(a.value_ * f); }
  friend constexpr Quantity operator*(double f, Quantity a) { return Quantity(a.value_ * f); }
  friend constexpr Quantity operator/(Quantity a, double d) { return Quantity(a.value_ / d); }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }

 private:
  double value_ = 0.0;
};

using Joules = Quantity<struct JoulesDimension>;
using Watts = Quantity<struct WattsDimension>;
using Usd = Quantity<struct UsdDimension>;

constexpr Joules operator*(Watts power, Seconds time) {
  return Joules(power.count() * time.count());
}
constexpr Joules operator*(Seconds time, Watts power) { return power * time; }
constexpr Watts operator/(Joules energy, Seconds time) {
  return Watts(energy.count() / time.count());
}
constexpr Seconds operator/(Joules energy, Watts power) {
  return Seconds(energy.count() / power.count());
}

/// Sensors count in integers; conversion to joules is explicit.
struct Microjoules {
  std::uint64_t count = 0;
};
struct Millijoules {
  std::uint64_t count = 0;
};
[[nodiscard]] constexpr Joules to_joules(Microjoules energy) {
  return Joules(static_cast<double>(energy.count) * 1e-6);
}
[[nodiscard]] constexpr Joules to_joules(Millijoules energy) {
  return Joules(static_cast<double>(energy.count) * 1e-3);
}

/// A whole number of model tokens.
struct Tokens {
  std::int64_t count = 0;
  constexpr auto operator<=>(const Tokens&) const = default;
  friend constexpr Tokens operator+(Tokens a, Tokens b) { return Tokens{a.count + b.count}; }
};

}  // namespace ipw::core
