#include "ipw/models/vocabulary.h"

#include <fmt/format.h>

#include <array>
#include <exception>
#include <limits>

#include "llama.h"

namespace ipw::models {

Vocabulary::Vocabulary(const llama_vocab* vocab)
    : vocab_(vocab), size_(llama_vocab_n_tokens(vocab)) {}

core::Result<std::vector<Token>> Vocabulary::tokenize(std::string_view text, bool special) const {
  const auto refuse = [](std::string_view why) {
    return core::fail(core::ErrorCode::kUnsupported,
                      fmt::format("cannot turn the text into tokens: {} (use another conversion of "
                                  "the model)",
                                  why));
  };
  constexpr std::size_t kMostBytes = std::numeric_limits<std::int32_t>::max() / 2;
  if (text.size() > kMostBytes) return refuse("it is longer than the library takes");
  std::vector<Token> tokens(text.size() + 2);  // never more than one per byte, begin and end
  const auto convert = [&] {
    return llama_tokenize(vocab_, text.data(), static_cast<std::int32_t>(text.size()),
                          tokens.data(), static_cast<std::int32_t>(tokens.size()), special,
                          special);
  };
  try {
    std::int32_t count = convert();
    if (count < 0 && count != std::numeric_limits<std::int32_t>::min()) {
      tokens.resize(static_cast<std::size_t>(-count));
      count = convert();
    }
    if (count < 0) return refuse("the library gives no tokens for it");
    tokens.resize(static_cast<std::size_t>(count));
  } catch (const std::exception& error) {  // a byte that the vocabulary has no token for
    return refuse(error.what());
  }
  return tokens;
}

void Vocabulary::append_piece(Token token, std::string& out) const {
  std::array<char, 128> buffer{};
  const auto length = llama_token_to_piece(vocab_, token, buffer.data(),
                                           static_cast<std::int32_t>(buffer.size()), 0, false);
  if (length >= 0) {
    out.append(buffer.data(), static_cast<std::size_t>(length));
    return;
  }
  std::string longer(static_cast<std::size_t>(-length), '\0');
  llama_token_to_piece(vocab_, token, longer.data(), -length, 0, false);
  out += longer;
}

bool Vocabulary::ends_generation(Token token) const { return llama_vocab_is_eog(vocab_, token); }

std::string Vocabulary::spelled(Token token) const {
  const char* text = token == LLAMA_TOKEN_NULL ? nullptr : llama_vocab_get_text(vocab_, token);
  return text != nullptr ? text : "";
}
std::string Vocabulary::begin_text() const { return spelled(llama_vocab_bos(vocab_)); }
std::string Vocabulary::end_text() const { return spelled(llama_vocab_eos(vocab_)); }

}  // namespace ipw::models
