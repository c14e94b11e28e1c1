// ipw energy -- COMMAND: run it, and say what it cost.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include <nlohmann/json.hpp>

#include "ipw/cli/context.h"
#include "ipw/cli/energy.h"
#include "ipw/cli/energy_samples.h"
#include "ipw/cli/program.h"
#include "ipw/core/terminal_text.h"
#include "ipw/energy/watch.h"
#include "ipw/profiling/command_energy.h"
#include "ipw/report/figure_json.h"
#include "ipw/report/figure_table.h"
#include "ipw/report/output_file.h"
#include "ipw/report/text.h"
#include "ipw/store/export.h"

namespace ipw::cli {
namespace {

using Json = nlohmann::ordered_json;
using profiling::CommandEnergy;
using profiling::SensorFigures;

constexpr int kNotRunnable = 126;
constexpr int kNoSuchProgram = 127;

std::string quoted(const std::vector<std::string>& command) {
  std::string text;
  for (const std::string& word : command) {
    const bool plain =
        !word.empty() && word.find_first_of(" \t\n'\"\\$*?;&|<>()`") == std::string::npos;
    text += (text.empty() ? "" : " ") + (plain ? word : "'" + word + "'");
  }
  return text;
}

int first_failure(const CommandEnergy& measured) {
  for (const profiling::CommandRun& run : measured.runs) {
    if (run.ended.status != 0) return run.ended.status;
  }
  return 0;
}

core::Seconds mean_cpu(const CommandEnergy& measured, core::Seconds profiling::Ended::* part) {
  core::Seconds sum{0.0};
  for (const profiling::CommandRun& run : measured.runs) sum += run.ended.*part;
  return measured.runs.empty() ? sum : sum / static_cast<double>(measured.runs.size());
}

// What a reader must know beside the figures, a line each.
std::vector<std::string> remarks(const CommandEnergy& measured,
                                 const std::vector<SensorFigures>& figures) {
  std::vector<std::string> lines;
  const auto failed = std::ranges::count_if(
      measured.runs, [](const profiling::CommandRun& run) { return run.ended.status != 0; });
  if (failed > 0) {
    lines.push_back(fmt::format("{} of {} runs failed (exit status {}); their energy counts",
                                failed, measured.runs.size(), first_failure(measured)));
  }
  if (measured.stopped) {
    lines.push_back(fmt::format("stopped after {} runs", measured.runs.size()));
  }
  for (std::size_t i = 0; i < measured.sensors.size(); ++i) {
    const energy::SensorDescription& sensor = measured.sensors[i];
    if (!sensor.billed) lines.push_back(sensor.id + ": recorded, not part of a total");
    if (!sensor.assumption.empty()) {
      lines.push_back(fmt::format("{} is an estimate: {}", sensor.id, sensor.assumption));
    }
    const energy::SensorHealth& health = measured.health[i];
    if (health.errors > 0) {
      lines.push_back(
          fmt::format("{}: {} readings failed{}", sensor.id, health.errors,
                      health.last_error ? ", last: " + health.last_error->message : std::string()));
    }
    const std::optional<double>& coverage = figures[i].coverage;
    if (coverage && *coverage > 0.0 && *coverage < 0.995) {
      lines.push_back(fmt::format("{}: samples bound {:.1f} % of the time; joules are of that part",
                                  sensor.id, 100.0 * *coverage));
    }
  }
  if (measured.dropped > 0) lines.push_back(fmt::format("{} samples were lost", measured.dropped));
  return lines;
}

std::string as_text(const CommandEnergy& measured, const std::vector<SensorFigures>& figures,
                    const EnergyFlags& flags, const report::Electricity& electricity) {
  std::string text = fmt::format("\nEnergy of {}, {} run{}\n\n", quoted(flags.command),
                                 measured.runs.size(), measured.runs.size() == 1 ? "" : "s");
  report::Table table(
      {"sensor", "energy", "95 % interval", "above idle", "95 % interval", "power", "source"},
      {true, false, true, false, true, false, true});
  std::vector<std::string> notes;
  for (const SensorFigures& row : figures) {
    table.add({row.sensor, report::value_text(row.energy), report::interval_text(row.energy),
               report::value_text(row.active), report::interval_text(row.active),
               report::value_text(row.power), report::provenance_text(row.energy.provenance)});
    for (const record::Figure* figure : {&row.energy, &row.active}) {
      const std::string note = row.sensor + ": " + figure->reason;
      if (!figure->reason.empty() && std::ranges::find(notes, note) == notes.end()) {
        notes.push_back(note);
      }
    }
    if (row.energy.low_total) {
      record::Figure wide = row.energy;
      wide.low = wide.low_total;
      wide.high = wide.high_total;
      notes.push_back(fmt::format("{}: with the method's own error the energy lies in {} {}",
                                  row.sensor, report::interval_text(wide),
                                  fmt::format("{}J", report::unit_scale(*wide.value, "J").prefix)));
    }
  }
  text += table.text(120) + "\n";
  const record::Figure elapsed = profiling::elapsed_figure(measured);
  text += fmt::format(
      "{} elapsed {}; CPU {} user, {} system\n", report::value_text(elapsed),
      report::interval_text(elapsed),
      report::quantity_text(mean_cpu(measured, &profiling::Ended::user).count(), "s"),
      report::quantity_text(mean_cpu(measured, &profiling::Ended::system).count(), "s"));
  for (const SensorFigures& row : figures) {
    for (const auto& [name, figure] : report::electricity_of(row.energy, 1.0, electricity)) {
      if (!figure.value || name == "wh") continue;
      const std::string line =
          fmt::format("{} of {}: {} {}, {}", name == "gco2e" ? "carbon" : "price", row.sensor,
                      report::value_text(figure), report::interval_text(figure), figure.reason);
      text += report::wrapped(line, 100, 2) + "\n";
    }
  }
  for (std::size_t i = 0; i < measured.sensors.size(); ++i) {
    const auto& before = measured.idle_before[i];
    const auto& after = measured.idle_after[i];
    if ((!before && !after) || !measured.sensors[i].sees_idle) continue;
    text += fmt::format("idle power of {}: {} before, {} after\n", measured.sensors[i].id,
                        before ? report::quantity_text(before->mean.count(), "W") : "—",
                        after ? report::quantity_text(after->mean.count(), "W") : "—");
  }
  for (const std::string& line : remarks(measured, figures)) notes.push_back(line);
  for (const std::string& note : notes) text += report::wrapped("- " + note, 100, 2) + "\n";
  return text;
}

Json idle_json(const std::optional<energy::IdlePower>& idle) {
  if (!idle) return nullptr;
  return {{"power_w", idle->mean.count()},
          {"stderr_w", idle->standard_error.count()},
          {"updates", idle->updates}};
}

Json runs_json(const CommandEnergy& measured) {
  Json runs = Json::array();
  for (const profiling::CommandRun& run : measured.runs) {
    Json one = {{"exit_status", run.ended.status},
                {"signal", run.ended.signal ? Json(*run.ended.signal) : Json(nullptr)},
                {"elapsed_s", run.elapsed.count()},
                {"user_s", run.ended.user.count()},
                {"system_s", run.ended.system.count()},
                {"energy", Json::object()}};
    for (std::size_t i = 0; i < measured.sensors.size(); ++i) {
      const std::optional<energy::WindowEnergy>& gross = run.gross[i];
      one["energy"][measured.sensors[i].id] =
          gross ? Json({{"energy_j", gross->energy.count()},
                        {"uncertainty_j", gross->uncertainty.count()},
                        {"coverage", gross->coverage}})
                : Json(nullptr);
    }
    runs.push_back(std::move(one));
  }
  return runs;
}

std::string as_json(const CommandEnergy& measured, const std::vector<SensorFigures>& figures,
                    const EnergyFlags& flags, const report::Electricity& electricity) {
  Json json = {{"schema_version", report::kJsonSchemaVersion},
               {"command", "energy"},
               {"ipw_version", version()},
               {"program", flags.command},
               {"elapsed", report::figure_json(profiling::elapsed_figure(measured))},
               {"sensors", Json::array()}};
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const SensorFigures& row = figures[i];
    Json one = {{"sensor", row.sensor},
                {"energy", report::figure_json(row.energy)},
                {"active_energy", report::figure_json(row.active)},
                {"power", report::figure_json(row.power)},
                {"coverage", row.coverage ? Json(*row.coverage) : Json(nullptr)}};
    one["electricity"] = report::figures_json(report::electricity_of(row.energy, 1.0, electricity));
    if (i < measured.sensors.size()) {
      const energy::SensorDescription& sensor = measured.sensors[i];
      one["device"] = sensor.device;
      one["scope"] = energy::name(sensor.scope);
      one["billed"] = sensor.billed;
      one["assumption"] = sensor.assumption;
      one["idle_before"] = idle_json(measured.idle_before[i]);
      one["idle_after"] = idle_json(measured.idle_after[i]);
      one["readings"] = measured.health[i].samples;
      one["failed_readings"] = measured.health[i].errors;
    }
    json["sensors"].push_back(std::move(one));
  }
  json["runs"] = runs_json(measured);
  json["stopped"] = measured.stopped;
  json["lost_samples"] = measured.dropped;
  json["remarks"] = remarks(measured, figures);
  return core::printable_json(json.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

std::string cell(const std::optional<double>& value) {
  return value ? fmt::format("{:.9g}", *value) : std::string();
}

std::string as_csv(const CommandEnergy& measured, const std::vector<SensorFigures>& figures) {
  const record::Figure elapsed = profiling::elapsed_figure(measured);
  std::string text =
      "sensor,provenance,method,runs,elapsed_s,energy_j,energy_low_j,energy_high_j,active_j,"
      "active_low_j,active_high_j,power_w,coverage\n";
  for (const SensorFigures& row : figures) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", store::csv_field(row.sensor),
                        record::name(row.energy.provenance.source),
                        store::csv_field(row.energy.provenance.method), row.energy.n,
                        cell(elapsed.value), cell(row.energy.value), cell(row.energy.low),
                        cell(row.energy.high), cell(row.active.value), cell(row.active.low),
                        cell(row.active.high), cell(row.power.value), cell(row.coverage));
  }
  return text;
}

}  // namespace

