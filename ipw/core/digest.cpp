// SHA-256 through OpenSSL's EVP interface; the only file that sees it.
#include "ipw/core/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <span>

namespace ipw::core {

namespace {

std::string hexadecimal(std::span<const unsigned char> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

void Sha256::update_field(std::string_view bytes) {
  std::array<char, 8> length{};
  for (std::size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<char>((static_cast<std::uint64_t>(bytes.size()) >> (8 * i)) & 0xff);
  }
  update({length.data(), length.size()});
  update(bytes);
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  return hexadecimal({digest.data(), size});
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), code.data(), &size);
  return hexadecimal({code.data(), size});
}

namespace {

Result<void> add_file(Sha256& digest, const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int reason = errno;
    return fail(reason == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kNotFound,
                "cannot read " + path.string() + ": " + std::strerror(reason));
  }
  std::string block(std::size_t{1} << 16, '\0');
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    digest.update({block.data(), static_cast<std::size_t>(file.gcount())});
  }
  if (file.bad()) {
    return fail(ErrorCode::kUnavailable,
                "reading " + path.string() + " broke off (check the disk)");
  }
  return {};
}

}  // namespace

Result<std::string> sha256_of_file(const std::filesystem::path& path) {
  return sha256_of_files({&path, 1});
}

Result<std::string> sha256_of_files(std::span<const std::filesystem::path> paths) {
  Sha256 digest;
  for (const std::filesystem::path& path : paths) IPW_CHECK(add_file(digest, path));
  return digest.hex();
}

}  // namespace ipw::core
