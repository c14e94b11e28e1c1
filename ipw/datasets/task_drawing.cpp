// Draws that need no template.
#include "ipw/datasets/task_drawing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>

namespace ipw::datasets {

int between(core::Random& random, int low, int high) {
  const auto count = static_cast<std::uint64_t>(high - low) + 1;
  return low + static_cast<int>(random.below(count));
}

std::vector<std::string_view> some(core::Random& random, Words words, int count) {
  std::vector<std::string_view> all(words.begin(), words.end());
  shuffle(random, all);
  all.resize(static_cast<std::size_t>(count));
  return all;
}

std::string joined(const std::vector<int>& values) {
  return fmt::format("{}", fmt::join(values, ", "));
}

std::string joined(const std::vector<std::string>& values, std::string_view separator) {
  return fmt::format("{}", fmt::join(values, separator));
}

std::string joined(const std::vector<std::string_view>& values, std::string_view separator) {
  return fmt::format("{}", fmt::join(values, separator));
}

}  // namespace ipw::datasets
