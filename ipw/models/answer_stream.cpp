// See answer_stream.h.
#include "ipw/models/answer_stream.h"

#include "ipw/models/wire_reading.h"

namespace ipw::models {

WireResult AnswerStream::push(std::string_view bytes, const PieceSink& sink) {
  if (failure_) return outcome();
  const core::Result<void> framed =
      framing_ == Framing::kServerSentEvents
          ? events_.push(bytes,
                         [&](const net::SseEvent& event) { take(event.event, event.data, sink); })
          : lines_.push(bytes, [&](std::string_view line) { take({}, line, sink); });
  if (!framed && !failure_) failure_ = unreadable(framed.error().message).error();
  return outcome();
}

WireResult AnswerStream::end(const PieceSink& sink) {
  if (framing_ == Framing::kJsonLines && !failure_) {
    lines_.finish([&](std::string_view line) { take({}, line, sink); });
  }
  return failure_ ? outcome() : reader_->at_end();
}

void AnswerStream::take(std::string_view event, std::string_view data, const PieceSink& sink) {
  if (failure_) return;
  WireResult read = reader_->read_event(event, data, sink);
  if (!read) failure_ = std::move(read).error();
}

WireResult AnswerStream::outcome() const {
  if (failure_) return std::unexpected(*failure_);
  return {};
}

}  // namespace ipw::models
