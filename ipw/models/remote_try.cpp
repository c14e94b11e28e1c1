// See remote_try.h.
#include "ipw/models/remote_try.h"

#include <algorithm>
#include <utility>

namespace ipw::models {
namespace {

constexpr std::size_t kMostErrorBytes = std::size_t{64} << 10;

}  // namespace

RemoteTry::RemoteTry(const WireFormat& format, const TokenSink& sink, std::size_t most_bytes,
                     const net::SecretMask& mask)
    : sink_(sink), most_bytes_(most_bytes), mask_(mask), stream_(format, mask) {}

bool RemoteTry::is_error() const { return head_.status < 200 || head_.status >= 300; }

void RemoteTry::run(net::HttpClient& client, net::HttpRequest request,
                    std::optional<core::Instant> deadline, const std::stop_token& cancel) {
  const std::stop_callback passed_on(cancel, [this] { giving_up_.request_stop(); });
  client.start(
      std::move(request),
      {.on_head = [this](const net::ResponseHead& head) { take_head(head); },
       .on_data = [this](std::string_view bytes, core::Instant at) { take_data(bytes, at); },
       .on_done = [this](const net::ExchangeEnd& end) { take_end(end); }},
      deadline, giving_up_.get_token());
  std::unique_lock lock(mutex_);
  over_.wait(lock, [this] { return done_; });
}

void RemoteTry::take_head(const net::ResponseHead& head) { head_ = head; }

void RemoteTry::take_data(std::string_view bytes, core::Instant at) {
  if (unreadable_) return;
  if (is_error()) {
    body_ += bytes.substr(0, kMostErrorBytes - std::min(body_.size(), kMostErrorBytes));
    return;
  }
  bytes_ += bytes.size();
  if (bytes_ > most_bytes_) {
    return give_up({.kind = net::FailureKind::kProtocol,
                    .message = "the answer does not stop: it is far longer than was asked for "
                               "(check that the server keeps to the limit of tokens)",
                    .answered = true});
  }
  const WireResult read =
      stream_.push(bytes, [&](const WirePiece& piece) { take_piece(piece, at); });
  if (stream_.whole()) last_token_ = at;
  if (!read) give_up(read.error());
}

void RemoteTry::take_piece(const WirePiece& piece, core::Instant at) {
  if (!first_token_) first_token_ = at;
  if (!first_answer_ && piece.kind != PieceKind::kReasoning) first_answer_ = at;
  last_token_ = at;
  if (!sink_) return;
  passed_on_ = true;
  sink_({.at = at, .piece = piece.text, .logprob = piece.logprob, .kind = piece.kind});
}

void RemoteTry::give_up(net::Failure failure) {
  unreadable_ = std::move(failure);
  giving_up_.request_stop();
}

void RemoteTry::take_end(const net::ExchangeEnd& end) {
  end_ = end;
  const PieceSink take = [&](const WirePiece& piece) { take_piece(piece, end.times.done); };
  // What came whole has no first token, and ended when it had come.
  const PieceSink hand_on = [&](const WirePiece& piece) {
    if (!sink_) return;
    passed_on_ = true;
    sink_({.at = end.times.done, .piece = piece.text, .logprob = {}, .kind = piece.kind});
  };
  if (!unreadable_ && !is_error()) {
    const WireResult read = stream_.end(stream_.whole() ? hand_on : take);
    if (!read && !end.failure) unreadable_ = read.error();
  }
  const std::scoped_lock lock(mutex_);
  done_ = true;
  over_.notify_one();  // under the lock: whoever waits destroys this
}

std::optional<net::Failure> RemoteTry::failure(core::WallTime now) const {
  if (unreadable_) return unreadable_;
  if (head_.status != 0 && is_error()) {
    return net::status_failure(head_.status, head_.headers, body_, now, mask_);
  }
  // A body that only failed to close is an answer.
  return answer().finish ? std::nullopt : end_.failure;
}

}  // namespace ipw::models
