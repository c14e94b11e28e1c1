// Tables of what begins a formula, and a reader that goes on to its end. Brackets are paired once,
// so that jumping over a group costs nothing.
#include "ipw/scoring/formula.h"

#include <algorithm>
#include <string>
#include <utility>

#include "ipw/scoring/answer_text.h"
#include "ipw/scoring/plain_mathematics.h"
#include "ipw/scoring/unit.h"

namespace ipw::scoring {
namespace {

// Commands of LaTeX whose neighbours are no plain numbers.
constexpr std::string_view kCommands[] = {
    "sqrt",   "frac",     "pi",     "log",     "ln",     "lg",       "exp",     "sin",    "cos",
    "tan",    "cot",      "sec",    "csc",     "arcsin", "arccos",   "arctan",  "sinh",   "cosh",
    "tanh",   "binom",    "dbinom", "tbinom",  "choose", "sum",      "prod",    "int",    "lim",
    "infty",  "max",      "min",    "gcd",     "lcm",    "bmod",     "pmod",    "mod",    "lfloor",
    "lceil",  "alpha",    "beta",   "gamma",   "delta",  "epsilon",  "theta",   "lambda", "phi",
    "varphi", "omega",    "sigma",  "rho",     "tau",    "overline", "vec",     "hat",    "bar",
    "det",    "cup",      "cap",    "in",      "matrix", "pmatrix",  "bmatrix", "ldots",  "dots",
    "cdots",  "emptyset", "mathbb", "stackrel"};

constexpr std::string_view kSymbols[] = {"√", "∛", "∜", "π", "∞", "∑", "∏", "∫", "θ", "∪", "∩"};
constexpr std::string_view kRelations[] = {"±", "≤", "≥", "≠", "√", "∛",
                                           "∜", "∈", "∝", "≪", "≫", "≡"};
constexpr std::string_view kFunctions[] = {"sqrt", "cbrt", "log", "ln",    "exp",
                                           "sin",  "cos",  "tan", "max",   "min",
                                           "gcd",  "lcm",  "abs", "floor", "ceil"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == kNarrowSpace; }

std::size_t word_length(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_letter) - text.begin());
}

// (3, 4), [0, 3)
bool is_pair(std::string_view plain) {
  return !plain.empty() && (plain.front() == '(' || plain.front() == '[') &&
         (plain.back() == ')' || plain.back() == ']') && plain.find(',') != std::string_view::npos;
}

// "×" is two bytes, the others one.
std::size_t operator_length(std::string_view text) {
  for (const std::string_view sign : {"+", "-", "*", "/", "×", "÷"}) {
    if (text.starts_with(sign)) return sign.size();
  }
  return 0;
}

}  // namespace

Formulas::Formulas(std::string_view plain) : text_(plain), partner_(plain.size(), 0) {
  std::vector<std::uint32_t> open;
  for (std::uint32_t i = 0; i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == '(' || c == '{') open.push_back(i);
    if ((c != ')' && c != '}') || open.empty()) continue;
    if (text_[open.back()] == (c == ')' ? '(' : '{')) partner_[open.back()] = i;
    open.pop_back();
  }
}

std::string_view Formulas::rest(std::size_t at) const {
  return text_.substr(std::min(at, text_.size()));
}

std::size_t Formulas::symbol_length(std::size_t at) const {
  if (static_cast<unsigned char>(peek(at)) < 0x80) return 0;
  const auto* symbol = std::ranges::find_if(
      kSymbols, [&](std::string_view known) { return rest(at).starts_with(known); });
  return symbol == std::end(kSymbols) ? 0 : symbol->size();
}

std::size_t Formulas::command_length(std::size_t at) const {
  constexpr std::size_t kLongest = 16;
  if (peek(at) != '\\') return 0;
  const std::string_view name = rest(at + 1).substr(0, kLongest);
  const std::size_t length = word_length(name);
  const bool known = std::ranges::find(kCommands, name.substr(0, length)) != std::end(kCommands);
  return known ? 1 + length : 0;
}

