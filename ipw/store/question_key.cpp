// Hexadecimal to bytes and back.
#include "ipw/store/question_key.h"

namespace ipw::store {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<QuestionKey> question_key(std::string_view id) {
  QuestionKey key{};
  if (id.size() != 2 * key.size()) return std::nullopt;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const int high = digit(id[2 * i]);
    const int low = digit(id[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    key[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return key;
}

std::string question_id(const QuestionKey& key) {
  std::string id;
  id.reserve(2 * key.size());
  for (const std::uint8_t byte : key) {
    id.push_back(kDigits[byte >> 4]);
    id.push_back(kDigits[byte & 15]);
  }
  return id;
}

}  // namespace ipw::store
