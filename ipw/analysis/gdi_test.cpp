#include "ipw/analysis/gdi.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "ipw/analysis/scenario.h"

namespace ipw::analysis {
namespace {

// Devices: 1,000 × 100 W × ½ × ½ × ½ = 12.5 kW. Data centre: grid 100 kW / 1.25 × ½ × ½ × 1 = 20
// kW, accelerators 100 × 600 W × ½ × 1 = 30 kW, so power binds.
std::string scenario_text(const std::string& accelerators = "100",
                          const std::string& devices = "{\"value\": 1000, \"source\": \"s\"}") {
  const auto assumed = [](const char* name, const std::string& value) {
    return fmt::format("\"{}\": {{\"value\": {}, \"assumption\": \"a\"}}", name, value);
  };
  return R"({"schema_version": 1, "name": "test", "pools": [{"name": "local", "kind": "devices",
    "inputs": {"devices": )" +
         devices + ", " + assumed("ipw_per_w", "0.001") + ", " + assumed("ipj_per_j", "0.00004") +
         ", " + assumed("watts_per_device", "100") + ", " + assumed("availability", "0.5") + ", " +
         assumed("participation", "0.5") + ", " + assumed("eligible_share", "0.5") +
         R"(}}, {"name": "cloud", "kind": "data-centre", "inputs": {)" +
         assumed("ipw_per_w", "0.002") + ", " + assumed("ipj_per_j", "0.00005") + ", " +
         assumed("facility_w", "100000") + ", " + assumed("pue", "1.25") + ", " +
         assumed("ai_share", "0.5") + ", " + assumed("inference_share", "0.5") + ", " +
         assumed("utilisation", "1") + ", " + assumed("accelerators", accelerators) + ", " +
         assumed("watts_per_accelerator", "600") +
         R"(}}], "interventions": [
    {"name": "devices", "changes": [{"pool": "local", "input": "devices", "factor": 2}]},
    {"name": "accelerators", "changes": [{"pool": "cloud", "input": "accelerators", "factor": 2}]},
    {"name": "grid", "changes": [{"pool": "cloud", "input": "facility_w", "factor": 2}]}]})";
}

Findings computed(const std::string& text, const GdiOptions& options = {}) {
  const auto scenario = parse_scenario(text, "test");
  EXPECT_TRUE(scenario) << scenario.error().message;
  return scenario ? gdi(*scenario, options) : Findings{};
}

record::Figure figure_of(const Findings& findings, const std::string& section,
                         const std::string& label, const std::string& name) {
  for (const FindingSection& entry : findings.sections) {
    for (const FindingRow& row : entry.rows) {
      const record::Figure* figure = metrics::find(row.figures, name);
      if (entry.name == section && row.label == label && figure != nullptr) return *figure;
    }
  }
  ADD_FAILURE() << "no " << name << " of " << label << " in " << section;
  return {};
}

TEST(GdiScenario, GivesTheHandWorkedCapacity) {
  const Findings findings = computed(scenario_text());
  EXPECT_NEAR(*figure_of(findings, "pools", "local", "usable_power").value, 12500.0, 1e-6);
  const record::Figure cloud = figure_of(findings, "pools", "cloud", "usable_power");
  EXPECT_NEAR(*cloud.value, 20000.0, 1e-6);
  EXPECT_EQ(cloud.reason, "power binds");
  EXPECT_EQ(cloud.unit, "W");
  EXPECT_NEAR(*figure_of(findings, "total", "test", "gdi").value, 12.5 + 40.0, 1e-9);
  EXPECT_NEAR(*figure_of(findings, "total", "test", "answers_per_s").value, 0.5 + 1.0, 1e-9);
  EXPECT_NEAR(*figure_of(findings, "total", "test", "answers_multiplier").value, 1.5, 1e-9);
  EXPECT_NEAR(*figure_of(findings, "total", "test", "gdi_multiplier").value, 52.5 / 40.0, 1e-9);
  EXPECT_EQ(figure_of(findings, "total", "test", "gdi").provenance.source,
            record::Source::kEstimated);
}

