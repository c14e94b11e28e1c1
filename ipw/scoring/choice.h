#pragma once
// Which option of a multiple-choice question an answer picks.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::scoring {

struct ChoiceAnswer {
  std::optional<std::size_t> option;  // index of the option picked
  std::string why;                    // how it was read, or why nothing was
};

/// Reads letters A to Z, as far as there are options; also lower case, and as other scripts write
/// them (choice_letters.h). Thread-safe.
class ChoiceReader {
 public:
  ChoiceReader();
  ~ChoiceReader();
  ChoiceReader(const ChoiceReader&) = delete;
  ChoiceReader& operator=(const ChoiceReader&) = delete;

  /// Looked for in this order, within each the last one counting: a statement ("Answer: B",
  /// \boxed{B}, "B is correct", "I choose B", also with an option's text for the letter); a line
  /// that holds nothing but a letter; the one label that starts a line ("B. …"); the one "(B)" or
  /// "**B**" of the last line; the full text of exactly one option. The article "A" and the pronoun
  /// "I" are no letters, nor are letters beyond the options. "A or B" is ambiguous: no option.
  [[nodiscard]] ChoiceAnswer read(std::string_view answer,
                                  const std::vector<std::string>& choices) const;

 private:
  struct Patterns;
  std::unique_ptr<Patterns> patterns_;
};

}  // namespace ipw::scoring
