// The client of the sensor daemon: see remote_sensor.h.
#include "ipw/energy/remote_sensor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "ipw/energy/daemon_access.h"

namespace ipw::energy {

namespace {

using core::ErrorCode;
using core::fail;
using std::chrono::milliseconds;

constexpr int kFirstExchanges = 8;
constexpr int kExchanges = 3;
constexpr milliseconds kBetweenExchanges{1000};
constexpr milliseconds kFirstSamples{500};
constexpr milliseconds kFirstRetry{100};
constexpr milliseconds kLastRetry{3000};
constexpr core::Instant::duration kMostBacklog = milliseconds(250);
constexpr std::size_t kMostWaiting = 4096;
constexpr std::size_t kMostLine = std::size_t{1} << 20;
constexpr core::Seconds kRoomForDrift{10.0};
constexpr core::Seconds kToldAfter{0.1};  // a daemon gathers for 20 ms; the rest is the network's

class RemoteSensor final : public Sensor {
 public:
  RemoteSensor(std::shared_ptr<DaemonConnection> connection, std::size_t index)
      : connection_(std::move(connection)), index_(index) {}

  [[nodiscard]] SensorDescription describe() const override {
    return connection_->sensors()[index_];
  }
  [[nodiscard]] core::Result<Sample> read(core::Instant) override {
    return connection_->next(index_);
  }

 private:
  std::shared_ptr<DaemonConnection> connection_;
  std::size_t index_;
};

std::string place_of(const net::Url& url) {
  if (!url.socket_path.empty()) return url.socket_path;
  return (url.tls ? "https://" : "http://") + url.authority();
}

core::Error at_place(core::Error error, const std::string& place) {
  error.message = fmt::format("the sensor daemon at {}: {}", place, error.message);
  return error;
}

}  // namespace

core::Result<std::shared_ptr<DaemonConnection>> DaemonConnection::open(
    DaemonAddress address, DaemonConnectionOptions options) {
  std::shared_ptr<DaemonConnection> connection(
      new DaemonConnection(std::move(address), std::move(options)));
  IPW_CHECK(connection->prepare());
  connection->thread_ =
      std::jthread([raw = connection.get()](const std::stop_token& stop) { raw->run(stop); });
  IPW_CHECK(connection->await_first_samples());
  return connection;
}

DaemonConnection::DaemonConnection(DaemonAddress address, DaemonConnectionOptions options)
    : address_(std::move(address)),
      options_(std::move(options)),
      place_(place_of(address_.url)),
      lines_(kMostLine) {}

DaemonConnection::~DaemonConnection() {
  thread_ = {};
  client_.reset();
}

core::Result<void> DaemonConnection::prepare() {
  const std::string& socket = address_.url.socket_path;
  if (!socket.empty() && ::access(socket.c_str(), R_OK | W_OK) != 0 && errno == EACCES) {
    return fail(
        ErrorCode::kPermissionDenied,
        fmt::format("the sensor daemon's socket {} is closed to you (its group may connect)",
                    socket));
  }
  if (!address_.key_file.empty()) {
    IPW_TRY(key_, read_key(address_.key_file));
    if (!address_.url.tls && address_.url.socket_path.empty() && !is_loopback(address_.url.host) &&
        address_.url.host != "localhost") {
      return fail(ErrorCode::kUsage,
                  fmt::format("cannot ask {}: the key would cross the network for all to read "
                              "(write https://)",
                              place_));
    }
  }
  net::ClientOptions client;
  client.connect_timeout = options_.timeout;
  client.idle_timeout = options_.timeout;
  client.ca_file = address_.ca_file;
  IPW_TRY(client_, net::HttpClient::open(std::move(client)));
  IPW_TRY(const std::string text, get(kSensorsPath));
  auto about = parse_sensors(text);
  if (!about) return std::unexpected(at_place(about.error(), place_));
  host_ = address_.name.empty() ? about->host : address_.name;
  const bool elsewhere = address_.url.socket_path.empty() || !address_.name.empty();
  IPW_CHECK(exchange_clocks(kFirstExchanges));
  const auto estimate = clock();
  if (!estimate) return fail(ErrorCode::kUnavailable, "the clocks could not be compared");
  if (!same_clock_) promised_ = 2.0 * estimate->bound + ClockOffset::kDrift * kRoomForDrift;
  for (SensorDescription& sensor : about->sensors) {
    their_ids_.push_back(sensor.id);
    if (elsewhere) {
      sensor.id = host_ + "/" + sensor.id;
      sensor.device += " of " + host_;
      if (!sensor.domain.empty()) sensor.domain = host_ + "/" + sensor.domain;
    }
    sensor.clock_uncertainty += promised_;
    sensor.told_after += kToldAfter;
    sensors_.push_back(std::move(sensor));
  }
  channels_.resize(sensors_.size());
  return {};
}

core::Result<void> DaemonConnection::await_first_samples() {
  std::unique_lock lock(mutex_);
  const auto heard = [this] {
    return std::ranges::all_of(channels_, [](const Channel& channel) {
      return !channel.waiting.empty() || channel.last || !channel.error.empty();
    });
  };
  const auto most = std::chrono::duration_cast<milliseconds>(options_.timeout);
  changed_.wait_for(lock, most, [this] { return head_seen_; });
  if (!head_seen_) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the sensor daemon at {} sends no samples: {}", place_,
                            broken_.empty() ? "no answer" : broken_));
  }
  changed_.wait_for(lock, kFirstSamples, heard);
  return {};
}

