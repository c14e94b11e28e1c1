// The forms in which a final number is stated, strongest first.
#include "ipw/scoring/numeric.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "ipw/scoring/answer_text.h"
#include "ipw/scoring/answer_words.h"
#include "ipw/scoring/formula.h"
#include "ipw/scoring/stated.h"
#include "ipw/scoring/unit.h"

namespace ipw::scoring {
namespace {

constexpr std::string_view kBlanks = " \t\r\x01$";

/// A text with its numbers, lines and sentences, found once.
struct Text {
  std::string plain;
  std::vector<Number> numbers;         // and formulas; all of plain, in order
  std::vector<std::size_t> lines;      // where each line ends
  std::vector<std::size_t> sentences;  // where each sentence ends, lines included

  explicit Text(std::string_view text) : plain(plain_mathematics(text)) {
    numbers = numbers_in(plain);
    for (std::size_t i = 0; i < plain.size(); ++i) {
      if (plain[i] == '\n') lines.push_back(i);
      const bool stop = plain[i] == '.' && i + 1 < plain.size() && plain[i + 1] == ' ';
      if (stop || plain[i] == '\n') sentences.push_back(i);
    }
  }

  [[nodiscard]] std::string_view between(std::size_t begin, std::size_t end) const {
    begin = std::min(begin, plain.size());
    return std::string_view(plain).substr(begin, std::max(begin, end) - begin);
  }
  // The numbers that begin in [begin, end).
  [[nodiscard]] std::span<const Number> within(std::size_t begin, std::size_t end) const {
    const auto first = std::ranges::lower_bound(numbers, begin, {}, &Number::begin);
    const auto last = std::ranges::lower_bound(numbers, std::max(begin, end), {}, &Number::begin);
    return {first, last};
  }
  [[nodiscard]] std::size_t line_end(std::size_t from) const { return end_in(lines, from); }
  [[nodiscard]] std::size_t sentence_end(std::size_t from) const { return end_in(sentences, from); }

