// The property test of attribution: see attribution_simulation_test.h.

#include "ipw/energy/attribution_simulation_test.h"

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace ipw::energy {
namespace {

using simulation::kScenarios;
using simulation::Outcome;
using simulation::Scenario;
using simulation::simulate;

class AttributionSimulation : public testing::TestWithParam<Scenario> {};

TEST_P(AttributionSimulation, IsUnbiasedAndAsSureAsItSays) {
  const Outcome outcome = simulate(GetParam(), 20'26);
  EXPECT_TRUE(outcome.balanced) << "parts that do not add up to the meter";
  EXPECT_EQ(outcome.requests, outcome.expected);
  EXPECT_GT(outcome.covered, outcome.expected / 2);
  EXPECT_LE(outcome.counted, 1.0 + 1e-9) << "more than the meter saw";
  RecordProperty("bias", std::to_string(outcome.bias));
  RecordProperty("spread", std::to_string(outcome.spread));
  RecordProperty("within_two", std::to_string(outcome.within_two));
  RecordProperty("stated", std::to_string(outcome.stated));
  RecordProperty("within_one", std::to_string(outcome.within_one));
  RecordProperty("others", std::to_string(outcome.others));
  EXPECT_LT(std::abs(outcome.bias), GetParam().neighbours > 0 ? 0.05 : 0.02);
  if (GetParam().neighbours > 0 && GetParam().resets == 0.0) {
    EXPECT_NEAR(outcome.others, 1.0, 0.1) << "of the neighbours' joules";
  }
  EXPECT_GE(outcome.within_two, 0.92);
  EXPECT_LT(outcome.stated, 8.0 * outcome.spread + 0.02) << "uncertainty that says nothing";
}

INSTANTIATE_TEST_SUITE_P(Loads, AttributionSimulation, testing::ValuesIn(kScenarios),
                         [](const testing::TestParamInfo<Scenario>& info) {
                           std::string name;
                           for (const char c : info.param.name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
                           }
                           return name;
                         });

}  // namespace
}  // namespace ipw::energy
