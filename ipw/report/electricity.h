#pragma once
// What an answer's electricity comes to: watt-hours, money at a price per kilowatt-hour, carbon at
// the intensity of a grid. Nothing is invented where no price and no grid were given.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/metrics/figures.h"

namespace ipw::report {

/// One row of data/grid_intensity.csv: the mean of a country's generation in a year, over the whole
/// life of the plants.
struct GridIntensity {
  std::string_view code;   // ISO 3166-1, two letters
  std::string_view code3;  // three letters
  std::string_view country;
  int year = 0;
  double grams_per_kwh = 0.0;  // of CO2 equivalent
};

/// The table as it was when the program was built, sorted by code3.
[[nodiscard]] std::span<const GridIntensity> grid_intensities();

struct Price {
  double per_kwh = 0.0;
  std::string currency;  // ISO 4217: "USD"
};

struct Grid {
  double grams_per_kwh = 0.0;
  std::string source;  // "grid of Germany, mean of 2023", or "as given"
};

/// What the user said of the electricity; absent: nothing.
struct Electricity {
  std::optional<Price> price;
  std::optional<Grid> grid;
};

/// "0.32" in USD, "0.32EUR", "0.32 eur", "30 JPY". kUsage: no price of at least 0 and no currency
/// of three letters.
[[nodiscard]] core::Result<Price> parse_price(std::string_view text);

/// A country of the table by either code or by name, in any case, or grams of CO2 equivalent per
/// kilowatt-hour. kUsage: neither.
[[nodiscard]] core::Result<Grid> parse_grid(std::string_view text);

/// What `joules` come to, `times` over: `wh`, and where the electricity says so `electricity_cost`
/// and `gco2e`. Interval, n and provenance are those of the joules; a figure without value keeps
/// its reason. The price and the intensity are taken as exact.
[[nodiscard]] std::vector<metrics::NamedFigure> electricity_of(const record::Figure& joules,
                                                               double times,
                                                               const Electricity& electricity);

/// `wh_per_1000`, and where the electricity says so `electricity_cost_per_1000` and
/// `gco2e_per_1000`: of a thousand answers, right or wrong, for every `j_per_query` among
/// `figures`; with `_active` those above idle.
[[nodiscard]] std::vector<metrics::NamedFigure> electricity_figures(
    const std::vector<metrics::NamedFigure>& figures, const Electricity& electricity);

}  // namespace ipw::report
