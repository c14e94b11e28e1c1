// Numbers in any bytes and in any order of what numbers are made of: ranges stay inside the text,
// values stay finite, equality is reflexive, a formula is no number, and what is plain enough to be
// a reference is right for itself.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ipw/scoring/answer_fuzz.h"
#include "ipw/scoring/answer_text.h"
#include "ipw/scoring/formula.h"
#include "ipw/scoring/number.h"
#include "ipw/scoring/numeric.h"
#include "ipw/scoring/stated.h"

namespace {

constexpr std::string_view kWords[] = {
    "1",        "18",      "0",        "234",       "5",         ".",        ",",
    "-",        "−",       "– ",       "+",         " ",         "\n",       "$",
    "€",        "Rs.",     "\\$",      "\\%",       "%",         " percent", "\\frac",
    "\\dfrac{", "{",       "}",        "(",         ")",         "[",        "]",
    "\\boxed{", "\\sqrt",  "\\sqrt[",  "√",         "\\pi",      "π",        "^",
    "^{",       "_",       "\\text{",  "m",         " cm",       "k",        "M",
    " million", "万",      "x",        " y",        "e",         "i",        "=",
    "\\approx", "×10^",    "\\times",  "*",         "/",         "!",        "|",
    "<",        ">",       "\\le",     "±",         "####",      "#### ",    "answer is ",
    "答案是",   "Answer:", "<answer>", "</answer>", "negative ", "minus ",   " or ",
    " and ",    "\\,",     "~",        "'",         "’",         "\u202f",   "_",
    "٣",        "१",       "５",       "٫",         "٬",         "，",       "½",
    "²",        "⁻",       "sqrt(",    "log",       "th",        "\\circ",   "°",
    ":",        ";",       "0x",       "\\left(",   "\\right)",  "\\infty",  "\\binom{",
};

void check_numbers(std::string_view text) {
  const std::string plain = ipw::scoring::plain_mathematics(text);
  std::size_t end = 0;
  for (const auto& number : ipw::scoring::numbers_in(plain)) {
    const bool ordered = number.begin < number.end && number.end <= plain.size();
    if (!ordered || number.begin < end || !std::isfinite(number.value)) std::abort();
    if (ipw::scoring::equal(number, number) == number.formula) std::abort();
    end = number.end;
  }
}

void check_answer(std::string_view text) {
  const auto answer = ipw::scoring::numeric_answer(text);
  if (answer.number && (answer.formula || answer.number->formula || answer.text.empty())) {
    std::abort();
  }
  if (answer.formula && answer.where.empty()) std::abort();
  const auto plain = ipw::scoring::plain_number(text);
  if (plain && (!answer.number || answer.ambiguous ||
                !ipw::scoring::equal(*answer.number, *plain->number))) {
    std::abort();
  }
  if (plain && ipw::scoring::is_formula(text)) std::abort();
  if (ipw::scoring::stated_text(text).size() > text.size()) std::abort();
  (void)ipw::scoring::formula_text(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = ipw::scoring::text_of(data, size);
  const std::string words = ipw::scoring::words_of({data, size}, kWords);
  for (const std::string_view text : {bytes, std::string_view(words)}) {
    check_numbers(text);
    check_answer(ipw::scoring::trimmed(text));  // as scorers do
  }
  return 0;
}
