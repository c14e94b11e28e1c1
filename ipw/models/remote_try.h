#pragma once
// One request to a server and what came of it, stamped as it came off the wire.

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "ipw/core/clock.h"
#include "ipw/models/answer_stream.h"
#include "ipw/models/wire_format.h"
#include "ipw/net/client.h"

namespace ipw::models {

/// Filled on the client's thread; read after wait().
class RemoteTry {
 public:
  /// `sink` may be empty. An answer of more than `most_bytes` is given up. `mask` knows what
  /// neither answer nor failure may repeat.
  RemoteTry(const WireFormat& format, const TokenSink& sink, std::size_t most_bytes,
            const net::SecretMask& mask);
  RemoteTry(const RemoteTry&) = delete;
  RemoteTry& operator=(const RemoteTry&) = delete;

  /// Sends, and waits until it is over one way or another.
  void run(net::HttpClient& client, net::HttpRequest request, std::optional<core::Instant> deadline,
           const std::stop_token& cancel);

  /// Why there is no answer; absent: there is one.
  [[nodiscard]] std::optional<net::Failure> failure(core::WallTime now) const;
  [[nodiscard]] const WireAnswer& answer() const { return stream_.answer(); }
  [[nodiscard]] const net::ExchangeTimes& times() const { return end_.times; }
  [[nodiscard]] std::optional<core::Instant> first_token() const { return first_token_; }
  [[nodiscard]] std::optional<core::Instant> first_answer() const { return first_answer_; }
  /// The last piece of the answer, not the end of the stream.
  [[nodiscard]] std::optional<core::Instant> last_token() const { return last_token_; }
  /// Something was passed on, so that a second try would say it twice.
  [[nodiscard]] bool passed_on() const { return passed_on_; }
  /// Of an answer with a status that is no success: its first bytes.
  [[nodiscard]] const std::string& error_body() const { return body_; }

 private:
  void take_head(const net::ResponseHead& head);
  void take_data(std::string_view bytes, core::Instant at);
  void take_end(const net::ExchangeEnd& end);
  void take_piece(const WirePiece& piece, core::Instant at);
  void give_up(net::Failure failure);

  [[nodiscard]] bool is_error() const;

  const TokenSink& sink_;
  std::size_t most_bytes_;
  net::SecretMask mask_;
  net::ResponseHead head_;
  AnswerStream stream_;
  std::string body_;  // of an error
  std::size_t bytes_ = 0;
  std::optional<net::Failure> unreadable_;
  std::optional<core::Instant> first_token_, first_answer_, last_token_;
  bool passed_on_ = false;
  net::ExchangeEnd end_;

  std::stop_source giving_up_;
  std::mutex mutex_;
  std::condition_variable over_;
  bool done_ = false;
};

}  // namespace ipw::models
