#include "ipw/net/server_connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <tuple>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace ipw::net {
namespace {

using boost::system::error_code;

constexpr std::size_t kMostEarly = std::size_t{64} << 10;
constexpr std::size_t kKeptBytes = std::size_t{4} << 10;  // by a connection that says nothing
constexpr core::Seconds kLinger{2};

core::Instant after(core::Instant from, core::Seconds time) {
  return from + std::chrono::round<core::Instant::duration>(time);
}

struct StatusName {
  int status;
  const char* reason;
  const char* type;
};

constexpr auto kStatusNames = std::to_array<StatusName>({
    {200, "OK", ""},
    {201, "Created", ""},
    {202, "Accepted", ""},
    {204, "No Content", ""},
    {400, "Bad Request", "invalid_request_error"},
    {401, "Unauthorized", "authentication_error"},
    {403, "Forbidden", "permission_error"},
    {404, "Not Found", "not_found_error"},
    {405, "Method Not Allowed", "invalid_request_error"},
    {408, "Request Timeout", "timeout_error"},
    {413, "Content Too Large", "invalid_request_error"},
    {429, "Too Many Requests", "rate_limit_error"},
    {431, "Request Header Fields Too Large", "invalid_request_error"},
    {500, "Internal Server Error", "server_error"},
    {502, "Bad Gateway", "server_error"},
    {503, "Service Unavailable", "server_error"},
    {504, "Gateway Timeout", "timeout_error"},
});

StatusName name_of(int status) {
  const auto* found = std::ranges::find(kStatusNames, status, &StatusName::status);
  return found != kStatusNames.end() ? *found : StatusName{status, "Status", "error"};
}

}  // namespace

std::string error_body(int status, std::string_view why) {
  return fmt::format(R"({{"error": {{"message": "{}", "type": "{}"}}}})", why,
                     name_of(status).type);
}

ServerConnection::ServerConnection(const ServerShared& shared, int descriptor)
    : shared_(shared),
      descriptor_(shared.context, descriptor),
      transport_(descriptor),
      held_(shared.budget),
      since_(shared.clock.now()) {}

void ServerConnection::open(const TlsContext& tls) {
  if (tls) {
    if (!transport_.use_server_tls(tls)) return close();
    shared_.watch(expiry());
    return shake_hands();
  }
  next_request();
  await(false);
}

void ServerConnection::shake_hands() {
  const IoResult result = transport_.handshake();
  switch (result.state) {
    case IoState::kDone: next_request(); return receive();
    case IoState::kWantRead: return await(false);
    case IoState::kWantWrite: return await(true);
    case IoState::kClosed:
    case IoState::kFailed: return close();
  }
}

void ServerConnection::await(bool write) {
  if (closed() || waiting_[write ? 1 : 0]) return;
  waiting_[write ? 1 : 0] = true;
  const auto type = write ? boost::asio::posix::stream_descriptor::wait_write
                          : boost::asio::posix::stream_descriptor::wait_read;
  descriptor_.async_wait(type, [self = shared_from_this(), write](error_code error) {
    if (error == boost::asio::error::operation_aborted) return;
    self->waiting_[write ? 1 : 0] = false;
    if (!self->closed()) self->ready(write);
  });
}

void ServerConnection::ready(bool write) {
  if (state_ == State::kHandshake) return shake_hands();
  if (write || (transport_.encrypted() && queued() > 0)) flush();
  // TLS may wait for either to do the other.
  if (!closed() && (!write || transport_.encrypted())) receive();
}

// ---- reading ----

void ServerConnection::next_request() {
  state_ = State::kReading;
  since_ = shared_.clock.now();
  request_ = {};
  request_held_ = HeldBytes(shared_.budget);
  parser_.emplace(MessageKind::kRequest,
                  MessageLimits{.head_bytes = shared_.options.most_head_bytes,
                                .body_bytes = shared_.options.most_body_bytes},
                  static_cast<MessageSink&>(*this));
  shared_.watch(expiry());
}