net::HttpRequest DaemonConnection::request(const char* path) const {
  net::HttpRequest request;
  request.url = address_.url;
  request.url.target = path;
  if (!key_.empty()) request.headers.push_back({"Authorization", "Bearer " + key_});
  return request;
}

core::Result<std::string> DaemonConnection::get(const char* path) {
  const core::SystemClock deadlines;
  const auto timeout = std::chrono::duration_cast<core::Instant::duration>(options_.timeout);
  auto answer = client_->fetch(request(path), deadlines.now() + timeout);
  if (!answer) return std::unexpected(at_place(std::move(answer).error(), place_));
  const auto failed = net::status_failure(answer->head.status, answer->head.headers, answer->body,
                                          deadlines.wall());
  if (failed) return std::unexpected(at_place(net::to_error(*failed), place_));
  return std::move(answer->body);
}

core::Result<void> DaemonConnection::exchange_clocks(int times) {
  for (int i = 0; i < times; ++i) {
    const core::Instant asked = options_.clock->now();
    IPW_TRY(const std::string text, get(kClockPath));
    const core::Instant answered = options_.clock->now();
    const auto theirs = parse_clock(text);
    if (!theirs) return std::unexpected(at_place(theirs.error(), place_));
    take_exchange(*theirs, asked, answered);
    if (same_clock_) break;
  }
  return {};
}

void DaemonConnection::take_exchange(const DaemonClock& theirs, core::Instant asked,
                                     core::Instant answered) {
  const std::scoped_lock lock(mutex_);
  if (theirs.instance != instance_) {  // it was started anew, perhaps on another boot
    instance_ = theirs.instance;
    offset_ = {};
    ++continuity_;
  }
  same_clock_ = !theirs.identity.empty() && theirs.identity == options_.clock_identity;
  if (!offset_.add({asked, theirs.monotonic, answered})) ++continuity_;
}

std::optional<ClockEstimate> DaemonConnection::clock() const {
  const std::scoped_lock lock(mutex_);
  if (same_clock_) return ClockEstimate{};
  return offset_.at(options_.clock->now());
}

