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
  std::size_t candidates = 0;  // how many numbers the text has
};

/// The stated answer, looked for in this order: the last line "#### number" (GSM8K); the last
/// \boxed{}; the last "answer is …", "answer: …"; the last number. "5 or 6" is ambiguous.
[[nodiscard]] NumericAnswer numeric_answer(std::string_view text);

}  // namespace ipw::scoring
