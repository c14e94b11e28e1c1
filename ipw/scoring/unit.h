#pragma once
// What stands behind a number without changing its value: units, with their powers, and ordinals;
// and the letters that do change it, because they are variables.

#include <cstddef>
#include <string_view>

namespace ipw::scoring {

/// Bytes at the start of `rest` (plain spelling, right behind a number) that are a unit raised to a
/// power: "{ m}^2", " cm^{-3}", " km/h^2". 0: there is no power, or its base is a variable.
[[nodiscard]] std::size_t unit_power_length(std::string_view rest);

/// Whether `text` is nothing but known units: "cm", "{ km}/h", "m^{2}", "° C", "euros". Not "eggs".
[[nodiscard]] bool is_unit(std::string_view text);

/// Whether a word of ASCII letters right behind a number makes it a formula: "18x", "2xy", "3i",
/// "2pi". Letters that are units (18m, 5s) do not.
[[nodiscard]] bool is_variable(std::string_view word);

}  // namespace ipw::scoring
