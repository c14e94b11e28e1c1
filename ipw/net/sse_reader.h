#pragma once
// Server-sent events (WHATWG HTML §9.2) as they arrive: bytes in whatever pieces, whole events out.
// Pure: no I/O, no clock.

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/core/result.h"

namespace ipw::net {

/// Valid during the call only. Bytes are passed as they came: UTF-8 is the reader of `data`'s to
/// check.
struct SseEvent {
  std::string_view event;  // type; empty: none was named ("message")
  std::string_view data;   // its lines joined by '\n'
  std::string_view id;     // the last id that any event of the stream named
};
using SseSink = std::function<void(const SseEvent&)>;

/// CR, LF or CRLF, a BOM at the beginning, comments, several data lines, pieces cut anywhere. An
/// event that lies whole in one piece is passed on without being copied. One stream and one thread
/// at a time.
class SseReader {
 public:
  /// `most_bytes` bounds one event, its field names and comments included.
  explicit SseReader(std::size_t most_bytes = kMostBytes) : most_bytes_(most_bytes) {}

  /// Calls `sink` for each event that ends within `bytes`. kInvalidData where an event is larger
  /// than the bound: the stream is lost.
  [[nodiscard]] core::Result<void> push(std::string_view bytes, const SseSink& sink);

  /// At the end of a stream: passes on what has begun and no blank line has ended, too. By the
  /// standard that is lost; servers leave out the last blank line. Whether it is whole, or was cut
  /// off, is its reader's to find out.
  void finish(const SseSink& sink);

  /// Whether an event has begun that no blank line has ended. At the end of a stream such an event
  /// is lost by the standard, and says that the stream was cut off.
  [[nodiscard]] bool pending() const;

  /// The reconnection time that the server last asked for.
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry() const { return retry_; }

  static constexpr std::size_t kMostBytes = std::size_t{64} << 20;

 private:
  // `in_piece`: the line lies in the piece that push() has, and is gone when it returns.
  void take_line(std::string_view line, bool in_piece, const SseSink& sink);
  void take_data(std::string_view value, bool in_piece);
  void keep_data();
  void dispatch(const SseSink& sink);

  std::size_t most_bytes_;
  std::string line_;                       // what earlier pieces brought of a line not ended yet
  std::string data_;                       // of the event so far, but for
  std::optional<std::string_view> whole_;  // its only data line, while that lies in the piece
  bool has_data_ = false;
  std::string event_;
  std::string id_;
  std::size_t event_bytes_ = 0;
  bool after_cr_ = false;  // a LF that comes next belongs to the CR before it
  bool at_start_ = true;   // a BOM may come
  std::optional<std::chrono::milliseconds> retry_;
};

/// One event as a server sends it. `data` may have several lines.
[[nodiscard]] std::string format_sse(std::string_view data, std::string_view event = {});

}  // namespace ipw::net
