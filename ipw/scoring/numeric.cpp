// The forms in which a final number is stated, strongest first.
#include "ipw/scoring/numeric.h"

#include <re2/re2.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "ipw/scoring/answer_text.h"

namespace ipw::scoring {
namespace {

struct Text {
  std::string plain;
  std::vector<Number> numbers;  // all of plain, in order

  [[nodiscard]] std::string_view between(std::size_t begin, std::size_t end) const {
    return std::string_view(plain).substr(begin, end - begin);
  }
  // The numbers that lie wholly in [begin, end).
  [[nodiscard]] std::span<const Number> within(std::size_t begin, std::size_t end) const {
    const auto first = std::ranges::lower_bound(numbers, begin, {}, &Number::begin);
    auto last = first;
    while (last != numbers.end() && last->end <= end) ++last;
    return {first, last};
  }
  [[nodiscard]] std::size_t line_end(std::size_t from) const {
    return std::min(plain.find('\n', from), plain.size());
  }
};

bool same(const Number& a, const Number& b) { return equal(a, b); }

// "5 or 6", "5 to 6", "5 - 6": the gap between two different numbers leaves open which is meant.
bool leaves_open(std::string_view gap) {
  const std::string_view word = trimmed(gap);
  return word == "or" || word == "to" || word == "-";
}

bool hedged(const Text& text, const Number& number) {
  const auto at = std::ranges::find(text.numbers, number.begin, &Number::begin);
  const auto open_to = [&](const Number& a, const Number& b) {
    return leaves_open(text.between(a.end, b.begin)) && !same(a, b);
  };
  if (at != text.numbers.begin() && open_to(*(at - 1), *at)) return true;
  return at + 1 != text.numbers.end() && open_to(*at, *(at + 1));
}

NumericAnswer found(const Text& text, const Number& number, std::string where, bool stated) {
  NumericAnswer answer;
  answer.number = number;
  answer.text = text.between(number.begin, number.end);
  std::ranges::replace(answer.text, '\x01', ' ');
  answer.where = std::move(where);
  answer.stated = stated;
  answer.ambiguous = hedged(text, number);
  answer.candidates = text.numbers.size();
  return answer;
}

bool only_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

// The number that [begin, end) states: the one that follows at once (or, in "16 - 3 = 13", what
// follows the last equals sign of that expression).
std::optional<Number> adjacent(const Text& text, std::size_t begin, std::size_t end) {
  constexpr std::string_view kMarkup = " \t*_`\"'~:=$({[<>\\";
  constexpr std::string_view kOperators = " \t+-*/×÷=().$%";
  const auto numbers = text.within(begin, end);
  if (numbers.empty() || !only_of(text.between(begin, numbers[0].begin), kMarkup)) {
    return std::nullopt;
  }
  std::size_t chosen = 0;
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    const std::string_view gap = text.between(numbers[i - 1].end, numbers[i].begin);
    if (!only_of(gap, kOperators)) break;
    if (gap.find('=') != std::string_view::npos) chosen = i;
  }
  return numbers[chosen];
}

// "#### 3. Compute the total" is a heading, "#### 18." an answer.
bool is_heading(std::string_view rest) {
  if (!rest.starts_with(".") && !rest.starts_with(")") && !rest.starts_with(":")) return false;
  return !only_of(rest.substr(1), " \t\r*_`\"'.)}$\\");
}

std::optional<NumericAnswer> after_hashes(const Text& text) {
  constexpr std::string_view kHashes = "####";
  for (std::size_t at = text.plain.rfind(kHashes); at != std::string::npos;
       at = at == 0 ? std::string::npos : text.plain.rfind(kHashes, at - 1)) {
    const std::size_t begin = std::min(text.plain.find_first_not_of('#', at), text.plain.size());
    const std::size_t end = text.line_end(begin);
    const auto number = adjacent(text, begin, end);
    if (number && !is_heading(text.between(number->end, end))) {
      return found(text, *number, "after ####", true);
    }
  }
  return std::nullopt;
}

std::optional<NumericAnswer> in_box(const Text& text) {
  constexpr std::string_view kBox = "\\boxed{";
  const std::size_t at = text.plain.rfind(kBox);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = at + kBox.size();
  std::size_t end = begin;
  for (int depth = 1; end < text.plain.size(); ++end) {
    if (text.plain[end] == '{') ++depth;
    if (text.plain[end] == '}' && --depth == 0) break;
  }
  const std::size_t equals = text.between(begin, end).rfind('=');
  const auto numbers =
      text.within(equals == std::string_view::npos ? begin : begin + equals + 1, end);
  if (numbers.empty()) return std::nullopt;
  NumericAnswer answer = found(text, numbers.back(), "in \\boxed{}", true);
  for (const Number& number : numbers) {
    answer.ambiguous = answer.ambiguous || !same(number, numbers.back());
  }
  return answer;
}

// The end of the sentence that starts at `from`.
std::size_t sentence_end(const Text& text, std::size_t from) {
  const std::size_t end = text.line_end(from);
  for (std::size_t i = from; i + 1 < end; ++i) {
    if (text.plain[i] == '.' && text.plain[i + 1] == ' ') return i;
  }
  return end;
}

std::optional<NumericAnswer> after_answer_word(const Text& text) {
  // Group 1 is "to answer …", which states nothing; group 2 a denial; group 3 where the claim
  // begins.
  static const re2::RE2 statement(
      R"((?i)(\bto\s+)?\banswers?\b[^\n.,:=!?]{0,40}?(?:\bis\b|\bwas\b|\bbe\b|\bequals\b|:|=)[\s*_:]*(not\b)?())");
  re2::StringPiece rest(text.plain);
  re2::StringPiece question;
  re2::StringPiece denial;
  re2::StringPiece claim;
  std::optional<NumericAnswer> last;
  while (re2::RE2::FindAndConsume(&rest, statement, &question, &denial, &claim)) {
    if (!question.empty() || !denial.empty()) continue;
    const auto begin = static_cast<std::size_t>(claim.data() - text.plain.data());
    if (const auto number = adjacent(text, begin, text.line_end(begin))) {
      last = found(text, *number, "after 'answer'", true);
      continue;
    }
    const std::size_t end = sentence_end(text, begin);
    const auto numbers = text.within(begin, end);
    if (numbers.empty()) continue;
    last = found(text, numbers.back(), "after 'answer'", true);
    last->ambiguous =
        last->ambiguous || text.between(begin, end).find("between") != std::string_view::npos;
  }
  return last;
}

}  // namespace

NumericAnswer numeric_answer(std::string_view answer) {
  Text text;
  text.plain = plain_mathematics(answer);
  text.numbers = numbers_in(text.plain);
  if (text.numbers.empty()) return {};
  if (auto stated = after_hashes(text)) return *stated;
  if (auto stated = in_box(text)) return *stated;
  if (auto stated = after_answer_word(text)) return *stated;
  return found(text, text.numbers.back(), "the last number", false);
}

}  // namespace ipw::scoring
