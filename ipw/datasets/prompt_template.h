#pragma once
// The words around a question. They change what a model answers, so they are visible, replaceable
// and part of the set's digest.

#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"

namespace ipw::datasets {

/// What kind of answer a question asks for; each has its own default template.
enum class AnswerKind { kText, kNumber, kChoice };

/// A text with the placeholders {question} and {choices}. "{{" and "}}" stand for braces.
class PromptTemplate {
 public:
  /// kUsage for an unknown placeholder, or where {question} is missing.
  [[nodiscard]] static core::Result<PromptTemplate> parse(std::string_view text);

  /// The default for `kind`.
  [[nodiscard]] static PromptTemplate standard(AnswerKind kind);

  /// Fills in the question and its options, as lines "A. …". Where there are none, the
  /// line ends before {choices} go with it.
  [[nodiscard]] std::string render(std::string_view question,
                                   const std::vector<std::string>& choices) const;

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  enum class Slot { kNone, kQuestion, kChoices };
  struct Piece {
    std::string literal;
    Slot slot = Slot::kNone;  // what follows the literal
  };

  std::string text_;
  std::vector<Piece> pieces_;
};

/// "A. first\nB. second"; at most 26 options.
[[nodiscard]] std::string lettered(const std::vector<std::string>& choices);

}  // namespace ipw::datasets
