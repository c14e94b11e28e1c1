// The server's thread: accepts, finds the route, and stops.
#include "ipw/net/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include "ipw/net/listening_socket.h"
#include "ipw/net/server_connection.h"
#include "ipw/net/sweep_timer.h"
#include "ipw/net/transport.h"

namespace ipw::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// An exchange may outlive connection and server; it only ever posts to the context that it keeps.
class OpenExchange final : public ServerExchange {
 public:
  OpenExchange(std::shared_ptr<asio::io_context> context,
               std::weak_ptr<ServerConnection> connection, std::uint64_t serial,
               ServerRequest request, HeldBytes held, std::shared_ptr<ByteBudget> budget,
               std::stop_token gone)
      : context_(std::move(context)),
        connection_(std::move(connection)),
        serial_(serial),
        request_(std::move(request)),
        held_(std::move(held)),
        budget_(std::move(budget)),
        gone_(std::move(gone)) {}
  ~OpenExchange() override {
    if (!answered_) {
      OpenExchange::send(500, {{"Content-Type", "application/json"}},
                         error_body(500, "the request was not answered"));
    } else if (streaming_ && !ended_) {  // a stream that stops must not look complete
      on_loop([](ServerConnection& connection, std::uint64_t) { connection.close(); });
    }
  }
  OpenExchange(const OpenExchange&) = delete;
  OpenExchange& operator=(const OpenExchange&) = delete;

  [[nodiscard]] const ServerRequest& request() const override { return request_; }
  [[nodiscard]] std::stop_token gone() const override { return gone_; }

  void send(int status, const Headers& headers, std::string_view body) override {
    answered_ = true;
    if (here()) {
      if (const auto connection = connection_.lock()) {
        connection->send(serial_, status, headers, body);
      }
      return;
    }
    auto held = held_for(body);
    if (!held) return cut_off({});
    on_loop([status, headers, body = std::string(body), held = std::move(held)](
                ServerConnection& connection, std::uint64_t serial) {
      connection.send(serial, status, headers, body);
    });
  }

  void begin(int status, const Headers& headers) override {
    answered_ = streaming_ = true;
    on_loop([status, headers](ServerConnection& connection, std::uint64_t serial) {
      connection.begin(serial, status, headers);
    });
  }

  void write(std::string_view bytes, std::function<void()> drained) override {
    if (bytes.empty()) ended_ = true;
    if (here()) {
      if (const auto connection = connection_.lock()) {
        connection->write(serial_, bytes, std::move(drained));
      } else if (drained) {
        asio::post(*context_, std::move(drained));
      }
      return;
    }
    auto held = held_for(bytes);
    if (!held) return cut_off(std::move(drained));
    asio::post(*context_, [connection = connection_, serial = serial_, bytes = std::string(bytes),
                           held = std::move(held), drained = std::move(drained)]() mutable {
      if (const auto open = connection.lock()) {
        open->write(serial, bytes, std::move(drained));
      } else if (drained) {
        drained();
      }
    });
  }

 private:
  [[nodiscard]] bool here() const { return context_->get_executor().running_in_this_thread(); }

  // What is on its way to the loop counts, too; null: it would be too much in all.
  [[nodiscard]] std::shared_ptr<HeldBytes> held_for(std::string_view bytes) const {
    auto held = std::make_shared<HeldBytes>(budget_);
    return held->hold(bytes.size()) ? held : nullptr;
  }
  void cut_off(std::function<void()> drained) {
    asio::post(*context_, [connection = connection_, drained = std::move(drained)] {
      if (const auto open = connection.lock()) open->close();
      if (drained) drained();
    });
  }

  template <class Action>
  void on_loop(Action action) {
    if (here()) {
      if (const auto connection = connection_.lock()) action(*connection, serial_);
      return;
    }
    asio::post(*context_, [connection = connection_, serial = serial_, action = std::move(action)] {
      if (const auto open = connection.lock()) action(*open, serial);
    });
  }

  std::shared_ptr<asio::io_context> context_;
  std::weak_ptr<ServerConnection> connection_;
  std::uint64_t serial_;
  ServerRequest request_;
  HeldBytes held_;  // of its body
  std::shared_ptr<ByteBudget> budget_;
  std::stop_token gone_;
  std::atomic<bool> answered_ = false;
  std::atomic<bool> streaming_ = false;
  std::atomic<bool> ended_ = false;
};

bool matches(const Route& route, std::string_view path) {
  return route.path.ends_with('*')
             ? path.starts_with(std::string_view(route.path).substr(0, route.path.size() - 1))
             : path == route.path;
}

}  // namespace

