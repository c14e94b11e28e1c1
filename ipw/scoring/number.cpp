// A scanner for numbers. By hand rather than by regular expressions, because what stands before and
// after decides: "16-3" has no minus three, "H2O" no two, "1.2.3" no number at all.
#include "ipw/scoring/number.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

namespace ipw::scoring {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (static_cast<unsigned char>(c) >= 0x80);
}
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct Replacement {
  std::string_view from;
  std::string_view to;
};

// The longest first where one begins another.
constexpr Replacement kDisguises[] = {
    {"\\dfrac", "\\frac"},
    {"\\tfrac", "\\frac"},
    {"\\$", "$"},
    {"\\%", "%"},
    {"\\,", ""},
    {"\\!", ""},
    {"\\;", " "},
    {"\\ ", " "},
    {"\\(", " "},
    {"\\)", " "},
    {"\\[", " "},
    {"\\]", " "},
    {"{,}", ","},
    {"\\times", "×"},
    {"\\cdot", "×"},
    {"\\left", ""},
    {"\\right", ""},
    {"\\text", ""},
    {"\\mathrm", ""},
    {"\\mathbf", ""},
    {"\\approx", "="},
    {"≈", "="},
    {"−", "-"},
    {"–", "-"},
    {"﹣", "-"},
    {"－", "-"},
    {"½", " 1/2"},
    {"¼", " 1/4"},
    {"¾", " 3/4"},
    {"⅓", " 1/3"},
    {"⅔", " 2/3"},
    {"⁄", "/"},
    {"\u2009", "\x01"},
    {"\u202f", "\x01"},
    {"\u00a0", "\x01"},
    {"٬", ","},
};

constexpr std::string_view kCurrencies[] = {"$", "€", "£", "¥", "₹", "₩", "US$"};

struct Scale {
  std::string_view word;
  double factor;
};
constexpr Scale kScales[] = {
    {"thousand", 1e3}, {"million", 1e6}, {"billion", 1e9}, {"trillion", 1e12}};

// \frac{a}{b} -> (a)/(b) for plain digits; the only LaTeX command whose arguments are the number.
void open_fractions(std::string& text) {
  constexpr std::string_view kFrac = "\\frac{";
  for (std::size_t at = text.find(kFrac); at != std::string::npos; at = text.find(kFrac, at + 1)) {
    const std::size_t top = at + kFrac.size();
    const std::size_t middle = text.find("}{", top);
    const std::size_t end = middle == std::string::npos ? middle : text.find('}', middle + 2);
    if (end == std::string::npos) return;
    const std::string over = text.substr(top, middle - top);
    const std::string under = text.substr(middle + 2, end - middle - 2);
    const bool digits = (over + under).find_first_not_of("0123456789.,-") == std::string::npos;
    if (!digits) continue;
    const bool mixed = at > 0 && is_digit(text[at - 1]);
    std::string ratio(mixed ? 1 : 0, ' ');
    ratio.append(over).append(1, '/').append(under);
    text.replace(at, end + 1 - at, ratio);
  }
}

