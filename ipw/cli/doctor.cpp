// ipw doctor: what can be measured on this machine, what cannot, and how to allow more.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/cli/sensor_flags.h"
#include "ipw/energy/sampler.h"
#include "ipw/energy/sensors.h"
#include "ipw/profiling/machine.h"
#include "ipw/report/figure_json.h"
#include "ipw/report/figure_table.h"
#include "ipw/report/text.h"

namespace ipw::cli {
namespace {

using Json = nlohmann::ordered_json;
using energy::Finding;

const char* mark(Finding::Status status) {
  switch (status) {
    case Finding::Status::kUsed: return "✔";
    case Finding::Status::kSpare: return "·";
    case Finding::Status::kAbsent: return "–";
    case Finding::Status::kDenied:
    case Finding::Status::kBroken: return "✘";
  }
  return "–";
}

std::string indented(const std::string& lines, const std::string& indent) {
  std::string text = indent;
  for (const char c : lines) {
    text += c;
    if (c == '\n') text += indent;
  }
  return text + "\n";
}

void print_sensor(const energy::SensorDescription& sensor, std::ostream& out) {
  out << fmt::format("  {}: {}\n", sensor.id, sensor.device);
  std::string facts = fmt::format(
      "{}; scope {}; updates every {}; resolution {}", report::provenance_text(sensor.provenance),
      energy::name(sensor.scope), report::quantity_text(sensor.update_period.count(), "s"),
      report::quantity_text(sensor.resolution.count(), "J"));
  if (sensor.method_uncertainty > 0) {
    facts += fmt::format("; method ± {:.0f} % (one standard deviation)",
                         100 * sensor.method_uncertainty);
  }
  if (!sensor.sees_idle) facts += "; idle power unknown";
  if (!sensor.billed) facts += "; recorded, not billed";
  out << "    " << report::wrapped(facts, report::kTerminalWidth, 4, 4) << "\n";
  if (!sensor.assumption.empty()) {
    out << "    " << report::wrapped("assumes " + sensor.assumption, report::kTerminalWidth, 4, 4)
        << "\n";
  }
}

// What watching it showed, and how often it will be read.
void print_seen(const energy::SensorDescription& sensor, std::ostream& out) {
  if (!sensor.seen) return;
  const energy::Characterisation& seen = *sensor.seen;
  const auto seconds = [](core::Seconds span) { return report::quantity_text(span.count(), "s"); };
  std::string facts =
      fmt::format("watched for {}: {} readings", seconds(seen.watched), seen.readings);
  if (seen.reading_time) facts += fmt::format(" of {}", seconds(*seen.reading_time));
  facts += fmt::format(", {} updates", seen.updates);
  if (seen.update_period) {
    facts += fmt::format(", one every {}{}", seconds(*seen.update_period),
                         seen.period_is_bound ? " or faster" : "");
  }
  if (seen.smallest_step) {
    facts += "; smallest step " + report::quantity_text(seen.smallest_step->count(), "J");
  }
  if (seen.counter_over_power) {
    facts +=
        fmt::format("; counter / power {:.3f} at the load of that time", *seen.counter_over_power);
  }
  const core::Seconds poll = energy::poll_period(sensor);
  facts += fmt::format("; read every {}", seconds(poll));
  if (poll < sensor.update_period) {
    facts += " to place its updates in time: readings in between tell nothing new";
  }
  out << "    " << report::wrapped(facts, report::kTerminalWidth, 4, 4) << "\n";
}

void print_text(const store::ManifestMachine& machine, const energy::ProbeReport& probe,
                std::ostream& out) {
  out << fmt::format("{}, {}\n{}, {} cores, {:.0f} GiB\n\n", machine.os, machine.kernel,
                     machine.cpu_model, machine.cores,
                     static_cast<double>(machine.memory_bytes) / (1 << 30));
  out << "Energy that a run on this machine is billed by:\n";
  for (const auto& sensor : probe.sensors) {
    const energy::SensorDescription description = sensor->describe();
    print_sensor(description, out);
    print_seen(description, out);
  }
  if (probe.sensors.empty()) out << "  none: joules will be absent, never zero\n";
  out << "\nLooked for:\n";
  for (const Finding& finding : probe.findings) {
    out << "  "
        << report::wrapped(fmt::format("{} {} {}: {}", mark(finding.status), finding.method,
                                       energy::name(finding.status), finding.detail),
                           report::kTerminalWidth, 6, 2)
        << "\n";
    if (!finding.cure.empty()) out << indented(finding.cure, "      ");
  }
}

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(value->count()) : Json(nullptr);
}

Json to_json(const energy::Characterisation& seen) {
  return {{"watched_s", seen.watched.count()},
          {"readings", seen.readings},
          {"updates", seen.updates},
          {"update_period_s", or_null(seen.update_period)},
          {"period_is_bound", seen.period_is_bound},
          {"smallest_step_j", or_null(seen.smallest_step)},
          {"reading_time_s", or_null(seen.reading_time)},
          {"counter_over_power",
           seen.counter_over_power ? Json(*seen.counter_over_power) : Json(nullptr)}};
}

Json to_json(const store::ManifestMachine& machine, const energy::ProbeReport& probe) {
  Json json = {{"schema_version", report::kJsonSchemaVersion},
               {"command", "doctor"},
               {"ipw_version", version()},
               {"machine",
                {{"hostname", machine.hostname},
                 {"os", machine.os},
                 {"kernel", machine.kernel},
                 {"cpu_model", machine.cpu_model},
                 {"cores", machine.cores},
                 {"memory_bytes", machine.memory_bytes}}}};
  Json& sensors = json["sensors"] = Json::array();
  for (const auto& sensor : probe.sensors) {
    const energy::SensorDescription description = sensor->describe();
    sensors.push_back({{"id", description.id},
                       {"device", description.device},
                       {"provenance", record::name(description.provenance.source)},
                       {"method", description.provenance.method},
                       {"scope", energy::name(description.scope)},
                       {"update_period_s", description.update_period.count()},
                       {"resolution_j", description.resolution.count()},
                       {"method_uncertainty", description.method_uncertainty},
                       {"sees_idle", description.sees_idle},
                       {"billed", description.billed},
                       {"assumption", description.assumption},
                       {"wrap_j", or_null(description.wrap_range)},
                       {"poll_period_s", energy::poll_period(description).count()},
                       {"seen", description.seen ? to_json(*description.seen) : Json(nullptr)}});
  }
  Json& findings = json["findings"] = Json::array();
  for (const Finding& finding : probe.findings) {
    findings.push_back({{"method", finding.method},
                        {"status", energy::name(finding.status)},
                        {"subject", finding.subject},
                        {"detail", finding.detail},
                        {"cure", finding.cure}});
  }
  return json;
}

struct DoctorFlags {
  bool json = false;
  double watch_s = 0.3;
  std::string meter_command;
  std::vector<std::string> devices;
};

core::Result<int> run_doctor(const DoctorFlags& flags, Context& context) {
  const store::ManifestMachine machine = profiling::describe_machine(context.root);
  energy::ProbeOptions options{.root = context.root, .environment = context.environment};
  options.meter_command = flags.meter_command;
  options.devices = flags.devices;
  energy::ProbeReport probe = energy::probe_sensors(options);
  IPW_CHECK(energy::bill_only(probe, flags.devices));
  energy::watch_sensors(probe, options, context.clock,
                        {.longest = core::Seconds(flags.watch_s), .enough_updates = std::nullopt});
  if (flags.json) {
    print_json(context, to_json(machine, probe));
  } else {
    print_text(machine, probe, context.out);
  }
  return kDone;
}

}  // namespace

Action declare_doctor(const Flags& app, Context& context) {
  auto flags = std::make_shared<DoctorFlags>();
  app.flag("--json", flags->json, "Print one JSON document instead of text");
  app.option("--watch", flags->watch_s,
             "Seconds to watch the sensors; longer beside a load compares counter and power")
      .between(0.01, 3600.0)
      .shows_default();
  declare_sensor_flags(app, flags->meter_command, flags->devices, "");
  return [flags, &context] { return finish(context, run_doctor(*flags, context)); };
}

}  // namespace ipw::cli
