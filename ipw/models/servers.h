#pragma once
// Starting, watching and ending model servers on this machine. Whatever is ended here was started
// here.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/models/server_kinds.h"
#include "ipw/models/server_state.h"
#include "ipw/net/client.h"

namespace ipw::models {

struct StartOptions {
  std::string name;                // of the server; empty: its kind's
  std::string program;             // a name on `path`, or a file; empty: the kind's
  std::string path;                // the PATH
  std::string model;               // as the user wrote it; empty: none
  std::uint16_t port = 0;          // 0: a free one
  int threads = 0;                 // 0: as an engine in this process would use; never above cores
  std::vector<std::string> extra;  // passed on unchanged
  bool warm_up = true;
  core::Seconds patience{600};  // until it must be ready, model load included
  std::filesystem::path directory;
};

/// What hangs on the outside world; the clock and the client outlive the call.
struct ServerWorld {
  net::HttpClient& http;
  core::Clock& clock;
  std::stop_token stop;
};

struct StartFailure {
  core::Error error;
  std::string log_tail;  // empty where nothing was started
};

/// Starts a server on 127.0.0.1, waits until it is healthy and has answered a first request. Where
/// that does not happen, the process is ended again. kUsage, kNotFound, kAlreadyExists (a server of
/// that name runs), kBusy (the port), kUnavailable (it ended, or refused the first request),
/// kTimeout, kCancelled.
[[nodiscard]] std::expected<ServerState, StartFailure> start_server(const ServerKind& kind,
                                                                    const StartOptions& options,
                                                                    const ServerWorld& world);

struct Stopped {
  ServerState state;
  Ending ending = Ending::kWasGone;
};

/// Ends the server called `name` and forgets it. As read_server_state and end().
[[nodiscard]] core::Result<Stopped> stop_server(const std::filesystem::path& directory,
                                                const std::string& name, core::Seconds grace);

struct ServerStatus {
  ServerState state;
  bool running = false;
  bool healthy = false;                 // it answered its health path with 200
  std::optional<core::Seconds> uptime;  // absent: it has ended
};

[[nodiscard]] ServerStatus server_status(ServerState state, const ServerWorld& world);

/// The last `lines` lines of a log, at most 16 KiB; empty where it cannot be read.
[[nodiscard]] std::string log_tail(const std::filesystem::path& log, int lines);

}  // namespace ipw::models
