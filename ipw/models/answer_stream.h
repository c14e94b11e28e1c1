#pragma once
// The body of an answer, in whatever pieces it comes off the wire: framing and format in one. What
// it is shows in its first bytes: whether a stream was asked for, and what the server says its type
// is, need not be what it sends. Pure: no I/O, no clock.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/models/wire_format.h"
#include "ipw/net/line_reader.h"
#include "ipw/net/sse_reader.h"

namespace ipw::models {

/// One owner at a time.
class AnswerStream {
 public:
  /// `mask`: see WireFormat::reader().
  explicit AnswerStream(const WireFormat& format, net::SecretMask mask = {})
      : framing_(format.traits().framing), reader_(format.reader(std::move(mask))) {}

  /// Calls `sink` for what ends within `bytes`. The first failure stays: nothing after it is read.
  /// The caller bounds how much it pushes.
  [[nodiscard]] WireResult push(std::string_view bytes, const PieceSink& sink);
  /// The body is over. kProtocol where the answer is not. Of a whole answer `sink` hears only here.
  [[nodiscard]] WireResult end(const PieceSink& sink);

  /// Whether the answer comes whole, as one document.
  [[nodiscard]] bool whole() const { return shape_ == Shape::kWhole; }
  /// Whole after end().
  [[nodiscard]] const WireAnswer& answer() const { return reader_->answer(); }

 private:
  enum class Shape { kUnknown, kEvents, kLines, kWhole };
  [[nodiscard]] Shape shape_of(std::string_view beginning, bool is_all) const;
  void read(std::string_view bytes, const PieceSink& sink);
  void take(std::string_view event, std::string_view data, const PieceSink& sink);
  void finish_events(const PieceSink& sink);
  [[nodiscard]] WireResult outcome() const;

  Framing framing_;
  Shape shape_ = Shape::kUnknown;
  std::unique_ptr<AnswerReader> reader_;
  net::SseReader events_;
  net::LineReader lines_;
  std::string kept_;  // what shows no shape yet, or a whole answer so far
  std::optional<net::Failure> failure_;
};

}  // namespace ipw::models
