// See formula_guard.h.
#include "ipw/core/formula_guard.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>

namespace ipw::core {
namespace {

constexpr std::string_view kOpenings[] = {"=",  "+",      "-",      "@",      "\t",    "\r",
                                          "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"};

// Apostrophes that stand before what begins like a formula; absent where nothing does.
struct Opening {
  bool found = false;
  std::size_t apostrophes = 0;
};

Opening opening_of(std::string_view cell) {
  const std::size_t start = cell.find_first_not_of('\'');
  if (start == std::string_view::npos) return {};
  const std::string_view rest = cell.substr(start);
  return {std::ranges::any_of(kOpenings, [&](std::string_view c) { return rest.starts_with(c); }),
          start};
}

bool is_number(std::string_view text) {
  if (text.starts_with("+-")) return false;
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  double value = 0.0;
  const auto [last, error] = std::from_chars(begin, end, value);
  return error == std::errc{} && last == end && std::isfinite(value);
}

}  // namespace

std::string guarded_cell(std::string cell) {
  const Opening opening = opening_of(cell);
  if (opening.found && !(opening.apostrophes == 0 && is_number(cell))) cell.insert(0, 1, '\'');
  return cell;
}

std::string unguarded_cell(std::string cell) {
  const Opening opening = opening_of(cell);
  if (opening.found && opening.apostrophes > 0) cell.erase(0, 1);
  return cell;
}

}  // namespace ipw::core