TEST(GdiScenario, NamesAcceleratorsWhereTheyBind) {
  const Findings findings = computed(scenario_text("10"));
  const record::Figure cloud = figure_of(findings, "pools", "cloud", "usable_power");
  EXPECT_NEAR(*cloud.value, 3000.0, 1e-6);
  EXPECT_EQ(cloud.reason, "accelerators bind");
  EXPECT_DOUBLE_EQ(*figure_of(findings, "pools", "cloud", "power_binds_share").value, 0.0);
}

// Twice the devices: (1 + 1) / 1.5; twice the grid: accelerators then bind at 30 kW: (.5 + 1.5)
// / 1.5.
TEST(GdiScenario, RanksInterventionsByWhatTheyGain) {
  const Findings findings = computed(scenario_text());
  EXPECT_NEAR(*figure_of(findings, "interventions", "devices", "answers_gain").value, 2.0 / 1.5,
              1e-9);
  EXPECT_NEAR(*figure_of(findings, "interventions", "grid", "answers_gain").value, 2.0 / 1.5, 1e-9);
  EXPECT_NEAR(*figure_of(findings, "interventions", "accelerators", "answers_gain").value, 1.0,
              1e-9);
  EXPECT_EQ(findings.sections[2].rows.back().label, "accelerators");
}

// The multiplier is 1 + .5 · devices / 1,000: 2 needs 2,000 devices, 4 needs 6,000.
TEST(GdiScenario, SaysWhatTheClaimOfTwoToFourTimesNeeds) {
  const Findings findings = computed(
      scenario_text("100", "{\"value\": 1000, \"low\": 900, \"high\": 2500, \"source\": \"s\"}"));
  const record::Figure two = figure_of(findings, "claim", "local: devices", "for_2x");
  EXPECT_NEAR(*two.value, 2000.0, 1e-3);
  EXPECT_EQ(two.reason, "within its range");
  const record::Figure four = figure_of(findings, "claim", "local: devices", "for_4x");
  EXPECT_NEAR(*four.value, 6000.0, 1e-3);
  EXPECT_EQ(four.reason, "outside its range");
  EXPECT_FALSE(figure_of(findings, "claim", "cloud: ipw_per_w", "for_2x").value);
}

// One swept input, linear: the 2.5 % point of the triangular law on [500, 1500] with mode 1,000 is
// 500 + √(.025 · 1000 · 500) = 611.8, and answers are .5 · devices / 1,000 + 1.
TEST(GdiScenario, DrawsTheTriangularLawsOfItsRanges) {
  const Findings findings = computed(
      scenario_text("100", "{\"value\": 1000, \"low\": 500, \"high\": 1500, \"source\": \"s\"}"),
      {.seed = 3, .draws = 20000});
  const record::Figure answers = figure_of(findings, "total", "test", "answers_per_s");
  EXPECT_NEAR(*answers.low, 1.0 + 0.5 * 0.6118, 0.005);
  EXPECT_NEAR(*answers.high, 1.0 + 0.5 * (2.0 - 0.6118), 0.005);
  EXPECT_EQ(answers.interval, "monte-carlo");
  ASSERT_EQ(findings.sections[3].rows.size(), 1U) << "one bar: one input has a range";
  EXPECT_NEAR(*figure_of(findings, "tornado", "local: devices", "swing").value, 0.5, 1e-9);
  const record::Figure devices = figure_of(findings, "inputs", "local: devices", "value");
  EXPECT_EQ(devices.provenance.source, record::Source::kPublished);
  EXPECT_EQ(devices.reason, "source: s");
}

TEST(GdiScenario, IsTheSameForTheSameSeed) {
  const std::string text =
      scenario_text("100", "{\"value\": 1000, \"low\": 500, \"high\": 1500, \"source\": \"s\"}");
  const GdiOptions options{.seed = 9, .draws = 500};
  EXPECT_EQ(*figure_of(computed(text, options), "total", "test", "gdi").low,
            *figure_of(computed(text, options), "total", "test", "gdi").low);
}