core::Result<int> measure_program(const EnergyFlags& flags, Context& context) {
  const auto refuse = [&](const core::Error& error) {
    report_error(context, error);
    return error.code == core::ErrorCode::kNotFound ? kNoSuchProgram : kNotRunnable;
  };
  const auto program = profiling::find_program(
      flags.command.front(), context.environment("PATH").value_or("/usr/bin:/bin"));
  if (!program) return refuse(program.error());
  IPW_TRY(const report::Electricity electricity, cli::electricity(flags.electricity, context));
  const std::shared_ptr<void> in_order = context.heed_stop();
  IPW_TRY(auto sensors, energy_sensors(flags, context));
  std::optional<SampleFile> samples;
  if (!flags.samples.empty()) {
    IPW_TRY(samples, SampleFile::create(flags.samples));
  }
  if (!flags.out.empty()) IPW_CHECK(report::write_output(flags.out, ""));  // before hours of work

  energy::Watch watch(std::move(sensors), context.clock);
  if (samples) write_samples(watch, *samples);
  const profiling::CommandPlan plan{.program = *program,
                                    .arguments = flags.command,
                                    .repeat = flags.repeat,
                                    .idle = core::Seconds(flags.idle_s),
                                    .signal_to_forward = context.sent_alone};
  const auto measured = profiling::measure_command(plan, watch, context.clock, context.stop);
  if (!measured) return refuse(measured.error());
  if (measured->runs.empty()) return kInterrupted;

  const std::vector<SensorFigures> figures = profiling::command_figures(*measured);
  const std::string text = flags.json  ? as_json(*measured, figures, flags, electricity)
                           : flags.csv ? as_csv(*measured, figures)
                                       : as_text(*measured, figures, flags, electricity);
  if (flags.out.empty()) {
    context.err << text;
  } else {
    IPW_CHECK(report::write_output(flags.out, text));
  }
  if (samples) IPW_CHECK(samples->finish());
  return first_failure(*measured);
}

}  // namespace ipw::cli
