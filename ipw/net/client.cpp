// The client's thread: which connection serves which exchange, and when either has taken too long.
#include "ipw/net/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>

#include "ipw/net/client_connection.h"
#include "ipw/net/exchange.h"
#include "ipw/net/sweep_timer.h"
#include "ipw/net/transport.h"

namespace ipw::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kAddressesLast = std::chrono::seconds(60);

// Why `request` cannot go out as it is; empty: it can.
std::string_view fault_of(const HttpRequest& request) {
  if (!is_valid_header({request.method, ""})) return "its method is no token";
  const bool clean = std::ranges::none_of(request.url.target, [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
  });
  if (!clean) return "its target has a space or a control character";
  if (request.url.host.empty() && request.url.socket_path.empty()) return "it names no server";
  if (!is_valid_header({"Host", request.url.authority()}) ||
      !std::ranges::all_of(request.headers, is_valid_header)) {
    return "one of its header fields has a character that none may have";
  }
  return {};
}

}  // namespace

class HttpClient::Loop {
 public:
  Loop(ClientOptions options, TlsContext tls)
      : options_(std::move(options)),
        tls_(std::move(tls)),
        buffer_(std::size_t{64} << 10),
        work_(context_.get_executor()),
        resolver_(context_),
        timer_(context_, clock_, [this](core::Instant now) { return sweep(now); }),
        shared_{context_, options_, tls_,
                clock_,   buffer_,  [this](core::Instant until) { timer_.watch(until); }},
        thread_([this] {
          block_sigpipe();
          context_.run();
        }) {}

