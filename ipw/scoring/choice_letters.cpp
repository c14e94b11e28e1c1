// Options are always shown as A, B, C: what looks like one of these is one, and the letters of an
// alphabet that has no such looks count by their place in it.
#include "ipw/scoring/choice_letters.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <optional>

#include "ipw/scoring/character.h"

namespace ipw::scoring {
namespace {

struct Letter {
  char32_t from;
  char to;
};

constexpr Letter kAlone[] = {
    // Cyrillic and Greek: by their looks, or where they look like none, by their place.
    {U'А', 'A'},
    {U'В', 'B'},
    {U'С', 'C'},
    {U'Е', 'E'},
    {U'Н', 'H'},
    {U'І', 'I'},
    {U'Ј', 'J'},
    {U'а', 'A'},
    {U'с', 'C'},
    {U'е', 'E'},
    {U'Б', 'B'},
    {U'б', 'B'},
    {U'Г', 'D'},
    {U'г', 'D'},
    {U'Д', 'E'},
    {U'д', 'E'},
    {U'Α', 'A'},
    {U'Β', 'B'},
    {U'Γ', 'C'},
    {U'Δ', 'D'},
    {U'Ε', 'E'},
    // Arabic, Hebrew, Bengali, Hindi, Thai, Korean, Chinese: by their place.
    {U'أ', 'A'},
    {U'ا', 'A'},
    {U'ب', 'B'},
    {U'ج', 'C'},
    {U'د', 'D'},
    {U'ه', 'E'},
    {U'א', 'A'},
    {U'ב', 'B'},
    {U'ג', 'C'},
    {U'ד', 'D'},
    {U'ה', 'E'},
    {U'ক', 'A'},
    {U'খ', 'B'},
    {U'গ', 'C'},
    {U'ঘ', 'D'},
    {U'क', 'A'},
    {U'ख', 'B'},
    {U'ग', 'C'},
    {U'घ', 'D'},
    {U'ก', 'A'},
    {U'ข', 'B'},
    {U'ค', 'C'},
    {U'ง', 'D'},
    {U'가', 'A'},
    {U'나', 'B'},
    {U'다', 'C'},
    {U'라', 'D'},
    {U'甲', 'A'},
    {U'乙', 'B'},
    {U'丙', 'C'},
    {U'丁', 'D'},
};

// Runs of letters in order, A to Z.
struct Run {
  char32_t first;
  char to;
};
constexpr Run kRuns[] = {{U'Ａ', 'A'},         {U'ａ', 'a'},         {U'Ⓐ', 'A'},
                         {U'ⓐ', 'a'},          {U'\U0001d400', 'A'}, {U'\U0001d41a', 'a'},
                         {U'\U0001d5a0', 'A'}, {U'\U0001d5d4', 'A'}, {U'\U0001d670', 'A'},
                         {U'\U0001f130', 'A'}, {U'\U0001f150', 'A'}, {U'\U0001f170', 'A'}};
constexpr Letter kMarks[] = {{U'（', '('}, {U'）', ')'}, {U'［', '['}, {U'］', ']'},
                             {U'：', ':'}, {U'．', '.'}, {U'＝', '='}};

std::optional<char> anywhere(char32_t c) {
  for (const Run& run : kRuns) {
    if (c >= run.first && c < run.first + 26) {
      return static_cast<char>(run.to + static_cast<int>(c - run.first));
    }
  }
  const auto* mark = std::ranges::find(kMarks, c, &Letter::from);
  return mark == std::end(kMarks) ? std::nullopt : std::optional(mark->to);
}

bool is_letter(char32_t c) {
  return u_isalnum(static_cast<UChar32>(c)) != 0 ||
         u_charType(static_cast<UChar32>(c)) == U_NON_SPACING_MARK ||
         u_charType(static_cast<UChar32>(c)) == U_COMBINING_SPACING_MARK;
}

// Nothing but the line's end or punctuation behind, and no letter before but those of a script that
// writes without spaces ("选甲").
bool stands_alone(std::string_view before, std::string_view behind) {
  const char32_t last = last_character(before).code;
  const bool joined =
      is_letter(last) && u_hasBinaryProperty(static_cast<UChar32>(last), UCHAR_IDEOGRAPHIC) == 0;
  if (joined) return false;
  while (behind.starts_with('*') || behind.starts_with('_')) behind.remove_prefix(1);
  if (behind.empty()) return true;
  const char32_t next = first_character(behind).code;
  return next == '\n' || next == '\r' || u_ispunct(static_cast<UChar32>(next)) != 0;
}

}  // namespace

std::string with_latin_letters(std::string_view text) {
  std::string latin;
  latin.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto [c, length] = first_character(text.substr(at));
    const std::string_view whole = text.substr(at, length);
    const auto letter = c < 0x80 ? std::nullopt : anywhere(c);
    const auto* alone = c < 0x80 ? std::end(kAlone) : std::ranges::find(kAlone, c, &Letter::from);
    if (letter) {
      latin += *letter;
    } else if (alone != std::end(kAlone) &&
               stands_alone(text.substr(0, at), text.substr(at + length))) {
      latin += alone->to;
    } else {
      latin += whole;
    }
    at += length;
  }
  return latin;
}

}  // namespace ipw::scoring
