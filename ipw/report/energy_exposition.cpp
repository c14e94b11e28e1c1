// See energy_exposition.h.
#include "ipw/report/energy_exposition.h"

#include <fmt/format.h>

#include <array>

namespace ipw::report {
namespace {

// https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md, escaping.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') result += "\\\\";
    if (c == '"') result += "\\\"";
    if (c == '\n') result += "\\n";
    if (c != '\\' && c != '"' && c != '\n') result += c;
  }
  return result;
}

std::string labels(const energy::SensorDescription& sensor) {
  return fmt::format(
      R"({{sensor="{}",device="{}",domain="{}",provenance="{}",method="{}",billed="{}"}})",
      escaped(sensor.id), escaped(sensor.device), energy::name(sensor.scope),
      record::name(sensor.provenance.source), escaped(sensor.provenance.method),
      sensor.billed ? "true" : "false");
}

struct Family {
  const char* name;
  const char* unit;  // as it ends the name; empty: none
  const char* help;
  bool counter;
  std::optional<double> (*value)(const ExposedSensor& sensor);
};

constexpr std::array kFamilies{
    Family{"ipw_energy_joules", "joules", "Energy since the start, of the time that samples bound.",
           true,
           [](const ExposedSensor& one) -> std::optional<double> {
             if (!one.since_start) return std::nullopt;
             return one.since_start->energy.count();
           }},
    Family{"ipw_power_watts", "watts", "Mean power of the last second or so.", false,
           [](const ExposedSensor& one) -> std::optional<double> {
             if (!one.power) return std::nullopt;
             return one.power->count();
           }},
    Family{"ipw_energy_uncertainty_joules", "joules",
           "One standard deviation of the energy since the start, with what no sample bounds.",
           false,
           [](const ExposedSensor& one) -> std::optional<double> {
             if (!one.since_start) return std::nullopt;
             return one.since_start->uncertainty.count();
           }},
    Family{"ipw_energy_coverage_ratio", "ratio",
           "Share of the time since the start that samples bound.", false,
           [](const ExposedSensor& one) -> std::optional<double> {
             return one.since_start ? one.since_start->coverage : 0.0;
           }},
    Family{"ipw_energy_readings", "", "Readings that succeeded.", true,
           [](const ExposedSensor& one) -> std::optional<double> {
             return static_cast<double>(one.health.samples);
           }},
    Family{"ipw_energy_failed_readings", "", "Readings that failed; none of them is counted as 0.",
           true, [](const ExposedSensor& one) -> std::optional<double> {
             return static_cast<double>(one.health.errors);
           }}};

}  // namespace

ExpositionFormat exposition_format(std::string_view accept) {
  return accept.find("application/openmetrics-text") != std::string_view::npos
             ? ExpositionFormat::kOpenMetrics
             : ExpositionFormat::kText;
}

const char* content_type(ExpositionFormat format) {
  return format == ExpositionFormat::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string exposition(std::span<const ExposedSensor> sensors, ExpositionFormat format) {
  const bool open = format == ExpositionFormat::kOpenMetrics;
  std::string text;
  for (const Family& family : kFamilies) {
    const std::string sample = std::string(family.name) + (family.counter ? "_total" : "");
    const std::string name =
        open ? std::string(family.name) : sample;  // the older format names the sample
    text += fmt::format("# TYPE {} {}\n", name, family.counter ? "counter" : "gauge");
    if (open && family.unit[0] != '\0') text += fmt::format("# UNIT {} {}\n", name, family.unit);
    text += fmt::format("# HELP {} {}\n", name, family.help);
    for (const ExposedSensor& one : sensors) {
      const std::optional<double> value = family.value(one);
      if (value) text += fmt::format("{}{} {:.12g}\n", sample, labels(one.sensor), *value);
    }
  }
  if (open) text += "# EOF\n";
  return text;
}

}  // namespace ipw::report
