// By hand: a scanner that looks at one character cannot pay for the conversion of a string.
#include "ipw/scoring/character.h"

#include <algorithm>

namespace ipw::scoring {
namespace {

constexpr char32_t kReplacement = 0xfffd;

unsigned byte(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}
bool continues(unsigned byte) { return (byte & 0xc0U) == 0x80U; }

// By the lead byte; 0 for what is none.
std::size_t length_of(unsigned lead) {
  if (lead < 0x80U) return 1;
  if (lead >= 0xc2U && lead <= 0xdfU) return 2;
  if (lead >= 0xe0U && lead <= 0xefU) return 3;
  return lead >= 0xf0U && lead <= 0xf4U ? 4 : 0;
}

}  // namespace

Character first_character(std::string_view text) {
  if (text.empty()) return {};
  const unsigned lead = byte(text, 0);
  const std::size_t length = length_of(lead);
  if (length == 1) return {lead, 1};
  if (length == 0 || length > text.size()) return {kReplacement, 1};
  char32_t code = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(byte(text, i))) return {kReplacement, 1};
    code = (code << 6U) | (byte(text, i) & 0x3fU);
  }
  const bool sound = code <= 0x10ffffU && (code < 0xd800U || code > 0xdfffU) &&
                     (length != 3 || code >= 0x800U) && (length != 4 || code >= 0x10000U);
  return sound ? Character{code, length} : Character{kReplacement, 1};
}

Character last_character(std::string_view text) {
  if (text.empty()) return {};
  for (std::size_t length = 1; length <= std::min<std::size_t>(4, text.size()); ++length) {
    const std::string_view end = text.substr(text.size() - length);
    if (continues(byte(end, 0))) continue;
    const Character character = first_character(end);
    return character.length == length ? character : Character{kReplacement, 1};
  }
  return {kReplacement, 1};
}

}  // namespace ipw::scoring
