#pragma once
// Where a text is mathematics beyond a plain number: √18, 18π, x^18, 2(x + 1). Such places are
// found so that no number is taken out of them; what they are worth is not decided here.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::scoring {

/// The formulas of one text in plain spelling (plain_mathematics.h), which must outlive it.
class Formulas {
 public:
  explicit Formulas(std::string_view plain);

  /// Whether a construct starts at `at`: \sqrt, √, sqrt(…), \log, \pi, a power, …
  [[nodiscard]] bool starts_at(std::size_t at) const;
  /// Whether what follows a number that ends at `end` makes a formula of it: 18\pi, 18x, 2^5, 18 +
  /// x.
  [[nodiscard]] bool follows(std::size_t end) const;
  /// Whether what stands before a number that begins at `begin` does: x + 18, ≤ 18, (a + b)/2.
  [[nodiscard]] bool precedes(std::size_t begin) const;
  /// The end of the formula that is known to begin before `at` or with the construct there.
  [[nodiscard]] std::size_t end_of(std::size_t at) const;

 private:
  [[nodiscard]] char peek(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
  [[nodiscard]] std::string_view rest(std::size_t at) const;
  [[nodiscard]] std::size_t symbol_length(std::size_t at) const;
  [[nodiscard]] std::size_t command_length(std::size_t at) const;
  [[nodiscard]] std::size_t function_length(std::size_t at) const;
  [[nodiscard]] std::size_t operand_end(std::size_t at) const;
  [[nodiscard]] std::size_t group_end(std::size_t at) const;
  [[nodiscard]] bool has_base(std::size_t at) const;
  [[nodiscard]] bool is_lone_letter(std::size_t at) const;
  [[nodiscard]] bool in_tag(std::size_t at) const;

  std::string_view text_;
  std::vector<std::uint32_t> partner_;  // of each opening bracket: where it closes, or 0
};

/// Whether `text` (any spelling) is mathematics: it has a LaTeX command, a power, a root or an
/// inequality, or numbers with brackets or operators and no words.
[[nodiscard]] bool is_mathematical(std::string_view text);

/// `text` in plain spelling and without blanks, dollar signs and a point at the end: formulas are
/// compared in it, letter by letter.
[[nodiscard]] std::string formula_text(std::string_view text);

}  // namespace ipw::scoring