void DaemonConnection::run(const std::stop_token& stop) {
  milliseconds retry = kFirstRetry;
  while (!stop.stop_requested()) {
    core::Result<void> compared = exchange_clocks(kExchanges);
    std::unique_lock lock(mutex_);
    if (!compared) {
      if (!streaming_) broken_ = compared.error().message;
      changed_.wait_for(lock, stop, retry, [] { return false; });
      retry = std::min(2 * retry, kLastRetry);
      continue;
    }
    if (!streaming_) {
      lock.unlock();
      start_stream();
      lock.lock();
    }
    const auto broke = [this] { return !streaming_; };
    if (changed_.wait_for(lock, stop, kBetweenExchanges, broke)) {
      changed_.wait_for(lock, stop, retry, [] { return false; });
      retry = std::min(2 * retry, kLastRetry);
    } else {
      retry = kFirstRetry;
    }
  }
  std::unique_lock lock(mutex_);
  std::stop_source stream = stream_stop_;
  lock.unlock();
  stream.request_stop();
}

void DaemonConnection::start_stream() {
  std::stop_token cancel;
  {
    const std::scoped_lock lock(mutex_);
    stream_stop_ = {};
    cancel = stream_stop_.get_token();
    streaming_ = true;
    head_seen_ = false;
    lines_ = net::LineReader(kMostLine);
  }
  net::ResponseHandlers handlers;
  handlers.on_head = [this](const net::ResponseHead& head) {
    if (head.status != 200) end_stream(fmt::format("it answered with status {}", head.status));
  };
  handlers.on_data = [this](std::string_view bytes, core::Instant) {
    std::string problem;
    const auto read = lines_.push(bytes, [&](std::string_view text) {
      const auto line = parse_stream_line(text);
      if (line) return take(*line);
      problem = line.error().message;
    });
    if (!read) problem = read.error().message;
    if (!problem.empty()) end_stream(problem);
  };
  handlers.on_done = [this](const net::ExchangeEnd& end) {
    const std::scoped_lock lock(mutex_);
    streaming_ = false;
    if (broken_.empty()) broken_ = end.failure ? end.failure->message : "it ended the stream";
    changed_.notify_all();
  };
  client_->start(request(kSamplesPath), std::move(handlers), std::nullopt, cancel);
}

void DaemonConnection::end_stream(const std::string& why) {
  std::stop_source stop;
  {
    const std::scoped_lock lock(mutex_);
    broken_ = why;
    stop = stream_stop_;
  }
  stop.request_stop();
}

void DaemonConnection::take(const StreamLine& line) {
  std::stop_source stop;
  {
    const std::scoped_lock lock(mutex_);
    switch (line.kind) {
      case StreamLine::Kind::kClock: return;
      case StreamLine::Kind::kHead:
        // Restarted between the exchange of clocks and now: begin again.
        if (line.instance != instance_) {
          broken_ = "it was restarted";
          stop = stream_stop_;
          break;
        }
        stream_instance_ = line.instance;
        channel_of_.clear();
        for (const std::string& id : line.sensors) {
          const auto found = std::ranges::find(their_ids_, id);
          channel_of_.push_back(found == their_ids_.end() ? std::nullopt
                                                          : std::optional(static_cast<std::size_t>(
                                                                found - their_ids_.begin())));
        }
        for (Channel& channel : channels_) channel.error.clear();
        broken_.clear();
        head_seen_ = true;
        changed_.notify_all();
        return;
      case StreamLine::Kind::kSamples:
      case StreamLine::Kind::kError:
        if (stream_instance_ != instance_) return;  // of the one before the restart
        if (line.sensor >= channel_of_.size() || !channel_of_[line.sensor]) return;
        Channel& channel = channels_[*channel_of_[line.sensor]];
        if (line.kind == StreamLine::Kind::kError) {
          channel.error = line.error;
        } else {
          take_samples(line, channel);
        }
        changed_.notify_all();
        return;
    }
  }
  stop.request_stop();
}

