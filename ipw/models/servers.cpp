#include "ipw/models/servers.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <tuple>
#include <utility>

#include "ipw/models/bundled_models.h"
#include "ipw/models/gguf_metadata.h"
#include "ipw/models/llama_engine.h"

namespace ipw::models {
namespace {

using core::ErrorCode;
using core::fail;
using core::Seconds;

constexpr int kTailLines = 15;
constexpr Seconds kGrace{10};  // for a server whose start failed

core::Instant after(core::Instant at, Seconds time) {
  return at + std::chrono::duration_cast<core::Instant::duration>(time);
}

net::Url url_of(std::uint16_t port, std::string_view path) {
  net::Url url;
  url.host = "127.0.0.1";
  url.port = port;
  url.target = path;
  return url;
}

bool is_healthy(const ServerKind& kind, std::uint16_t port, const ServerWorld& world) {
  constexpr Seconds kAnswersWithin{5};
  constexpr int kOk = 200;
  const auto answer = world.http.fetch(
      {.method = "GET", .url = url_of(port, kind.health), .headers = {}, .body = {}},
      after(std::chrono::steady_clock::now(), kAnswersWithin), world.stop);
  return answer && answer->head.status == kOk;
}

// The order without a port: names settled, files and threads checked.
core::Result<ServerOrder> order_of(const ServerKind& kind, const StartOptions& options) {
  ServerOrder order{
      .model = options.model, .file = {}, .port = 0, .threads = 0, .extra = options.extra};
  if (kind.needs_model && options.model.empty()) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} needs a model: give {} with --model", kind.name, kind.takes));
  }
  if (!kind.takes_file) {
    if (options.threads == 0) return order;
    return fail(ErrorCode::kUsage,
                fmt::format("{} is not told its threads (leave out --threads)", kind.name));
  }
  IPW_TRY(order.file, model_file(options.model));
  IPW_TRY(const GgufMetadata metadata, read_gguf_metadata(order.file));
  order.file = std::filesystem::absolute(metadata.parts.front());
  order.model = order.file.stem().string();
  order.threads = threads_for(options.threads, metadata.parameters);
  return order;
}

core::Result<void> wait_until_healthy(const ServerKind& kind, const ServerState& state,
                                      core::Instant until, const ServerWorld& world) {
  constexpr auto kBetween = std::chrono::milliseconds(50);
  while (true) {
    if (!is_running(state.process)) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("{} ended while it was starting (its log says why: {})", kind.name,
                              state.log.string()));
    }
    if (is_healthy(kind, state.port, world)) return {};
    if (world.stop.stop_requested()) {
      return fail(ErrorCode::kCancelled, fmt::format("{} was stopped on request", kind.name));
    }
    if (world.clock.now() >= until) {
      return fail(
          ErrorCode::kTimeout,
          fmt::format("{} did not get ready in time (give it longer with --timeout)", kind.name));
    }
    world.clock.sleep_until(world.clock.now() + kBetween);
  }
}

core::Result<void> warm_up(const ServerKind& kind, const ServerState& state,
                           const std::string& model, core::Instant until,
                           const ServerWorld& world) {
  const WarmUp first = kind.warm_up(model);
  const auto answer = world.http.fetch({.method = "POST",
                                        .url = url_of(state.port, first.path),
                                        .headers = {{"Content-Type", "application/json"}},
                                        .body = first.body},
                                       until, world.stop);
  const auto refused = [&](ErrorCode code, const std::string& why) {
    return fail(code, fmt::format("{} did not answer its first request: {} (see its log {}, or "
                                  "start it with --no-warm-up)",
                                  kind.name, why, state.log.string()));
  };
  if (!answer) return refused(answer.error().code, answer.error().message);
  const auto failure = net::status_failure(answer->head.status, answer->head.headers, answer->body,
                                           world.clock.wall());
  return failure ? refused(ErrorCode::kUnavailable, failure->message) : core::Result<void>{};
}

