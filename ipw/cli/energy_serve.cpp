// ipw energy --serve: what the live view shows, for Prometheus to scrape.
#include <fmt/format.h>

#include <chrono>
#include <mutex>

#include "ipw/cli/context.h"
#include "ipw/cli/energy.h"
#include "ipw/cli/listen_address.h"
#include "ipw/cli/program.h"
#include "ipw/energy/daemon_access.h"
#include "ipw/energy/watch.h"
#include "ipw/net/server.h"
#include "ipw/report/energy_exposition.h"

namespace ipw::cli {
namespace {

constexpr std::chrono::milliseconds kRefresh{200};
constexpr core::Seconds kGrace{1.0};  // for answers that are being sent at the end

core::Instant::duration duration(core::Seconds span) {
  return std::chrono::duration_cast<core::Instant::duration>(span);
}

// What the scrapes read on the server's thread; written by the watching one.
class Board {
 public:
  void put(std::vector<report::ExposedSensor> sensors) {
    const std::lock_guard lock(mutex_);
    sensors_ = std::move(sensors);
  }
  [[nodiscard]] std::string text(report::ExpositionFormat format) const {
    const std::lock_guard lock(mutex_);
    return report::exposition(sensors_, format);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<report::ExposedSensor> sensors_;
};

std::vector<report::ExposedSensor> seen(const energy::Watch& watch, core::Instant start,
                                        core::Instant now) {
  std::vector<report::ExposedSensor> sensors;
  const std::vector<energy::SensorHealth> health = watch.health();
  for (std::size_t i = 0; i < watch.sensors().size(); ++i) {
    const energy::Timeline& timeline = watch.timeline(i);
    const core::Seconds reach = std::max(core::Seconds(1.0), 3.0 * timeline.sensor().update_period);
    const auto late = timeline.window(std::max(start, now - duration(reach)), now);
    sensors.push_back({.sensor = watch.sensors()[i],
                       .since_start = timeline.window(start, now),
                       .power = late ? std::optional(late->mean_power) : std::nullopt,
                       .health = health[i]});
  }
  return sensors;
}

core::Result<std::unique_ptr<net::HttpServer>> open_server(const ListenAddress& at,
                                                           const Board& board) {
  net::ServerOptions options;
  options.address = at.address;
  options.port = at.port;
  const auto answer = [&board](const std::shared_ptr<net::ServerExchange>& exchange) {
    const auto accept = net::find_header(exchange->request().headers, "accept");
    const report::ExpositionFormat format = report::exposition_format(accept.value_or(""));
    exchange->send(200, {{"Content-Type", report::content_type(format)}}, board.text(format));
  };
  return net::HttpServer::open(options, {{"GET", "/metrics", answer}});
}

}  // namespace

core::Result<int> serve_power(const EnergyFlags& flags, Context& context) {
  IPW_TRY(const ListenAddress at, parse_listen_address("--serve", *flags.serve));
  const std::shared_ptr<void> in_order = context.heed_stop();
  IPW_TRY(auto sensors, energy_sensors(flags, context));
  Board board;
  IPW_TRY(const auto server, open_server(at, board));
  energy::Watch watch(std::move(sensors), context.clock);
  const core::Instant start = context.clock.now();
  watch.begin(start);
  board.put(seen(watch, start, start));
  const bool six = at.address.find(':') != std::string::npos;
  context.err << fmt::format("serving http://{}{}{}:{}/metrics; Ctrl-C ends\n", six ? "[" : "",
                             at.address, six ? "]" : "", server->port());
  if (!energy::is_loopback(at.address)) {
    context.err << "whoever reaches this address can read it\n";
  }
  context.err.flush();
  const core::Instant end =
      flags.duration_s ? start + duration(core::Seconds(*flags.duration_s)) : core::Instant::max();
  for (core::Instant now = start; now < end && !context.stop.stop_requested();) {
    watch.wait(std::min(end, now + kRefresh), context.stop);
    now = context.clock.now();
    board.put(seen(watch, start, now));
  }
  server->stop(kGrace);
  return kDone;
}

}  // namespace ipw::cli
