// Letters in any bytes and in any order of what multiple-choice answers are made of: the option is
// one that there is, the reason is told, letters are translated once and for all, and a plain
// statement at the end is read, or nothing is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/scoring/answer_fuzz.h"
#include "ipw/scoring/choice.h"
#include "ipw/scoring/choice_letters.h"

namespace {

constexpr std::string_view kWords[] = {
    "A",
    "B",
    "C",
    "D",
    "E",
    "a",
    "b",
    "c",
    "Z",
    "I",
    "А",
    "В",
    "Г",
    "Γ",
    "أ",
    "ب",
    "ক",
    "甲",
    "乙",
    "Ａ",
    "ｂ",
    "Ⓑ",
    "𝐁",
    "𝔸",
    "（",
    "）",
    "：",
    "．",
    "(",
    ")",
    "[",
    "]",
    "**",
    "*",
    "`",
    "- ",
    "• ",
    "\n",
    " ",
    ".",
    ",",
    ":",
    ";",
    "!",
    "\"",
    "'",
    "=",
    "/",
    "\\",
    "Answer: ",
    "answer ",
    "is ",
    "the ",
    "option ",
    "Option ",
    "choice ",
    "correct",
    "wrong",
    "not ",
    "or ",
    "and ",
    "both ",
    "neither ",
    "I choose ",
    "because ",
    "答案是",
    "답: ",
    "ответ: ",
    "\\boxed{",
    "\\text{",
    "{",
    "}",
    "<answer>",
    "</answer>",
    "<think>",
    "</think>",
    "<reasoning>",
    "[THINK]",
    "[/THINK]",
    "<|channel>",
    "<channel|>",
    "assistantfinal",
    "red",
    "a green one",
    "all of the above",
    "12",
    "1",
    "\xff",
    "\xe2\x82",
    "\r\n",
};

const std::vector<std::string>& choices() {
  static const std::vector<std::string> kChoices{"red", "a green one", "all of the above", "12"};
  return kChoices;
}

void check(const ipw::scoring::ChoiceReader& reader, std::string_view text) {
  const ipw::scoring::ChoiceAnswer answer = reader.read(text, choices());
  if (answer.option && *answer.option >= choices().size()) std::abort();
  if (answer.why.empty()) std::abort();
  const std::string latin = ipw::scoring::with_latin_letters(text);
  if (ipw::scoring::with_latin_letters(latin) != latin) std::abort();
  const std::string stated = std::string(text) + "\n\nThe answer is C.";
  const ipw::scoring::ChoiceAnswer last = reader.read(stated, choices());
  if (last.option && *last.option != 2) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ipw::scoring::ChoiceReader kReader;
  const std::string_view bytes = ipw::scoring::text_of(data, size);
  const std::string words = ipw::scoring::words_of({data, size}, kWords);
  check(kReader, bytes);
  check(kReader, words);
  return 0;
}
