// ipw doctor: what can be measured on this machine, what cannot, and how to allow more.
#include <fmt/format.h>

#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/program.h"
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

void print_text(const store::ManifestMachine& machine, const energy::ProbeReport& probe,
                std::ostream& out) {
  out << fmt::format("{}, {}\n{}, {} cores, {:.0f} GiB\n\n", machine.os, machine.kernel,
                     machine.cpu_model, machine.cores,
                     static_cast<double>(machine.memory_bytes) / (1 << 30));
  out << "Energy that a run on this machine is billed by:\n";
  for (const auto& sensor : probe.sensors) print_sensor(sensor->describe(), out);
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
                       {"assumption", description.assumption}});
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

}  // namespace

Action declare_doctor(CLI::App& app, Context& context) {
  auto json = std::make_shared<bool>(false);
  app.add_flag("--json", *json, "Print one JSON document instead of text");
  return [json, &context] {
    const store::ManifestMachine machine = profiling::describe_machine(context.root);
    const energy::ProbeReport probe =
        energy::probe_sensors({.root = context.root, .environment = context.environment});
    if (*json) {
      context.out << to_json(machine, probe).dump(2) << "\n";
    } else {
      print_text(machine, probe, context.out);
    }
    return static_cast<int>(kDone);
  };
}

}  // namespace ipw::cli
