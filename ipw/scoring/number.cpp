// A scanner for numbers. By hand rather than by regular expressions, because what stands before and
// after decides: "16-3" has no minus three, "H2O" no two, "1.2.3" no number at all.
#include "ipw/scoring/number.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "ipw/scoring/character.h"
#include "ipw/scoring/digits.h"
#include "ipw/scoring/formula.h"
#include "ipw/scoring/magnitude.h"
#include "ipw/scoring/unit.h"

namespace ipw::scoring {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_ascii_word(char c) { return is_ascii_letter(c) || c == '_'; }
bool is_letter(char c) { return is_ascii_letter(c) || static_cast<unsigned char>(c) >= 0x80; }
bool is_blank(char c) { return c == ' ' || c == kNarrowSpace; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The longer before what ends it.
constexpr std::string_view kCurrencies[] = {
    "US$", "HK$", "NZ$", "A$",  "C$",  "R$",  "S$",  "$",   "€",   "£",   "¥",
    "₹",   "₩",   "₽",   "₺",   "₦",   "₫",   "₪",   "₱",   "฿",   "₴",   "Rs.",
    "Rs",  "USD", "EUR", "GBP", "INR", "JPY", "CNY", "CHF", "CAD", "AUD", "RMB",
};

// Words for a minus. A "minus" between two numbers subtracts, a "negative" never does.
struct MinusWord {
  std::string_view word;
  bool subtracts;
};
constexpr MinusWord kMinusWords[] = {
    {"negative", false}, {"minus", true},    {"moins", true}, {"menos", true},   {"meno", true},
    {"negativo", false}, {"négatif", false}, {"минус", true}, {"负", false},     {"負", false},
    {"マイナス", true},  {"سالب", false},    {"ऋण", false},   {"ऋणात्मक", false},
};

// What announces a value, so that a minus apart from its number is one: "= - 3", "is - 3".
constexpr std::string_view kAnnouncers[] = {"is",  "be",  "equals", "are", "was", "get", "gives",
                                            "ist", "est", "es",     "是",  "为",  "=",   ":",
                                            "#",   "(",   "{",      "[",   "$",   "**",  ">"};

bool ends_with_word(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  const std::string_view end = text.substr(text.size() - word.size());
  if (!std::ranges::equal(end, word, {}, lower)) return false;
  const std::size_t before = text.size() - word.size();
  return !is_ascii_letter(word[0]) || before == 0 || !is_ascii_word(text[before - 1]);
}

// A cursor over the digits of one number; every take_ moves on only if it finds its part.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text), formulas_(text) {}

  [[nodiscard]] std::vector<Number> all() {
    std::vector<Number> found;
    while (at_ < text_.size()) {
      const std::size_t start = at_;
      std::optional<Number> number;
      if (starts_number()) {
        number = take_number();
      } else if (formulas_.starts_at(at_)) {
        number = take_formula(formula_begin(), at_ + 1);
      } else {
        ++at_;
      }
      if (number && number->begin >= last_end_) {
        last_end_ = number->end;
        found.push_back(std::move(*number));
      }
      at_ = std::max(at_, start + 1);
    }
    return found;
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] std::string_view rest() const { return text_.substr(std::min(at_, text_.size())); }

  [[nodiscard]] bool starts_number() const {
    return is_digit(peek()) || (peek() == '.' && is_digit(peek(1)) &&
                                (at_ == 0 || (!is_digit(text_[at_ - 1]) && text_[at_ - 1] != '.')));
  }

  // The sign and currency that stand before `start`.
  struct Front {
    std::size_t begin = 0;
    bool negative = false;
    bool money = false;
    bool inside_word = false;
  };

  [[nodiscard]] Front look_back(std::size_t start) const {
    Front front{.begin = start};
    take_currency(front);
    if (!take_sign(front) && !take_minus_in_brackets(front)) take_minus_apart(front);
    if (front.begin < start) take_currency(front);
    const char before = front.begin > 0 ? text_[front.begin - 1] : ' ';
    front.inside_word = front.begin == start && (is_ascii_word(before) || is_accented(front.begin));
    return front;
  }

  void take_currency(Front& front) const {
    const std::size_t end = blanks_before(front.begin);
    const char last = end > 0 ? text_[end - 1] : ' ';
    if (!is_letter(last) && last != '$' && last != '.') return;
    for (const std::string_view currency : kCurrencies) {
      const std::string_view before = text_.substr(0, end);
      if (!before.ends_with(currency)) continue;
      const bool letters = is_ascii_letter(currency[0]);
      const std::size_t begin = end - currency.size();
      if (letters && begin > 0 && is_ascii_word(text_[begin - 1])) continue;
      if (end < front.begin && currency == "$") continue;  // the end of "$5$ 18"
      front.begin = begin;
      front.money = currency != "$" || !closes_math(end);
      return;
    }
  }

  // "$18 m$": the dollar before `begin` opens mathematics, which another one ends.
  [[nodiscard]] bool closes_math(std::size_t begin) const {
    constexpr std::size_t kMost = 40;
    const std::string_view near = text_.substr(begin, kMost);
    const std::size_t next = near.find_first_of("$\n");
    if (next == std::string_view::npos || next == 0 || near[next] != '$') return false;
    const bool opens = next + 1 < near.size() && is_digit(near[next + 1]);
    return near[next - 1] != ' ' && !opens;
  }

  [[nodiscard]] std::size_t blanks_before(std::size_t end) const {
    for (int i = 0; i < 3 && end > 0 && is_blank(text_[end - 1]); ++i) --end;
    return end;
  }

  // Whether what ends before `end` can be subtracted from.
  [[nodiscard]] bool is_operand(std::size_t end) const {
    const char before = end > 0 ? text_[end - 1] : ' ';
    if (static_cast<unsigned char>(before) >= 0x80) return is_alphabetic(end);
    return is_digit(before) || is_ascii_word(before) || before == ')' || before == '%' ||
           before == '-' || before == ']' || before == '}';
  }

  // A letter of a script that writes with spaces: "é-3" subtracts, "是-3" does not.
  [[nodiscard]] bool is_alphabetic(std::size_t end) const {
    constexpr char32_t kFirstBeyond = 0x0590;  // Latin, Greek, Cyrillic, Armenian come before
    const char32_t c = last_character(text_.substr(0, end)).code;
    return c < kFirstBeyond && u_isalpha(static_cast<UChar32>(c)) != 0;
  }

  bool take_sign(Front& front) const {
    const char sign = front.begin > 0 ? text_[front.begin - 1] : ' ';
    if ((sign != '-' && sign != '+') || is_operand(front.begin - 1)) return false;
    --front.begin;
    front.negative = sign == '-';
    return true;
  }

  // -(3)
  bool take_minus_in_brackets(Front& front) const {
    const std::size_t bracket = front.begin;
    if (bracket < 2 || (text_[bracket - 1] != '(' && text_[bracket - 1] != '{')) return false;
    if (text_[bracket - 2] != '-' || is_operand(bracket - 2)) return false;
    front.begin = bracket - 2;
    front.negative = true;
    return true;
  }

  // "negative 3", "= - 3".
  void take_minus_apart(Front& front) const {
    const std::size_t end = blanks_before(front.begin);
    const std::string_view before = text_.substr(0, end);
    if (end == 0 || (!is_letter(before.back()) && before.back() != '-')) return;
    for (const MinusWord& minus : kMinusWords) {
      if (!ends_with_word(before, minus.word)) continue;
      const std::size_t begin = end - minus.word.size();
      if (minus.subtracts && subtracts_from(blanks_before(begin))) return;
      front.begin = begin;
      front.negative = true;
      return;
    }
    if (end == front.begin || !before.ends_with('-')) return;
    const std::size_t apart = blanks_before(end - 1);
    if (!announces(text_.substr(0, apart)) && !is_whole_line(end - 1)) return;
    front.begin = end - 1;
    front.negative = true;
  }

  [[nodiscard]] bool subtracts_from(std::size_t end) const {
    const char before = end > 0 ? text_[end - 1] : ' ';
    return is_digit(before) || before == ')' || before == '%' || before == '}';
  }

  [[nodiscard]] static bool announces(std::string_view before) {
    return std::ranges::any_of(kAnnouncers,
                               [&](std::string_view word) { return ends_with_word(before, word); });
  }

  // Nothing else before, and no other line: no list with dashes as bullets.
  [[nodiscard]] bool is_whole_line(std::size_t begin) const {
    return text_.find_first_not_of(" \n\r\t*$") == begin &&
           text_.find('\n', begin) == std::string_view::npos;
  }

  // A Latin letter with an accent (two-byte UTF-8, U+00C0 to U+024F) ends right before `position`.
  [[nodiscard]] bool is_accented(std::size_t position) const {
    if (position < 2) return false;
    const auto lead = static_cast<unsigned char>(text_[position - 2]);
    const auto tail = static_cast<unsigned char>(text_[position - 1]);
    return lead >= 0xc3 && lead <= 0xc9 && (tail & 0xc0) == 0x80 && tail != 0x97;  // × is no letter
  }

  // Digits of an exponent or index: ^{18}, x_{1}, [^1].
  [[nodiscard]] bool is_script(std::size_t start) const {
    for (int i = 0; i < 2 && start > 0 && (text_[start - 1] == '{' || text_[start - 1] == '-');
         ++i) {
      --start;
    }
    return start > 0 && (text_[start - 1] == '^' || text_[start - 1] == '_');
  }

  std::optional<Number> take_number() {
    const std::size_t start = at_;
    const Front front = look_back(start);
    const Digits digits = digits_at(text_, start);
    at_ = start + digits.length;
    // 0x1F, 1e5 inside a word, "2nd" of "x2nd": letters glued to a bare zero mean another base.
    const bool other_base = digits.whole == "0" && (lower(peek()) == 'x' || lower(peek()) == 'b') &&
                            std::isxdigit(static_cast<unsigned char>(peek(1))) != 0;
    if (other_base || front.inside_word || !digits.sound || is_script(start)) {
      skip_word();
      return std::nullopt;
    }
    Number number;
    number.begin = front.begin;
    int exponent = 0;
    double divisor = 1.0;
    double part = 0.0;
    const bool after_slash = start > 1 && text_[start - 1] == '/' && is_digit(text_[start - 2]);
    bool decimal = true;
    if (digits.decimals.empty() && !after_slash && take_fraction(divisor, part)) decimal = false;
    take_exponent(digits, exponent);
    const Magnitude magnitude = magnitude_at(rest(), front.money);
    exponent += magnitude.exponent;
    at_ += magnitude.length;
    take_percent(number);
    number.end = at_;
    if (formulas_.follows(at_) || formulas_.precedes(front.begin)) {
      return take_formula(front.begin, at_);
    }
    skip_unit();
    if (std::abs(exponent) > kMostExponent || divisor == 0.0) return std::nullopt;
    settle(number, digits, front.negative, exponent, {decimal, divisor, part});
    if (!std::isfinite(number.value)) return std::nullopt;
    return number;
  }

  struct Fraction {
    bool none = true;
    double divisor = 1.0;
    double part = 0.0;  // of a mixed number
  };

  // Value and exact value of what was read.
  static void settle(Number& number, const Digits& digits, bool negative, int exponent,
                     const Fraction& fraction) {
    const std::string exact = digits.canonical(negative, fraction.none ? exponent : 0);
    double value = to_double(exact);
    if (fraction.none) {
      number.exact = exact;
    } else {
      value = value / fraction.divisor + (negative ? -fraction.part : fraction.part);
      value *= std::pow(10.0, exponent);
    }
    number.value = value;
  }

  // The formula that goes on at at_, or starts there. None where it has no digits.
  std::optional<Number> take_formula(std::size_t begin, std::size_t at_least) {
    Number formula{.formula = true, .begin = begin};
    at_ = std::max(formulas_.end_of(at_), at_least);
    formula.end = at_;
    const std::string_view text = text_.substr(begin, at_ - begin);
    if (std::ranges::none_of(text, is_digit)) return std::nullopt;
    return formula;
  }

  // A power takes its base along, anything a minus before it.
  [[nodiscard]] std::size_t formula_begin() const {
    std::size_t begin = at_;
    if (peek() == '^') {
      while (begin > last_end_ && is_ascii_letter(text_[begin - 1])) --begin;
    }
    return begin > last_end_ && text_[begin - 1] == '-' ? begin - 1 : begin;
  }

  void skip_word() {
    while (is_ascii_word(peek()) || is_digit(peek())) ++at_;
  }

  // Powers of units have digits that are none of the text's numbers.
  void skip_unit() { at_ += unit_power_length(rest().substr(0, 128)); }

  static double to_double(const std::string& text) {
    double value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} ? value : HUGE_VAL;
  }