 private:
  [[nodiscard]] std::size_t end_in(const std::vector<std::size_t>& ends, std::size_t from) const {
    const auto end = std::ranges::lower_bound(ends, from);
    return end == ends.end() ? plain.size() : *end;
  }
};

bool same(const Number& a, const Number& b) { return equal(a, b); }

bool only_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

std::string_view without(std::string_view text, std::string_view blanks) {
  const std::size_t start = text.find_first_not_of(blanks);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(blanks) - start + 1);
}

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// "5 or 6", "5 to 6", "5 - 6", "5:6": the gap between two different numbers leaves open which is
// meant.
bool leaves_open(std::string_view gap) {
  constexpr std::string_view kOpen[] = {"or", "to",  "-",  "oder", "bis", "ou", "à",
                                        "o",  "или", "或", "到",   "至",  "~",  "または"};
  return gap == ":" || is_one_of(without(gap, kBlanks), kOpen);
}

// "2 + 3", "3 x 4": both are parts of an expression.
bool calculates(std::string_view gap) {
  constexpr std::string_view kOperators[] = {"+", "*", "×", "÷", "x", "plus", "times", "minus"};
  return gap == " / " || is_one_of(without(gap, kBlanks), kOperators);
}

struct Neighbours {
  const Number* before = nullptr;
  const Number* after = nullptr;
};

Neighbours neighbours(const Text& text, const Number& number) {
  const auto at = std::ranges::lower_bound(text.numbers, number.begin, {}, &Number::begin);
  Neighbours found;
  if (at != text.numbers.begin()) found.before = &*(at - 1);
  if (at != text.numbers.end() && at + 1 != text.numbers.end()) found.after = &*(at + 1);
  return found;
}

bool hedged(const Text& text, const Number& number) {
  const auto open_to = [&](const Number& a, const Number& b) {
    return leaves_open(text.between(a.end, b.begin)) && !same(a, b);
  };
  const auto [before, after] = neighbours(text, number);
  return (before != nullptr && open_to(*before, number)) ||
         (after != nullptr && open_to(number, *after));
}

bool is_operand(const Text& text, const Number& number) {
  const auto [before, after] = neighbours(text, number);
  return (before != nullptr && calculates(text.between(before->end, number.begin))) ||
         (after != nullptr && calculates(text.between(number.end, after->begin)));
}

std::string shown_text(std::string_view text) {
  std::string shown(text);
  std::ranges::replace(shown, kNarrowSpace, ' ');
  // What is left of \text{ million}.
  for (std::size_t at = shown.find("{ "); at != std::string::npos; at = shown.find("{ ")) {
    shown.erase(at, 1);
  }
  return shown;
}

NumericAnswer a_formula(const Text& text, std::string_view formula, std::string where) {
  NumericAnswer answer;
  answer.text = shown(shown_text(formula));
  answer.where = std::move(where);
  answer.stated = true;
  answer.formula = true;
  answer.candidates = text.numbers.size();
  return answer;
}

NumericAnswer found(const Text& text, const Number& number, std::string where, bool stated) {
  NumericAnswer answer;
  answer.text = shown_text(text.between(number.begin, number.end));
  answer.where = std::move(where);
  answer.stated = stated;
  answer.ambiguous = hedged(text, number);
  answer.formula = number.formula || (!answer.ambiguous && is_operand(text, number));
  if (!answer.formula) answer.number = number;
  answer.candidates = text.numbers.size();
  return answer;
}

// What may stand before and after the one number of a box, a tag or a reference: words, units and
// currencies. With anything else it is a formula: "|-3|", "x ≤ 18", "5!", "18 - x".
bool is_part_of_formula(const Text& text, const Number& first, const Number& last,
                        std::size_t begin, std::size_t end) {
  constexpr std::string_view kMarks = "^_<>|\\+*=";
  constexpr std::string_view kSigns[] = {"×", "÷", "≤", "≥", "≠", "±", "√", "π", "∞", "∈"};
  const auto holds = [&](std::string_view part) {
    return part.find_first_of(kMarks) != std::string_view::npos ||
           std::ranges::any_of(kSigns, [&](std::string_view sign) {
             return part.find(sign) != std::string_view::npos;
           });
  };
  const std::string_view before = text.between(begin, first.begin);
  std::string_view after = text.between(last.end, end);
  after.remove_prefix(std::min(unit_power_length(after), after.size()));
  if (after.starts_with('!') || after.starts_with('(')) return true;
  const std::string_view word = without(after, kBlanks);
  const bool variable = !word.empty() && is_variable(word.substr(0, 1)) &&
                        (word.size() == 1 || only_of(word.substr(1, 1), " +-^})"));
  return variable || holds(before) || holds(after);
}

// Where the last equation of [begin, end) has its right side.
std::size_t right_side(const Text& text, std::size_t begin, std::size_t end) {
  const std::string_view claim = text.between(begin, end);
  for (std::size_t at = claim.rfind('='); at != std::string_view::npos && at > 0;
       at = claim.rfind('=', at - 1)) {
    const char before = claim[at - 1];
    if (before != '<' && before != '>' && before != '!') return begin + at + 1;
    return begin;
  }
  return claim.starts_with('=') ? begin + 1 : begin;
}

// What [begin, end) says as a whole, be it a number or not. Nothing: words only.
std::optional<NumericAnswer> whole_claim(const Text& text, std::size_t begin, std::size_t end,
                                         const std::string& where) {
  const std::size_t right = right_side(text, begin, end);
  const auto numbers = text.within(right, end);
  const std::string_view claim = text.between(begin, end);
  if (numbers.empty()) {
    if (!is_mathematical(claim)) return std::nullopt;
    return a_formula(text, claim, where);
  }
  if (std::ranges::any_of(numbers, &Number::formula)) return a_formula(text, claim, where);
  NumericAnswer answer = found(text, numbers.back(), where, true);
  for (const Number& number : numbers) {
    answer.ambiguous = answer.ambiguous || !same(number, numbers.back());
  }
  if (answer.ambiguous) {
    answer.number = numbers.back();
    answer.formula = false;
    return answer;
  }
  if (answer.formula || is_part_of_formula(text, numbers.front(), numbers.back(), right, end)) {
    return a_formula(text, claim, where);
  }
  return answer;
}

// The place in text.numbers of what [begin, end) states: the number that follows at once (or, in
// "16 - 3 = 13", what follows the last equals sign of that expression).
std::optional<std::size_t> adjacent(const Text& text, std::size_t begin, std::size_t end) {
  constexpr std::string_view kMarkup = " \t*_`\"'~:=$({[<>\\\x01";
  constexpr std::string_view kOperators = " \t+-*/×÷=().$%\x01";
  const auto& numbers = text.numbers;
  const auto first = static_cast<std::size_t>(
      std::ranges::lower_bound(numbers, begin, {}, &Number::begin) - numbers.begin());
  if (first == numbers.size() || numbers[first].begin >= end ||
      !only_of(text.between(begin, numbers[first].begin), kMarkup)) {
    return std::nullopt;
  }
  std::size_t chosen = first;
  for (std::size_t i = first + 1; i < numbers.size() && numbers[i].begin < end; ++i) {
    const std::string_view gap = text.between(numbers[i - 1].end, numbers[i].begin);
    if (!only_of(gap, kOperators)) break;
    if (gap.find('=') != std::string_view::npos) chosen = i;
  }
  return chosen;
}

// "3, 4 and 5.": other numbers follow up to the end of the sentence, and no words.
bool begins_list(const Text& text, std::size_t index) {
  constexpr std::string_view kSeparators = " \t\r,;&/)]}*_`$\x01\"'";
  const std::size_t end = text.sentence_end(text.numbers[index].end);
  bool differs = false;
  std::size_t at = text.numbers[index].end;
  constexpr std::size_t kMostListed = 64;
  for (std::size_t i = index + 1; i < std::min(text.numbers.size(), index + kMostListed); ++i) {
    const Number& next = text.numbers[i];
    if (next.begin >= end) break;
    const std::string_view gap = without(text.between(at, next.begin), kSeparators);
    if (!gap.empty() && gap != "and" && gap != "(" && gap != "[") return false;
    differs = differs || !same(text.numbers[index], next);
    at = next.end;
  }
  return differs && only_of(text.between(at, end), " \t\r,;)]}*_`$.\x01\"'");
}

NumericAnswer found_at(const Text& text, std::size_t index, const char* where) {
  NumericAnswer answer = found(text, text.numbers[index], where, true);
  answer.ambiguous = answer.ambiguous || (!answer.formula && begins_list(text, index));
  return answer;
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
    const auto index = adjacent(text, begin, end);
    if (index && !is_heading(text.between(text.numbers[*index].end, end))) {
      return found_at(text, *index, "after ####");
    }
  }
  return std::nullopt;
}

