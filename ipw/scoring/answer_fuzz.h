#pragma once
// Answers for fuzzers: bytes as they are, and, since no mutation of bytes hits "\frac{" often,
// bytes read as a list of the words that answers are made of.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ipw::scoring {

/// Bytes below the number of words name one each; others stand for themselves.
inline std::string words_of(std::span<const std::uint8_t> bytes,
                            std::span<const std::string_view> words) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    if (byte < words.size()) {
      text += words[byte];
    } else {
      text.push_back(static_cast<char>(byte));
    }
  }
  return text;
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace ipw::scoring
