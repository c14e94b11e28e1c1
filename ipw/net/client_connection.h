#pragma once
// One connection of the client, from connecting (through a proxy, with TLS) over any number of
// exchanges, one after the other, to its end. Lives on the client's thread.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "ipw/net/client.h"
#include "ipw/net/exchange.h"
#include "ipw/net/message_parser.h"
#include "ipw/net/transport.h"

namespace ipw::net {

using Endpoint = boost::asio::generic::stream_protocol::endpoint;

/// What all connections of a client share.
struct ClientShared {
  boost::asio::io_context& context;
  const ClientOptions& options;
  const TlsContext& tls;
  core::Clock& clock;
  std::span<char> buffer;                    // one piece passes through at a time
  std::function<void(core::Instant)> watch;  // expire() is to be called then
};

class ClientConnection final : public std::enable_shared_from_this<ClientConnection>,
                               private MessageSink {
 public:
  /// Called when the exchange that it had is over, or an idle connection was closed; afterwards it
  /// is idle() or closed().
  using OnSettled = std::function<void(const std::shared_ptr<ClientConnection>&,
                                       std::shared_ptr<Exchange>, std::optional<Failure>)>;

  /// `shared`, and `proxy` if it is not null, outlive the connection.
  ClientConnection(const ClientShared& shared, Url server, const Url* proxy, OnSettled on_settled);

  /// Takes on its first exchange, which connect() goes on with.
  void reserve(std::shared_ptr<Exchange> exchange);
  /// Tries each of `addresses` until one answers.
  void connect(std::vector<Endpoint> addresses);
  /// An idle connection takes on the next exchange.
  void send(std::shared_ptr<Exchange> exchange);

  /// Ends the exchange, if there is one, and closes.
  void fail(Failure failure);
  /// Fails what has taken too long at `now`.
  void expire(core::Instant now);
  /// When expire() will find something, as it looks now.
  [[nodiscard]] core::Instant expiry() const;

  [[nodiscard]] bool idle() const { return state_ == State::kIdle; }
  [[nodiscard]] bool closed() const { return state_ == State::kClosed; }
  [[nodiscard]] bool served_before() const { return served_ > 0; }

  std::size_t index = 0;  // where it stands in the list of its client

 private:
  enum class State { kResolving, kConnecting, kTunnel, kHandshake, kExchange, kIdle, kClosed };

  void on_head(MessageHead head) override;
  void on_body(std::string_view bytes) override;

  void connect_next();
  void connected();
  void open_tunnel();
  void start_tls();
  void shake_hands();
  void begin_exchange();
  void expect(MessageKind kind);
  void await(bool write);
  void ready(bool write);
  void flush();
  void receive();
  void take(std::string_view bytes);
  void finish_message();
  void broken(const IoResult& result);
  void close();
  void settle(std::optional<Failure> failure);
  [[nodiscard]] std::string server_name() const;
  void fail(FailureKind kind, std::string why);

  const ClientShared& shared_;
  Url server_;
  const Url* proxy_;
  OnSettled on_settled_;
  State state_ = State::kResolving;
  boost::asio::posix::stream_descriptor descriptor_;
  Transport transport_;
  std::vector<Endpoint> addresses_;
  std::size_t next_address_ = 0;
  std::string connect_error_;
  std::shared_ptr<Exchange> exchange_;
  std::optional<MessageParser> parser_;
  std::string out_;                 // head of the request, or CONNECT
  std::size_t written_ = 0;         // of out_ and then the body
  std::optional<Failure> refused_;  // what on_head or on_body found
  bool keep_alive_ = false;
  bool waiting_[2] = {false, false};  // for reading, for writing
  int served_ = 0;
  core::Instant opened_;
  core::Instant active_;  // a byte last passed
};

}  // namespace ipw::net