  std::string take_run() {
    const std::size_t start = at_;
    while (is_digit(peek())) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  // "/4" after "3", or " 1/2" after "1". Not "3/4/2025".
  bool take_fraction(double& divisor, double& part) {
    const std::size_t start = at_;
    if (is_blank(peek()) && is_digit(peek(1))) {  // a mixed number
      ++at_;
      const double over = to_double(take_run());
      const auto under = take_denominator();
      if (under && *under != 0.0 && over < *under) {
        part = over / *under;
        return true;
      }
      at_ = start;
      return false;
    }
    const auto denominator = take_denominator();
    if (denominator) divisor = *denominator;
    return denominator.has_value();
  }

  std::optional<double> take_denominator() {
    const std::size_t start = at_;
    const std::size_t space = peek() == ' ' ? 1 : 0;
    if (peek(space) != '/') return std::nullopt;
    const std::size_t after = peek(space + 1) == ' ' ? 1 : 0;
    if (space != after || !is_digit(peek(space + 1 + after))) return std::nullopt;
    at_ += space + 1 + after;
    const std::string under = take_run();
    const bool another = peek() == '/' || (peek() == '.' && is_digit(peek(1)));
    if (another) {
      at_ = start;
      return std::nullopt;
    }
    return to_double(under);
  }

  // e5, E-5, ×10^5, x 10^{5}, *10^5; and 10^5 itself, which is 1 with that exponent.
  void take_exponent(const Digits& digits, int& exponent) {
    const std::size_t start = at_;
    if (lower(peek()) == 'e') {
      ++at_;
      if (const auto power = take_integer(); power && !is_letter(peek())) {
        exponent = *power;
        return;
      }
      at_ = start;
      return;
    }
    if (digits.whole == "10" && digits.decimals.empty() && peek() == '^') {
      if (const auto power = take_power()) {
        exponent = *power - 1;
        return;
      }
      at_ = start;
      return;
    }
    if (is_blank(peek())) ++at_;
    for (const std::string_view times : {"×", "x", "*"}) {
      if (!rest().starts_with(times)) continue;
      at_ += times.size();
      if (is_blank(peek())) ++at_;
      if (rest().starts_with("10^")) {
        at_ += 2;
        if (const auto power = take_power()) {
          exponent = *power;
          return;
        }
      }
      break;
    }
    at_ = start;
  }

  std::optional<int> take_power() {
    ++at_;  // ^
    const bool braces = peek() == '{';
    if (braces) ++at_;
    const auto exponent = take_integer();
    if (!exponent || (braces && peek() != '}')) return std::nullopt;
    if (braces) ++at_;
    return exponent;
  }

  std::optional<int> take_integer() {
    const bool negative = peek() == '-';
    if (negative || peek() == '+') ++at_;
    if (!is_digit(peek())) return std::nullopt;
    int value = 0;
    while (is_digit(peek())) value = std::min(10 * value + (text_[at_++] - '0'), 100000);
    return negative ? -value : value;
  }

  void take_percent(Number& number) {
    constexpr std::string_view kGap = " \x01{}$*_";
    constexpr std::size_t kMost = 6;
    const std::size_t gap = std::min({rest().find_first_not_of(kGap), rest().size(), kMost});
    if (!is_letter(peek(gap)) && peek(gap) != '%') return;
    for (const std::string_view sign : {"%", "percent", "per cent", "pct", "Prozent", "por ciento",
                                        "por cento", "pour cent", "процент"}) {
      if (!rest().substr(gap).starts_with(sign)) continue;
      at_ += gap + sign.size();
      number.percent = true;
      return;
    }
  }

  static constexpr int kMostExponent = 300;

  std::string_view text_;
  Formulas formulas_;
  std::size_t at_ = 0;
  std::size_t last_end_ = 0;  // of the number found last
};

bool close(double a, double b) {
  return std::abs(a - b) <= kRelativeTolerance * std::max(std::abs(a), std::abs(b));
}

bool whole(const Number& number) {
  return !number.exact.empty() && number.exact.find('.') == std::string::npos;
}

}  // namespace

std::vector<Number> numbers_in(std::string_view plain) { return Scanner(plain).all(); }

bool equal(const Number& answer, const Number& reference) {
  if (answer.formula || reference.formula) return false;
  if (answer.percent != reference.percent) {
    const double as_ratio = (answer.percent ? answer : reference).value / 100.0;
    if (close(as_ratio, (answer.percent ? reference : answer).value)) return true;
  }
  if (whole(reference) && !answer.exact.empty()) return answer.exact == reference.exact;
  return close(answer.value, reference.value);
}

}  // namespace ipw::scoring
