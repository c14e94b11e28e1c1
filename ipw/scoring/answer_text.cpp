// Normal forms by ICU, which knows the case, classes and compositions of all of Unicode.
#include "ipw/scoring/answer_text.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "ipw/scoring/character.h"

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
bool is_space(UChar32 c) { return u_isUWhiteSpace(c) != 0; }

// Minus signs and the hyphen, which may stand before anything; dashes of text, before numbers only.
constexpr UChar32 kMinus[] = {'-', 0x2212, 0xfe63, 0xff0d, 0x2796};
constexpr UChar32 kDashes[] = {0x2010, 0x2011, 0x2012, 0x2013};
bool is_minus(UChar32 c) { return std::ranges::find(kMinus, c) != std::end(kMinus); }
bool is_dash(UChar32 c) {
  return is_minus(c) || std::ranges::find(kDashes, c) != std::end(kDashes);
}

bool opens(UChar32 c) { return c == '(' || c == '[' || c == '{'; }
bool closes(UChar32 c) { return c == ')' || c == ']' || c == '}'; }

bool changes_meaning(UChar32 c) {
  return c == '#' || c == '%' || c == '&' || c == '@' || c == '/' || c == '\\';
}

// ASCII for digits of all scripts and for the marks that stand within numbers.
UChar32 western(UChar32 c) {
  if (c < 0x80) return c;
  if (u_charType(c) == U_DECIMAL_DIGIT_NUMBER) return '0' + u_charDigitValue(c);
  constexpr std::pair<UChar32, char> kMarks[] = {{0x066a, '%'}, {0x066b, '.'}, {0x066c, ','}};
  const auto* mark = std::ranges::find(kMarks, c, &std::pair<UChar32, char>::first);
  return mark == std::end(kMarks) ? c : static_cast<UChar32>(mark->second);
}

/// A place in a text, with what stands around it; a space beyond the ends.
class Place {
 public:
  Place(const icu::UnicodeString& text, std::int32_t at) : text_(text), at_(at) {}

  [[nodiscard]] UChar32 here() const { return at(at_); }
  [[nodiscard]] UChar32 before() const { return at_ > 0 ? at(text_.moveIndex32(at_, -1)) : ' '; }
  [[nodiscard]] UChar32 after(std::int32_t characters = 1) const {
    const std::int32_t place = text_.moveIndex32(at_, characters);
    return place < text_.length() ? at(place) : ' ';
  }
  /// The next character that is no space: whether there is one on this line, and where.
  [[nodiscard]] std::optional<Place> next_on_line() const {
    constexpr std::int32_t kMost = 8;
    std::int32_t place = text_.moveIndex32(at_, 1);
    for (std::int32_t n = 0; n < kMost && place < text_.length(); ++n) {
      if (at(place) == '\n') return std::nullopt;
      if (!is_space(at(place))) return Place(text_, place);
      place = text_.moveIndex32(place, 1);
    }
    return std::nullopt;
  }
  /// Nothing but space before, and one line only: no list with dashes as bullets.
  [[nodiscard]] bool begins_only_line() const {
    for (std::int32_t i = 0; i < at_; ++i) {
      if (!is_space(at(i))) return false;
    }
    return text_.indexOf(u'\n', at_) < 0;
  }

 private:
  [[nodiscard]] UChar32 at(std::int32_t place) const { return western(text_.char32At(place)); }

  const icu::UnicodeString& text_;
  std::int32_t at_;
};

bool begins_number(const Place& place) {
  const UChar32 c = place.here();
  if (c == '.' || c == ',') return u_isdigit(place.after()) != 0;
  return u_isdigit(c) || c == '\\' || c == '(' || u_charType(c) == U_CURRENCY_SYMBOL;
}

bool begins_value(const Place& place) {
  const UChar32 c = place.here();
  return begins_number(place) || u_isalnum(c) || opens(c) || u_charType(c) == U_MATH_SYMBOL;
}

// A minus, and not a hyphen, a bullet or a dash: what it belongs to follows, and nothing that it
// could be subtracted from stands before.
bool is_sign(const Place& place) {
  const UChar32 dash = place.here();
  const UChar32 before = place.before();
  if (u_isalnum(before) || closes(before) || before == '%' || is_dash(before)) return false;
  const auto next = place.next_on_line();
  if (!next || is_dash(next->here())) return false;
  if (!is_space(place.after())) return is_minus(dash) ? begins_value(*next) : begins_number(*next);
  if (!place.begins_only_line() && !opens(before) && before != '=') return false;
  return dash == 0x2212 ? begins_value(*next) : begins_number(*next);
}

// What a character becomes: itself, a space, or nothing (0).
UChar32 plain(const Place& place) {
  const UChar32 c = place.here();
  const auto type = u_charType(c);
  if (is_space(c) || c == '`') return ' ';
  if (type == U_FORMAT_CHAR || type == U_CONTROL_CHAR || is_apostrophe(c)) return 0;
  if (is_dash(c)) return is_sign(place) ? '-' : ' ';
  if (c == '.' || c == ',') {
    const bool inside = u_isdigit(place.after()) && (u_isdigit(place.before()) || c == '.');
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

UChar32 code(const Character& character) { return static_cast<UChar32>(character.code); }

// Scripts written without spaces have no word ends to respect.
bool joins(UChar32 left, UChar32 right) {
  const auto spaceless = [](UChar32 c) {
    return u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC) || (c >= 0x3040 && c <= 0x30ff) ||
           (c >= 0x0e00 && c <= 0x0eff);
  };
  return u_isalnum(left) && u_isalnum(right) && !spaceless(left) && !spaceless(right);
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
  bool signed_value = false;  // a minus waits for its value: "- (3)" is "-3"
  for (std::int32_t at = 0; at < source.length(); at = source.moveIndex32(at, 1)) {
    const UChar32 c = plain(Place(source, at));
    if (c == 0 || (c == ' ' && signed_value)) continue;
    result.append(c);
    signed_value = c == '-';
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
        at == 0 || !joins(code(last_character(whole.substr(0, at))), code(first_character(part)));
    const bool ends = end == whole.size() ||
                      !joins(code(last_character(part)), code(first_character(whole.substr(end))));
    if (starts && ends) return true;
  }
  return false;
}

}  // namespace ipw::scoring
