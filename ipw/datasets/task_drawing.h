#pragma once
// Draws out of a core::Random that the tasks have in common. An expression must not hold two of
// them but in braces: elsewhere compilers may choose the order, and the same seed has to give the
// same questions everywhere.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/core/random.h"

namespace ipw::datasets {

using Words = std::span<const std::string_view>;

/// Uniform among the whole numbers from `low` to `high`, both included.
[[nodiscard]] int between(core::Random& random, int low, int high);

template <class Range>
[[nodiscard]] auto pick(core::Random& random, const Range& range) {
  return range[random.below(std::size(range))];
}

template <class T>
void shuffle(core::Random& random, std::vector<T>& values) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

/// `count` different words, at most as many as there are.
[[nodiscard]] std::vector<std::string_view> some(core::Random& random, Words words, int count);

template <class T>
[[nodiscard]] std::vector<T> sorted(std::vector<T> values) {
  std::ranges::sort(values);
  return values;
}

/// "red, blue, green"; "7, 19, 41".
[[nodiscard]] std::string joined(const std::vector<int>& values);
[[nodiscard]] std::string joined(const std::vector<std::string>& values,
                                 std::string_view separator = ", ");
[[nodiscard]] std::string joined(const std::vector<std::string_view>& values,
                                 std::string_view separator = ", ");

/// One of several wordings, given as functions so that only one is written.
template <class... Wordings>
std::string worded(core::Random& random, Wordings&&... wordings) {
  const std::size_t chosen = random.below(sizeof...(wordings));
  std::string text;
  std::size_t i = 0;
  ((i++ == chosen ? void(text = wordings()) : void()), ...);
  return text;
}

}  // namespace ipw::datasets
