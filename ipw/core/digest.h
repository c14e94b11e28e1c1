#pragma once
// Content hashes: names that do not change when a file is shuffled, sampled or moved.

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ipw/core/result.h"

namespace ipw::core {

/// SHA-256 of a stream of bytes (FIPS 180-4, by OpenSSL). Not thread-safe; cheap to make.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  /// Adds the length and then the bytes, so that ("ab","c") and ("a","bc") differ.
  void update_field(std::string_view bytes);
  /// 64 lower-case hexadecimal characters. Call once.
  [[nodiscard]] std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of a whole file, read in blocks. kNotFound or kPermissionDenied where it cannot be read.
[[nodiscard]] Result<std::string> sha256_of_file(const std::filesystem::path& path);

/// The same of several files as if they were one: the digest of their bytes one after another.
[[nodiscard]] Result<std::string> sha256_of_files(std::span<const std::filesystem::path> paths);

/// HMAC of `message` with SHA-256 (RFC 2104): who does not know `key` cannot make it. 64 lower-case
/// hexadecimal characters.
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view message);

}  // namespace ipw::core
