#pragma once
// Text to tokens and back, for one loaded model.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"

struct llama_vocab;

namespace ipw::models {

/// llama.cpp's llama_token.
using Token = std::int32_t;

/// Does not own the vocabulary. Thread-safe.
class Vocabulary {
 public:
  explicit Vocabulary(const llama_vocab* vocab);

  /// `special`: control tokens written in `text` become themselves, and the model's begin token is
  /// added where the model wants one. Otherwise `text` is only text.
  /// kUnsupported where the vocabulary cannot spell it: no answer of the model's.
  [[nodiscard]] core::Result<std::vector<Token>> tokenize(std::string_view text,
                                                          bool special) const;

  /// Appends the token's bytes to `out`; control tokens have none.
  void append_piece(Token token, std::string& out) const;

  [[nodiscard]] bool ends_generation(Token token) const;
  [[nodiscard]] std::int32_t size() const { return size_; }

  /// How the begin and end tokens are written; empty where there is none.
  [[nodiscard]] std::string begin_text() const;
  [[nodiscard]] std::string end_text() const;

 private:
  [[nodiscard]] std::string spelled(Token token) const;

  const llama_vocab* vocab_;
  std::int32_t size_;
};

}  // namespace ipw::models