// A claim of a megabyte is none; and of many boxes the last few say it.
constexpr std::size_t kLongestClaim = 4096;
constexpr int kMostClaims = 16;

std::size_t box_end(const Text& text, std::size_t begin) {
  int depth = 1;
  std::size_t end = begin;
  for (; end < std::min(text.plain.size(), begin + kLongestClaim); ++end) {
    if (text.plain[end] == '{') ++depth;
    if (text.plain[end] == '}' && --depth == 0) break;
  }
  return end;
}

std::optional<NumericAnswer> in_box(const Text& text) {
  constexpr std::string_view kBox = "\\boxed";
  std::size_t at = text.plain.rfind(kBox);
  for (int i = 0; i < kMostClaims && at != std::string::npos; ++i) {
    const std::size_t brace = text.plain.find_first_not_of(' ', at + kBox.size());
    if (brace != std::string::npos && text.plain[brace] == '{') {
      const std::size_t end = box_end(text, brace + 1);
      if (auto claim = whole_claim(text, brace + 1, end, "in \\boxed{}")) return claim;
    }
    at = at == 0 ? std::string::npos : text.plain.rfind(kBox, at - 1);
  }
  return std::nullopt;
}

std::optional<NumericAnswer> in_tag(const Text& text) {
  const std::string_view tagged = tagged_answer(text.plain);
  if (tagged.empty() || tagged.size() > kLongestClaim) return std::nullopt;
  const auto begin = static_cast<std::size_t>(tagged.data() - text.plain.data());
  const std::size_t end = begin + tagged.size();
  if (const auto index = adjacent(text, begin, end)) return found_at(text, *index, "in <answer>");
  return whole_claim(text, begin, end, "in <answer>");
}

