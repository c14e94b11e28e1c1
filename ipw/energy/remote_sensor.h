#pragma once
// Sensors that a daemon reads for us, on this machine or another: they look like any other sensor,
// on our own time line.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/energy/clock_offset.h"
#include "ipw/energy/daemon_protocol.h"
#include "ipw/energy/sensor.h"
#include "ipw/net/client.h"
#include "ipw/net/line_reader.h"
#include "ipw/net/url.h"

namespace ipw::energy {

struct DaemonAddress {
  net::Url url;                    // unix:PATH, https://HOST:PORT, or http:// on this machine
  std::filesystem::path key_file;  // read_key(); empty: none is needed
  std::filesystem::path ca_file;   // PEM; empty: the system's certificates
  std::string name;                // of that host, put before its sensors' ids; empty: as it says
                                   // itself, or, by a Unix socket, none
};

struct DaemonConnectionOptions {
  core::Seconds timeout{3.0};  // for the first answer, and for silence afterwards
  std::shared_ptr<core::Clock> clock = std::make_shared<core::SystemClock>();
  std::string clock_identity = energy::clock_identity();  // of `clock`; empty: not the system's
};

/// A connection to one daemon, kept up by a thread of its own: it measures the clocks' offset once
/// a second, takes samples in, and connects again when it broke. Thread-safe.
///
/// Sample times are the daemon's, moved by the estimated offset. The bound of the offset stands in
/// SensorDescription::clock_uncertainty, with room for ten seconds without a good exchange; while
/// it is not kept there are no samples. After a restart of the daemon, or of its machine, or a step
/// of either clock, samples have a new epoch, so that nothing is made up for the time in between. A
/// connection that merely broke goes on with the counters, which counted all the while.
class DaemonConnection {
 public:
  /// kUnavailable where nobody answers, kPermissionDenied for socket, key or certificate files and
  /// where the daemon refuses the key, kUnsupported for another protocol, kInvalidData.
  [[nodiscard]] static core::Result<std::shared_ptr<DaemonConnection>> open(
      DaemonAddress address, DaemonConnectionOptions options = {});
  ~DaemonConnection();
  DaemonConnection(const DaemonConnection&) = delete;
  DaemonConnection& operator=(const DaemonConnection&) = delete;

  /// As the daemon describes them, with the host's name before the id and the domain.
  [[nodiscard]] const std::vector<SensorDescription>& sensors() const { return sensors_; }
  [[nodiscard]] const std::string& host() const { return host_; }
  /// Where it is, for people.
  [[nodiscard]] const std::string& place() const { return place_; }
  /// The clocks' offset as it is known now; exact where both are one clock.
  [[nodiscard]] std::optional<ClockEstimate> clock() const;

  /// The oldest sample of a sensor that has not been taken, or the last one again where there is no
  /// news. Where nobody took any for a quarter of a second, older ones are left out: counters lose
  /// resolution by that, and no joules. kUnavailable while there are none.
  [[nodiscard]] core::Result<Sample> next(std::size_t sensor);

 private:
  struct Channel {
    std::deque<Sample> waiting;
    std::optional<Sample> last;
    std::string error;
    std::optional<std::pair<std::uint64_t, std::uint32_t>> origin;  // continuity, their epoch
    std::uint32_t epoch = 0;
  };

  DaemonConnection(DaemonAddress address, DaemonConnectionOptions options);
  [[nodiscard]] core::Result<void> prepare();
  [[nodiscard]] core::Result<void> await_first_samples();
  [[nodiscard]] core::Result<std::string> get(const char* path);
  [[nodiscard]] net::HttpRequest request(const char* path) const;
  [[nodiscard]] core::Result<void> exchange_clocks(int times);
  void take_exchange(const DaemonClock& theirs, core::Instant asked, core::Instant answered);
  void run(const std::stop_token& stop);
  void start_stream();
  void take(const StreamLine& line);
  void take_samples(const StreamLine& line, Channel& channel);
  void end_stream(const std::string& why);

  DaemonAddress address_;
  DaemonConnectionOptions options_;
  std::string place_;
  std::string key_;
  std::string host_;
  std::vector<SensorDescription> sensors_;
  std::vector<std::string> their_ids_;
  core::Seconds promised_{0};  // most clock uncertainty

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  ClockOffset offset_;
  bool same_clock_ = false;
  std::string instance_;          // of the daemon, by its last exchange of clocks
  std::string stream_instance_;   // by the head of its stream
  std::uint64_t continuity_ = 0;  // rises with every break that counters do not bridge
  bool clock_lost_ = false;
  bool streaming_ = false;
  bool head_seen_ = false;
  std::string broken_;                                  // why there are no samples just now
  std::vector<std::optional<std::size_t>> channel_of_;  // by number in the stream
  std::vector<Channel> channels_;
  net::LineReader lines_;
  std::stop_source stream_stop_;

  std::unique_ptr<net::HttpClient> client_;
  std::jthread thread_;
};

/// One for each sensor of the connection.
[[nodiscard]] std::vector<std::unique_ptr<Sensor>> remote_sensors(
    const std::shared_ptr<DaemonConnection>& connection);

/// What the daemon of this machine reads, looked for at `socket`; estimates are left out, because
/// they need no daemon. No daemon is a finding with its cure.
[[nodiscard]] Probe probe_daemon(const std::filesystem::path& socket);

/// Where the daemon of a machine listens unless it is told otherwise.
constexpr const char* kDaemonSocket = "/run/ipw/energy.sock";

}  // namespace ipw::energy