std::string error_of(const std::string& text) {
  const auto scenario = parse_scenario(text, "test");
  return scenario ? std::string() : scenario.error().message;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(GdiScenario, RefusesBadInputNamingPoolAndInput) {
  const std::string good = scenario_text();
  const auto expect = [&](const std::string& from, const std::string& to, const std::string& why) {
    const std::string error = error_of(replaced(good, from, to));
    EXPECT_NE(error.find(why), std::string::npos) << error;
  };
  expect("\"availability\": {\"value\": 0.5", "\"availability\": {\"value\": 1.5",
         "pool 'local', availability: it must be above 0 and at most 1");
  expect("\"pue\": {\"value\": 1.25", "\"pue\": {\"value\": 0.9",
         "pool 'cloud', pue: it must be at least 1");
  expect("\"source\": \"s\"", "\"note\": \"s\"", "devices: give it a 'source' or an 'assumption'");
  expect("\"value\": 1000", "\"value\": 1000, \"low\": 2000, \"high\": 3000",
         "low <= value <= high");
  expect("\"value\": 1000", "\"value\": \"many\"", "devices: 'value' is no number");
  expect("\"value\": 1000", "\"value\": -1", "devices: it must be above zero");
  expect("\"value\": 1000", "\"value\": 1e-300", "devices: it must be above zero (1e-15");
  expect("\"devices\": {", "\"gadgets\": {", "there is no input 'gadgets'");
  expect("\"kind\": \"devices\"", "\"kind\": \"phones\"", "neither devices nor data-centre");
  expect("\"name\": \"cloud\"", "\"name\": \"local\"", "pool 'local' stands twice");
  expect("\"factor\": 2", "\"factor\": 0", "intervention 'devices'");
  expect("\"input\": \"accelerators\"", "\"input\": \"horses\"", "input 'horses' is not there");
  EXPECT_NE(error_of("{").find("not JSON"), std::string::npos);
  EXPECT_NE(error_of("[]").find("no JSON object"), std::string::npos);
  EXPECT_EQ(parse_scenario("{\"schema_version\": 2}", "test").error().code,
            core::ErrorCode::kUnsupported);
  EXPECT_EQ(read_scenario("/nowhere.json").error().code, core::ErrorCode::kNotFound);
}

// What the texts claim of both nations must follow from the bundled numbers, or the texts be
// changed.
TEST(GdiScenario, OfBothNationsComesWithTheProgramAndBindsAsTheirNotesSay) {
  for (const auto& [name, binding] :
       {std::pair("us", "power binds"), std::pair("china", "accelerators bind")}) {
    const auto scenario = read_scenario(name);
    ASSERT_TRUE(scenario) << scenario.error().message;
    const Findings findings = gdi(*scenario, {.seed = 0, .draws = 1000});
    EXPECT_EQ(figure_of(findings, "pools", "data centres", "usable_power").reason, binding) << name;
    for (const FindingRow& row : findings.sections[5].rows) {
      const std::string& reason = row.figures.front().figure.reason;
      EXPECT_TRUE(reason.starts_with("source: ") || reason.starts_with("assumption: "))
          << row.label;
    }
  }
  // By hand, United States: 21.1 GW / 1.3 × .2 × .6 × .9 = 1.7529 GW; 75 M × 60 W × .5 × .2 × .5 =
  // 225 MW; multiplier 1 + 3.51 · .225 / (5.91 · 1.7529) = 1.0762.
  const Findings us = gdi(*read_scenario("us"), {.seed = 0, .draws = 100});
  EXPECT_NEAR(*figure_of(us, "pools", "data centres", "usable_power").value, 1.7529e9, 1e5);
  EXPECT_NEAR(*figure_of(us, "pools", "local devices", "usable_power").value, 225e6, 1.0);
  EXPECT_NEAR(*figure_of(us, "total", "United States", "answers_multiplier").value, 1.0762, 1e-4);
}

}  // namespace
}  // namespace ipw::analysis
