// Routes and the thread that passes samples on: see daemon.h.
#include "ipw/energy/daemon.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "ipw/core/digest.h"

namespace ipw::energy {

namespace {

constexpr core::Seconds kHeartbeat{0.5};
constexpr core::Seconds kGrace{0.2};
constexpr const char* kJson = "application/json";
constexpr const char* kLines = "application/x-ndjson";

net::Headers of_type(const char* type) {
  return {{"Content-Type", type}, {"Cache-Control", "no-store"}};
}

// What a bad client can hold: a few kilobytes for a few seconds, and no more than so many at once.
void limit(net::ServerOptions& server) {
  server.most_head_bytes = std::size_t{8} << 10;
  server.most_body_bytes = 1024;
  server.request_timeout = core::Seconds(5);
  server.pool_idle = core::Seconds(15);
  server.most_queued_bytes = std::size_t{4} << 20;
  server.most_connections = 256;
}

std::string new_instance() {
  std::random_device random;
  const std::uint32_t high = random();
  const std::uint32_t low = random();
  return fmt::format("{:08x}{:08x}", high, low);
}

void refuse(const std::shared_ptr<net::ServerExchange>& exchange, int status, const char* why) {
  exchange->send(status, of_type(kJson), fmt::format(R"({{"error": {{"message": "{}"}}}})", why));
}

bool authorised(const net::ServerRequest& request, const std::string& key) {
  if (key.empty()) return true;
  constexpr std::string_view kScheme = "Bearer ";
  const auto field = net::find_header(request.headers, "Authorization");
  return field && field->starts_with(kScheme) && same_key(field->substr(kScheme.size()), key);
}

}  // namespace

bool same_key(std::string_view named, std::string_view key) {
  core::Sha256 of_named;
  core::Sha256 of_key;
  of_named.update(named);
  of_key.update(key);
  const std::string a = of_named.hex();
  const std::string b = of_key.hex();
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

core::Result<std::unique_ptr<SensorDaemon>> SensorDaemon::open(
    std::vector<std::unique_ptr<Sensor>> sensors, DaemonOptions options, core::Clock& clock) {
  std::unique_ptr<SensorDaemon> daemon(
      new SensorDaemon(std::move(sensors), std::move(options), clock));
  IPW_CHECK(daemon->listen());
  return daemon;
}

SensorDaemon::SensorDaemon(std::vector<std::unique_ptr<Sensor>> sensors, DaemonOptions options,
                           core::Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      sampler_(std::move(sensors), clock),
      about_{new_instance(), options_.host, sampler_.sensors()},
      about_text_(format_sensors(about_)),
      by_sensor_(about_.sensors.size()) {}

SensorDaemon::~SensorDaemon() {
  for (const auto& server : servers_) server->stop(kGrace);
  thread_ = {};
  const std::scoped_lock lock(mutex_);
  streams_.clear();
}

core::Result<void> SensorDaemon::listen() {
  for (DaemonListener& listener : options_.listeners) {
    limit(listener.server);
    IPW_TRY(std::unique_ptr<net::HttpServer> server,
            net::HttpServer::open(listener.server, routes(listener.key)));
    servers_.push_back(std::move(server));
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return {};
}

std::uint16_t SensorDaemon::port(std::size_t index) const { return servers_.at(index)->port(); }

std::size_t SensorDaemon::streams() const {
  const std::scoped_lock lock(mutex_);
  return streams_.size();
}

std::vector<net::Route> SensorDaemon::routes(const std::string& key) {
  const auto route = [&](const char* path, auto answer) {
    return net::Route{"GET", path, [key, answer](const Exchange& exchange) {
                        if (!authorised(exchange->request(), key)) {
                          return refuse(exchange, 401, "the key is missing or wrong");
                        }
                        answer(exchange);
                      }};
  };
  return {
      route(kSensorsPath, [this](const Exchange& e) { e->send(200, of_type(kJson), about_text_); }),
      route(kClockPath, [this](const Exchange& e) { e->send(200, of_type(kJson), clock_text()); }),
      route(kSamplesPath, [this](const Exchange& e) { add_stream(e); })};
}

std::string SensorDaemon::clock_text() const {
  const auto wall = clock_.wall().time_since_epoch();
  return format_clock({about_.instance, clock_.now(),
                       std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count(),
                       options_.clock_identity});
}

void SensorDaemon::add_stream(const Exchange& exchange) {
  if (exchange->request().method != "GET") return exchange->send(200, of_type(kLines), "");
  const std::scoped_lock lock(mutex_);
  if (streams_.size() >= options_.most_streams) {
    return refuse(exchange, 503, "too many clients listen already");
  }
  exchange->begin(200, of_type(kLines));
  exchange->write(format_head(about_) + clock_text());
  streams_.push_back(exchange);
  wake_.notify_all();
}

void SensorDaemon::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return !streams_.empty(); })) return;
    }
    sampler_.start();
    core::Instant heartbeat = clock_.now();
    bool heard = true;
    while (heard && !stop.stop_requested()) {
      const bool beat = clock_.now() >= heartbeat;
      if (beat) {
        heartbeat = clock_.now() + std::chrono::duration_cast<core::Instant::duration>(kHeartbeat);
      }
      heard = broadcast(gather(beat));
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, options_.flush_every, [] { return false; });
    }
    sampler_.stop();
    (void)gather(false);  // nobody will ask for these
  }
}

// What the sensors have said since the last time, as lines.
std::string SensorDaemon::gather(bool heartbeat) {
  readings_.clear();
  sampler_.drain(readings_);
  for (const Reading& reading : readings_) by_sensor_[reading.sensor].push_back(reading.sample);
  std::string lines;
  for (std::size_t i = 0; i < by_sensor_.size(); ++i) {
    if (!by_sensor_[i].empty()) lines += format_samples(i, by_sensor_[i]);
    by_sensor_[i].clear();
  }
  if (!heartbeat) return lines;
  const std::vector<SensorHealth> health = sampler_.health();
  for (std::size_t i = 0; i < health.size(); ++i) {
    if (health[i].last_error) lines += format_error(i, health[i].last_error->message);
  }
  return lines + clock_text();
}

// false: nobody listens any more.
bool SensorDaemon::broadcast(const std::string& lines) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(streams_,
                [](const Exchange& exchange) { return exchange->gone().stop_requested(); });
  if (!lines.empty()) {
    for (const Exchange& exchange : streams_) exchange->write(lines);
  }
  return !streams_.empty();
}

}  // namespace ipw::energy