// A cursor over the digits of one number; every take_ moves on only if it finds its part.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] std::vector<Number> all() {
    std::vector<Number> found;
    while (at_ < text_.size()) {
      if (starts_number()) {
        if (auto number = take_number()) found.push_back(std::move(*number));
      } else {
        ++at_;
      }
    }
    return found;
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  [[nodiscard]] bool starts_number() const {
    return is_digit(peek()) || (peek() == '.' && is_digit(peek(1)) &&
                                (at_ == 0 || (!is_digit(text_[at_ - 1]) && text_[at_ - 1] != '.')));
  }

  struct Digits {
    std::string whole;
    std::string decimals;
    bool sound = true;
  };

  // 1,234,567.89 or 1234; a comma counts only before exactly three digits of a short first group.
  Digits take_digits() {
    Digits digits;
    while (is_digit(peek())) digits.whole.push_back(text_[at_++]);
    const bool groups = !digits.whole.empty() && digits.whole.size() <= 3;
    const char separator = peek();
    if (groups && (separator == ',' || separator == '\x01' || separator == '\'')) {
      while (peek() == separator && is_digit(peek(1)) && is_digit(peek(2)) && is_digit(peek(3)) &&
             !is_digit(peek(4))) {
        digits.whole += text_.substr(at_ + 1, 3);
        at_ += 4;
      }
    }
    if (text_.substr(at_).starts_with(":00") && !is_digit(peek(3)) && peek(3) != ':') {
      at_ += 3;  // a full hour
      return digits;
    }
    if (peek() == '.' && is_digit(peek(1))) {
      ++at_;
      while (is_digit(peek())) digits.decimals.push_back(text_[at_++]);
    }
    while (peek() == '.' && is_digit(peek(1))) {  // a version, an address, a date
      digits.sound = false;
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    return digits;
  }

  // The sign and currency that stand before `start`.
  struct Front {
    std::size_t begin = 0;
    bool negative = false;
    bool inside_word = false;
  };

  [[nodiscard]] Front look_back(std::size_t start) const {
    Front front{start, false, false};
    const auto take_currency = [&] {
      for (const std::string_view currency : kCurrencies) {
        const std::string_view before = text_.substr(0, front.begin);
        if (before.ends_with(currency)) {
          front.begin -= currency.size();
          return;
        }
      }
    };
    take_currency();
    if (front.begin > 0 && (text_[front.begin - 1] == '-' || text_[front.begin - 1] == '+')) {
      const bool minus = text_[front.begin - 1] == '-';
      const char before = front.begin > 1 ? text_[front.begin - 2] : ' ';
      const bool operation = is_digit(before) || is_letter(before) || before == ')' ||
                             before == '%' || before == '-' || before == ']';
      if (!operation) {
        --front.begin;
        front.negative = minus;
        take_currency();
      }
    }
    const char before = front.begin > 0 ? text_[front.begin - 1] : ' ';
    front.inside_word = front.begin == start && (is_ascii_word(before) || is_accented(front.begin));
    return front;
  }

  [[nodiscard]] static bool is_ascii_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }

  // A Latin letter with an accent (two-byte UTF-8, U+00C0 to U+024F) ends right before `position`.
  [[nodiscard]] bool is_accented(std::size_t position) const {
    if (position < 2) return false;
    const auto lead = static_cast<unsigned char>(text_[position - 2]);
    const auto tail = static_cast<unsigned char>(text_[position - 1]);
    return lead >= 0xc3 && lead <= 0xc9 && (tail & 0xc0) == 0x80 && tail != 0x97;  // × is no letter
  }

  std::optional<Number> take_number() {
    const std::size_t start = at_;
    const Front front = look_back(start);
    Digits digits = take_digits();
    // 0x1F, 1e5 inside a word, "2nd" of "x2nd": letters glued to a bare zero mean another base.
    if (digits.whole == "0" && (lower(peek()) == 'x' || lower(peek()) == 'b') &&
        std::isxdigit(static_cast<unsigned char>(peek(1))) != 0) {
      skip_word();
      return std::nullopt;
    }
    if (front.inside_word || !digits.sound) {
      skip_word();
      return std::nullopt;
    }
    Number number;
    number.begin = front.begin;
    double value = to_double(digits.whole, digits.decimals);
    bool plain = true;
    const bool after_slash = start > 1 && text_[start - 1] == '/' && is_digit(text_[start - 2]);
    if (digits.decimals.empty() && !after_slash && take_fraction(value)) plain = false;
    if (take_exponent(digits, value)) plain = false;
    if (take_scale(value)) plain = false;
    take_percent(number);
    if (!std::isfinite(value)) return std::nullopt;
    number.value = front.negative ? -value : value;
    if (plain) number.exact = canonical(digits, front.negative);
    number.end = at_;
    return number;
  }

  void skip_word() {
    while (is_ascii_word(peek()) || is_digit(peek())) ++at_;
  }

  static double to_double(const std::string& whole, const std::string& decimals) {
    std::string text = whole.empty() ? "0" : whole;
    if (!decimals.empty()) text.append(1, '.').append(decimals);
    double value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} ? value : HUGE_VAL;
  }

  static std::string canonical(const Digits& digits, bool negative) {
    std::string whole = digits.whole;
    whole.erase(0, whole.find_first_not_of('0'));
    std::string decimals = digits.decimals;
    decimals.erase(decimals.find_last_not_of('0') + 1);
    if (whole.empty()) whole.push_back('0');
    if (!decimals.empty()) whole.append(1, '.').append(decimals);
    if (negative && whole != "0") whole.insert(whole.begin(), '-');
    return whole;
  }

  // "/4" after "3", or " 1/2" after "1". Not "3/4/2025".
  bool take_fraction(double& value) {
    const std::size_t start = at_;
    if (peek() == ' ' && is_digit(peek(1))) {  // a mixed number
      ++at_;
      std::optional<double> part = take_ratio();
      if (part && *part < 1.0) {
        value += *part;
        return true;
      }
      at_ = start;
      return false;
    }
    const auto denominator = take_denominator();
    if (!denominator) return false;
    value = *denominator == 0.0 ? HUGE_VAL : value / *denominator;
    return true;
  }

  std::optional<double> take_ratio() {
    std::string over;
    while (is_digit(peek())) over.push_back(text_[at_++]);
    const auto denominator = take_denominator();
    if (!denominator || *denominator == 0.0) return std::nullopt;
    return to_double(over, "") / *denominator;
  }

  std::optional<double> take_denominator() {
    const std::size_t start = at_;
    const std::size_t space = peek() == ' ' ? 1 : 0;
    if (peek(space) != '/') return std::nullopt;
    const std::size_t after = peek(space + 1) == ' ' ? 1 : 0;
    if (space != after || !is_digit(peek(space + 1 + after))) return std::nullopt;
    at_ += space + 1 + after;
    std::string under;
    while (is_digit(peek())) under.push_back(text_[at_++]);
    const bool another = peek() == '/' || (peek() == '.' && is_digit(peek(1)));
    if (another) {
      at_ = start;
      return std::nullopt;
    }
    return to_double(under, "");
  }

  // e5, E-5, ×10^5, x 10^{5}, *10^5; and 10^5 itself.
  bool take_exponent(const Digits& digits, double& value) {
    const std::size_t start = at_;
    if (lower(peek()) == 'e') {
      ++at_;
      if (const auto exponent = take_integer(); exponent && !is_letter(peek())) {
        value = scaled(value, *exponent);
        return true;
      }
      at_ = start;
      return false;
    }
    if (digits.whole == "10" && digits.decimals.empty() && peek() == '^') {
      if (const auto exponent = take_power()) {
        value = scaled(1.0, *exponent);
        return true;
      }
    }
    at_ = start;
    if (peek() == ' ') ++at_;
    for (const std::string_view times : {"×", "x", "*"}) {
      if (!text_.substr(at_).starts_with(times)) continue;
      at_ += times.size();
      if (peek() == ' ') ++at_;
      if (text_.substr(at_).starts_with("10^")) {
        at_ += 2;
        if (const auto exponent = take_power()) {
          value = scaled(value, *exponent);
          return true;
        }
      }
      break;
    }
    at_ = start;
    return false;
  }

  std::optional<int> take_power() {
    ++at_;  // ^
    const bool braces = peek() == '{';
    if (braces) ++at_;
    const auto exponent = take_integer();
    if (braces && peek() == '}') ++at_;
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

  static double scaled(double value, int exponent) {
    if (exponent > 300 || exponent < -300) return HUGE_VAL;  // refused by the caller
    return value * std::pow(10.0, exponent);
  }

  bool take_scale(double& value) {
    const std::size_t space = peek() == ' ' || peek() == '\x01' ? 1 : 0;
    for (const Scale& scale : kScales) {
      const std::string_view rest = text_.substr(std::min(at_ + space, text_.size()));
      if (rest.size() < scale.word.size()) continue;
      const bool same =
          std::ranges::equal(rest.substr(0, scale.word.size()), scale.word, {}, lower);
      const bool ends = rest.size() == scale.word.size() || !is_ascii_word(rest[scale.word.size()]);
      if (!same || !ends) continue;
      at_ += space + scale.word.size();
      value *= scale.factor;
      return true;
    }
    return false;
  }

  void take_percent(Number& number) {
    const std::size_t space = peek() == ' ' || peek() == '\x01' ? 1 : 0;
    for (const std::string_view sign : {"%", "percent", "per cent"}) {
      if (!text_.substr(std::min(at_ + space, text_.size())).starts_with(sign)) continue;
      at_ += space + sign.size();
      number.percent = true;
      return;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool close(double a, double b) {
  return std::abs(a - b) <= kRelativeTolerance * std::max(std::abs(a), std::abs(b));
}

bool whole(const Number& number) {
  return !number.exact.empty() && number.exact.find('.') == std::string::npos;
}

}  // namespace

std::string plain_mathematics(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    const auto* match = std::end(kDisguises);
    if (c == '\\' || c == '{' || static_cast<unsigned char>(c) >= 0x80) {
      match = std::ranges::find_if(kDisguises, [&](const Replacement& candidate) {
        return text.starts_with(candidate.from);
      });
    }
    if (match == std::end(kDisguises)) {
      if (c != '\x01') plain.push_back(c);
      text.remove_prefix(1);
    } else {
      plain += match->to;
      text.remove_prefix(match->from.size());
    }
  }
  open_fractions(plain);
  return plain;
}

std::vector<Number> numbers_in(std::string_view plain) { return Scanner(plain).all(); }

bool equal(const Number& answer, const Number& reference) {
  if (answer.percent != reference.percent) {
    const double as_ratio = (answer.percent ? answer : reference).value / 100.0;
    if (close(as_ratio, (answer.percent ? reference : answer).value)) return true;
  }
  if (whole(reference) && !answer.exact.empty()) return answer.exact == reference.exact;
  return close(answer.value, reference.value);
}

}  // namespace ipw::scoring