void ServerConnection::receive() {
  while (!closed() && early_.size() < kMostEarly) {
    const IoResult result = transport_.read(shared_.buffer);
    switch (result.state) {
      case IoState::kWantRead: return await(false);
      case IoState::kWantWrite: return await(true);
      case IoState::kClosed:
      case IoState::kFailed: return close();
      case IoState::kDone: break;
    }
    const std::string_view bytes(shared_.buffer.data(), result.bytes);
    if (state_ == State::kWorking) {
      early_ += bytes;
      account();
    } else if (state_ == State::kReading) {
      take(bytes);
    }
    if (!transport_.encrypted()) return await(false);  // TLS may hold more than the socket shows
  }
}

void ServerConnection::take(std::string_view bytes) {
  while (!bytes.empty() && state_ == State::kReading) {
    if (!parser_->begun()) {
      since_ = shared_.clock.now();
      shared_.watch(expiry());
    }
    const auto taken = parser_->push(bytes);
    if (too_much_) return refuse(503, "the server holds too much already, try again");
    if (!taken) {
      using Cause = MessageError::Cause;
      const Cause cause = taken.error().cause;
      return cause == Cause::kHeadTooLarge   ? refuse(431, "the head of the request is too large")
             : cause == Cause::kBodyTooLarge ? refuse(413, "the body of the request is too large")
                                             : refuse(400, "this is no HTTP/1.1 request");
    }
    bytes.remove_prefix(*taken);
    if (!parser_->done()) return;
    state_ = State::kWorking;
    complete_ = streaming_ = false;
    gone_ = std::stop_source();
    shared_.serve(shared_from_this(), ++serial_, std::move(request_), std::move(request_held_),
                  gone_.get_token());
  }
  if (closed()) return;
  early_ += bytes;
  account();
}

void ServerConnection::on_head(MessageHead head) {
  const std::size_t question = head.target.find('?');
  request_.method = std::move(head.method);
  request_.path = head.target.substr(0, question);
  if (question != std::string::npos) request_.query = head.target.substr(question + 1);
  request_.headers = std::move(head.headers);
  http_1_1_ = head.http_1_1;
  keep_alive_ = head.keep_alive;
  without_body_ = request_.method == "HEAD";
  const auto expected = find_header(request_.headers, "Expect");
  if (http_1_1_ && expected && same_name(*expected, "100-continue")) {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    flush();
  }
}

void ServerConnection::on_body(std::string_view bytes) {
  too_much_ = too_much_ || !request_held_.hold_more(bytes.size());
  if (!too_much_) request_.body += bytes;
}

// ---- answering ----

// Whoever waits for more than all may hold together is cut off. What each may keep anyway, a
// refusal for one, is not counted.
void ServerConnection::account() {
  const std::size_t bytes = out_.size() + early_.size();
  if (!closed() && !held_.hold(bytes > kKeptBytes ? bytes : 0)) close();
}

bool ServerConnection::answering(std::uint64_t serial) const {
  return state_ == State::kWorking && serial == serial_ && !complete_;
}

