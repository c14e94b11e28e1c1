#pragma once
// The text of one generation as it grows: ends it before a stop string, and hands token events to
// the sink only once their text cannot become part of one any more.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/models/language_model.h"

namespace ipw::models {

/// One owner at a time.
class TextStream {
 public:
  /// `sink` may be empty; it must outlive the stream. Empty stop strings are ignored.
  TextStream(std::vector<std::string> stop, const TokenSink& sink);

  /// Adds a token. Each event passed to the sink keeps the time given here. True: a stop string is
  /// complete, the text is cut before it, and nothing may be added any more.
  [[nodiscard]] bool push(std::string_view piece, core::Instant at, std::optional<double> logprob);

  /// Passes on what was held back. Call once, at the end.
  void finish();

  /// All text, stop string excluded. Raw bytes: may hold broken UTF-8.
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  struct Held {
    core::Instant at;
    std::size_t begin;
    std::size_t end;
    std::optional<double> logprob;
  };
  [[nodiscard]] std::size_t find_stop(std::size_t added) const;
  [[nodiscard]] std::size_t unsafe_suffix() const;
  void deliver(std::size_t safe);

  std::vector<std::string> stop_;
  std::size_t longest_stop_ = 0;
  const TokenSink& sink_;
  std::string text_;
  std::vector<Held> held_;
};

/// `bytes` with every byte that is no part of well-formed UTF-8 (Unicode 15, table 3-7) replaced by
/// U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string_view bytes);

}  // namespace ipw::models
