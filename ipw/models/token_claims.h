#pragma once
// What a server says about tokens, and what it comes to. Providers mean different things by the
// same words: thinking is part of the output with one and stands beside it with another, and so do
// cached tokens and the prompt; a 0 may mean that nobody counted. Totals tell which it is. Pure.

#include <cstdint>
#include <optional>
#include <string>

#include "ipw/core/units.h"
#include "ipw/record/completion.h"

namespace ipw::models {

/// No request has more tokens: what is said to have is no count. Sums of counts cannot overflow.
inline constexpr std::int64_t kMostTokens = std::int64_t{1} << 29;

/// As said, each the last that was said.
struct TokenClaims {
  std::optional<core::Tokens> prompt;
  std::optional<core::Tokens> output;
  std::optional<core::Tokens> total;
  std::optional<core::Tokens> cached;
  std::optional<core::Tokens> cache_written;
  std::optional<core::Tokens> reasoning;
};

/// What is usual with an API: whether a part is counted beside what it is a part of.
struct CountingHabit {
  bool thinking_beside_output = false;
  bool cached_beside_prompt = false;
};

struct SettledUsage {
  record::Usage usage;
  std::string caution;  // what of the counts was not taken as said, and why; empty: all was
};

/// Usage as record::Usage means it (thinking within output, cached tokens within the prompt): by
/// the API's habit where that is possible and agrees with the total, else as it does agree. A count
/// that is missing comes from the total; what a total has beyond prompt and output, where no
/// thinking was told, is thinking. 0 is absent for a prompt, and for an output where
/// `something_came`.
[[nodiscard]] SettledUsage settled(const TokenClaims& claims, CountingHabit habit,
                                   bool something_came);

}  // namespace ipw::models
