#pragma once
// One HTTP/1.1 message as it arrives, request or response: bytes in whatever pieces, a head and
// pieces of the body out. Pure; the grammar is Beast's.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "ipw/net/header.h"

namespace ipw::net {

struct MessageHead {
  int status = 0;      // of a response
  std::string reason;  // of a response
  std::string method;  // of a request
  std::string target;  // of a request
  Headers headers;
  bool http_1_1 = true;     // else 1.0, which knows no chunks
  bool keep_alive = false;  // the connection may serve another one
};

/// Where the pieces go. They must not destroy the parser.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  virtual void on_head(MessageHead head) = 0;
  /// Valid during the call only.
  virtual void on_body(std::string_view bytes) = 0;
};

enum class MessageKind { kRequest, kResponse, kResponseWithoutBody };  // the last: to HEAD, CONNECT

struct MessageLimits {
  std::size_t head_bytes = std::size_t{64} << 10;
  std::uint64_t body_bytes = std::uint64_t{1} << 30;
};

struct MessageError {
  enum class Cause { kMalformed, kHeadTooLarge, kBodyTooLarge, kCutOff };
  Cause cause = Cause::kMalformed;
  std::string message;
};

/// One message after the other, one thread at a time. Interim responses (1xx) are passed over.
class MessageParser {
 public:
  MessageParser(MessageKind kind, MessageLimits limits, MessageSink& sink);
  ~MessageParser();
  MessageParser(MessageParser&&) noexcept;
  MessageParser& operator=(MessageParser&&) noexcept;

  /// Takes what belongs to the message and returns how many of `bytes` that were: all of them until
  /// the message is done().
  [[nodiscard]] std::expected<std::size_t, MessageError> push(std::string_view bytes);
  /// The connection was closed: that ends a response without a length, and cuts off all others.
  [[nodiscard]] std::expected<void, MessageError> end();
  [[nodiscard]] bool done() const;
  /// Whether a byte of the message has come.
  [[nodiscard]] bool begun() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ipw::net
