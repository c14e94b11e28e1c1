#include "ipw/net/sse_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace ipw::net {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Positions of one byte in a piece, so that each is looked for once.
class NextByte {
 public:
  NextByte(std::string_view piece, char byte) : piece_(piece), byte_(byte) {}
  std::size_t from(std::size_t position) {
    if (!known_ || at_ < position) at_ = piece_.find(byte_, position);
    known_ = true;
    return at_;
  }

 private:
  std::string_view piece_;
  char byte_;
  std::size_t at_ = 0;
  bool known_ = false;
};

}  // namespace

core::Result<void> SseReader::push(std::string_view bytes, const SseSink& sink) {
  if (bytes.empty()) return {};
  if (std::exchange(after_cr_, false) && bytes.starts_with('\n')) bytes.remove_prefix(1);
  NextByte feed(bytes, '\n');
  NextByte carriage(bytes, '\r');
  std::size_t begin = 0;
  while (begin < bytes.size() && event_bytes_ <= most_bytes_) {
    const std::size_t end = std::min(feed.from(begin), carriage.from(begin));
    if (end >= bytes.size()) break;
    const std::string_view part = bytes.substr(begin, end - begin);
    event_bytes_ += part.size() + 1;
    if (line_.empty()) {
      take_line(part, true, sink);
    } else {
      line_ += part;
      take_line(line_, false, sink);
      line_.clear();
    }
    begin = end + 1;
    if (bytes[end] == '\r') {
      after_cr_ = begin == bytes.size();
      if (begin < bytes.size() && bytes[begin] == '\n') ++begin;
    }
  }
  if (event_bytes_ <= most_bytes_) {
    event_bytes_ += bytes.size() - begin;
    line_ += bytes.substr(begin);
  }
  if (event_bytes_ > most_bytes_) {
    event_bytes_ = most_bytes_ + 1;  // and so it stays
    return core::fail(core::ErrorCode::kInvalidData,
                      fmt::format("cannot read the event stream: one event is larger than {} bytes",
                                  most_bytes_));
  }
  keep_data();
  return {};
}

void SseReader::finish(const SseSink& sink) {
  if (event_bytes_ > most_bytes_) return;
  if (!line_.empty()) take_line(line_, false, sink);
  line_.clear();
  dispatch(sink);
}

bool SseReader::pending() const {
  return has_data_ || !event_.empty() || (!line_.empty() && !line_.starts_with(':'));
}

void SseReader::take_line(std::string_view line, bool in_piece, const SseSink& sink) {
  if (at_start_) {
    at_start_ = false;
    if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  }
  if (line.empty()) return dispatch(sink);
  const std::size_t colon = line.find(':');
  if (colon == 0) return;  // a comment
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    take_data(value, in_piece);
  } else if (field == "event") {
    event_ = value;
  } else if (field == "id") {
    if (!value.contains('\0')) id_ = value;
  } else if (field == "retry") {
    std::int64_t milliseconds = 0;
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    if (error == std::errc{} && end == value.data() + value.size() && milliseconds >= 0) {
      retry_ = std::chrono::milliseconds(milliseconds);
    }
  }
}

void SseReader::take_data(std::string_view value, bool in_piece) {
  if (!has_data_) {
    has_data_ = true;
    whole_ = value;
    if (!in_piece) keep_data();
    return;
  }
  keep_data();
  data_ += '\n';
  data_ += value;
}

void SseReader::keep_data() {
  if (!has_data_ || !whole_) return;
  data_ = *whole_;
  whole_.reset();
}

void SseReader::dispatch(const SseSink& sink) {
  event_bytes_ = 0;
  if (has_data_ && sink) sink({.event = event_, .data = whole_ ? *whole_ : data_, .id = id_});
  has_data_ = false;
  whole_.reset();
  data_.clear();
  event_.clear();
}

std::string format_sse(std::string_view data, std::string_view event) {
  std::string formatted;
  formatted.reserve(data.size() + event.size() + 20);
  if (!event.empty()) formatted.append("event: ").append(event).append("\n");
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = std::min(data.find_first_of("\r\n", begin), data.size());
    formatted.append("data: ").append(data.substr(begin, end - begin)).append("\n");
    if (end == data.size()) break;
    begin = end + (data.substr(end).starts_with("\r\n") ? 2 : 1);
  }
  return formatted += '\n';
}

}  // namespace ipw::net