void ServerConnection::put_head(int status, const Headers& headers,
                                std::optional<std::size_t> length) {
  if (!length && !http_1_1_) keep_alive_ = false;
  fmt::format_to(std::back_inserter(out_), "HTTP/1.1 {} {}\r\n", status, name_of(status).reason);
  for (const Header& header : headers) {
    if (!is_valid_header(header)) continue;
    out_.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  if (length) {
    fmt::format_to(std::back_inserter(out_), "Content-Length: {}\r\n", *length);
  } else if (http_1_1_) {
    out_ += "Transfer-Encoding: chunked\r\n";
  }
  if (!keep_alive_) {
    out_ += "Connection: close\r\n";
  } else if (!http_1_1_) {
    out_ += "Connection: keep-alive\r\n";
  }
  out_ += "\r\n";
}

void ServerConnection::send(std::uint64_t serial, int status, const Headers& headers,
                            std::string_view body) {
  if (!answering(serial) || streaming_) return;
  put_head(status, headers, body.size());
  if (!without_body_) out_ += body;
  complete_ = true;
  flush();
}

void ServerConnection::begin(std::uint64_t serial, int status, const Headers& headers) {
  if (!answering(serial) || streaming_) return;
  put_head(status, headers, std::nullopt);
  streaming_ = true;
  flush();
}

void ServerConnection::write(std::uint64_t serial, std::string_view bytes,
                             std::function<void()> drained) {
  if (!answering(serial) || !streaming_) {
    if (drained) boost::asio::post(shared_.context, std::move(drained));
    return;
  }
  const bool chunked = http_1_1_ && !without_body_;
  if (bytes.empty()) {
    complete_ = true;
    if (chunked) out_ += "0\r\n\r\n";
  } else if (chunked) {
    fmt::format_to(std::back_inserter(out_), "{:x}\r\n", bytes.size());
    out_.append(bytes).append("\r\n");
  } else if (!without_body_) {
    out_ += bytes;
  }
  if (drained) drained_.push_back(std::move(drained));
  flush();
  if (queued() > shared_.options.most_queued_bytes) close();
}

void ServerConnection::flush() {
  while (queued() > 0 && !waiting_[1]) {
    const IoResult result = transport_.write(std::string_view(out_).substr(written_));
    if (result.state == IoState::kWantWrite || result.state == IoState::kWantRead) {
      if (written_ > (std::size_t{1} << 20)) out_.erase(0, std::exchange(written_, 0));
      since_ = shared_.clock.now();
      shared_.watch(expiry());
      await(result.state == IoState::kWantWrite);
      break;
    }
    if (result.state != IoState::kDone) return close();
    written_ += result.bytes;
    since_ = shared_.clock.now();
  }
  if (queued() == 0) {
    written_ = 0;
    out_.clear();
    if (out_.capacity() > kKeptBytes) out_.shrink_to_fit();
  }
  if (queued() < shared_.options.low_water) {
    for (auto& drained : std::exchange(drained_, {})) {
      boost::asio::post(shared_.context, std::move(drained));
    }
  }
  account();
  if (!closed() && queued() == 0 && complete_) answered();
}

void ServerConnection::answered() {
  if (state_ == State::kLingering) {
    shutdown(descriptor_.native_handle(), SHUT_WR);
    return;
  }
  if (state_ != State::kWorking) return;
  if (!keep_alive_) return close();
  gone_ = std::stop_source(std::nostopstate);
  complete_ = false;
  next_request();
  if (early_.empty()) return;
  const std::string early = std::exchange(early_, {});
  take(early);
  await(false);
}

void ServerConnection::refuse(int status, std::string_view why) {
  keep_alive_ = false;
  without_body_ = false;
  request_ = {};
  request_held_ = HeldBytes(shared_.budget);
  const std::string body = error_body(status, why);
  put_head(status, {{"Content-Type", "application/json"}}, body.size());
  out_ += body;
  state_ = State::kLingering;
  complete_ = true;
  since_ = shared_.clock.now();
  shared_.watch(expiry());
  flush();
}

// ---- ending ----

core::Instant ServerConnection::expiry() const {
  const ServerOptions& options = shared_.options;
  switch (state_) {
    case State::kHandshake: return after(since_, options.request_timeout);
    case State::kReading:
      return after(since_,
                   parser_->begun() || serial_ == 0 ? options.request_timeout : options.pool_idle);
    case State::kWorking:
      return queued() > 0 ? after(since_, options.request_timeout) : core::Instant::max();
    case State::kLingering: return after(since_, kLinger);
    case State::kClosed: break;
  }
  return core::Instant::max();
}

void ServerConnection::expire(core::Instant now) {
  if (closed() || now < expiry()) return;
  if (state_ == State::kReading && parser_->begun()) {
    return refuse(408, "the request came too slowly");
  }
  close();
}

void ServerConnection::finish() {
  keep_alive_ = false;
  if (state_ == State::kHandshake || (state_ == State::kReading && !parser_->begun())) close();
}

void ServerConnection::close() {
  if (closed()) return;
  const auto self = shared_from_this();
  if (state_ != State::kHandshake) transport_.shut_down();
  state_ = State::kClosed;
  error_code ignored;
  std::ignore = descriptor_.close(ignored);
  held_ = {};
  request_held_ = {};
  for (auto& drained : std::exchange(drained_, {})) {
    boost::asio::post(shared_.context, std::move(drained));
  }
  shared_.on_closed(self);
  // Last: whoever waits for it runs here.
  std::exchange(gone_, std::stop_source(std::nostopstate)).request_stop();
}

}  // namespace ipw::net
