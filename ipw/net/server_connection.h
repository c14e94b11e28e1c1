#pragma once
// One connection of the server: requests come in one after the other, each is handed to its route,
// its answer goes out whole or in pieces. Lives on the server's thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "ipw/core/clock.h"
#include "ipw/net/byte_budget.h"
#include "ipw/net/message_parser.h"
#include "ipw/net/server.h"
#include "ipw/net/transport.h"

namespace ipw::net {

class ServerConnection;

/// What all connections of a server share.
struct ServerShared {
  boost::asio::io_context& context;
  const ServerOptions& options;
  core::Clock& clock;
  std::span<char> buffer;  // one piece passes through at a time
  /// A request is whole: answers it, or keeps `connection` weakly together with `serial`.
  std::function<void(const std::shared_ptr<ServerConnection>& connection, std::uint64_t serial,
                     ServerRequest request, HeldBytes held, std::stop_token gone)>
      serve;
  std::function<void(const std::shared_ptr<ServerConnection>&)> on_closed;
  std::function<void(core::Instant)> watch;
  std::shared_ptr<ByteBudget> budget;
};

class ServerConnection final : public std::enable_shared_from_this<ServerConnection>,
                               private MessageSink {
 public:
  /// Takes `descriptor` over.
  ServerConnection(const ServerShared& shared, int descriptor);

  /// `tls`: null for plain HTTP.
  void open(const TlsContext& tls);

  // The answer to request number `serial`; no effect once that is answered or gone.
  void send(std::uint64_t serial, int status, const Headers& headers, std::string_view body);
  void begin(std::uint64_t serial, int status, const Headers& headers);
  void write(std::uint64_t serial, std::string_view bytes, std::function<void()> drained);

  void expire(core::Instant now);
  [[nodiscard]] core::Instant expiry() const;
  /// Ends after the answer that is being given, or at once if there is none.
  void finish();
  void close();
  [[nodiscard]] bool closed() const { return state_ == State::kClosed; }

  std::size_t index = 0;  // where it stands in the list of its server

 private:
  // kLingering: a refusal is out, what still comes in is thrown away so that it can be read.
  enum class State { kHandshake, kReading, kWorking, kLingering, kClosed };

  void on_head(MessageHead head) override;
  void on_body(std::string_view bytes) override;

  void shake_hands();
  void await(bool write);
  void ready(bool write);
  void receive();
  void take(std::string_view bytes);
  void next_request();
  void refuse(int status, std::string_view why);
  void put_head(int status, const Headers& headers, std::optional<std::size_t> length);
  void flush();
  void answered();
  [[nodiscard]] bool answering(std::uint64_t serial) const;
  [[nodiscard]] std::size_t queued() const { return out_.size() - written_; }
  void account();

  const ServerShared& shared_;
  State state_ = State::kHandshake;
  boost::asio::posix::stream_descriptor descriptor_;
  Transport transport_;
  std::optional<MessageParser> parser_;
  ServerRequest request_;
  HeldBytes request_held_;  // of its body
  HeldBytes held_;          // of early_ and out_
  bool too_much_ = false;   // in all
  std::uint64_t serial_ = 0;
  std::stop_source gone_{std::nostopstate};
  bool http_1_1_ = true;
  bool keep_alive_ = false;
  bool without_body_ = false;  // the request was HEAD
  bool streaming_ = false;
  bool complete_ = false;  // the answer is all in out_
  bool waiting_[2] = {false, false};
  std::string early_;  // of the next request, come before this one's answer
  std::string out_;
  std::size_t written_ = 0;  // of out_
  std::vector<std::function<void()>> drained_;
  core::Instant since_;  // the request's first byte, or the last byte taken of the answer
};

/// {"error": {"message": why, "type": …}}; `why` has nothing that JSON would escape.
[[nodiscard]] std::string error_body(int status, std::string_view why);

}  // namespace ipw::net