std::optional<NumericAnswer> after_answer_word(const Text& text) {
  // Group 1 is "to answer …", which states nothing; group 2 a denial; group 3 where the claim
  // begins.
  static const re2::RE2 statement(R"((?i)(\bto\s+)?)" IPW_ANSWER_WORD
                                  R"([^\n.,:=!?]{0,40}?)" IPW_ANSWER_IS R"([\s*_:]*(not\b)?())");
  re2::StringPiece rest(text.plain);
  re2::StringPiece question;
  re2::StringPiece denial;
  re2::StringPiece claim;
  std::optional<NumericAnswer> last;
  while (re2::RE2::FindAndConsume(&rest, statement, &question, &denial, &claim)) {
    if (!question.empty() || !denial.empty()) continue;
    const auto begin = static_cast<std::size_t>(claim.data() - text.plain.data());
    if (const auto index = adjacent(text, begin, text.line_end(begin))) {
      last = found_at(text, *index, "after 'answer'");
      continue;
    }
    const std::size_t end = text.sentence_end(begin);
    const auto numbers = text.within(begin, end);
    if (numbers.empty()) continue;
    last = found(text, numbers.back(), "after 'answer'", true);
    const std::string_view sentence = text.between(begin, std::min(end, begin + kLongestClaim));
    last->ambiguous = last->ambiguous || sentence.find("between") != std::string_view::npos;
  }
  return last;
}

}  // namespace

NumericAnswer numeric_answer(std::string_view answer) {
  const Text text(answer);
  if (auto stated = after_hashes(text)) return *stated;
  if (auto stated = in_box(text)) return *stated;
  if (auto stated = in_tag(text)) return *stated;
  if (auto stated = after_answer_word(text)) return *stated;
  if (text.numbers.empty()) return {};
  return found(text, text.numbers.back(), "the last number", false);
}

bool is_formula(std::string_view reference) {
  return is_mathematical(reference) && !plain_number(reference);
}

std::optional<NumericAnswer> plain_number(std::string_view reference) {
  const std::string_view alone = trimmed(reference);
  NumericAnswer answer = numeric_answer(alone);
  if (answer.stated) {
    const bool clear = answer.number && !answer.ambiguous;
    return clear ? std::optional(std::move(answer)) : std::nullopt;
  }
  const Text text(alone);
  const auto claim = whole_claim(text, 0, text.plain.size(), answer.where);
  if (!claim || !claim->number || claim->ambiguous) return std::nullopt;
  const Number& number = text.numbers.back();
  const std::string_view before = text.between(0, number.begin);
  const std::string_view after = text.between(number.end, text.plain.size());
  const bool equation = text.numbers.size() == 1 && before.ends_with("= ");
  const bool nothing_before = only_of(before, " \t\r\n\x01${}(*") || equation;
  const bool nothing_after = only_of(after, " \t\r\n\x01${})*.");
  if (!nothing_before || !(nothing_after || is_unit(after))) return std::nullopt;
  answer.stated = false;
  return answer;
}

}  // namespace ipw::scoring
