#pragma once
// Bytes of a stream with one byte of look-ahead and a line count, for the readers that must never
// hold a whole file.

#include <cstddef>
#include <istream>
#include <memory>
#include <string>

namespace ipw::datasets {

/// A record longer than this is refused instead of filling the memory.
inline constexpr std::size_t kLongestRecord = std::size_t{256} << 20;

/// So is one with more values, in lists too: each takes more memory than its text.
inline constexpr std::size_t kMostValues = 2'000'000;

class ByteReader {
 public:
  static constexpr int kEnd = -1;

  /// Skips a UTF-8 byte order mark.
  explicit ByteReader(std::unique_ptr<std::istream> stream);

  /// The byte ahead, 0 to 255, or kEnd. Not consumed.
  [[nodiscard]] int peek() {
    if (position_ == size_ && !fill()) return kEnd;
    return static_cast<unsigned char>(buffer_[position_]);
  }

  /// Consumes and returns the byte ahead.
  int get() {
    const int byte = peek();
    if (byte != kEnd) ++position_;
    if (byte == '\n') ++line_;
    return byte;
  }

  /// Takes the rest of the line (without its end) into `line`; false at the end of the file, or
  /// when the line is longer than kLongestRecord, which `overlong()` then tells.
  bool read_line(std::string& line);

  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] bool overlong() const { return overlong_; }
  /// The stream failed for a reason other than its end.
  [[nodiscard]] bool broken() const { return stream_->bad(); }
  /// The stream begins like UTF-16, which no reader here understands.
  [[nodiscard]] bool utf16() const { return utf16_; }

 private:
  bool fill();

  std::unique_ptr<std::istream> stream_;
  std::string buffer_;
  std::size_t position_ = 0;
  std::size_t size_ = 0;
  std::size_t line_ = 1;
  bool overlong_ = false;
  bool utf16_ = false;
};

}  // namespace ipw::datasets
