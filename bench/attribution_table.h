#pragma once
// The two tables of docs/validation.md that the attribution's simulation gives.

#include <fmt/format.h>

#include <string>

#include "ipw/energy/attribution_simulation_test.h"
#include "ipw/energy/short_query_test.h"

namespace ipw::bench {

/// How often the stated intervals hold the truth, load by load.
inline std::string coverage_table(int seeds) {
  using namespace energy::simulation;
  std::string table =
      "| load | requests | bias | within 1 deviation | within 2 | mean error | mean stated |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const Scenario& scenario : kScenarios) {
    Outcome sum;
    for (int seed = 0; seed < seeds; ++seed) {
      const Outcome one = simulate(scenario, 3000 + static_cast<std::uint64_t>(seed));
      sum.covered += one.covered;
      sum.bias += one.bias / seeds;
      sum.within_one += one.within_one / seeds;
      sum.within_two += one.within_two / seeds;
      sum.spread += one.spread / seeds;
      sum.stated += one.stated / seeds;
    }
    table += fmt::format("| {} | {} | {:+.2f} % | {:.1f} % | {:.1f} % | {:.2f} % | {:.2f} % |\n",
                         scenario.name, sum.covered, 100 * sum.bias, 100 * sum.within_one,
                         100 * sum.within_two, 100 * sum.spread, 100 * sum.stated);
  }
  return table;
}

/// Bias of a query of 200 ms, alone, under a sensor that updates every 50 ms.
inline std::string short_query_table() {
  using namespace energy::simulation;
  std::string table =
      "| step | ipw, window | ipw, request | cut in proportion | last sample minus first |\n"
      "|---|---|---|---|---|\n";
  for (const double idle : {60.0, 0.0}) {
    const Bias bias = short_queries({.idle_watts = idle});
    table += fmt::format("| {:.0f} → 300 W | {:+.2f} % | {:+.2f} % | {:+.1f} % | {:+.1f} % |\n",
                         idle, 100 * bias.ours, 100 * bias.share, 100 * bias.proportional,
                         100 * bias.last_sample);
  }
  return table;
}

}  // namespace ipw::bench
