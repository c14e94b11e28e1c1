// Short scale, as English and all data sets have it; words of other languages by their own.
#include "ipw/scoring/magnitude.h"

#include <unicode/uchar.h>

#include <algorithm>

#include "ipw/scoring/character.h"

namespace ipw::scoring {
namespace {

struct Word {
  std::string_view word;  // lower case
  int exponent;
};

constexpr Word kWords[] = {
    {"hundred", 2},   {"thousand", 3},   {"thousands", 3},  {"million", 6},    {"millions", 6},
    {"billion", 9},   {"billions", 9},   {"trillion", 12},  {"trillions", 12}, {"quadrillion", 15},
    {"lakh", 5},      {"lakhs", 5},      {"lac", 5},        {"crore", 7},      {"crores", 7},
    {"mn", 6},        {"mln", 6},        {"mio", 6},        {"bn", 9},         {"bln", 9},
    {"mrd", 9},       {"tn", 12},        {"trn", 12},       {"tausend", 3},    {"millionen", 6},
    {"milliarde", 9}, {"milliarden", 9}, {"billionen", 12}, {"milliard", 9},   {"milliards", 9},
    {"millón", 6},    {"millones", 6},   {"milhão", 6},     {"milhões", 6},    {"milione", 6},
    {"milioni", 6},   {"miliardo", 9},   {"miliardi", 9},   {"тыс", 3},        {"тысяча", 3},
    {"тысячи", 3},    {"тысяч", 3},      {"млн", 6},        {"миллион", 6},    {"миллиона", 6},
    {"миллионов", 6}, {"млрд", 9},       {"миллиард", 9},   {"миллиарда", 9},  {"миллиардов", 9},
    {"हज़ार", 3},      {"हजार", 3},       {"लाख", 5},        {"करोड़", 7},       {"ألف", 3},
    {"آلاف", 3},      {"مليون", 6},      {"ملايين", 6},     {"مليار", 9},
};

// Written without blanks and without an end. The longer first.
constexpr Word kCharacters[] = {{"百万", 6}, {"千万", 7}, {"百", 2}, {"千", 3},
                                {"万", 4},   {"萬", 4},   {"亿", 8}, {"億", 8},
                                {"兆", 12},  {"천", 3},   {"만", 4}, {"억", 8}};

struct Letters {
  std::string_view letters;
  int exponent;
  bool money_only;  // elsewhere a unit: metre, tonne, tesla, bit
};
constexpr Letters kLetters[] = {
    {"bn", 9, false}, {"Bn", 9, false}, {"BN", 9, false}, {"mn", 6, false}, {"mm", 6, true},
    {"MM", 6, true},  {"k", 3, false},  {"K", 3, false},  {"M", 6, false},  {"B", 9, false},
    {"m", 6, true},   {"b", 9, true},   {"t", 12, true},  {"T", 12, true},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// A letter, a digit or a power: the word is a longer one, or a unit.
bool goes_on(std::string_view rest) {
  if (rest.empty()) return false;
  const char32_t c = first_character(rest).code;
  return c == '_' || c == '^' || u_isalnum(static_cast<UChar32>(c)) != 0;
}

bool begins_word(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}

// Blanks and markup between a number and a word of its own.
std::size_t gap_before_word(std::string_view rest) {
  constexpr std::string_view kGap = " \x01{}$*_-";
  constexpr std::size_t kMost = 6;
  return std::min({rest.find_first_not_of(kGap), rest.size(), kMost});
}

template <std::size_t N>
const Word* word_at(const Word (&words)[N], std::string_view rest, bool needs_end) {
  const auto* row = std::ranges::find_if(words, [&](const Word& word) {
    if (rest.size() < word.word.size()) return false;
    const std::string_view begin = rest.substr(0, word.word.size());
    return std::ranges::equal(begin, word.word, {}, lower) &&
           (!needs_end || !goes_on(rest.substr(word.word.size())));
  });
  return row == std::end(words) ? nullptr : row;
}

Magnitude letters_at(std::string_view rest, bool money) {
  const bool blank = rest.starts_with(' ') || rest.starts_with('\x01');
  if (blank && !money) return {};
  const std::size_t before = blank || rest.starts_with('{') ? 1 : 0;  // "60{k}"
  const std::string_view letters = rest.substr(before);
  for (const Letters& row : kLetters) {
    if ((row.money_only && !money) || !letters.starts_with(row.letters)) continue;
    if (goes_on(letters.substr(row.letters.size()))) continue;
    return {row.exponent, before + row.letters.size()};
  }
  return {};
}

Magnitude word_at(std::string_view rest) {
  const std::size_t gap = gap_before_word(rest);
  const std::string_view word = rest.substr(gap);
  if (word.empty() || !begins_word(word[0])) return {};
  if (const Word* row = word_at(kWords, word, true)) return {row->exponent, gap + row->word.size()};
  if (gap > 1) return {};
  if (const Word* row = word_at(kCharacters, word, false)) {
    return {row->exponent, gap + row->word.size()};
  }
  return {};
}

}  // namespace

Magnitude magnitude_at(std::string_view rest, bool money) {
  Magnitude all = letters_at(rest, money);
  if (all.exponent > 0) return all;
  constexpr int kMostWords = 3;  // "hundred thousand", "thousand million"
  for (int i = 0; i < kMostWords; ++i) {
    const Magnitude next = word_at(rest.substr(all.length));
    if (next.exponent == 0) break;
    all.exponent += next.exponent;
    all.length += next.length;
  }
  return all;
}

}  // namespace ipw::scoring
