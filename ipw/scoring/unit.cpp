// Units are only told from words where that matters: a power behind any word that is no variable is
// the power of a unit.
#include "ipw/scoring/unit.h"

#include <algorithm>

namespace ipw::scoring {
namespace {

constexpr std::string_view kUnits[] = {
    "m",      "cm",     "mm",      "km",     "nm",        "in",     "ft",      "yd",
    "mi",     "inch",   "inches",  "feet",   "foot",      "yards",  "miles",   "meter",
    "meters", "metre",  "metres",  "g",      "kg",        "mg",     "lb",      "lbs",
    "oz",     "t",      "gram",    "grams",  "kilograms", "pounds", "ounces",  "tons",
    "tonnes", "s",      "ms",      "sec",    "min",       "h",      "hr",      "hrs",
    "d",      "second", "seconds", "minute", "minutes",   "hour",   "hours",   "day",
    "days",   "week",   "weeks",   "month",  "months",    "year",   "years",   "l",
    "L",      "ml",     "mL",      "liter",  "liters",    "litre",  "litres",  "gallons",
    "cups",   "J",      "kJ",      "Wh",     "kWh",       "W",      "kW",      "MW",
    "V",      "A",      "Hz",      "kHz",    "MHz",       "GHz",    "N",       "Pa",
    "kPa",    "K",      "C",       "F",      "mol",       "bytes",  "KB",      "MB",
    "GB",     "TB",     "mph",     "kph",    "degrees",   "degree", "radians", "rad",
    "units",  "unit",   "dollars", "dollar", "cents",     "euros",  "euro",    "USD",
    "EUR",    "GBP",    "INR",     "square", "cubic",     "sq",     "cu",      "per",
};

constexpr std::string_view kBlanks = " \x01{}";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_letter(char c) { return is_ascii_letter(c) || static_cast<unsigned char>(c) >= 0x80; }

std::size_t skip(std::string_view text, std::size_t at, std::string_view characters) {
  return std::min(text.find_first_not_of(characters, at), text.size());
}

std::size_t word_end(std::string_view text, std::size_t at) {
  constexpr std::size_t kLongest = 32;
  const std::size_t most = std::min(text.size(), at + kLongest);
  while (at < most && is_letter(text[at])) ++at;
  return at;
}

// "^2", "^{-3}": its end, or `at` where there is none.
std::size_t power_end(std::string_view text, std::size_t at) {
  std::size_t end = at;
  if (end >= text.size() || text[end] != '^') return at;
  ++end;
  const bool braces = end < text.size() && text[end] == '{';
  if (braces) ++end;
  if (end < text.size() && (text[end] == '-' || text[end] == '+')) ++end;
  const std::size_t digits = end;
  while (end < text.size() && is_digit(text[end])) ++end;
  if (end == digits) return at;
  if (!braces) return end;
  return end < text.size() && text[end] == '}' ? end + 1 : at;
}

}  // namespace

std::size_t unit_power_length(std::string_view rest) {
  constexpr int kMostParts = 4;
  std::size_t committed = 0;
  std::size_t at = 0;
  for (int part = 0; part < kMostParts; ++part) {
    at = skip(rest, at, part == 0 ? kBlanks : " \x01{}/.×");
    const std::size_t end = word_end(rest, at);
    if (end == at || is_variable(rest.substr(at, end - at))) break;
    const std::size_t behind = skip(rest, end, kBlanks);
    const std::size_t power = power_end(rest, behind);
    if (power > behind) committed = power;
    at = power;
  }
  return committed;
}

bool is_unit(std::string_view text) {
  bool any = false;
  for (std::size_t at = skip(text, 0, kBlanks); at < text.size();) {
    if (text.substr(at).starts_with("°")) {
      at += 2;
      any = true;
    } else if (const std::size_t power = power_end(text, at); power > at) {
      at = power;
    } else if (const std::size_t end = word_end(text, at); end > at) {
      if (std::ranges::find(kUnits, text.substr(at, end - at)) == std::end(kUnits)) return false;
      at = end;
      any = true;
    } else {
      const std::size_t next = skip(text, at, " \x01{}/$.");
      if (next == at) return false;
      at = next;
    }
  }
  return any;
}

bool is_variable(std::string_view word) {
  constexpr std::string_view kLetters = "abefijnoqruxyzXYZ";
  constexpr std::size_t kMostVariables = 3;
  if (word == "pi" || word == "sqrt" || word == "log" || word == "ln") return true;
  if (word.size() == 1) return kLetters.find(word) != std::string_view::npos;
  return !word.empty() && word.size() <= kMostVariables &&
         word.find_first_not_of("xyz") == std::string_view::npos;
}

}  // namespace ipw::scoring
