#pragma once
// The body of a streamed answer, in whatever pieces it comes off the wire: framing and format in
// one. Pure: no I/O, no clock.

#include <memory>
#include <optional>
#include <string_view>

#include "ipw/models/wire_format.h"
#include "ipw/net/line_reader.h"
#include "ipw/net/sse_reader.h"

namespace ipw::models {

/// One owner at a time.
class AnswerStream {
 public:
  explicit AnswerStream(const WireFormat& format)
      : framing_(format.traits().framing), reader_(format.reader()) {}

  /// Calls `sink` for what ends within `bytes`. The first failure stays: nothing after it is read.
  [[nodiscard]] WireResult push(std::string_view bytes, const PieceSink& sink);
  /// The body is over. kProtocol where the answer is not.
  [[nodiscard]] WireResult end(const PieceSink& sink);

  [[nodiscard]] const WireAnswer& answer() const { return reader_->answer(); }

 private:
  void take(std::string_view event, std::string_view data, const PieceSink& sink);
  [[nodiscard]] WireResult outcome() const;

  Framing framing_;
  std::unique_ptr<AnswerReader> reader_;
  net::SseReader events_;
  net::LineReader lines_;
  std::optional<net::Failure> failure_;
};

}  // namespace ipw::models
