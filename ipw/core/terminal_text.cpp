// See terminal_text.h. One pass over the code points; what is plain, which is nearly everything, is
// copied in stretches.
#include "ipw/core/terminal_text.h"

#include <cstdint>

namespace ipw::core {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 1;  // bytes
  bool valid = false;
};

struct Lead {
  std::size_t length = 0;  // 0: no byte that a sequence may begin with
  std::uint32_t bits = 0;
  std::uint32_t least = 0;  // of the sequence: shorter ones are overlong
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, byte, 0};
  if (byte >= 0xc2 && byte < 0xe0) return {2, byte & 0x1fU, 0x80};
  if (byte >= 0xe0 && byte < 0xf0) return {3, byte & 0x0fU, 0x800};
  if (byte >= 0xf0 && byte < 0xf5) return {4, byte & 0x07U, 0x10000};
  return {};
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

CodePoint code_point_at(std::string_view text, std::size_t at) {
  const Lead lead = lead_of(static_cast<unsigned char>(text[at]));
  if (lead.length == 0 || at + lead.length > text.size()) return {};
  std::uint32_t value = lead.bits;
  for (std::size_t k = 1; k < lead.length; ++k) {
    if (!continues(text[at + k])) return {};
    value = value << 6U | (static_cast<unsigned char>(text[at + k]) & 0x3fU);
  }
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  if (value < lead.least || value > 0x10ffff || surrogate) return {};
  return {value, lead.length, true};
}

bool is_obeyed(std::uint32_t c) {
  const bool control = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0);
  const bool direction = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return control || direction;
}

// `text` with `replace(code point)` for what a terminal obeys and for bytes that are no UTF-8.
template <class Replace>
std::string replaced(std::string_view text, const Replace& replace) {
  std::string result;
  result.reserve(text.size());
  std::size_t plain = 0;  // from here on nothing was copied yet
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (point.valid && !is_obeyed(point.value)) {
      at += point.length;
      continue;
    }
    result += text.substr(plain, at - plain);
    result += replace(point);
    at += point.length;
    plain = at;
  }
  return result += text.substr(plain);
}

std::string escaped(const CodePoint& point) {
  if (!point.valid) return std::string(kReplacement);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U}) text += kDigits[point.value >> shift & 15U];
  return text;
}

}  // namespace

std::string printable(std::string_view text) {
  return replaced(text, [](const CodePoint&) { return kReplacement; });
}

std::string printable_line(std::string_view text) {
  std::string line = printable(text);
  for (char& c : line) {
    if (c == '\t' || c == '\n') c = ' ';
  }
  return line;
}

std::string printable_json(std::string_view json) { return replaced(json, escaped); }

std::size_t cut_off_sequence(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const char byte = text[text.size() - back];
    if (continues(byte)) continue;
    return lead_of(static_cast<unsigned char>(byte)).length > back ? back : 0;
  }
  return 0;
}

}  // namespace ipw::core
