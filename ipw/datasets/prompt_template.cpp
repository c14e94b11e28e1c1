// Templates: parsed once into pieces, rendered by concatenation.
#include "ipw/datasets/prompt_template.h"

#include <algorithm>
#include <utility>

namespace ipw::datasets {
namespace {

struct StandardRow {
  AnswerKind kind;
  const char* text;
};

constexpr StandardRow kStandard[] = {
    {AnswerKind::kText, "{question}"},
    {AnswerKind::kNumber,
     "{question}\n\nWork through it step by step. Then give the final answer alone on the last "
     "line, as a plain number after four hash signs, like this:\n#### 42"},
    {AnswerKind::kChoice,
     "{question}\n\n{choices}\n\nExactly one option is right. Answer with the letter of that "
     "option "
     "and end with a line of this form:\nAnswer: <letter>"},
};

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  });
}

}  // namespace

core::Result<PromptTemplate> PromptTemplate::parse(std::string_view text) {
  PromptTemplate result;
  result.text_ = text;
  Piece piece;
  bool asks = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool doubled = i + 1 < text.size() && text[i + 1] == c;
    if ((c == '{' || c == '}') && doubled) ++i;
    const std::size_t end = c == '{' && !doubled ? text.find('}', i) : std::string_view::npos;
    const std::string_view word =
        end == std::string_view::npos ? std::string_view{} : text.substr(i + 1, end - i - 1);
    if (!is_word(word)) {  // other braces (LaTeX, JSON) stand for themselves
      piece.literal.push_back(c);
      continue;
    }
    if (word != "question" && word != "choices") {
      return core::fail(core::ErrorCode::kUsage,
                        "the prompt template has the placeholder {" + std::string(word) +
                            "}: known are {question} and {choices} (write {{" + std::string(word) +
                            "}} for the word in braces)");
    }
    asks = asks || word == "question";
    piece.slot = word == "question" ? Slot::kQuestion : Slot::kChoices;
    result.pieces_.push_back(std::exchange(piece, {}));
    i = end;
  }
  result.pieces_.push_back(std::move(piece));
  if (!asks) {
    return core::fail(core::ErrorCode::kUsage,
                      "the prompt template never asks: {question} is missing (add it)");
  }
  return result;
}

PromptTemplate PromptTemplate::standard(AnswerKind kind) {
  const auto* row = std::ranges::find(kStandard, kind, &StandardRow::kind);
  return *parse(row->text);
}

std::string PromptTemplate::render(std::string_view question,
                                   const std::vector<std::string>& choices) const {
  std::string prompt;
  for (const Piece& piece : pieces_) {
    prompt += piece.literal;
    if (piece.slot == Slot::kQuestion) prompt += question;
    if (piece.slot != Slot::kChoices) continue;
    while (choices.empty() && prompt.ends_with('\n')) prompt.pop_back();
    prompt += lettered(choices);
  }
  return prompt;
}

std::string lettered(const std::vector<std::string>& choices) {
  std::string text;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) text += '\n';
    text += static_cast<char>('A' + i);
    text += ". " + choices[i];
  }
  return text;
}

}  // namespace ipw::datasets
