#include "ipw/net/client_connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>
#include <system_error>
#include <tuple>
#include <utility>

#include <boost/asio/error.hpp>

namespace ipw::net {
namespace {

using boost::system::error_code;

core::Instant after(core::Instant from, core::Seconds time) {
  return from + std::chrono::round<core::Instant::duration>(time);
}

std::string reason_of(int error) { return std::generic_category().message(error); }

// A socket for `address` that does not block; -1 and errno.
int open_socket(const Endpoint& address) {
  const int family = address.protocol().family();
  const int descriptor = socket(family, SOCK_STREAM, 0);
  if (descriptor < 0) return -1;
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
  const int on = 1;
  if (family != AF_UNIX) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

void add_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

bool may_have_body(const HttpRequest& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
         request.method == "PATCH";
}

// Not the server's own word: it may say anything.
std::string_view known_coding(std::string_view coding) {
  constexpr auto kKnown =
      std::to_array<std::string_view>({"gzip", "x-gzip", "deflate", "br", "zstd", "compress"});
  const auto* known =
      std::ranges::find_if(kKnown, [&](std::string_view name) { return same_name(name, coding); });
  return known == kKnown.end() ? "in another way" : *known;
}

std::string request_head(const HttpRequest& request, const Url* plain_proxy,
                         const std::string& user_agent) {
  const Url& url = request.url;
  std::string head;
  head.reserve(256);
  head.append(request.method).append(" ");
  if (plain_proxy != nullptr) head.append("http://").append(url.authority());
  head.append(url.target).append(" HTTP/1.1\r\n");
  const auto add_missing = [&](std::string_view name, std::string_view value) {
    if (!value.empty() && !find_header(request.headers, name)) add_field(head, name, value);
  };
  add_missing("Host", url.authority());
  add_missing("User-Agent", user_agent);
  add_missing("Accept-Encoding", "identity");
  add_missing("Authorization", url.authorization);
  if (plain_proxy != nullptr) add_missing("Proxy-Authorization", plain_proxy->authorization);
  if (may_have_body(request)) add_missing("Content-Length", std::to_string(request.body.size()));
  for (const Header& header : request.headers) add_field(head, header.name, header.value);
  return head += "\r\n";
}

}  // namespace

ClientConnection::ClientConnection(const ClientShared& shared, Url server, const Url* proxy,
                                   OnSettled on_settled)
    : shared_(shared),
      server_(std::move(server)),
      proxy_(proxy),
      on_settled_(std::move(on_settled)),
      descriptor_(shared.context),
      opened_(shared.clock.now()),
      active_(opened_) {}

void ClientConnection::reserve(std::shared_ptr<Exchange> exchange) {
  exchange_ = std::move(exchange);
  exchange_->connection = this;
  shared_.watch(expiry());
}

std::string ClientConnection::server_name() const {
  const Url& url = exchange_ ? exchange_->request.url : server_;
  return url.socket_path.empty() ? url.authority() : url.socket_path;
}

// ---- connecting ----

void ClientConnection::connect(std::vector<Endpoint> addresses) {
  addresses_ = std::move(addresses);
  state_ = State::kConnecting;
  connect_next();
}

void ClientConnection::connect_next() {
  while (next_address_ < addresses_.size()) {
    const Endpoint& address = addresses_[next_address_++];
    error_code error;
    std::ignore = descriptor_.close(error);
    const int descriptor = open_socket(address);
    if (descriptor < 0) {
      connect_error_ = reason_of(errno);
      if (errno == EMFILE) connect_error_ += " (raise the limit: ulimit -n)";
      continue;
    }
    std::ignore = descriptor_.assign(descriptor, error);
    if (error) {
      ::close(descriptor);
      connect_error_ = error.message();
      continue;
    }
    transport_ = Transport(descriptor);
    const auto size = static_cast<socklen_t>(address.size());
    if (::connect(descriptor, address.data(), size) == 0) return connected();
    if (errno == EINPROGRESS) return await(true);
    connect_error_ = reason_of(errno);
  }
  const Url& peer = proxy_ != nullptr ? *proxy_ : server_;
  fail(FailureKind::kConnect,
       fmt::format(
           "cannot connect to {}{}: {}{}", proxy_ != nullptr ? "the proxy " : "",
           proxy_ != nullptr ? peer.authority() : server_name(), connect_error_,
           connect_error_.starts_with("Connection refused") ? " (is the server running?)" : ""));
}

void ClientConnection::connected() {
  if (server_.tls && proxy_ != nullptr) return open_tunnel();
  if (server_.tls) return start_tls();
  begin_exchange();
}

void ClientConnection::open_tunnel() {
  state_ = State::kTunnel;
  const std::string target = fmt::format(
      "{}:{}", server_.host.contains(':') ? "[" + server_.host + "]" : server_.host, server_.port);
  out_ = fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n", target, target);
  if (!proxy_->authorization.empty()) {
    add_field(out_, "Proxy-Authorization", proxy_->authorization);
  }
  out_ += "\r\n";
  written_ = 0;
  expect(MessageKind::kResponseWithoutBody);
  await(false);
  flush();
}

void ClientConnection::start_tls() {
  state_ = State::kHandshake;
  if (const auto ready = transport_.use_client_tls(shared_.tls, server_.host); !ready) {
    return fail(FailureKind::kTls, ready.error().message);
  }
  shake_hands();
}

void ClientConnection::shake_hands() {
  const IoResult result = transport_.handshake();
  switch (result.state) {
    case IoState::kDone: return begin_exchange();
    case IoState::kWantRead: return await(false);
    case IoState::kWantWrite: return await(true);
    case IoState::kClosed:
    case IoState::kFailed: break;
  }
  fail(FailureKind::kTls,
       fmt::format("cannot speak TLS with {}: {}", server_name(),
                   result.why.empty() ? "it closed the connection" : result.why));
}

// ---- exchanging ----

void ClientConnection::send(std::shared_ptr<Exchange> exchange) {
  reserve(std::move(exchange));
  begin_exchange();
}

void ClientConnection::begin_exchange() {
  state_ = State::kExchange;
  const HttpRequest& request = exchange_->request;
  out_ = request_head(request, server_.tls ? nullptr : proxy_, shared_.options.user_agent);
  written_ = 0;
  keep_alive_ = false;
  expect(request.method == "HEAD" ? MessageKind::kResponseWithoutBody : MessageKind::kResponse);
  active_ = shared_.clock.now();
  exchange_->end.reused = served_before();
  exchange_->end.times.send_begun = active_;
  shared_.watch(expiry());
  await(false);
  flush();
}

void ClientConnection::expect(MessageKind kind) {
  const bool kept = state_ != State::kExchange || exchange_->request.keeps_answer;
  parser_.emplace(kind,
                  MessageLimits{.head_bytes = shared_.options.most_head_bytes,
                                .body_bytes = kept ? shared_.options.most_body_bytes
                                                   : std::numeric_limits<std::uint64_t>::max()},
                  static_cast<MessageSink&>(*this));
  refused_.reset();
}

void ClientConnection::await(bool write) {
  if (waiting_[write ? 1 : 0]) return;
  waiting_[write ? 1 : 0] = true;
  const auto type = write ? boost::asio::posix::stream_descriptor::wait_write
                          : boost::asio::posix::stream_descriptor::wait_read;
  descriptor_.async_wait(type, [self = shared_from_this(), write](error_code error) {
    if (error == boost::asio::error::operation_aborted) return;
    self->waiting_[write ? 1 : 0] = false;
    if (!self->closed()) self->ready(write);
  });
}

void ClientConnection::ready(bool write) {
  switch (state_) {
    case State::kConnecting: {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(descriptor_.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error == 0) return connected();
      connect_error_ = reason_of(error);
      return connect_next();
    }
    case State::kHandshake: return shake_hands();
    case State::kTunnel:
    case State::kExchange:
      if (write || transport_.encrypted()) flush();
      // TLS may wait for either to do the other.
      if (!write || transport_.encrypted()) receive();
      return;
    case State::kIdle: return receive();
    case State::kResolving:
    case State::kClosed: return;
  }
}

void ClientConnection::flush() {
  const std::string_view head = out_;
  const std::string_view body =
      state_ == State::kTunnel ? std::string_view() : std::string_view(exchange_->request.body);
  while (written_ < head.size() + body.size()) {
    const IoResult result = written_ < head.size()
                                ? transport_.write(head.substr(written_), body)
                                : transport_.write({}, body.substr(written_ - head.size()));
    if (result.state == IoState::kWantWrite) return await(true);
    if (result.state == IoState::kWantRead) return await(false);
    // A server that has answered before it read everything closes: its answer is still there to be
    // read, and reading finds out.
    if (result.state != IoState::kDone) return;
    written_ += result.bytes;
    active_ = shared_.clock.now();
  }
  if (state_ == State::kExchange && !exchange_->end.times.sent) exchange_->end.times.sent = active_;
}

void ClientConnection::receive() {
  while (true) {
    const IoResult result = transport_.read(shared_.buffer);
    switch (result.state) {
      case IoState::kWantRead: return await(false);
      case IoState::kWantWrite: return await(true);
      case IoState::kClosed:
      case IoState::kFailed: return broken(result);
      case IoState::kDone: break;
    }
    const State before = state_;
    take({shared_.buffer.data(), result.bytes});
    if (closed() || (before != state_ && state_ == State::kHandshake)) return;
    if (!transport_.encrypted()) return await(false);  // TLS may hold more than the socket shows
  }
}

void ClientConnection::take(std::string_view bytes) {
  if (state_ == State::kIdle) {  // nobody asked
    close();
    return settle(std::nullopt);
  }
  active_ = shared_.clock.now();
  if (state_ == State::kExchange && !exchange_->end.times.first_byte) {
    exchange_->end.times.first_byte = active_;
  }
  const auto taken = parser_->push(bytes);
  if (refused_) return fail(std::move(*refused_));
  if (!taken) {
    return fail(FailureKind::kProtocol, fmt::format("cannot read the answer of {}: {}",
                                                    server_name(), taken.error().message));
  }
  if (!parser_->done()) return;
  if (*taken < bytes.size()) keep_alive_ = false;
  finish_message();
}

void ClientConnection::on_head(MessageHead head) {
  if (state_ == State::kTunnel) {
    if (head.status / 100 != 2) {
      refused_ = Failure{.kind = FailureKind::kConnect,
                         .message = fmt::format("the proxy {} would not connect to {}: status {}",
                                                proxy_->authority(), server_name(), head.status),
                         .status = head.status};
    }
    return;
  }
  exchange_->end.status = head.status;
  keep_alive_ = head.keep_alive;
  const auto coding = find_header(head.headers, "Content-Encoding");
  if (coding && !coding->empty() && !same_name(*coding, "identity")) {
    refused_ =
        Failure{.kind = FailureKind::kProtocol,
                .message = fmt::format("cannot read the answer of {}: it is compressed ({}), "
                                       "although identity was asked for",
                                       server_name(), known_coding(*coding)),
                .status = head.status};
    return;
  }
  if (exchange_->handlers.on_head) {
    exchange_->handlers.on_head({.status = head.status,
                                 .reason = std::move(head.reason),
                                 .headers = std::move(head.headers)});
  }
}

void ClientConnection::on_body(std::string_view bytes) {
  if (refused_ || state_ != State::kExchange) return;
  exchange_->end.bytes += bytes.size();
  if (exchange_->request.keeps_answer && !exchange_->held.hold_more(bytes.size())) {
    refused_ = Failure{.kind = FailureKind::kProtocol,
                       .message = fmt::format("the answers under way are more than {} bytes "
                                              "together (ask with fewer at a time)",
                                              shared_.options.most_bytes_in_all),
                       .status = exchange_->end.status};
    return;
  }
  if (exchange_->handlers.on_data) exchange_->handlers.on_data(bytes, active_);
}

void ClientConnection::finish_message() {
  if (state_ == State::kTunnel) return start_tls();
  ++served_;
  exchange_->end.times.done = active_;
  if (keep_alive_ && written_ == out_.size() + exchange_->request.body.size()) {
    state_ = State::kIdle;
    shared_.watch(after(active_, shared_.options.pool_idle));
  } else {
    close();
  }
  settle(std::nullopt);
}

// ---- ending ----

void ClientConnection::broken(const IoResult& result) {
  if (state_ == State::kIdle) {
    close();
    return settle(std::nullopt);
  }
  // Only TLS's own goodbye ends an encrypted answer that has no length.
  if (result.state == IoState::kClosed && state_ == State::kExchange && parser_->end()) {
    keep_alive_ = false;
    active_ = shared_.clock.now();
    return finish_message();
  }
  const bool begun = state_ == State::kExchange && exchange_->end.times.first_byte.has_value();
  const std::string why = result.why.empty() ? "it closed the connection" : result.why;
  fail(result.tls                 ? FailureKind::kTls
       : state_ == State::kTunnel ? FailureKind::kConnect
                                  : FailureKind::kProtocol,
       begun ? fmt::format("the answer of {} is cut off after {} bytes of its body: {}",
                           server_name(), exchange_->end.bytes, why)
             : fmt::format("no answer from {}: {}", server_name(), why));
}

void ClientConnection::fail(FailureKind kind, std::string why) {
  fail(Failure{.kind = kind, .message = std::move(why)});
}

void ClientConnection::fail(Failure failure) {
  if (closed()) return;
  if (exchange_) {
    if (exchange_->end.status != 0) failure.status = exchange_->end.status;
    failure.answered = exchange_->end.times.first_byte.has_value();
    exchange_->end.times.done = shared_.clock.now();
  }
  close();
  settle(std::move(failure));
}

void ClientConnection::close() {
  if (state_ == State::kExchange || state_ == State::kIdle) transport_.shut_down();
  state_ = State::kClosed;
  error_code ignored;
  std::ignore = descriptor_.close(ignored);
}

void ClientConnection::settle(std::optional<Failure> failure) {
  std::shared_ptr<Exchange> exchange = std::exchange(exchange_, nullptr);
  if (exchange) exchange->connection = nullptr;
  out_.clear();
  on_settled_(shared_from_this(), std::move(exchange), std::move(failure));
}

core::Instant ClientConnection::expiry() const {
  const ClientOptions& options = shared_.options;
  core::Instant until = state_ == State::kIdle       ? after(active_, options.pool_idle)
                        : state_ == State::kExchange ? after(active_, options.idle_timeout)
                                                     : after(opened_, options.connect_timeout);
  if (exchange_ && exchange_->deadline) until = std::min(until, *exchange_->deadline);
  return until;
}

void ClientConnection::expire(core::Instant now) {
  if (closed() || now < expiry()) return;
  if (state_ == State::kIdle) {
    close();
    return settle(std::nullopt);
  }
  if (exchange_->deadline && now >= *exchange_->deadline) {
    return fail(FailureKind::kDeadline,
                fmt::format("the deadline passed before {} had answered", server_name()));
  }
  if (state_ != State::kExchange) {
    return fail(FailureKind::kTimeout,
                fmt::format("cannot connect to {}: it took more than {} s", server_name(),
                            shared_.options.connect_timeout.count()));
  }
  fail(FailureKind::kTimeout,
       fmt::format("{} was silent for {} s", server_name(), shared_.options.idle_timeout.count()));
}

}  // namespace ipw::net
