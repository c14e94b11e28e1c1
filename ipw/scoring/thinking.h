#pragma once
// Thinking that a server leaves in the text of an answer. Which forms there are is one table here;
// whoever reads answers asks this reader, so that none knows a form that another does not.

#include <cstddef>
#include <string>
#include <string_view>

namespace ipw::scoring {

/// An answer and the thinking that stood in the same text.
struct Spoken {
  std::string answer;       // the text outside of the thinking, pieces on lines of their own
  std::string form;         // the first mark of thinking as it stands: "<think>"; empty: none
  std::size_t cut = 0;      // bytes of thinking, marks included
  bool open_ended = false;  // the thinking never ends
};

/// Splits `text` (any bytes), in time linear in it. Tags in any case, with attributes, in < >,
/// [ ], <| |>, ◁ ▷ or escaped; marks of single models; harmony's channels, of which "final" is the
/// answer. In detail:
/// - Everything before a closing mark that nothing opened is thinking (the prompt opened it), but
///   for a mark at the very end of an answer whose thinking had ended before.
/// - What is opened at the start of a line and never closed is thinking to the end, or to an
///   <answer> tag. In the middle of a line such a tag is only spoken of.
/// - Marks in quotes, in `code` and in fenced code are text.
/// - Tags that also structure answers (<analysis>, <plan>, …) are thinking only where something
///   else is left.
[[nodiscard]] Spoken without_thinking(std::string_view text);

/// Whether `text` holds a mark of thinking, quoted or not.
[[nodiscard]] bool names_thinking(std::string_view text);

}  // namespace ipw::scoring
