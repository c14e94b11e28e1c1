// Whatever the bytes of a scenario, reading ends; and what was read can be computed.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ipw/analysis/gdi.h"
#include "ipw/analysis/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ipw::analysis;
  const auto scenario = parse_scenario({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!scenario) return 0;
  const Findings findings = gdi(*scenario, {.seed = 1, .draws = 100});
  if (findings.sections.size() != 6 || findings.sections[0].rows.size() != 1) std::abort();
  return 0;
}
