// See electricity_flags.h.
#include "ipw/cli/electricity_flags.h"

#include <vector>

#include "ipw/cli/context.h"
#include "ipw/cli/program.h"

namespace ipw::cli {
namespace {

struct Said {
  std::string text;  // empty: nothing
  std::string by;    // "--grid", for a message
};

Said said(const std::string& flag, const char* name, const char* variable, const Context& context) {
  if (!flag.empty()) return {flag, name};
  return {context.environment(variable).value_or(""), variable};
}

std::string nearest_country(const std::string& typed) {
  std::vector<std::string> countries;
  for (const report::GridIntensity& row : report::grid_intensities()) {
    countries.emplace_back(row.country);
  }
  return did_you_mean(typed, countries);
}

template <class T>
core::Result<T> named(core::Result<T> parsed, const Said& said, const std::string& hint = "") {
  if (parsed) return parsed;
  return core::fail(parsed.error().code, said.by + ": " + parsed.error().message + hint);
}

}  // namespace

void declare_electricity_flags(const Flags& app, ElectricityFlags& flags,
                               const std::string& group) {
  app.option("--kwh-price", flags.kwh_price,
             "What a kilowatt-hour costs you, in USD or with a currency (0.32EUR): adds the price "
             "of the electricity; else the variable IPW_KWH_PRICE")
      .takes("PRICE")
      .group(group);
  app.option("--grid", flags.grid,
             "The country whose grid feeds the machine (DE, Germany), or its grams of CO2e per "
             "kWh: adds the carbon of the electricity; else the variable IPW_GRID")
      .takes("COUNTRY")
      .group(group);
}

core::Result<report::Electricity> electricity(const ElectricityFlags& flags,
                                              const Context& context) {
  report::Electricity electricity;
  if (const Said price = said(flags.kwh_price, "--kwh-price", "IPW_KWH_PRICE", context);
      !price.text.empty()) {
    IPW_TRY(electricity.price, named(report::parse_price(price.text), price));
  }
  if (const Said grid = said(flags.grid, "--grid", "IPW_GRID", context); !grid.text.empty()) {
    IPW_TRY(electricity.grid,
            named(report::parse_grid(grid.text), grid, nearest_country(grid.text)));
  }
  return electricity;
}

}  // namespace ipw::cli
