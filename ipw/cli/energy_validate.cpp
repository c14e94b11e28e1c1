// ipw energy validate: an external meter's log by itself, or beside a run's sensors.
#include <fmt/format.h>

#include <memory>

#include <nlohmann/json.hpp>

#include "ipw/cli/context.h"
#include "ipw/cli/energy.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/energy/meter_log.h"
#include "ipw/report/figure_json.h"
#include "ipw/report/figure_table.h"
#include "ipw/report/meter_validation.h"
#include "ipw/report/text.h"
#include "ipw/store/run.h"

namespace ipw::cli {
namespace {

using Json = nlohmann::ordered_json;
using energy::EpochNanoseconds;
using report::SensorValidation;

struct Window {
  std::optional<EpochNanoseconds> begin;
  std::optional<EpochNanoseconds> end;
};

core::Result<std::optional<EpochNanoseconds>> point(const std::string& text, const char* flag,
                                                    core::Seconds utc_offset) {
  if (text.empty()) return std::nullopt;
  const auto at = energy::parse_time(text, utc_offset);
  if (at) return at;
  return core::fail(core::ErrorCode::kUsage,
                    fmt::format("{} '{}' is no time (write 2024-07-17T09:52:23.554Z, 07-17-2024 "
                                "09:52:23.554 or a Unix time)",
                                flag, text));
}

std::string signed_percent(double share) { return fmt::format("{:+.2f} %", 100.0 * share); }

std::string percent_interval(const record::Figure& figure) {
  if (!figure.low || !figure.high) return "";
  return fmt::format("[{:+.2f}, {:+.2f}] %", 100.0 * *figure.low, 100.0 * *figure.high);
}

std::string window_text(const energy::MeterLog& log, const energy::MeterWindow& window) {
  std::string text =
      fmt::format("Meter: {} log, {}, {} readings from {} to {}\n", energy::name(log.format),
                  log.column, log.readings.size(), energy::time_text(log.readings.front().at),
                  energy::time_text(log.readings.back().at));
  text += fmt::format(
      "Window of {:.3f} s: {} samples, average {:.2f} W (least {:.2f}, most {:.2f}), {} "
      "({:.6g} J), {:.1f} % covered\n",
      window.length.count(), window.samples, window.average.count(), window.least.count(),
      window.most.count(), report::quantity_text(window.energy.count(), "J"), window.energy.count(),
      100.0 * window.coverage);
  if (log.without_value > 0) {
    text += fmt::format("- {} readings of the meter had no value and are left out\n",
                        log.without_value);
  }
  if (log.zone_assumed) text += "- its times name no zone and were taken as --utc-offset says\n";
  return text;
}

std::string sensor_text(const report::RecordedTrace& recorded, const SensorValidation& found) {
  const report::ClockOffset& clock = found.clock;
  std::string text = fmt::format("\n{} ({}, scope {})\n", recorded.sensor,
                                 report::provenance_text(recorded.provenance), recorded.scope);
  text += fmt::format(
      "  clocks     the meter's is {:+.3f} s{} from the run's (correlation {:.4f})\n",
      clock.value.count(),
      clock.bound ? fmt::format(" ± {:.3f}", clock.bound->count()) : std::string(", as given,"),
      clock.correlation);
  text += fmt::format("  compared   {} samples, {:.1f} s\n", found.samples, found.length.count());
  text += fmt::format("  power      {:.2f} W by the sensor, {:.2f} W by the meter\n",
                      found.sensor_power.count(), found.meter_power.count());
  text += fmt::format("  energy     {:.6g} J by the sensor, {:.6g} J by the meter\n",
                      found.sensor_energy.count(), found.meter_energy.count());
  text += fmt::format("  error      {} {}\n", signed_percent(*found.error.value),
                      percent_interval(found.error));
  if (found.drift.value) {
    text += fmt::format("  drift      {} an hour {}\n", signed_percent(*found.drift.value),
                        percent_interval(found.drift));
  }
  if (found.gain.value) {
    text +=
        fmt::format("  gain       {:.4f} W for each W of the meter {}; {:.2f} W where it shows 0\n",
                    *found.gain.value, report::interval_text(found.gain, 4), *found.at_zero.value);
  }
  for (const record::Figure* figure : {&found.error, &found.drift, &found.gain}) {
    if (!figure->reason.empty()) text += "  - " + figure->reason + "\n";
  }
  if (recorded.scope != "wall") {
    text += report::wrapped(
                fmt::format("  - the sensor covers its {}, the meter what is plugged into it: the "
                            "error is that difference too; the gain says how they go together",
                            recorded.scope),
                100, 4) +
            "\n";
  }
  return text;
}

Json window_json(const energy::MeterLog& log, const energy::MeterWindow& window) {
  return {{"format", energy::name(log.format)},
          {"column", log.column},
          {"readings", log.readings.size()},
          {"without_value", log.without_value},
          {"first", energy::time_text(log.readings.front().at)},
          {"last", energy::time_text(log.readings.back().at)},
          {"zone_assumed", log.zone_assumed},
          {"window",
           {{"samples", window.samples},
            {"seconds", window.length.count()},
            {"average_w", window.average.count()},
            {"least_w", window.least.count()},
            {"most_w", window.most.count()},
            {"energy_j", window.energy.count()},
            {"coverage", window.coverage}}}};
}

Json sensor_json(const report::RecordedTrace& recorded, const SensorValidation& found) {
  const auto& bound = found.clock.bound;
  return {{"sensor", recorded.sensor},
          {"provenance", record::name(recorded.provenance.source)},
          {"method", recorded.provenance.method},
          {"scope", recorded.scope},
          {"clock_offset_s", found.clock.value.count()},
          {"clock_offset_bound_s", bound ? Json(bound->count()) : Json(nullptr)},
          {"correlation", found.clock.correlation},
          {"samples", found.samples},
          {"seconds", found.length.count()},
          {"sensor_w", found.sensor_power.count()},
          {"meter_w", found.meter_power.count()},
          {"sensor_j", found.sensor_energy.count()},
          {"meter_j", found.meter_energy.count()},
          {"error", report::figure_json(found.error)},
          {"drift", report::figure_json(found.drift)},
          {"gain", report::figure_json(found.gain)},
          {"at_zero", report::figure_json(found.at_zero)}};
}

core::Result<int> validate(const ValidateFlags& flags, Context& context) {
  const core::Seconds utc_offset(3600.0 * flags.utc_offset_h);
  IPW_TRY(const auto begin, point(flags.begin, "--begin", utc_offset));
  IPW_TRY(const auto end, point(flags.end, "--end", utc_offset));
  IPW_TRY(const energy::MeterLog log,
          energy::read_meter_log(flags.meter, {.time_column = flags.time_column,
                                               .power_column = flags.power_column,
                                               .series = flags.series,
                                               .utc_offset = utc_offset}));
  IPW_TRY(const energy::MeterWindow window, energy::meter_window(log, begin, end));
  Json json = {{"schema_version", report::kJsonSchemaVersion},
               {"command", "energy validate"},
               {"ipw_version", version()},
               {"meter", window_json(log, window)},
               {"sensors", Json::array()}};
  std::string text = window_text(log, window);

  int compared = 0;
  std::optional<core::Error> failure;
  if (!flags.run.empty()) {
    IPW_TRY(store::Run run, store::Run::open(flags.run));
    IPW_TRY(const auto traces, report::recorded_traces(run, energy::usual_step(log) / 16.0));
    for (const report::RecordedTrace& recorded : traces) {
      if (!flags.sensor.empty() && recorded.sensor != flags.sensor) continue;
      report::ValidationOptions options{.begin = begin,
                                        .end = end,
                                        .most_offset = core::Seconds(flags.max_offset_s),
                                        .offset = {},
                                        .sensor_update = recorded.update_period};
      if (flags.offset_s) options.offset = core::Seconds(*flags.offset_s);
      const auto found = report::validate_sensor(recorded.trace, log, options);
      if (!found) {
        failure = found.error();
        text += fmt::format("\n{}: {}\n", recorded.sensor, failure->message);
        json["sensors"].push_back({{"sensor", recorded.sensor}, {"reason", failure->message}});
        continue;
      }
      ++compared;
      text += sensor_text(recorded, *found);
      json["sensors"].push_back(sensor_json(recorded, *found));
    }
    if (compared == 0 && !failure) {
      return core::fail(core::ErrorCode::kNotFound,
                        flags.sensor.empty()
                            ? "the run has no telemetry to compare"
                            : "the run has no telemetry of sensor '" + flags.sensor + "'");
    }
  }
  if (flags.json) {
    print_json(context, json);
  } else {
    context.out << text;
  }
  if (compared == 0 && failure) return std::unexpected(*failure);
  return kDone;
}

}  // namespace

Action declare_energy_validate(const Flags& app, Context& context) {
  auto flags = std::make_shared<ValidateFlags>();
  app.option("--meter", flags->meter,
             "The meter's log: CSV, the answer of Prometheus' query_range, exposition text with "
             "timestamps, or SPEC PTDaemon; which one shows in the file")
      .required();
  app.option("--run", flags->run, "A run folder, whose sensors are laid beside the meter");
  app.option("--sensor", flags->sensor, "Only this one of the run");
  app.option("--begin", flags->begin, "Only from here on (on the meter's clock)");
  app.option("--end", flags->end, "Only up to here");
  app.option("--utc-offset", flags->utc_offset_h,
             "Hours that times without a zone are ahead of UTC")
      .between(-14.0, 14.0)
      .shows_default();
  app.option("--time-column", flags->time_column, "Of a CSV, where its name does not tell");
  app.option("--power-column", flags->power_column, "Of a CSV, where its name does not tell");
  app.option("--series", flags->series, "Of several Prometheus series: the one with this text");
  app.option("--max-offset", flags->max_offset_s,
             "Seconds that the two clocks may be apart, at most")
      .between(0.0, 86'400.0)
      .shows_default();
  app.option("--offset", flags->offset_s,
             "The meter's clock minus the run's, in seconds, instead of aligning them");
  app.flag("--json", flags->json, "Print one JSON document instead of text");
  return [flags, &context] { return finish(context, validate(*flags, context)); };
}

}  // namespace ipw::cli
