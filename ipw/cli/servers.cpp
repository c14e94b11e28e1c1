// ipw servers: model servers on this machine, started, watched and ended.
#include "ipw/models/servers.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/cli/remote.h"
#include "ipw/core/user_directories.h"
#include "ipw/report/figure_json.h"
#include "ipw/report/text.h"

namespace ipw::cli {
namespace {

using core::ErrorCode;
using core::fail;
using Json = nlohmann::ordered_json;

struct ServersFlags {
  std::string kind;
  models::StartOptions start;
  double patience_s = 600;
  bool no_warm_up = false;
  std::vector<std::string> names;
  bool all = false;
  double grace_s = 10;
  bool json = false;
};

core::Result<std::filesystem::path> servers_directory(const Context& context) {
  IPW_TRY(const std::filesystem::path state, core::state_directory(context.environment));
  return state / "servers";
}

// What a user types to measure the model of that server; empty where it has none.
std::string profile_command(const models::ServerState& state) {
  if (state.model.empty()) return {};
  return fmt::format("ipw profile --model {} --base-url {} --dataset ipw-mini", state.model,
                     state.base_url);
}

Json to_json(const models::ServerStatus& status) {
  const models::ServerState& state = status.state;
  Json json = {{"name", state.name},
               {"kind", state.kind},
               {"pid", state.process.pid},
               {"port", state.port},
               {"base_url", state.base_url},
               {"model", nullptr},
               {"running", status.running},
               {"healthy", status.healthy},
               {"uptime_s", nullptr},
               {"started_unix_s", state.started_unix_s},
               {"program", state.program.string()},
               {"arguments", state.arguments},
               {"log", state.log.string()}};
  if (!state.model.empty()) json["model"] = state.model;
  if (status.uptime) json["uptime_s"] = status.uptime->count();
  return json;
}

Json document(const char* command) {
  return {{"schema_version", report::kJsonSchemaVersion}, {"command", command}};
}

core::Result<int> start(const ServersFlags& flags, Context& context) {
  const models::ServerKind* kind = models::find_server_kind(flags.kind);
  if (kind == nullptr) return fail(ErrorCode::kUsage, "no such kind of server: " + flags.kind);
  models::StartOptions options = flags.start;
  options.path = context.environment("PATH").value_or("");
  options.warm_up = !flags.no_warm_up;
  options.patience = core::Seconds(flags.patience_s);
  IPW_TRY(options.directory, servers_directory(context));
  IPW_TRY(const auto http, open_http_client(context));
  const core::Instant begun = context.clock.now();
  const std::shared_ptr<void> in_order = context.heed_stop();
  const models::ServerWorld world{.http = *http, .clock = context.clock, .stop = context.stop};
  const auto started = models::start_server(*kind, options, world);
  if (!started) {
    if (!started.error().log_tail.empty()) {
      context.err << "The last lines of its log:\n" << started.error().log_tail;
    }
    return std::unexpected(started.error().error);
  }
  const models::ServerState& state = *started;
  if (flags.json) {
    Json json = document("servers start");
    json["server"] = to_json(models::server_status(state, world));
    print_json(context, json);
    return kDone;
  }
  context.out << fmt::format(
      "{} is ready at {} after {} (process {})\n", state.name, state.base_url,
      report::quantity_text(core::Seconds(context.clock.now() - begun).count(), "s"),
      state.process.pid);
  context.out << "  log      " << state.log.string() << "\n";
  if (const std::string profile = profile_command(state); !profile.empty()) {
    context.out << "  measure  " << profile << "\n";
  }
  context.out << "  stop     ipw servers stop " << state.name << "\n";
  return kDone;
}

const char* how(models::Ending ending) {
  switch (ending) {
    case models::Ending::kWasGone: return "had ended already";
    case models::Ending::kOnRequest: return "has ended";
    case models::Ending::kKilled: return "did not end when asked and was killed";
  }
  return "";
}

core::Result<int> stop(const ServersFlags& flags, Context& context) {
  IPW_TRY(const std::filesystem::path directory, servers_directory(context));
  if (flags.all != flags.names.empty()) {
    return fail(ErrorCode::kUsage,
                "say which servers to stop: names of `ipw servers status`, or --all");
  }
  const std::vector<std::string> names = flags.all ? models::server_names(directory) : flags.names;
  int status = kDone;
  for (const std::string& name : names) {
    const auto stopped = models::stop_server(directory, name, core::Seconds(flags.grace_s));
    if (!stopped) {
      status = report_error(context, stopped.error());
      continue;
    }
    context.out << fmt::format("{} (process {}) {}\n", name, stopped->state.process.pid,
                               how(stopped->ending));
  }
  if (names.empty()) context.out << "no server is there that ipw started\n";
  return status;
}

std::string duration_text(core::Seconds time) {
  const auto seconds = static_cast<std::int64_t>(time.count());
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

void print_table(const std::vector<models::ServerStatus>& statuses, std::ostream& out) {
  report::Table table({"name", "state", "pid", "port", "uptime", "model", "base URL"},
                      {true, true, false, false, false, true, true});
  for (const models::ServerStatus& status : statuses) {
    table.add({status.state.name,
               status.healthy   ? "healthy"
               : status.running ? "not healthy"
                                : "ended",
               std::to_string(status.state.process.pid), std::to_string(status.state.port),
               status.uptime ? duration_text(*status.uptime) : "—",
               status.state.model.empty() ? "—" : status.state.model, status.state.base_url});
  }
  out << table.text(report::kAnyWidth);
  for (const models::ServerStatus& status : statuses) {
    if (status.healthy && !status.state.model.empty()) {
      out << "\nMeasure " << status.state.name << " with:\n  " << profile_command(status.state)
          << "\n";
    } else if (!status.running) {
      out << "\n"
          << status.state.name << " ended on its own; its log: " << status.state.log.string()
          << "\n";
    }
  }
}

core::Result<int> show(const ServersFlags& flags, Context& context) {
  IPW_TRY(const std::filesystem::path directory, servers_directory(context));
  IPW_TRY(const auto http, open_http_client(context));
  const models::ServerWorld world{.http = *http, .clock = context.clock, .stop = context.stop};
  const std::vector<std::string> names =
      flags.names.empty() ? models::server_names(directory) : flags.names;
  std::vector<models::ServerStatus> statuses;
  int exit_status = kDone;
  for (const std::string& name : names) {
    auto state = models::read_server_state(directory, name);
    if (state) {
      statuses.push_back(models::server_status(std::move(*state), world));
    } else {
      exit_status = report_error(context, state.error());
    }
  }
  if (flags.json) {
    Json json = document("servers status");
    json["servers"] = Json::array();
    for (const models::ServerStatus& status : statuses) json["servers"].push_back(to_json(status));
    print_json(context, json);
  } else if (statuses.empty()) {
    context.out << "no server is there that ipw started\n";
  } else {
    print_table(statuses, context.out);
  }
  return exit_status;
}

void declare_start(const Flags& app, ServersFlags& flags) {
  std::vector<std::string> kinds;
  std::string models = "What it serves";
  for (const models::ServerKind& kind : models::server_kinds()) {
    kinds.emplace_back(kind.name);
    models += fmt::format("; {}: {}", kind.name, kind.takes);
  }
  constexpr int kMostPort = 65535;
  app.option("KIND", flags.kind, "Which server").required().one_of(kinds);
  app.option("EXTRA", flags.start.extra, "Behind --: passed on to the server as they are");
  app.option("--model", flags.start.model, models);
  app.option("--name", flags.start.name, "What status and stop call it; its kind by default");
  app.option("--program", flags.start.program, "The server's program, if not on the PATH");
  app.option("--port", flags.start.port, "Of 127.0.0.1; a free one by default")
      .between(1, kMostPort);
  app.option("--threads", flags.start.threads,
             "Of llama-server; never more than cores. By default one for models below 100 M "
             "parameters, else every core")
      .between(1, 4096);
  app.option("--timeout", flags.patience_s, "Seconds until it must be ready")
      .between(0.1, 1e6)
      .shows_default();
  app.flag("--no-warm-up", flags.no_warm_up, "Send no first request");
  app.flag("--json", flags.json, "Print one JSON document instead of text");
}

}  // namespace

Action declare_servers(const Flags& app, Context& context) {
  auto flags = std::make_shared<ServersFlags>();
  const Flags starting = app.command("start", "Start a server and wait until it has answered once");
  declare_start(starting, *flags);

  const Flags stopping = app.command("stop", "End servers that ipw started");
  stopping.option("NAME", flags->names, "Names of `ipw servers status`");
  stopping.flag("--all", flags->all, "All of them");
  stopping.option("--grace", flags->grace_s, "Seconds before one that does not end is killed")
      .between(0.0, 1e6)
      .shows_default();

  const Flags showing = app.command("status", "Show the servers that ipw started");
  showing.option("NAME", flags->names, "Only these");
  showing.flag("--json", flags->json, "Print one JSON document instead of the table");

  app.require_command();
  return [=, &context] {
    if (starting.chosen()) return finish(context, start(*flags, context));
    if (stopping.chosen()) return finish(context, stop(*flags, context));
    return finish(context, show(*flags, context));
  };
}

}  // namespace ipw::cli
