// The forms of ipw/scoring/numeric.cpp, for what is no number.
#include "ipw/scoring/stated.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "ipw/scoring/answer_text.h"
#include "ipw/scoring/answer_words.h"

namespace ipw::scoring {
namespace {

#define IPW_OPEN_TAG R"((?:<(?:final_?)?answer>|<final>|\[answer\]))"
#define IPW_CLOSE_TAG R"((?:</(?:final_?)?answer>|</final>|\[/answer\]))"

// Where the last match of a pattern has its one, empty group.
std::optional<std::size_t> last_match(std::string_view text, const re2::RE2& pattern) {
  re2::StringPiece rest(text.data(), text.size());
  re2::StringPiece group;
  std::optional<std::size_t> last;
  while (re2::RE2::FindAndConsume(&rest, pattern, &group)) {
    last = static_cast<std::size_t>(group.data() - text.data());
  }
  return last;
}

std::optional<std::string_view> boxed(std::string_view text) {
  constexpr std::string_view kBox = "\\boxed{";
  const std::size_t at = text.rfind(kBox);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view content = text.substr(at + kBox.size());
  int depth = 1;
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '{') ++depth;
    if (content[i] == '}' && --depth == 0) return content.substr(0, i);
  }
  return std::nullopt;
}

std::optional<std::string_view> after_hashes(std::string_view text) {
  const std::size_t at = text.rfind("####");
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(at + 4);
  return line.substr(0, line.find('\n'));
}

std::optional<std::string_view> after_answer_word(std::string_view text) {
  static const re2::RE2 statement("(?i)" IPW_ANSWER_WORD R"([^\n.,:=!?]{0,40}?)" IPW_ANSWER_IS
                                  R"([\s*_:]*())");
  const auto begin = last_match(text, statement);
  if (!begin) return std::nullopt;
  std::string_view sentence = text.substr(*begin);
  sentence = sentence.substr(0, sentence.find('\n'));
  return sentence.substr(0, sentence.find(". "));
}

}  // namespace

std::string_view tagged_answer(std::string_view text) {
  static const re2::RE2 open("(?i)" IPW_OPEN_TAG "()");
  static const re2::RE2 close("(?i)()" IPW_CLOSE_TAG);
  const auto begin = last_match(text, open);
  if (!begin) return {};
  const std::string_view content = text.substr(*begin);
  re2::StringPiece end;
  if (!re2::RE2::PartialMatch(re2::StringPiece(content.data(), content.size()), close, &end)) {
    return trimmed(content);
  }
  return trimmed(content.substr(0, static_cast<std::size_t>(end.data() - content.data())));
}

std::string_view untagged(std::string_view text) {
  static const re2::RE2 whole(R"((?is)\s*)" IPW_OPEN_TAG "(.*)" IPW_CLOSE_TAG R"(\s*)");
  re2::StringPiece content;
  if (!re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), whole, &content)) {
    return text;
  }
  return trimmed({content.data(), content.size()});
}

std::string_view stated_text(std::string_view text) {
  if (const auto box = boxed(text)) return trimmed(*box);
  if (const std::string_view tagged = tagged_answer(text); !tagged.empty()) return tagged;
  if (const auto line = after_hashes(text)) return trimmed(*line);
  if (const auto sentence = after_answer_word(text)) return trimmed(*sentence);
  return trimmed(text);
}

}  // namespace ipw::scoring