class HttpServer::Loop {
 public:
  Loop(ServerOptions options, TlsContext tls, std::vector<Route> routes, int descriptor)
      : options_(std::move(options)),
        tls_(std::move(tls)),
        routes_(std::move(routes)),
        port_(port_of(descriptor)),
        buffer_(std::size_t{64} << 10),
        context_(std::make_shared<asio::io_context>(1)),
        work_(context_->get_executor()),
        listener_(*context_, descriptor),
        timer_(*context_, clock_, [this](core::Instant now) { return sweep(now); }),
        shared_{
            *context_,
            options_,
            clock_,
            buffer_,
            [this](const auto& connection, std::uint64_t serial, ServerRequest request,
                   HeldBytes held, std::stop_token gone) {
              serve(std::make_shared<OpenExchange>(context_, connection, serial, std::move(request),
                                                   std::move(held), budget_, std::move(gone)));
            },
            [this](const auto& connection) { forget(connection); },
            [this](core::Instant until) { timer_.watch(until); },
            budget_} {
    await_connection();
    thread_ = std::thread([this] {
      block_sigpipe();
      context_->run();
    });
  }
  ~Loop() { stop(core::Seconds(0)); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void stop(core::Seconds grace) {
    const std::scoped_lock once(stop_mutex_);
    if (!thread_.joinable()) return;
    asio::post(*context_, [this] { finish(); });
    {
      std::unique_lock lock(mutex_);
      empty_.wait_for(lock, grace, [this] { return finishing_ && open_ == 0; });
    }
    asio::post(*context_, [this] { close_all(); });
    thread_.join();
    if (!options_.unix_socket.empty()) unlink(options_.unix_socket.c_str());
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::size_t open_connections() const {
    const std::scoped_lock lock(mutex_);
    return open_;
  }

 private:
  using ConnectionPointer = std::shared_ptr<ServerConnection>;

  void await_connection() {
    listener_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
      if (!error) accept_waiting();
    });
  }

  void accept_waiting() {
    while (true) {
      const int descriptor = accept(listener_.native_handle(), nullptr, nullptr);
      if (descriptor < 0) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return await_connection();
        // No descriptors left: those who wait are served when others have gone.
        full_ = true;
        return timer_.watch(clock_.now() + std::chrono::milliseconds(50));
      }
      if (options_.most_connections > 0 && connections_.size() >= options_.most_connections) {
        close(descriptor);
        continue;
      }
      set_not_blocking(descriptor);
      const int on = 1;
      setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto connection = std::make_shared<ServerConnection>(shared_, descriptor);
      connection->index = connections_.size();
      connections_.push_back(connection);
      count();
      connection->open(tls_);
    }
  }

  void serve(const std::shared_ptr<ServerExchange>& exchange) {
    const ServerRequest& request = exchange->request();
    bool known = false;
    for (const Route& route : routes_) {
      if (!matches(route, request.path)) continue;
      known = true;
      if (route.method == request.method || (route.method == "GET" && request.method == "HEAD")) {
        return route.handler(exchange);
      }
    }
    const int status = known ? 405 : 404;
    exchange->send(status, {{"Content-Type", "application/json"}},
                   error_body(status, known ? "this path has another method"
                                            : "there is nothing at this path"));
  }

  void forget(const ConnectionPointer& connection) {
    const std::size_t index = connection->index;
    connections_.back()->index = index;
    std::swap(connections_[index], connections_.back());
    connections_.pop_back();
    count();
  }

  void count() {
    const std::scoped_lock lock(mutex_);
    open_ = connections_.size();
    if (finishing_ && open_ == 0) empty_.notify_all();
  }

  core::Instant sweep(core::Instant now) {
    if (std::exchange(full_, false)) accept_waiting();
    core::Instant next = full_ ? now + std::chrono::milliseconds(50) : core::Instant::max();
    const auto all = connections_;  // closing one changes the list
    for (const ConnectionPointer& connection : all) {
      connection->expire(now);
      next = std::min(next, connection->expiry());
    }
    return next;
  }

  void finish() {
    error_code ignored;
    std::ignore = listener_.close(ignored);
    full_ = false;
    const auto all = connections_;
    for (const ConnectionPointer& connection : all) connection->finish();
    {
      const std::scoped_lock lock(mutex_);
      finishing_ = true;
    }
    count();
  }

  void close_all() {
    const auto all = connections_;
    for (const ConnectionPointer& connection : all) connection->close();
    timer_.stop();
    work_.reset();
  }

  const ServerOptions options_;
  const TlsContext tls_;
  const std::vector<Route> routes_;
  const std::shared_ptr<ByteBudget> budget_ =
      std::make_shared<ByteBudget>(options_.most_bytes_in_all);
  const std::uint16_t port_;
  core::SystemClock clock_;
  std::vector<char> buffer_;
  std::shared_ptr<asio::io_context> context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::posix::stream_descriptor listener_;
  SweepTimer timer_;
  ServerShared shared_;
  std::vector<ConnectionPointer> connections_;
  bool full_ = false;  // no descriptor was left for a connection that waits
  std::mutex stop_mutex_;
  mutable std::mutex mutex_;  // of the two below
  std::size_t open_ = 0;
  bool finishing_ = false;
  std::condition_variable empty_;
  std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
HttpServer::~HttpServer() = default;

core::Result<std::unique_ptr<HttpServer>> HttpServer::open(ServerOptions options,
                                                           std::vector<Route> routes) {
  TlsContext tls;
  if (!options.certificate.empty()) {
    IPW_TRY(tls, server_tls(options.certificate, options.key));
  }
  if (!options.listener) {
    IPW_TRY(options.listener, listen_at(options));
  } else {
    set_not_blocking(*options.listener);
  }
  const int descriptor = *options.listener;
  try {
    return std::unique_ptr<HttpServer>(new HttpServer(
        std::make_unique<Loop>(std::move(options), std::move(tls), std::move(routes), descriptor)));
  } catch (const std::exception& error) {  // no descriptors or threads left
    return core::fail(core::ErrorCode::kUnavailable,
                      fmt::format("cannot set up the HTTP server: {}", error.what()));
  }
}

std::uint16_t HttpServer::port() const { return loop_->port(); }
void HttpServer::stop(core::Seconds grace) { loop_->stop(grace); }
std::size_t HttpServer::open_connections() const { return loop_->open_connections(); }

}  // namespace ipw::net
