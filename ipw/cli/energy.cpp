// ipw energy: flags, and which part of it they ask for.
#include "ipw/cli/energy.h"

#include <algorithm>
#include <array>
#include <memory>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/energy_daemon.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"

namespace ipw::cli {
namespace {

core::Result<int> run_energy(EnergyFlags& flags, Context& context) {
  // As typed: whatever follows the dashes is the program's own.
  const auto dashes = std::ranges::find(context.arguments, "--");
  if (dashes == context.arguments.end()) {
    if (!flags.command.empty()) {
      const std::string& typed = flags.command.front();
      const std::array<std::string, 2> known{"daemon", "validate"};
      return core::fail(core::ErrorCode::kUsage,
                        "cannot tell what " + typed + " is" + did_you_mean(typed, known) +
                            " (a program to measure stands after two dashes: ipw energy -- " +
                            typed + ")");
    }
  } else {
    flags.command.assign(std::next(dashes), context.arguments.end());
    if (flags.command.empty()) {
      return core::fail(core::ErrorCode::kUsage,
                        "no program to measure: nothing follows -- (write it there, or leave -- "
                        "out for the live view)");
    }
    if (flags.serve) {
      return core::fail(core::ErrorCode::kUsage,
                        "--serve is for the machine, not for one program (run both: `ipw energy "
                        "--serve ADDRESS:PORT` beside `ipw energy -- COMMAND`)");
    }
    return measure_program(flags, context);
  }
  if (!flags.out.empty()) {
    return core::fail(core::ErrorCode::kUsage,
                      "--out is for the result of a program (the live view goes to standard "
                      "output: write > " +
                          flags.out + ")");
  }
  return flags.serve ? serve_power(flags, context) : show_power(flags, context);
}

}  // namespace

core::Result<std::vector<std::unique_ptr<energy::Sensor>>> energy_sensors(const EnergyFlags& flags,
                                                                          const Context& context) {
  energy::ProbeOptions options{.root = context.root, .environment = context.environment};
  if (!flags.command.empty()) options.work = std::make_shared<energy::ChildrenWork>(context.root);
  if (flags.cpu_watts) options.watts_per_busy_core = core::Watts(*flags.cpu_watts);
  energy::ProbeReport probe = energy::probe_sensors(options);
  if (probe.sensors.empty()) {
    return core::fail(core::ErrorCode::kUnavailable,
                      "cannot measure energy: no sensor of this machine can be read (`ipw doctor` "
                      "says which there are and how to allow them)");
  }
  energy::watch_sensors(probe, options, context.clock);
  return std::move(probe.sensors);
}

Action declare_energy(const Flags& app, Context& context) {
  auto flags = std::make_shared<EnergyFlags>();
  app.option("COMMAND", flags->command,
             "After --: a program to measure, with its arguments. Its output, input and exit "
             "status stay its own (128 + signal where one ended it; 127: no such program; 126: "
             "it cannot be run)");
  app.option("--repeat", flags->repeat, "Run it so often; intervals are then over the runs")
      .between(1, 1'000'000)
      .shows_default();
  app.option("--idle", flags->idle_s,
             "Seconds to watch the idle machine before the first run and after the last; its "
             "power is subtracted in `above idle`")
      .between(0.0, 86'400.0)
      .shows_default();
  app.option("--interval", flags->interval_s, "Live view: seconds between two rows")
      .between(0.05, 3600.0)
      .shows_default();
  app.option("--duration", flags->duration_s, "Live view and --serve: end after so many seconds")
      .between(0.05, 1e9);
  app.option("--cpu-watts", flags->cpu_watts,
             "Watts per busy core for the CPU-time estimate, instead of the table's")
      .between(0.001, 10'000.0);
  declare_electricity_flags(app, flags->electricity, "Electricity");
  Flag json = app.flag("--json", flags->json, "One JSON document instead of text");
  app.flag("--csv", flags->csv, "Rows instead of text").excludes(json);
  app.option("--out", flags->out,
             "Write the result to this file; else it goes to standard error, so that it does "
             "not mix with what the program prints");
  app.option("--samples", flags->samples,
             "Write every raw sample to this file: sensor, seconds, counter");
  Flag serve =
      app.option("--serve", flags->serve,
                 "Instead of the live view: answer http://ADDRESS:PORT/metrics for Prometheus")
          .takes("ADDRESS:PORT");
  for (const char* other : {"--json", "--csv", "--out", "--samples"}) {
    serve.excludes(app[other]);
  }
  const Flags validating =
      app.command("validate", "Compare an external meter's log with a run's sensors");
  const Action validate = declare_energy_validate(validating, context);
  const Flags serving =
      app.command("daemon", "Read the sensors for programs that may not, here or elsewhere");
  const Action serve_sensors = declare_energy_daemon(serving, context);
  return [=, &context] {
    if (serving.chosen()) return serve_sensors();
    if (validating.chosen()) return validate();
    return finish(context, run_energy(*flags, context));
  };
}

}  // namespace ipw::cli