// "sqrt(", "log (": a function with its argument in brackets.
std::size_t Formulas::function_length(std::size_t at) const {
  constexpr std::size_t kLongest = 8;
  if (!is_letter(peek(at)) || (at > 0 && (is_letter(text_[at - 1]) || text_[at - 1] == '\\'))) {
    return 0;
  }
  const std::string_view word = rest(at).substr(0, kLongest);
  const std::size_t length = word_length(word);
  if (std::ranges::find(kFunctions, word.substr(0, length)) == std::end(kFunctions)) return 0;
  const std::size_t bracket = at + length + (is_blank(peek(at + length)) ? 1 : 0);
  return peek(bracket) == '(' ? bracket - at : 0;
}

bool Formulas::is_lone_letter(std::size_t at) const {
  const char c = peek(at);
  if (!is_letter(c) || c == 'a' || c == 'I' || c == 'A') return false;
  const bool alone_before =
      at == 0 || (!is_letter(text_[at - 1]) && text_[at - 1] != '\\' && text_[at - 1] != '\'');
  return alone_before && !is_letter(peek(at + 1)) && peek(at + 1) != '\'';
}

std::size_t Formulas::group_end(std::size_t at) const {
  const std::uint32_t partner = at < partner_.size() ? partner_[at] : 0;
  return partner == 0 ? at + 1 : partner + 1;
}

// The operand that starts at `at`: a group, a word, a number, a symbol or a command with its
// arguments. `at` where there is none.
std::size_t Formulas::operand_end(std::size_t at) const {
  const char c = peek(at);
  if (c == '(' || c == '{') return group_end(at);
  if (is_letter(c)) return at + word_length(rest(at));
  if (is_digit(c)) {
    while (is_digit(peek(at)) || ((peek(at) == '.' || peek(at) == ',') && is_digit(peek(at + 1)))) {
      ++at;
    }
    return at;
  }
  if (const std::size_t symbol = symbol_length(at); symbol > 0) return at + symbol;
  const std::size_t command = command_length(at);
  if (command == 0) return at;
  at += command;
  if (peek(at) == '[') {
    const std::size_t close = rest(at).substr(0, 8).find(']');  // the index of a root
    if (close != std::string_view::npos) at += close + 1;
  }
  constexpr int kMostArguments = 3;
  for (int i = 0; i < kMostArguments && peek(at) == '{'; ++i) at = group_end(at);
  return std::min(at, text_.size());
}

// What is raised to the power at `at`: a variable, a number, a bracket. Not a unit ("in m^2"), and
// not the nothing before a footnote's mark.
bool Formulas::has_base(std::size_t at) const {
  constexpr std::size_t kLongestUnit = 8;
  const char before = at > 0 ? text_[at - 1] : ' ';
  if (!is_letter(before)) {
    return is_digit(before) || before == ')' || before == '}' || before == '|';
  }
  std::size_t begin = at;
  while (begin > 0 && at - begin < kLongestUnit && is_letter(text_[begin - 1])) --begin;
  return !is_unit(text_.substr(begin, at - begin));
}

bool Formulas::starts_at(std::size_t at) const {
  const char c = peek(at);
  if (c == '^') return has_base(at);
  if (c == '\\') return command_length(at) > 0;
  if (static_cast<unsigned char>(c) >= 0x80) return symbol_length(at) > 0;
  return function_length(at) > 0;
}

bool Formulas::follows(std::size_t end) const {
  if (peek(end) == '^') {  // "18^{th}" is an ordinal
    const std::size_t word = end + (peek(end + 1) == '{' ? 2 : 1);
    const std::string_view letters = rest(word).substr(0, 2);
    return letters != "th" && letters != "st" && letters != "nd" && letters != "rd";
  }
  if (peek(end) == '.' && command_length(end + 1) > 0) return true;  // 0.\overline{3}
  const std::size_t glued = word_length(rest(end).substr(0, 8));
  if (glued > 0) return is_variable(rest(end).substr(0, glued));
  std::size_t at = end;
  while (is_blank(peek(at)) && at < end + 3) ++at;
  if (command_length(at) > 0 || symbol_length(at) > 0 || function_length(at) > 0) return true;
  if (at > end) {
    const std::string_view word = rest(at).substr(0, word_length(rest(at).substr(0, 8)));
    if (word == "pi") return true;
    if (word.size() == 1 && is_variable(word) && peek(at + 1) == '^') return true;
  }
  const std::size_t sign = operator_length(rest(at));
  if (sign == 0) return false;
  at += sign;
  while (is_blank(peek(at)) && at < end + 6) ++at;
  if (command_length(at) > 0 || symbol_length(at) > 0 || function_length(at) > 0) return true;
  const bool per = rest(end).starts_with('/') && !is_variable(rest(at).substr(0, 1));
  return !per && is_lone_letter(at);
}

