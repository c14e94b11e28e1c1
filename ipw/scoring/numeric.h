#pragma once
// Which number of an answer is the answer.

#include <optional>
#include <string>
#include <string_view>

#include "ipw/scoring/number.h"

namespace ipw::scoring {

struct NumericAnswer {
  std::optional<Number> number;
  std::string text;            // as it stands in the answer, sign and unit marks included
  std::string where;           // "after ####", "in \boxed{}", "after 'answer'", "the last number"
  bool stated = false;         // said explicitly, not merely the last number
  bool ambiguous = false;      // two different numbers claim to be it
  bool formula = false;        // what is stated is a formula, not a plain number; number is absent
  std::size_t candidates = 0;  // how many numbers the text has
};

/// The stated answer, looked for in this order: the last line "#### number" (GSM8K); the last
/// \boxed{}; the last <answer>; the last "answer is …", "answer: …", in many languages; the last
/// number. "5 or 6" is ambiguous. Where the strongest form states a formula (\boxed{\sqrt{18}},
/// "answer is 18π", "2 + 3") no other number is taken instead. Linear in the text.
[[nodiscard]] NumericAnswer numeric_answer(std::string_view text);

/// `reference` as the number that it is: alone, with a unit that is known, or stated (#### 18).
/// Absent for formulas, for several numbers, and for words around one ("12 monkeys").
[[nodiscard]] std::optional<NumericAnswer> plain_number(std::string_view reference);

/// Whether `reference` is mathematics and no plain number: \sqrt{3}, (3, 4), x > 3, 3!.
[[nodiscard]] bool is_formula(std::string_view reference);

}  // namespace ipw::scoring
