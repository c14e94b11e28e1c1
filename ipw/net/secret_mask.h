#pragma once
// Keeps secrets out of what a server's words end up in. Servers repeat what they were sent: in
// error messages, in echoes, in answers of models, and not always as it was written. Whatever a
// server said passes through here before it is cut, shown or stored: what is cut first leaves a
// piece of a key that no search for the whole key finds.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::net {

/// Immutable and cheap to copy; thread-safe.
class SecretMask {
 public:
  /// Masks nothing.
  SecretMask() = default;
  /// Secrets of fewer than 8 bytes are left out: they are placeholders ("EMPTY", "ollama"), and
  /// words of answers.
  explicit SecretMask(const std::vector<std::string>& secrets);

  /// `text` with "***" for every secret, plain, in small or capital letters, as base64 (of either
  /// alphabet, at any place of what was encoded) or hex, and all of these also where they are
  /// written with escapes: %XX, \\uXXXX, \\xXX, &#NN;, one within the other. Pieces are masked as
  /// well: of 8 bytes where they have letters and digits, else of 16; of base64 12, of hex 16.
  /// Linear in the length of `text`.
  [[nodiscard]] std::string operator()(std::string text) const;

 private:
  struct Patterns;
  std::shared_ptr<const Patterns> patterns_;
};

}  // namespace ipw::net
