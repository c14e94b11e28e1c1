// Without stop strings nothing is held back and a token costs one append and one call.

#include "ipw/models/text_stream.h"

#include <algorithm>
#include <utility>

namespace ipw::models {

TextStream::TextStream(std::vector<std::string> stop, const TokenSink& sink)
    : stop_(std::move(stop)), sink_(sink) {
  std::erase_if(stop_, [](const std::string& s) { return s.empty(); });
  for (const auto& s : stop_) longest_stop_ = std::max(longest_stop_, s.size());
}

bool TextStream::push(std::string_view piece, core::Instant at, std::optional<double> logprob) {
  const std::size_t begin = text_.size();
  text_ += piece;
  if (stop_.empty()) {
    if (sink_) sink_({at, piece, logprob});
    return false;
  }
  held_.push_back({at, begin, text_.size(), logprob});
  const std::size_t cut = find_stop(piece.size());
  if (cut == std::string::npos) {
    deliver(text_.size() - unsafe_suffix());
    return false;
  }
  text_.resize(cut);
  return true;
}

void TextStream::finish() {
  for (const Held& held : held_) {
    const std::size_t begin = std::min(held.begin, text_.size());
    const std::size_t end = std::min(held.end, text_.size());
    if (sink_) sink_({held.at, std::string_view(text_).substr(begin, end - begin), held.logprob});
  }
  held_.clear();
}

/// Where the earliest stop string begins that the last `added` bytes completed; npos: none.
std::size_t TextStream::find_stop(std::size_t added) const {
  const std::size_t reach = added + longest_stop_ - 1;
  const std::size_t from = text_.size() - std::min(text_.size(), reach);
  std::size_t earliest = std::string::npos;
  for (const auto& s : stop_) earliest = std::min(earliest, text_.find(s, from));
  return earliest;
}

/// Length of the longest end of the text that a stop string begins with.
std::size_t TextStream::unsafe_suffix() const {
  std::size_t longest = 0;
  for (const auto& s : stop_) {
    for (std::size_t n = std::min(s.size() - 1, text_.size()); n > longest; --n) {
      if (std::string_view(text_).ends_with(std::string_view(s).substr(0, n))) longest = n;
    }
  }
  return longest;
}

void TextStream::deliver(std::size_t safe) {
  const auto unsafe =
      std::ranges::find_if(held_, [safe](const Held& held) { return held.end > safe; });
  if (sink_) {
    for (auto held = held_.begin(); held != unsafe; ++held) {
      sink_({held->at, std::string_view(text_).substr(held->begin, held->end - held->begin),
             held->logprob});
    }
  }
  held_.erase(held_.begin(), unsafe);
}

namespace {

/// Bytes of the well-formed sequence that `bytes` begins with; 0: none.
std::size_t well_formed(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xC2   ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || bytes.size() < length) return 0;
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::string to_valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = well_formed(bytes);
    text += length > 0 ? bytes.substr(0, length) : std::string_view("\xEF\xBF\xBD");
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

}  // namespace ipw::models
