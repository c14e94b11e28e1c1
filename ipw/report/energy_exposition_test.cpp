// The exposition, read back by a strict parser: names, order, units, labels and escapes as
// OpenMetrics 1.0 wants them.

#include "ipw/report/energy_exposition.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "ipw/energy/meter_log.h"
#include "ipw/report/sparkline.h"

namespace ipw::report {
namespace {

struct Parsed {
  std::map<std::string, std::string> types;  // family → type
  std::map<std::string, double> samples;     // name and labels → value
};

// Aborts the test at the first thing that OpenMetrics does not allow.
Parsed strict_parse(const std::string& text, bool open) {
  static const std::regex kSample(
      R"re(([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\} (-?[0-9.]+(?:e[+-]?[0-9]+)?))re");
  Parsed parsed;
  std::istringstream lines(text);
  std::string family;
  std::set<std::string> closed;
  bool ended = false;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_FALSE(ended) << "a line after # EOF: " << line;
    if (line == "# EOF") {
      ended = true;
      continue;
    }
    std::istringstream words(line);
    std::string hash;
    std::string kind;
    std::string name;
    if (line.starts_with("# ")) {
      words >> hash >> kind >> name;
      EXPECT_TRUE(kind == "TYPE" || kind == "HELP" || (open && kind == "UNIT")) << line;
      if (kind == "TYPE") {
        EXPECT_TRUE(closed.insert(name).second) << "families must not come twice: " << name;
        family = name;
        words >> parsed.types[name];
      }
      EXPECT_EQ(name, family) << "metadata of another family: " << line;
      if (kind == "UNIT") {
        std::string unit;
        words >> unit;
        EXPECT_TRUE(name.ends_with("_" + unit)) << line;
      }
      continue;
    }
    std::smatch match;
    EXPECT_TRUE(std::regex_match(line, match, kSample)) << line;
    if (match.empty()) continue;
    const bool counter = parsed.types[family] == "counter";
    EXPECT_EQ(match[1].str(), open && counter ? family + "_total" : family) << line;
    EXPECT_TRUE(parsed.samples
                    .emplace(match[1].str() + "{" + match[2].str() + "}", std::stod(match[3].str()))
                    .second)
        << "a series twice: " << line;
  }
  EXPECT_EQ(ended, open);
  EXPECT_TRUE(text.ends_with("\n"));
  return parsed;
}

std::vector<ExposedSensor> two_sensors() {
  ExposedSensor rapl;
  rapl.sensor.id = "rapl:package-0";
  rapl.sensor.device = "Chip \"X\" \\ of\nthe test";
  rapl.sensor.provenance = {record::Source::kMeasured, "rapl-powercap"};
  rapl.since_start =
      energy::WindowEnergy{core::Joules(1234.5678), 0.75, core::Watts(10.0), core::Joules(3.0)};
  rapl.power = core::Watts(61.5);
  rapl.health.samples = 100;
  rapl.health.errors = 2;
  ExposedSensor dead;
  dead.sensor.id = "nvml:GPU-1";
  dead.sensor.billed = false;
  return {rapl, dead};
}

TEST(Exposition, IsValidOpenMetricsAndNamesWhatIsKnownOnly) {
  for (const bool open : {true, false}) {
    const Parsed parsed = strict_parse(
        exposition(two_sensors(), open ? ExpositionFormat::kOpenMetrics : ExpositionFormat::kText),
        open);
    EXPECT_EQ(parsed.types.size(), 6U);
    int joules = 0;
    for (const auto& [series, value] : parsed.samples) {
      if (!series.starts_with("ipw_energy_joules_total{")) continue;
      ++joules;
      EXPECT_DOUBLE_EQ(value, 1234.5678);
      EXPECT_NE(series.find(R"(device="Chip \"X\" \\ of\nthe test")"), std::string::npos) << series;
      EXPECT_NE(series.find(R"(provenance="measured",method="rapl-powercap")"), std::string::npos);
      EXPECT_NE(series.find(R"(domain="package")"), std::string::npos);
    }
    EXPECT_EQ(joules, 1) << "the sensor that said nothing has no joules, not 0";
  }
}

TEST(Exposition, IsChosenByWhatTheScrapeAccepts) {
  EXPECT_EQ(exposition_format("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
            ExpositionFormat::kOpenMetrics);
  EXPECT_EQ(exposition_format("*/*"), ExpositionFormat::kText);
  EXPECT_EQ(exposition_format(""), ExpositionFormat::kText);
}

TEST(Sparkline, DrawsEachValueAsABarAndNothingWhereThereIsNone) {
  const std::vector<std::optional<double>> values{0.0, 4.0, std::nullopt, 8.0};
  EXPECT_EQ(sparkline(values), "▁▅ █");
  EXPECT_EQ(sparkline(values, 16.0), "▁▃ ▅");
  EXPECT_EQ(sparkline({}), "");
}

}  // namespace
}  // namespace ipw::report
