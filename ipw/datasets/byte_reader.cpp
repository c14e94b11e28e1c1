// Buffered bytes: blocks of 64 KiB, lines found by memchr.
#include "ipw/datasets/byte_reader.h"

#include <cstring>
#include <string_view>
#include <utility>

namespace ipw::datasets {
namespace {
constexpr std::size_t kBlock = std::size_t{64} << 10;
}

ByteReader::ByteReader(std::unique_ptr<std::istream> stream)
    : stream_(std::move(stream)), buffer_(kBlock, '\0') {
  fill();
  const std::string_view start(buffer_.data(), size_);
  utf16_ = start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff");
  if (start.starts_with("\xef\xbb\xbf")) position_ = 3;
}

bool ByteReader::fill() {
  stream_->read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  position_ = 0;
  size_ = static_cast<std::size_t>(stream_->gcount());
  return size_ > 0;
}

bool ByteReader::read_line(std::string& line) {
  line.clear();
  if (peek() == kEnd) return false;
  while (peek() != kEnd) {
    const char* start = buffer_.data() + position_;
    const std::size_t left = size_ - position_;
    const auto* end = static_cast<const char*>(std::memchr(start, '\n', left));
    const std::size_t length = end == nullptr ? left : static_cast<std::size_t>(end - start);
    overlong_ = line.size() + length > kLongestRecord;
    if (overlong_) return false;
    line.append(start, length);
    position_ += length;
    if (end != nullptr) {
      get();
      break;
    }
  }
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

}  // namespace ipw::datasets