// Under mutex_.
void DaemonConnection::take_samples(const StreamLine& line, Channel& channel) {
  core::Instant::duration offset{0};
  if (!same_clock_) {
    const auto estimate = offset_.at(options_.clock->now());
    const bool kept = estimate && estimate->bound <= promised_;
    if (kept && clock_lost_) ++continuity_;
    clock_lost_ = !kept;
    if (!kept) {
      channel.error = "the clocks have not been compared well enough for a while";
      return;
    }
    offset = estimate->offset;
  }
  for (Sample sample : line.samples) {
    const std::pair origin(continuity_, sample.epoch);
    if (channel.origin && channel.origin != origin) ++channel.epoch;
    channel.origin = origin;
    sample.at -= offset;
    sample.epoch = channel.epoch;
    channel.waiting.push_back(sample);
    if (channel.waiting.size() > kMostWaiting) channel.waiting.pop_front();
  }
  channel.error.clear();
}

core::Result<Sample> DaemonConnection::next(std::size_t sensor) {
  const std::scoped_lock lock(mutex_);
  Channel& channel = channels_.at(sensor);
  std::deque<Sample>& waiting = channel.waiting;
  while (waiting.size() > 1 && waiting.back().at - waiting.front().at > kMostBacklog) {
    waiting.pop_front();
  }
  if (!waiting.empty()) {
    channel.last = waiting.front();
    waiting.pop_front();
    return *channel.last;
  }
  if (!broken_.empty() || !channel.error.empty()) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("cannot read {} through the sensor daemon at {}: {}",
                            their_ids_[sensor], place_, broken_.empty() ? channel.error : broken_));
  }
  if (channel.last) return *channel.last;
  return fail(ErrorCode::kUnavailable, fmt::format("the sensor daemon at {} has not read {} yet",
                                                   place_, their_ids_[sensor]));
}

std::vector<std::unique_ptr<Sensor>> remote_sensors(
    const std::shared_ptr<DaemonConnection>& connection) {
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.reserve(connection->sensors().size());
  for (std::size_t i = 0; i < connection->sensors().size(); ++i) {
    sensors.push_back(std::make_unique<RemoteSensor>(connection, i));
  }
  return sensors;
}

Probe probe_daemon(const std::filesystem::path& socket) {
  constexpr const char* kMethod = "sensor-daemon";
  Probe probe;
  std::error_code error;
  const bool there = std::filesystem::exists(socket, error);
  if (!there && error != std::errc::permission_denied) {
    probe.findings.push_back({Finding::Status::kAbsent, kMethod, socket.string(),
                              fmt::format("no sensor daemon listens at {}", socket.string()),
                              "where only root may read the sensors, let it read them for you:\n"
                              "  sudo systemctl enable --now ipw-energy.socket"});
    return probe;
  }
  DaemonAddress address;
  address.url.socket_path = socket.string();
  auto connection = DaemonConnection::open(std::move(address));
  if (!connection) {
    const bool denied = connection.error().code == ErrorCode::kPermissionDenied ||
                        error == std::errc::permission_denied;
    probe.findings.push_back({denied ? Finding::Status::kDenied : Finding::Status::kBroken, kMethod,
                              socket.string(), connection.error().message,
                              denied
                                  ? "let yourself into the socket's group, then log in again:\n"
                                    "  sudo usermod -aG \"$(stat -c %G " +
                                        socket.string() + ")\" \"$USER\""
                                  : "look what it says:\n  systemctl status ipw-energy.service"});
    return probe;
  }
  for (auto& sensor : remote_sensors(*connection)) {
    const SensorDescription description = sensor->describe();
    if (description.provenance.source == record::Source::kEstimated) continue;
    probe.findings.push_back(
        {Finding::Status::kUsed, description.provenance.method, description.id,
         fmt::format("{}, by the sensor daemon at {}", description.device, socket.string()), ""});
    probe.sensors.push_back(std::move(sensor));
  }
  if (probe.sensors.empty()) {
    probe.findings.push_back({Finding::Status::kSpare, kMethod, socket.string(),
                              "the sensor daemon runs and has no sensor that measures", ""});
  }
  return probe;
}

}  // namespace ipw::energy
