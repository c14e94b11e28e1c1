#pragma once
// The sensor daemon: one process that may read the counters reads them for all who may not, here or
// on another machine. It only tells; there is nothing that a client can change.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/energy/daemon_protocol.h"
#include "ipw/energy/sampler.h"
#include "ipw/energy/sensor.h"
#include "ipw/net/server.h"

namespace ipw::energy {

/// One place to listen at. Its limits are the daemon's to set.
struct DaemonListener {
  net::ServerOptions server;
  std::string key;  // that clients must name; empty: the socket's permissions decide
};

struct DaemonOptions {
  std::vector<DaemonListener> listeners;
  std::string host;                 // this machine's name
  std::string clock_identity;       // see clock_identity(); empty where `clock` is not the system's
  core::Seconds flush_every{0.02};  // how long samples are gathered before they go out
  std::size_t most_streams = 64;    // clients that sample at a time; others get 503
};

/// One sampler for all clients, which runs while at least one of them listens: a machine that
/// nobody measures is not woken. All functions are thread-safe.
class SensorDaemon {
 public:
  /// Listens when it returns. Errors as net::HttpServer::open().
  [[nodiscard]] static core::Result<std::unique_ptr<SensorDaemon>> open(
      std::vector<std::unique_ptr<Sensor>> sensors, DaemonOptions options, core::Clock& clock);
  ~SensorDaemon();
  SensorDaemon(const SensorDaemon&) = delete;
  SensorDaemon& operator=(const SensorDaemon&) = delete;

  [[nodiscard]] const std::vector<SensorDescription>& sensors() const { return sampler_.sensors(); }
  /// Of listener number `index`; 0 for a Unix socket.
  [[nodiscard]] std::uint16_t port(std::size_t index) const;
  /// Clients that listen to samples now.
  [[nodiscard]] std::size_t streams() const;

 private:
  using Exchange = std::shared_ptr<net::ServerExchange>;

  SensorDaemon(std::vector<std::unique_ptr<Sensor>> sensors, DaemonOptions options,
               core::Clock& clock);
  [[nodiscard]] core::Result<void> listen();
  [[nodiscard]] std::vector<net::Route> routes(const std::string& key);
  [[nodiscard]] std::string clock_text() const;
  void add_stream(const Exchange& exchange);
  void run(const std::stop_token& stop);
  [[nodiscard]] std::string gather(bool heartbeat);
  bool broadcast(const std::string& lines);

  DaemonOptions options_;
  core::Clock& clock_;
  Sampler sampler_;
  DaemonSensors about_;
  std::string about_text_;
  std::vector<Reading> readings_;               // of the thread below
  std::vector<std::vector<Sample>> by_sensor_;  // likewise

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<Exchange> streams_;

  std::vector<std::unique_ptr<net::HttpServer>> servers_;
  std::jthread thread_;
};

/// Whether `named` is `key`, in a time that tells nothing about where they differ.
[[nodiscard]] bool same_key(std::string_view named, std::string_view key);

}  // namespace ipw::energy
