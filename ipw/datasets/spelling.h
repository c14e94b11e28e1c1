#pragma once
// "Did you mean …?": the nearest of a few known words.

#include <string>
#include <string_view>
#include <vector>

namespace ipw::datasets {

/// The candidate with the smallest Levenshtein distance to `word`, ignoring ASCII case, if that is
/// at most a third of the longer word's length, rounded up; else empty.
[[nodiscard]] std::string closest(std::string_view word,
                                  const std::vector<std::string>& candidates);

/// "a, b, c".
[[nodiscard]] std::string listed(const std::vector<std::string>& words);

/// The same for a message: of many words only the first, and how many more there are; of a long
/// word only its beginning.
[[nodiscard]] std::string listed_briefly(const std::vector<std::string>& words);

}  // namespace ipw::datasets
