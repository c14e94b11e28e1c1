// ipw energy daemon: opens the sensors, then the sockets, then gives up root, and serves until it
// is told to stop.
#include "ipw/cli/energy_daemon.h"

#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <memory>
#include <mutex>

#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/listen_address.h"
#include "ipw/cli/program.h"
#include "ipw/energy/daemon.h"
#include "ipw/energy/daemon_access.h"
#include "ipw/energy/remote_sensor.h"
#include "ipw/energy/sensors.h"

namespace ipw::cli {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::fail;

struct DaemonFlags {
  std::string socket;
  std::string group;
  std::string listen;
  std::string certificate;
  std::string key;
  std::string key_file;
  std::string user = "nobody";
  std::string root;
  std::string name;
};

// What it listens at, and how that is said to people.
struct Places {
  std::vector<energy::DaemonListener> listeners;
  std::vector<std::string> shown;
};

// Over TCP everybody on the machine, or on the network, can knock.
core::Result<energy::DaemonListener> tcp_listener(const DaemonFlags& flags, bool loopback) {
  if (flags.certificate.empty() != flags.key.empty()) {
    return fail(ErrorCode::kUsage, "--cert and --key go together (a certificate and its own key)");
  }
  if (flags.key_file.empty()) {
    return fail(ErrorCode::kUsage,
                "a daemon that listens on TCP needs a key that clients must name (openssl rand "
                "-hex 32 > FILE; chmod 600 FILE; then --key-file FILE)");
  }
  if (flags.certificate.empty() && !loopback) {
    return fail(ErrorCode::kUsage,
                "without TLS the daemon listens on this machine alone (give --cert and --key, or "
                "listen at 127.0.0.1)");
  }
  energy::DaemonListener listener;
  listener.server.certificate = flags.certificate;
  listener.server.key = flags.key;
  IPW_TRY(listener.key, energy::read_key(flags.key_file));
  return listener;
}

core::Result<energy::DaemonListener> listen_at_address(const DaemonFlags& flags) {
  IPW_TRY(const ListenAddress at, parse_listen_address("--listen", flags.listen));
  IPW_TRY(energy::DaemonListener listener, tcp_listener(flags, energy::is_loopback(at.address)));
  listener.server.address = at.address;
  listener.server.port = at.port;
  return listener;
}

core::Result<energy::DaemonListener> listen_at_socket(const DaemonFlags& flags) {
  energy::DaemonListener listener;
  const fs::path socket = flags.socket.empty() ? energy::kDaemonSocket : flags.socket;
  std::error_code ignored;
  fs::create_directory(socket.parent_path(), ignored);
  listener.server.unix_socket = socket;
  listener.server.unix_mode = 0660;
  if (!flags.group.empty()) {
    IPW_TRY(listener.server.unix_group, energy::group_id(flags.group));
  }
  return listener;
}

// Of the sockets that systemd opened, or of those that the flags name.
core::Result<Places> find_places(const DaemonFlags& flags, const Context& context) {
  Places places;
  IPW_TRY(const std::vector<int> handed,
          energy::activated_sockets(context.environment, static_cast<int>(::getpid())));
  for (const int descriptor : handed) {
    energy::DaemonListener listener;
    const energy::SocketReach reach = energy::reach(descriptor);
    if (reach != energy::SocketReach::kUnix) {
      IPW_TRY(listener, tcp_listener(flags, reach == energy::SocketReach::kLoopback));
    }
    listener.server.listener = descriptor;
    places.listeners.push_back(std::move(listener));
    places.shown.push_back(fmt::format("descriptor {} of systemd", descriptor));
  }
  if (!handed.empty()) return places;
  if (!flags.listen.empty()) {
    IPW_TRY(energy::DaemonListener listener, listen_at_address(flags));
    places.listeners.push_back(std::move(listener));
    places.shown.push_back(flags.listen);
  }
  if (!flags.socket.empty() || flags.listen.empty()) {
    IPW_TRY(energy::DaemonListener listener, listen_at_socket(flags));
    places.shown.push_back(listener.server.unix_socket.string());
    places.listeners.push_back(std::move(listener));
  }
  return places;
}

std::string host_name() {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

core::Result<int> run_daemon(const DaemonFlags& flags, Context& context) {
  energy::ProbeOptions options;
  options.root = flags.root.empty() ? context.root : fs::path(flags.root);
  options.environment = context.environment;
  options.ask_daemon = false;
  energy::ProbeReport probe = energy::probe_sensors(options);
  if (probe.sensors.empty()) {
    return fail(ErrorCode::kUnavailable,
                "the sensor daemon has no sensor to read (`ipw doctor` says which there are and "
                "how to allow them)");
  }
  IPW_TRY(Places places, find_places(flags, context));
  energy::DaemonOptions serving{.listeners = std::move(places.listeners),
                                .host = flags.name.empty() ? host_name() : flags.name,
                                .clock_identity = energy::clock_identity()};
  IPW_TRY(const auto daemon,
          energy::SensorDaemon::open(std::move(probe.sensors), std::move(serving), context.clock));
  IPW_CHECK(energy::drop_root(flags.user));
  for (const energy::SensorDescription& sensor : daemon->sensors()) {
    context.err << fmt::format("sensor: {}: {}, {}\n", sensor.id, sensor.provenance.method,
                               sensor.device);
  }
  for (std::size_t i = 0; i < places.shown.size(); ++i) {
    const std::uint16_t port = daemon->port(i);
    context.err << fmt::format("listening: {}{}\n", places.shown[i],
                               port == 0 ? "" : fmt::format(", port {}", port));
  }
  context.err.flush();
  const std::shared_ptr<void> in_order = context.heed_stop();
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, context.stop, [] { return false; });
  return kDone;
}

}  // namespace

Action declare_energy_daemon(const Flags& app, Context& context) {
  auto flags = std::make_shared<DaemonFlags>();
  app.option("--socket", flags->socket,
             fmt::format("Unix socket to listen at; {} where neither this nor --listen is given",
                         energy::kDaemonSocket));
  app.option("--group", flags->group,
             "Group whose members may connect to the Unix socket; by default the daemon's own");
  app.option("--listen", flags->listen,
             "ADDRESS:PORT to listen at, with TLS; without it only on this machine");
  app.option("--cert", flags->certificate, "Certificate of --listen, PEM with its chain");
  app.option("--key", flags->key, "Private key of the certificate, PEM");
  app.option("--key-file", flags->key_file,
             "File with the key that clients of --listen must name; only its owner may read it");
  app.option("--user", flags->user,
             "Who to become once sensors and sockets are open, where it was started as root")
      .shows_default();
  app.option("--name", flags->name, "Name of this host in sensor ids, instead of its own");
  app.option("--root", flags->root,
             "Look for /sys and /proc below this folder, as where a container sees its host's");
  return [flags, &context] { return finish(context, run_daemon(*flags, context)); };
}

}  // namespace ipw::cli
