// Normal forms by ICU, which knows the case, classes and compositions of all of Unicode.
#include "ipw/scoring/answer_text.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>

namespace ipw::scoring {
namespace {

constexpr std::string_view kArticles[] = {"a", "an", "the"};

icu::UnicodeString folded(std::string_view text) {
  icu::UnicodeString unicode = icu::UnicodeString::fromUTF8(text.substr(0, std::size_t{1} << 28));
  unicode.foldCase();
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) return unicode;
  icu::UnicodeString composed = nfc->normalize(unicode, status);
  return U_FAILURE(status) ? unicode : composed;
}

bool is_apostrophe(UChar32 c) { return c == '\'' || c == 0x2019 || c == 0x02bc; }
bool is_dash(UChar32 c) { return c == '-' || c == 0x2212 || c == 0x2010 || c == 0x2011; }

bool changes_meaning(UChar32 c) {
  return c == '#' || c == '%' || c == '&' || c == '@' || c == '/' || c == '\\';
}

// What a character becomes: itself, a space, or nothing (0).
UChar32 plain(const icu::UnicodeString& text, std::int32_t at, UChar32 c) {
  const UChar32 before = at > 0 ? text.char32At(at - 1) : ' ';
  const std::int32_t behind = text.moveIndex32(at, 1);
  const UChar32 after = behind < text.length() ? text.char32At(behind) : ' ';
  const auto type = u_charType(c);
  if (u_isUWhiteSpace(c) || c == '`') return ' ';
  if (type == U_FORMAT_CHAR || type == U_CONTROL_CHAR || is_apostrophe(c)) return 0;
  if (is_dash(c)) return u_isdigit(after) && !u_isalnum(before) ? '-' : ' ';
  if (c == '.' || c == ',') {
    const bool inside = u_isdigit(after) && (u_isdigit(before) || c == '.');
    return inside ? c : ' ';
  }
  return u_ispunct(c) && !changes_meaning(c) ? ' ' : c;
}

// Words in order, one space between.
std::string without_articles(std::string_view text) {
  std::string result;
  std::string everything;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const auto add = [&](std::string& to) {
      if (!to.empty()) to += ' ';
      to += word;
    };
    add(everything);
    if (std::ranges::find(kArticles, word) == std::end(kArticles)) add(result);
  }
  return result.empty() ? everything : result;
}

// Scripts written without spaces have no word ends to respect.
bool joins(UChar32 left, UChar32 right) {
  const auto spaceless = [](UChar32 c) {
    return u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC) || (c >= 0x3040 && c <= 0x30ff) ||
           (c >= 0x0e00 && c <= 0x0eff);
  };
  return u_isalnum(left) && u_isalnum(right) && !spaceless(left) && !spaceless(right);
}

UChar32 last_character(std::string_view text) {
  const std::size_t length = std::min<std::size_t>(4, text.size());
  std::size_t start = text.size() - length;
  while (start + 1 < text.size() && (static_cast<unsigned char>(text[start]) & 0xc0) == 0x80) {
    ++start;
  }
  const auto tail = icu::UnicodeString::fromUTF8(text.substr(start));
  return tail.isEmpty() ? ' ' : tail.char32At(tail.length() - 1);
}

UChar32 first_character(std::string_view text) {
  const auto head = icu::UnicodeString::fromUTF8(text.substr(0, 4));
  return head.isEmpty() ? ' ' : head.char32At(0);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t start = text.find_first_not_of(kSpace);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kSpace) - start + 1);
}

std::string shown(std::string_view text, std::size_t most) {
  text = trimmed(text);
  const bool cut = text.size() > most;
  std::size_t length = std::min(most, text.size());
  while (cut && length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  std::string line;
  icu::UnicodeString::fromUTF8(text.substr(0, length)).toUTF8String(line);
  for (char& c : line) c = static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return cut ? line + "…" : line;
}

std::string normalized(std::string_view text) {
  const icu::UnicodeString source = folded(text);
  icu::UnicodeString result;
  for (std::int32_t at = 0; at < source.length(); at = source.moveIndex32(at, 1)) {
    const UChar32 c = plain(source, at, source.char32At(at));
    if (c != 0) result.append(c);
  }
  std::string utf8;
  result.toUTF8String(utf8);
  return without_articles(utf8);
}

bool holds_words(std::string_view whole, std::string_view part) {
  if (part.empty()) return false;
  for (std::size_t at = whole.find(part); at != std::string_view::npos;
       at = whole.find(part, at + 1)) {
    const std::size_t end = at + part.size();
    const bool starts =
        at == 0 || !joins(last_character(whole.substr(0, at)), first_character(part));
    const bool ends =
        end == whole.size() || !joins(last_character(part), first_character(whole.substr(end)));
    if (starts && ends) return true;
  }
  return false;
}

}  // namespace ipw::scoring
