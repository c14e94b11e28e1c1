#pragma once
// A machine's sensors as Prometheus scrapes them: OpenMetrics 1.0, and the older text format for
// scrapers that do not ask for it.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ipw/energy/sampler.h"
#include "ipw/energy/timeline.h"

namespace ipw::report {

struct ExposedSensor {
  energy::SensorDescription sensor;
  std::optional<energy::WindowEnergy> since_start;  // absent: nothing known yet, so no sample
  std::optional<core::Watts> power;                 // of late; absent: no sample
  energy::SensorHealth health;
};

enum class ExpositionFormat { kOpenMetrics, kText };

/// What the `Accept` header of a scrape asks for.
[[nodiscard]] ExpositionFormat exposition_format(std::string_view accept);
/// The `Content-Type` of an answer in that format.
[[nodiscard]] const char* content_type(ExpositionFormat format);

/// `ipw_energy_joules_total`, `ipw_power_watts`, `ipw_energy_uncertainty_joules`,
/// `ipw_energy_coverage_ratio`, `ipw_energy_readings_total`, `ipw_energy_failed_readings_total`,
/// each with the labels sensor, device, domain (the scope), provenance, method and billed. Joules
/// of different provenance are different series: whoever sums them says so.
[[nodiscard]] std::string exposition(std::span<const ExposedSensor> sensors,
                                     ExpositionFormat format);

}  // namespace ipw::report
