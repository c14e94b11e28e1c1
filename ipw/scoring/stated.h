#pragma once
// Where an answer states what it answers, as text.

#include <string_view>

namespace ipw::scoring {

/// What stands within the last <answer> … </answer> (also <final_answer>, <final>, [ANSWER]), to
/// the end where that is not closed; empty where there is none. All results are views into `text`.
[[nodiscard]] std::string_view tagged_answer(std::string_view text);

/// What stands within, where the text is one such element and nothing else; else all of it.
[[nodiscard]] std::string_view untagged(std::string_view text);

/// The last \boxed{…}, else the last <answer>, else the line after the last ####, else the sentence
/// after the last "answer is" or "answer:" (in many languages), else all of it. Without white space
/// at the ends.
[[nodiscard]] std::string_view stated_text(std::string_view text);

}  // namespace ipw::scoring
