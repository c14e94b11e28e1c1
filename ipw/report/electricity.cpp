// See electricity.h.
#include "ipw/report/electricity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace ipw::report {
namespace {

constexpr double kJoulesPerWattHour = 3600.0;
constexpr double kAnswers = 1000.0;

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// A finite number of at least 0 at the beginning of `text`, which it is taken off.
std::optional<double> take_number(std::string_view& text) {
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number) || number < 0.0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  return number;
}

record::Figure scaled(const record::Figure& joules, double factor, const std::string& unit,
                      const std::string& note) {
  record::Figure figure = joules;
  figure.unit = unit;
  for (std::optional<double>* part : {&figure.value, &figure.low, &figure.high, &figure.low_total,
                                      &figure.high_total, &figure.all_wrong, &figure.all_right}) {
    if (*part) **part *= factor;
  }
  if (figure.value && !note.empty()) {
    figure.reason += (figure.reason.empty() ? "" : "; ") + note;
  }
  return figure;
}

}  // namespace

core::Result<Price> parse_price(std::string_view text) {
  std::string_view rest = text;
  const std::optional<double> number = take_number(rest);
  std::string currency(rest.empty() ? "USD" : rest);
  for (char& letter : currency) {
    letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  const bool code = currency.size() == 3 && std::ranges::all_of(currency, [](unsigned char c) {
                      return c >= 'A' && c <= 'Z';
                    });
  if (number && code) return Price{*number, currency};
  return core::fail(core::ErrorCode::kUsage,
                    fmt::format("no price of a kilowatt-hour: \"{}\" (a number of at least 0, with "
                                "a currency of three letters where it is not USD: 0.32EUR)",
                                text));
}

core::Result<Grid> parse_grid(std::string_view text) {
  std::string_view rest = text;
  if (const std::optional<double> grams = take_number(rest); grams && rest.empty()) {
    return Grid{*grams, "as given"};
  }
  for (const GridIntensity& row : grid_intensities()) {
    if (!same_ignoring_case(text, row.code) && !same_ignoring_case(text, row.code3) &&
        !same_ignoring_case(text, row.country)) {
      continue;
    }
    return Grid{row.grams_per_kwh, fmt::format("grid of {}, mean of {}", row.country, row.year)};
  }
  return core::fail(core::ErrorCode::kUsage,
                    fmt::format("no grid is known for \"{}\" (a country by its ISO code or its "
                                "name, DE or Germany, or grams of CO2e per kWh: 380)",
                                text));
}

std::vector<metrics::NamedFigure> electricity_of(const record::Figure& joules, double times,
                                                 const Electricity& electricity) {
  const double watt_hours = times / kJoulesPerWattHour;  // per joule
  std::vector<metrics::NamedFigure> result{{"wh", scaled(joules, watt_hours, "Wh", "")}};
  if (const auto& price = electricity.price) {
    result.push_back({"electricity_cost",
                      scaled(joules, watt_hours * price->per_kwh / 1000.0, price->currency,
                             fmt::format("at {:g} {} per kWh", price->per_kwh, price->currency))});
  }
  if (const auto& grid = electricity.grid) {
    result.push_back({"gco2e", scaled(joules, watt_hours * grid->grams_per_kwh / 1000.0, "gCO2e",
                                      fmt::format("at {:g} gCO2e per kWh ({})", grid->grams_per_kwh,
                                                  grid->source))});
  }
  return result;
}

std::vector<metrics::NamedFigure> electricity_figures(
    const std::vector<metrics::NamedFigure>& figures, const Electricity& electricity) {
  std::vector<metrics::NamedFigure> result;
  for (const std::string suffix : {"", "_active"}) {
    for (const auto& [name, joules] : figures) {
      if (name != "j_per_query" + suffix) continue;
      for (auto& [part, figure] : electricity_of(joules, kAnswers, electricity)) {
        result.push_back({fmt::format("{}_per_1000{}", part, suffix), std::move(figure)});
      }
    }
  }
  return result;
}

}  // namespace ipw::report
