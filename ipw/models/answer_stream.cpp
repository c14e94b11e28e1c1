// See answer_stream.h.
#include "ipw/models/answer_stream.h"

#include <utility>

#include "ipw/models/wire_reading.h"

namespace ipw::models {
namespace {

constexpr std::size_t kLongestDoubt = std::size_t{64} << 10;  // bytes that show no shape
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t\r\n";

}  // namespace

WireResult AnswerStream::push(std::string_view bytes, const PieceSink& sink) {
  if (failure_) return outcome();
  if (shape_ != Shape::kUnknown) {
    read(bytes, sink);
    return outcome();
  }
  kept_ += bytes;
  shape_ = shape_of(kept_, kept_.size() > kLongestDoubt);
  if (shape_ != Shape::kUnknown) read(std::exchange(kept_, {}), sink);
  return outcome();
}

// A document, if it begins like one, and lines only where a line can be one by itself.
AnswerStream::Shape AnswerStream::shape_of(std::string_view beginning, bool is_all) const {
  const Shape usual = framing_ == Framing::kServerSentEvents ? Shape::kEvents : Shape::kLines;
  const Shape none = is_all ? usual : Shape::kUnknown;
  if (!is_all && kByteOrderMark.starts_with(beginning)) return none;
  if (beginning.starts_with(kByteOrderMark)) beginning.remove_prefix(kByteOrderMark.size());
  const std::size_t first = beginning.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return none;
  switch (beginning[first]) {
    case '{': break;
    case '[':
    case '<': return Shape::kWhole;
    default: return Shape::kEvents;
  }
  if (usual == Shape::kEvents) return Shape::kWhole;
  const std::size_t next = beginning.find_first_not_of(" \t\r", first + 1);
  if (next == std::string_view::npos) return is_all ? Shape::kWhole : Shape::kUnknown;
  return beginning[next] == '\n' ? Shape::kWhole : Shape::kLines;
}

void AnswerStream::read(std::string_view bytes, const PieceSink& sink) {
  core::Result<void> framed;
  switch (shape_) {
    case Shape::kEvents:
      framed = events_.push(
          bytes, [&](const net::SseEvent& event) { take(event.event, event.data, sink); });
      break;
    case Shape::kLines:
      framed = lines_.push(bytes, [&](std::string_view line) { take({}, line, sink); });
      break;
    case Shape::kUnknown:
    case Shape::kWhole: kept_ += bytes; break;
  }
  if (!framed && !failure_) failure_ = unreadable(framed.error().message).error();
}

WireResult AnswerStream::end(const PieceSink& sink) {
  if (!failure_ && shape_ == Shape::kUnknown) {
    shape_ = shape_of(kept_, true);
    read(std::exchange(kept_, {}), sink);
  }
  if (!failure_ && shape_ == Shape::kEvents) finish_events(sink);
  if (!failure_ && shape_ == Shape::kLines) {
    lines_.finish([&](std::string_view line) { take({}, line, sink); });
  }
  if (!failure_ && shape_ == Shape::kWhole) {
    const WireResult read = reader_->read_whole(std::exchange(kept_, {}), sink);
    if (!read) failure_ = read.error();
  }
  const WireResult ended = reader_->end(sink);
  return failure_ ? outcome() : ended;
}

// Servers leave out the blank line behind their last event, and a connection that breaks off leaves
// half of one: that this one cannot be read is no failure of its own.
void AnswerStream::finish_events(const PieceSink& sink) {
  events_.finish([&](const net::SseEvent& event) { take(event.event, event.data, sink); });
  if (failure_ && failure_->kind == net::FailureKind::kProtocol) failure_.reset();
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