core::Result<ServerState> launched(const ServerKind& kind, const StartOptions& options,
                                   const std::string& name, ServerOrder& order,
                                   const ServerWorld& world) {
  IPW_TRY(const std::filesystem::path program,
          find_program(options.program.empty() ? std::string(kind.program) : options.program,
                       options.path));
  IPW_TRY(order.port, free_port(options.port));
  ServerCall call = kind.call(order);
  ServerState state{.name = name,
                    .kind = std::string(kind.name),
                    .program = program,
                    .arguments = call.arguments,
                    .process = {},
                    .port = order.port,
                    .base_url = fmt::format("http://127.0.0.1:{}{}", order.port, kind.base),
                    .model = order.model.empty() ? "" : std::string(kind.scheme) + order.model,
                    .started_unix_s = std::chrono::duration_cast<std::chrono::seconds>(
                                          world.clock.wall().time_since_epoch())
                                          .count(),
                    .log = options.directory / (name + ".log")};
  IPW_TRY(state.process, launch({.program = program,
                                 .arguments = std::move(call.arguments),
                                 .environment = std::move(call.environment),
                                 .log = state.log}));
  if (auto written = write_server_state(options.directory, state); !written) {
    std::ignore = end(state.process, kGrace);  // nobody could find it again
    return std::unexpected(std::move(written).error());
  }
  return state;
}

core::Result<void> refuse_if_running(const std::filesystem::path& directory,
                                     const std::string& name) {
  const auto known = read_server_state(directory, name);
  if (!known && known.error().code == ErrorCode::kNotFound) return {};
  if (!known) return std::unexpected(known.error());
  if (!is_running(known->process)) return {};
  return fail(ErrorCode::kAlreadyExists,
              fmt::format("a server called {} runs at {} (stop it first, or give this one another "
                          "name with --name)",
                          name, known->base_url));
}

}  // namespace

std::expected<ServerState, StartFailure> start_server(const ServerKind& kind,
                                                      const StartOptions& options,
                                                      const ServerWorld& world) {
  const auto not_started = [](core::Error error) {
    return std::unexpected(StartFailure{.error = std::move(error), .log_tail = {}});
  };
  const std::string name = options.name.empty() ? std::string(kind.name) : options.name;
  if (auto good = check_server_name(name); !good) return not_started(good.error());
  auto order = order_of(kind, options);
  if (!order) return not_started(order.error());
  const auto lock = ServerLock::take(options.directory, name);
  if (!lock) return not_started(lock.error());
  if (auto free = refuse_if_running(options.directory, name); !free) {
    return not_started(free.error());
  }
  auto state = launched(kind, options, name, *order, world);
  if (!state) return not_started(state.error());

  const core::Instant until = after(world.clock.now(), options.patience);
  core::Result<void> ready = wait_until_healthy(kind, *state, until, world);
  if (ready && options.warm_up && !order->model.empty()) {
    ready = warm_up(kind, *state, order->model, until, world);
  }
  if (ready) return *state;
  std::ignore = end(state->process, kGrace);
  remove_server_state(options.directory, name);
  return std::unexpected(StartFailure{.error = std::move(ready).error(),
                                      .log_tail = log_tail(state->log, kTailLines)});
}

core::Result<Stopped> stop_server(const std::filesystem::path& directory, const std::string& name,
                                  Seconds grace) {
  IPW_CHECK(check_server_name(name));
  IPW_TRY(ServerState state, read_server_state(directory, name));
  IPW_TRY(const ServerLock lock, ServerLock::take(directory, name));
  IPW_TRY(const Ending ending, end(state.process, grace));
  remove_server_state(directory, name);
  return Stopped{.state = std::move(state), .ending = ending};
}

ServerStatus server_status(ServerState state, const ServerWorld& world) {
  ServerStatus status{.state = std::move(state)};
  status.running = is_running(status.state.process);
  if (!status.running) return status;
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(world.clock.wall().time_since_epoch());
  status.uptime = Seconds(static_cast<double>(now.count() - status.state.started_unix_s));
  const ServerKind* kind = find_server_kind(status.state.kind);
  status.healthy = kind != nullptr && is_healthy(*kind, status.state.port, world);
  return status;
}

std::string log_tail(const std::filesystem::path& log, int lines) {
  constexpr std::streamoff kMost = std::streamoff{16} << 10;
  std::ifstream in(log, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const std::streamoff size = in.tellg();
  const std::streamoff begin = std::max<std::streamoff>(0, size - kMost);
  std::string text(static_cast<std::size_t>(size - begin), '\0');
  in.seekg(begin);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  std::size_t at = text.size();
  if (at > 0 && text.back() == '\n') --at;
  for (int line = 0; line < lines && at != std::string::npos && at > 0; ++line) {
    at = text.rfind('\n', at - 1);
  }
  return at == std::string::npos || at == 0 ? text : text.substr(at + 1);
}

}  // namespace ipw::models
