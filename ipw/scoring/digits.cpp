// Which separator groups and which begins the decimals is told by how many digits follow, in the
// order in which that is certain.
#include "ipw/scoring/digits.h"

#include <algorithm>

#include "ipw/scoring/plain_mathematics.h"

namespace ipw::scoring {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Reader {
 public:
  Reader(std::string_view plain, std::size_t at) : text_(plain), begin_(at), at_(at) {}

  [[nodiscard]] Digits read() {
    digits_.whole = take_run();
    if (!take_groups()) take_decimal_comma();
    if (!is_full_hour()) take_decimals();
    while (peek() == '.' && is_digit(peek(1))) {
      digits_.sound = false;
      ++at_;
      take_run();
    }
    digits_.length = at_ - begin_;
    return std::move(digits_);
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  std::string take_run() {
    const std::size_t start = at_;
    while (is_digit(peek())) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  // How many digits follow the separator at `at`, up to four.
  [[nodiscard]] std::size_t run_after(std::size_t at) const {
    std::size_t length = 0;
    while (length < 4 && at + 1 + length < text_.size() && is_digit(text_[at + 1 + length])) {
      ++length;
    }
    return length;
  }

  // Where groups of `size` digits behind separators end, the last of three; at_ where there are
  // none.
  [[nodiscard]] std::size_t groups_end(char separator, std::size_t size) const {
    std::size_t end = at_;
    while (end < text_.size() && text_[end] == separator && run_after(end) == size) end += 1 + size;
    if (size == 3 || end == at_) return end;
    const bool closed = end < text_.size() && text_[end] == separator && run_after(end) == 3;
    return closed ? end + 4 : at_;
  }

  bool take_groups() {
    const char separator = peek();
    const bool mark = separator == ',' || separator == kNarrowSpace || separator == '\'' ||
                      separator == '_' || separator == '.';
    const bool short_first = !digits_.whole.empty() && digits_.whole.size() <= 3;
    if (!mark || !short_first || digits_.whole == "0") return false;
    std::size_t end = groups_end(separator, 3);
    if (end == at_ && digits_.whole.size() <= 2 &&
        (separator == ',' || separator == kNarrowSpace)) {
      end = groups_end(separator, 2);  // 12,34,567
    }
    if (end == at_) return false;
    const bool comma_decimals = end < text_.size() && text_[end] == ',' && run_after(end) > 0;
    // 1.234 is a little more than one; 1.234.567 and 1.234,5 are thousands.
    if (separator == '.' && end - at_ == 4 && !(comma_decimals && run_after(end) != 3)) {
      return false;
    }
    if (separator == '.' && end < text_.size() && text_[end] == '.' && run_after(end) > 0) {
      return false;
    }
    std::ranges::copy_if(text_.substr(at_, end - at_), std::back_inserter(digits_.whole), is_digit);
    at_ = end;
    if (comma_decimals && separator != ',') {
      ++at_;
      digits_.decimals = take_run();
    }
    return true;
  }

  // 3,5 and 0,125 but not 1,234; not 1,2,3; not (1,5), a pair.
  void take_decimal_comma() {
    if (peek() != ',' || digits_.whole.empty()) return;
    const std::size_t run = run_after(at_);
    const bool grouped = run == 3 && digits_.whole.size() <= 3 && digits_.whole != "0";
    if (run == 0 || grouped) return;
    std::size_t end = at_ + 1;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    const char behind = end < text_.size() ? text_[end] : '\0';
    const bool listed =
        (behind == ',' || behind == '.') && end + 1 < text_.size() && is_digit(text_[end + 1]);
    const char before = begin_ > 0 ? text_[begin_ - 1] : '\0';
    const bool in_list = before == ',' || before == ';';
    const bool bracketed = (before == '(' || before == '[') && (behind == ')' || behind == ']');
    if (listed || in_list || bracketed) return;
    ++at_;
    digits_.decimals = take_run();
  }

  // 14:00, not 14:00:05.
  bool is_full_hour() {
    if (!text_.substr(at_).starts_with(":00") || is_digit(peek(3)) || peek(3) == ':') return false;
    at_ += 3;
    return true;
  }

  void take_decimals() {
    if (!digits_.decimals.empty() || peek() != '.' || !is_digit(peek(1))) return;
    ++at_;
    digits_.decimals = take_run();
  }

  std::string_view text_;
  std::size_t begin_;
  std::size_t at_;
  Digits digits_;
};

}  // namespace

std::string Digits::canonical(bool negative, int exponent) const {
  std::string left = whole;
  std::string right = decimals;
  const auto distance = static_cast<std::size_t>(std::abs(exponent));
  if (exponent > 0) {
    right.resize(std::max(right.size(), distance), '0');
    left.append(right, 0, distance);
    right.erase(0, distance);
  } else if (exponent < 0) {
    left.insert(0, left.size() < distance ? distance - left.size() : 0, '0');
    right.insert(0, left, left.size() - distance);
    left.erase(left.size() - distance);
  }
  left.erase(0, left.find_first_not_of('0'));
  right.erase(right.find_last_not_of('0') + 1);
  if (left.empty()) left.push_back('0');
  if (!right.empty()) left.append(1, '.').append(right);
  if (negative && left != "0") left.insert(left.begin(), '-');
  return left;
}

Digits digits_at(std::string_view plain, std::size_t at) { return Reader(plain, at).read(); }

}  // namespace ipw::scoring
