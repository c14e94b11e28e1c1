#include "ipw/models/gguf_parts.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace ipw::models {
namespace {

constexpr std::string_view kOf = "-of-";
constexpr std::string_view kExtension = ".gguf";
constexpr std::size_t kDigits = 5;

// The number of exactly five digits that `text` ends in, which is cut off; absent: there is none.
std::optional<int> take_number(std::string_view& text) {
  if (text.size() < kDigits) return std::nullopt;
  const std::string_view digits = text.substr(text.size() - kDigits);
  int number = 0;
  const char* const begin = digits.data();
  const char* const end = begin + digits.size();
  if (std::from_chars(begin, end, number).ptr != end || number < 1) return std::nullopt;
  text.remove_suffix(kDigits);
  return number;
}

bool take_ending(std::string_view& text, std::string_view ending) {
  if (!text.ends_with(ending)) return false;
  text.remove_suffix(ending.size());
  return true;
}

}  // namespace

std::optional<GgufPart> gguf_part(const std::string& name) {
  std::string_view rest = name;
  if (!take_ending(rest, kExtension)) return std::nullopt;
  const auto count = take_number(rest);
  if (!count || !take_ending(rest, kOf)) return std::nullopt;
  const auto number = take_number(rest);
  if (!number || *number > *count || !take_ending(rest, "-") || rest.empty() ||
      rest.ends_with('/')) {
    return std::nullopt;
  }
  return GgufPart{.prefix = std::string(rest), .number = *number, .count = *count};
}

std::string gguf_part_name(const std::string& prefix, int number, int count) {
  return fmt::format("{}-{:05}-of-{:05}.gguf", prefix, number, count);
}

}  // namespace ipw::models