  ~Loop() {
    asio::post(context_, [this] { shut_down(); });
    thread_.join();
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start(std::shared_ptr<Exchange> exchange) {
    exchange->end.times.called = clock_.now();
    exchange->held = HeldBytes(budget_);
    asio::post(context_, [this, exchange = std::move(exchange)] { admit(exchange); });
  }

  [[nodiscard]] bool on_own_thread() const {
    return std::this_thread::get_id() == thread_.get_id();
  }
  [[nodiscard]] std::size_t open_connections() const { return open_; }

 private:
  using ConnectionPointer = std::shared_ptr<ClientConnection>;
  using ExchangePointer = std::shared_ptr<Exchange>;

  // One server, by one way to it.
  struct Origin {
    Url server;
    const Url* proxy = nullptr;
    std::size_t open = 0;
    std::vector<ConnectionPointer> idle;
    std::deque<ExchangePointer> line;
    std::vector<ConnectionPointer> unresolved;  // wait for the address
    std::vector<Endpoint> addresses;
    core::Instant resolved;
  };

  void admit(const ExchangePointer& exchange) {
    if (const std::string_view fault = fault_of(exchange->request); !fault.empty()) {
      return end(exchange, Failure{.kind = FailureKind::kRequest,
                                   .message = fmt::format("cannot send the request: {}", fault)});
    }
    if (exchange->cancel.stop_possible()) {
      exchange->on_cancel.emplace(exchange->cancel,
                                  [this, weak = std::weak_ptr<Exchange>(exchange)] {
                                    asio::post(context_, [this, weak] {
                                      if (const auto cancelled = weak.lock()) cancel(cancelled);
                                    });
                                  });
    }
    if (exchange->cancel.stop_requested() || stopping_) return cancel(exchange);
    Origin& origin = origin_of(exchange->request.url);
    if (!origin.line.empty()) return queue(origin, exchange);  // whoever waits comes first
    assign(origin, exchange);
  }

  Origin& origin_of(const Url& url) {
    const Url* proxy = options_.proxies.towards(url);
    // A plain proxy serves every server over the same connections.
    const bool plain_proxy = proxy != nullptr && !url.tls;
    const Url& key = plain_proxy ? *proxy : url;
    std::string name = fmt::format("{}:{}:{}{}",
                                   plain_proxy ? "proxy"
                                   : url.tls   ? "tls"
                                               : "plain",
                                   key.host, key.port, key.socket_path);
    const auto [found, is_new] = origins_.try_emplace(std::move(name));
    if (is_new) {
      found->second.server = url;
      found->second.proxy = proxy;
    }
    return found->second;
  }

  // An idle connection, else a new one, else a place in the line.
  void assign(Origin& origin, const ExchangePointer& exchange) {
    const std::size_t most = options_.connections_per_server;
    const bool room = most == 0 || origin.open < most;
    if (!origin.idle.empty() && !(exchange->resent && room)) {
      const ConnectionPointer connection = std::move(origin.idle.back());
      origin.idle.pop_back();
      connection->send(exchange);
    } else if (room) {
      connect(origin, exchange);
    } else {
      queue(origin, exchange);
    }
  }

  void queue(Origin& origin, const ExchangePointer& exchange) {
    origin.line.push_back(exchange);
    if (exchange->deadline) timer_.watch(*exchange->deadline);
  }

  void connect(Origin& origin, const ExchangePointer& exchange) {
    auto connection = std::make_shared<ClientConnection>(
        shared_, origin.server, origin.proxy,
        [this, &origin](const ConnectionPointer& settled, ExchangePointer served,
                        std::optional<Failure> failure) {
          settle(origin, settled, std::move(served), std::move(failure));
        });
    connection->index = connections_.size();
    connections_.push_back(connection);
    ++origin.open;
    ++open_;
    connection->reserve(exchange);
    const Url& peer = origin.proxy != nullptr ? *origin.proxy : origin.server;
    if (!peer.socket_path.empty()) {
      if (peer.socket_path.size() > 100) {
        return connection->fail({.kind = FailureKind::kConnect,
                                 .message = "cannot connect: the path of the socket is longer than "
                                            "100 bytes"});
      }
      return connection->connect({asio::local::stream_protocol::endpoint(peer.socket_path)});
    }
    error_code no_literal;
    const auto address = asio::ip::make_address(peer.host, no_literal);
    if (!no_literal) {
      return connection->connect({asio::ip::tcp::endpoint(address, peer.port)});
    }
    if (!origin.addresses.empty() && clock_.now() < origin.resolved + kAddressesLast) {
      return connection->connect(origin.addresses);
    }
    origin.unresolved.push_back(connection);
    if (origin.unresolved.size() > 1) return;  // the others wait for the same answer
    resolver_.async_resolve(
        peer.host, std::to_string(peer.port),
        [this, &origin, host = peer.host](error_code error,
                                          const asio::ip::tcp::resolver::results_type& found) {
          std::vector<Endpoint> addresses;
          for (const auto& entry : found) addresses.emplace_back(entry.endpoint());
          resolved(origin, host, error, addresses);
        });
  }

  void resolved(Origin& origin, const std::string& host, error_code error,
                const std::vector<Endpoint>& addresses) {
    const auto waiting = std::exchange(origin.unresolved, {});
    origin.addresses = addresses;
    origin.resolved = clock_.now();
    for (const ConnectionPointer& connection : waiting) {
      if (connection->closed()) continue;
      if (!error && !addresses.empty()) {
        connection->connect(addresses);
      } else {
        connection->fail({.kind = FailureKind::kDns,
                          .message = fmt::format("cannot find the server {}: {} (check its name)",
                                                 host, error.message())});
      }
    }
  }

  void settle(Origin& origin, const ConnectionPointer& connection, ExchangePointer exchange,
              std::optional<Failure> failure) {
    const bool was_stale = failure && failure->kind == FailureKind::kProtocol && exchange &&
                           connection->served_before() && !failure->answered && !exchange->resent;
    if (failure && failure->kind == FailureKind::kConnect) origin.addresses.clear();
    if (connection->closed()) {
      std::erase(origin.idle, connection);
      remove(connection);
      --origin.open;
      --open_;
    } else {
      origin.idle.push_back(connection);
    }
    // Not from here: a row of failures would be a row of nested calls.
    if (!origin.line.empty()) asio::post(context_, [this, &origin] { serve_line(origin); });
    if (was_stale && !stopping_) {
      exchange->resent = true;
      exchange->end.times.send_begun = exchange->end.times.sent = std::nullopt;
      assign(origin, exchange);
    } else if (exchange) {
      end(exchange, std::move(failure));
    }
  }

  void serve_line(Origin& origin) {
    const std::size_t most = options_.connections_per_server;
    while (!stopping_ && !origin.line.empty() && (!origin.idle.empty() || origin.open < most)) {
      const ExchangePointer next = std::move(origin.line.front());
      origin.line.pop_front();
      if (!next->ended) assign(origin, next);
    }
  }

  // The last one takes the place of `connection` in the list.
  void remove(const ConnectionPointer& connection) {
    const std::size_t index = connection->index;
    connections_.back()->index = index;
    std::swap(connections_[index], connections_.back());
    connections_.pop_back();
  }

  void cancel(const ExchangePointer& exchange) {
    Failure failure{.kind = FailureKind::kCancelled, .message = "the request was stopped"};
    if (exchange->connection != nullptr) {
      const ConnectionPointer connection = exchange->connection->shared_from_this();
      connection->fail(std::move(failure));
    } else {
      end(exchange, std::move(failure));
    }
  }

  void end(const ExchangePointer& exchange, std::optional<Failure> failure) {
    if (std::exchange(exchange->ended, true)) return;
    exchange->on_cancel.reset();
    if (exchange->end.times.done == core::Instant{}) exchange->end.times.done = clock_.now();
    exchange->end.failure = std::move(failure);
    exchange->held = {};
    const ResponseHandlers handlers = std::exchange(exchange->handlers, {});
    if (handlers.on_done) handlers.on_done(exchange->end);
  }

  core::Instant sweep(core::Instant now) {
    core::Instant next = core::Instant::max();
    const auto all = connections_;  // failing one changes the list
    for (const ConnectionPointer& connection : all) {
      connection->expire(now);
      if (!connection->closed()) next = std::min(next, connection->expiry());
    }
    for (auto& [name, origin] : origins_) {
      const auto line = origin.line;
      for (const ExchangePointer& exchange : line) {
        if (exchange->ended || !exchange->deadline) continue;
        if (now >= *exchange->deadline && exchange->connection == nullptr) {
          end(exchange, Failure{.kind = FailureKind::kDeadline,
                                .message = "the deadline passed before a connection was free"});
        } else {
          next = std::min(next, *exchange->deadline);
        }
      }
    }
    return next;
  }

  void shut_down() {
    stopping_ = true;
    resolver_.cancel();
    timer_.stop();
    for (auto& [name, origin] : origins_) {
      for (const ExchangePointer& exchange : std::exchange(origin.line, {})) cancel(exchange);
    }
    const auto all = connections_;
    for (const ConnectionPointer& connection : all) {
      connection->fail({.kind = FailureKind::kCancelled, .message = "the client was closed"});
    }
    work_.reset();
  }

  const ClientOptions options_;
  const std::shared_ptr<ByteBudget> budget_ =
      std::make_shared<ByteBudget>(options_.most_bytes_in_all);
  const TlsContext tls_;
  core::SystemClock clock_;
  std::vector<char> buffer_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::ip::tcp::resolver resolver_;
  SweepTimer timer_;
  const ClientShared shared_;
  std::map<std::string, Origin, std::less<>> origins_;
  std::vector<ConnectionPointer> connections_;
  bool stopping_ = false;
  std::atomic<std::size_t> open_ = 0;
  std::thread thread_;
};

HttpClient::HttpClient(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
HttpClient::~HttpClient() = default;

core::Result<std::unique_ptr<HttpClient>> HttpClient::open(ClientOptions options) {
  IPW_TRY(TlsContext tls, client_tls(options.ca_file, options.verify_tls));
  try {
    return std::unique_ptr<HttpClient>(
        new HttpClient(std::make_unique<Loop>(std::move(options), std::move(tls))));
  } catch (const std::exception& error) {  // no descriptors or threads left
    return core::fail(core::ErrorCode::kUnavailable,
                      fmt::format("cannot set up the HTTP client: {}", error.what()));
  }
}

void HttpClient::start(HttpRequest request, ResponseHandlers handlers,
                       std::optional<core::Instant> deadline, std::stop_token cancel) {
  auto exchange = std::make_shared<Exchange>();
  exchange->request = std::move(request);
  exchange->handlers = std::move(handlers);
  exchange->deadline = deadline;
  exchange->cancel = std::move(cancel);
  loop_->start(std::move(exchange));
}

core::Result<HttpResponse> HttpClient::fetch(HttpRequest request,
                                             std::optional<core::Instant> deadline,
                                             std::stop_token cancel) {
  if (loop_->on_own_thread()) {
    return core::fail(core::ErrorCode::kInternal, "fetch() was called from a handler");
  }
  struct Waiting {
    std::mutex mutex;
    std::condition_variable ended;
    bool done = false;
    HttpResponse response;
    std::optional<Failure> failure;
  };
  Waiting waiting;
  start(std::move(request),
        {.on_head = [&](const ResponseHead& head) { waiting.response.head = head; },
         .on_data = [&](std::string_view bytes, core::Instant) { waiting.response.body += bytes; },
         .on_done =
             [&](const ExchangeEnd& end) {
               const std::scoped_lock lock(waiting.mutex);
               waiting.response.times = end.times;
               waiting.failure = end.failure;
               waiting.done = true;
               waiting.ended.notify_one();
             }},
        deadline, std::move(cancel));
  std::unique_lock lock(waiting.mutex);
  waiting.ended.wait(lock, [&] { return waiting.done; });
  if (waiting.failure) return std::unexpected(to_error(*waiting.failure));
  return std::move(waiting.response);
}

std::size_t HttpClient::open_connections() const { return loop_->open_connections(); }

}  // namespace ipw::net
