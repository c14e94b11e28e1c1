#pragma once
// For fuzzers that change what is sound: the bytes of an input, taken one decision after the other.

#include <cstddef>
#include <cstdint>
#include <string>

namespace ipw::store {

class FuzzBytes {
 public:
  FuzzBytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  [[nodiscard]] bool left() const { return at_ < size_; }
  /// 0 where none is left.
  std::uint8_t byte() { return left() ? data_[at_++] : std::uint8_t{0}; }
  std::int64_t number() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8U | byte();
    return static_cast<std::int64_t>(value);
  }
  /// Up to 255 bytes.
  std::string text() {
    std::string text;
    for (int length = byte(); length > 0; --length) text.push_back(static_cast<char>(byte()));
    return text;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

}  // namespace ipw::store