// "<b>18", "-> 18": the > of a tag or an arrow.
bool Formulas::in_tag(std::size_t at) const {
  constexpr std::size_t kLongestTag = 40;
  if (at > 0 && (text_[at - 1] == '-' || text_[at - 1] == '=')) return true;
  for (std::size_t i = at; i > 0 && at - i < kLongestTag && text_[i - 1] != '\n'; --i) {
    if (text_[i - 1] == '<') return true;
  }
  return false;
}

bool Formulas::precedes(std::size_t begin) const {
  std::size_t at = begin;
  const auto skip_back = [&] {
    for (int i = 0; i < 3 && at > 0 && is_blank(text_[at - 1]); ++i) --at;
  };
  skip_back();
  if (at == 0) return false;
  const std::string_view before = text_.substr(0, at);
  if (std::ranges::any_of(kRelations,
                          [&](std::string_view sign) { return before.ends_with(sign); })) {
    return true;
  }
  const char last = before.back();
  if (last == '<') return rest(begin).substr(0, 32).find('>') == std::string_view::npos;
  if (last == '>') {
    const bool quote = at == 1 || text_[at - 2] == '\n';
    return !quote && !in_tag(at - 1);
  }
  const bool times = before.ends_with("×") || before.ends_with("÷");
  if (!times && last != '+' && last != '*' && last != '/' && last != '-') return false;
  const bool spaced = at < begin;
  at -= times ? 2 : 1;
  const std::size_t sign = at;
  skip_back();
  if (at == 0) return false;
  if (last == '-' && spaced != (at < sign)) return false;  // "n -18" has a sign
  if (text_[at - 1] == ')') return last != '-' && last != '*';
  return is_lone_letter(at - 1);
}

std::size_t Formulas::end_of(std::size_t at) const {
  if (const std::size_t name = function_length(at); name > 0) at += name;
  for (;;) {
    if (peek(at) == '^' || peek(at) == '_') {
      const std::size_t sign = peek(at + 1) == '-' ? 1 : 0;
      at = std::max(operand_end(at + 1 + sign), at + 1);
      continue;
    }
    if (peek(at) == '!') {
      ++at;
      continue;
    }
    if (const std::size_t end = operand_end(at); end > at) {
      at = end;
      continue;
    }
    std::size_t next = at;
    while (is_blank(peek(next)) && next < at + 3) ++next;
    const std::size_t sign = operator_length(rest(next));
    next += sign;
    while (sign > 0 && is_blank(peek(next)) && next < at + 6) ++next;
    const bool construct = command_length(next) > 0 || symbol_length(next) > 0;
    const bool operand =
        sign > 0 && (is_digit(peek(next)) || peek(next) == '(' || peek(next) == '{' ||
                     is_lone_letter(next) || function_length(next) > 0);
    if (!construct && !operand) return std::min(at, text_.size());
    const std::size_t end = operand_end(next);
    if (end <= next) return std::min(at, text_.size());
    at = end;
  }
}

bool is_mathematical(std::string_view text) {
  constexpr std::string_view kMarks = "{}!|+*=<>";
  const std::string plain = plain_mathematics(text);
  bool digits = false;
  bool words = false;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    const bool letter_follows = i + 1 < plain.size() && is_letter(plain[i + 1]);
    if (c == '^' || (c == '\\' && letter_follows)) return true;
    digits = digits || is_digit(c);
    words = words || (is_letter(c) && letter_follows);
  }
  const auto holds = [&](std::string_view sign) { return plain.find(sign) != std::string::npos; };
  if (std::ranges::any_of(kSymbols, holds) || std::ranges::any_of(kRelations, holds)) return true;
  if (!digits || words) return false;
  return plain.find_first_of(kMarks) != std::string::npos || is_pair(trimmed(plain));
}

std::string formula_text(std::string_view text) {
  std::string plain = plain_mathematics(trimmed(text));
  std::erase_if(plain, [](char c) {
    return is_blank(c) || c == '\n' || c == '\r' || c == '$' || c == kNarrowSpace;
  });
  if (plain.ends_with('.')) plain.pop_back();
  return plain;
}

}  // namespace ipw::scoring
