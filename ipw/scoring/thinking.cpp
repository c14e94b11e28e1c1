// All marks of a text are found first, in one pass; a second pass over them decides what each
// means, which depends on what comes later (is it ever closed?) as much as on what came before.
#include "ipw/scoring/thinking.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "ipw/scoring/answer_text.h"

namespace ipw::scoring {
namespace {

// Tags: any word within any of the brackets. The same words are used by models of many makers
// (DeepSeek, Qwen, Gemma, Magistral, Kimi-VL, Seed, MiniMax, EXAONE) and by prompts that ask for
// them.
struct TagWord {
  std::string_view word;
  bool always;  // thinking even where nothing else is left
};
constexpr TagWord kTagWords[] = {
    {"think", true},
    {"thinking", true},
    {"thought", true},
    {"thoughts", true},
    {"thinking_process", true},
    {"thought_process", true},
    {"longcat_think", true},
    {"antthinking", true},
    {"reasoning", true},
    {"reasoning_scratchpad", true},
    {"chain_of_thought", true},
    {"cot", true},
    {"scratchpad", true},
    {"inner_monologue", true},
    {"internal_monologue", true},
    {"reflection", false},
    {"analysis", false},
    {"rationale", false},
    {"plan", false},
};
constexpr std::size_t kLongestWord = 24;

struct Brackets {
  std::string_view open;
  std::string_view close;
};
// The longer before what begins it.
constexpr Brackets kBrackets[] = {{"<|", "|>"}, {"<｜", "｜>"},   {"<", ">"},  {"[", "]"},
                                  {"◁", "▷"},   {"&lt;", "&gt;"}, {"＜", "＞"}};

// Marks of single models, as they stand.
struct MarkPair {
  std::string_view open;
  std::string_view close;
  bool alone;         // the close means something without the open
  bool prompt_opens;  // templates are known whose prompt holds the open
};
constexpr MarkPair kMarkPairs[] = {
    {"<|channel>thought", "<channel|>", true, false},                       // Gemma 4
    {"<unused94>thought", "<unused95>", true, false},                       // MedGemma
    {"<|START_THINKING|>", "<|END_THINKING|>", true, true},                 // Command A, R7B
    {"<|begin_of_thought|>", "<|end_of_thought|>", true, true},             // Sky-T1, OpenThinker
    {"<|inner_prefix|>", "<|inner_suffix|>", true, true},                   // Apertus
    {"<|open|>think<|sep|>", "<|close|>think<|sep|>", true, true},          // Kimi K3
    {"Here is my thought process:", "Here is my response:", false, false},  // Granite 3
    {"Here's my thought process:", "Here's my response:", false, false},
    {"<details type=\"reasoning\"", "</details>", false, false},  // Open WebUI
};

// What stands around an answer and is not part of it.
constexpr std::string_view kFrames[] = {
    "<|END_RESPONSE|>",         "<|START_TEXT|>",   "<|END_TEXT|>",   "<|begin_of_solution|>",
    "<|end_of_solution|>",      "<|begin_of_box|>", "<|end_of_box|>", "<|open|>response<|sep|>",
    "<|close|>response<|sep|>", "<|im_end|>",       "<|eot_id|>",     "<|endoftext|>",
    "<|end_of_text|>",          "<|return|>",       "<|end|>",        "<end_of_turn>",
};

// Where an answer begins although its thinking was never closed.
constexpr std::string_view kAnswerTags[] = {"<answer>", "<final_answer>", "<final>", "[answer]",
                                            "<|START_RESPONSE|>"};

enum class Kind { kOpen, kClose, kEmpty, kFrame, kAnswer };

constexpr std::size_t kForms = std::size(kTagWords) + std::size(kMarkPairs);
constexpr std::size_t kNoForm = kForms;

struct Mark {
  Kind kind = Kind::kOpen;
  std::size_t form = kNoForm;  // tags first, then the pairs
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool is_tag(std::size_t form) { return form < std::size(kTagWords); }
const MarkPair& pair_of(std::size_t form) { return kMarkPairs[form - std::size(kTagWords)]; }
bool always(std::size_t form) { return !is_tag(form) || kTagWords[form].always; }
bool counts_alone(std::size_t form) { return is_tag(form) ? always(form) : pair_of(form).alone; }
bool prompt_opens(std::size_t form) { return is_tag(form) || pair_of(form).prompt_opens; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_word(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || c == '_'; }

bool starts_with(std::string_view text, std::string_view mark) {
  return text.size() >= mark.size() &&
         std::ranges::equal(text.substr(0, mark.size()), mark, {}, lower, lower);
}

void skip_blanks(std::string_view text, std::size_t& at) {
  while (at < text.size() && is_blank(text[at])) ++at;
}

std::size_t word_form(std::string_view word) {
  const auto* row = std::ranges::find_if(kTagWords, [&](const TagWord& known) {
    return known.word.size() == word.size() && starts_with(word, known.word);
  });
  return row == std::end(kTagWords) ? kNoForm : static_cast<std::size_t>(row - kTagWords);
}

// What stands between the word and the closing bracket: attributes, on the same line.
std::optional<std::size_t> tag_end(std::string_view text, std::size_t at, std::string_view close) {
  constexpr std::size_t kMostAttributes = 160;
  const std::string_view rest =
      text.substr(at, std::min(text.size() - at, kMostAttributes + close.size()));
  const std::size_t end = rest.find(close);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view between = rest.substr(0, end);
  if (between.find('\n') != std::string_view::npos) return std::nullopt;
  if (!between.empty() && !is_blank(between[0]) && between[0] != '/') return std::nullopt;
  return at + end + close.size();
}

// <think>, </think>, < think >, <//think>, <seed:think>, <think time="3">, <think/>.
std::optional<Mark> tag_within(std::string_view text, std::size_t begin, const Brackets& brackets) {
  std::size_t at = begin + brackets.open.size();
  skip_blanks(text, at);
  const bool closes = at < text.size() && text[at] == '/';
  while (at < text.size() && (text[at] == '/' || is_blank(text[at]))) ++at;
  std::size_t word = at;
  const std::size_t most = std::min(text.size(), at + 2 * kLongestWord);
  while (at < most && (is_word(text[at]) || text[at] == ':')) {
    if (text[at++] == ':') word = at;
  }
  const std::size_t form = word_form(text.substr(word, at - word));
  if (form == kNoForm) return std::nullopt;
  const auto end = tag_end(text, at, brackets.close);
  if (!end) return std::nullopt;
  const std::size_t last = *end - brackets.close.size();
  const bool empty = !closes && last > at && text[last - 1] == '/';
  return Mark{closes ? Kind::kClose : (empty ? Kind::kEmpty : Kind::kOpen), form, begin, *end};
}

std::optional<Mark> mark_at(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  for (std::size_t i = 0; i < std::size(kMarkPairs); ++i) {
    const MarkPair& pair = kMarkPairs[i];
    const std::size_t form = std::size(kTagWords) + i;
    if (starts_with(rest, pair.open)) {
      return Mark{Kind::kOpen, form, at, at + pair.open.size()};
    }
    if (starts_with(rest, pair.close)) {
      return Mark{Kind::kClose, form, at, at + pair.close.size()};
    }
  }
  for (const std::string_view tag : kAnswerTags) {
    if (starts_with(rest, tag)) return Mark{Kind::kAnswer, kNoForm, at, at + tag.size()};
  }
  for (const std::string_view frame : kFrames) {
    if (starts_with(rest, frame)) return Mark{Kind::kFrame, kNoForm, at, at + frame.size()};
  }
  for (const Brackets& brackets : kBrackets) {
    if (!rest.starts_with(brackets.open)) continue;
    if (auto tag = tag_within(text, at, brackets)) return tag;
  }
  return std::nullopt;
}

// A quick no to nearly all characters.
bool may_begin_mark(std::string_view text, std::size_t at) {
  const char next = at + 1 < text.size() ? text[at + 1] : '\0';
  switch (text[at]) {
    case '<':
      return next == '|' || next == '/' || is_blank(next) || is_word(next) || next == '\xef';
    case '[': return next == '/' || is_blank(next) || is_word(next);
    case '&': return next == 'l' || next == 'L';
    case 'H':
    case 'h': return lower(next) == 'e';
    case '\xe2':
    case '\xef': return true;
    default: return false;
  }
}

std::vector<Mark> marks_in(std::string_view text) {
  std::vector<Mark> marks;
  for (std::size_t at = 0; at < text.size();) {
    const auto mark = may_begin_mark(text, at) ? mark_at(text, at) : std::nullopt;
    if (mark) marks.push_back(*mark);
    at = mark ? mark->end : at + 1;
  }
  return marks;
}

// Fences of code: lines that begin with ``` or ~~~. A bare one may end a block, one with a word
// behind it only begin one.
struct Fence {
  std::size_t at = 0;
  bool bare = false;
};

std::vector<Fence> fences_in(std::string_view text) {
  std::vector<Fence> fences;
  for (std::size_t line = 0; line < text.size();) {
    const std::size_t end = std::min(text.find('\n', line), text.size());
    const std::string_view content = trimmed(text.substr(line, end - line));
    if (content.starts_with("```") || content.starts_with("~~~")) {
      fences.push_back({line, content.find_first_not_of(content[0]) == std::string_view::npos});
    }
    line = end + 1;
  }
  return fences;
}

// "<think>" in quotes of any kind, directly around it.
bool in_quotes(std::string_view text, const Mark& mark) {
  constexpr std::pair<std::string_view, std::string_view> kQuotes[] = {
      {"`", "`"}, {"\"", "\""}, {"'", "'"}, {"“", "”"}, {"‘", "’"}, {"«", "»"}, {"「", "」"}};
  const std::string_view before = text.substr(0, mark.begin);
  const std::string_view behind = text.substr(mark.end);
  return std::ranges::any_of(kQuotes, [&](const auto& quotes) {
    return before.ends_with(quotes.first) && behind.starts_with(quotes.second);
  });
}

/// The second pass: what every mark means, in order.
class Splitter {
 public:
  explicit Splitter(std::string_view text)
      : text_(text), marks_(marks_in(text)), fences_(fences_in(text)) {
    const std::string_view whole = trimmed(text_);
    end_of_text_ =
        whole.empty() ? 0 : static_cast<std::size_t>(whole.data() - text_.data()) + whole.size();
    for (std::size_t i = 0; i < marks_.size(); ++i) {
      const Mark& mark = marks_[i];
      if (mark.kind == Kind::kClose && !in_quotes(text_, mark)) last_close_[mark.form] = i + 1;
    }
    const auto first_tag = last_close_.begin();
    last_tag_close_ = *std::max_element(first_tag, first_tag + std::size(kTagWords));
  }

  [[nodiscard]] Spoken split() {
    while (next_ < marks_.size()) {
      const Mark mark = marks_[next_++];
      if (mark.begin < at_) continue;
      follow_code(mark.begin);
      if (!is_text(mark)) take(mark);
    }
    keep(text_.size());
    return finish();
  }

 private:
  // Moves the state of code (fence, backticks of the line) on to `end`, over text that is kept.
  void follow_code(std::size_t end) {
    while (next_fence_ < fences_.size() && fences_[next_fence_].at < end) {
      const Fence& fence = fences_[next_fence_++];
      if (fence.at < at_) continue;  // within thinking
      if (!fenced_ || fence.bare) fenced_ = !fenced_;
    }
    for (; seen_ < end; ++seen_) {
      if (text_[seen_] == '\n') in_code_ = false;
      if (text_[seen_] == '`') in_code_ = !in_code_;
    }
  }

  [[nodiscard]] bool code_ends_on_line(std::size_t from) const {
    constexpr std::size_t kMostCode = 400;
    const std::size_t end =
        text_.substr(0, std::min(text_.size(), from + kMostCode)).find_first_of("`\n", from);
    return end != std::string_view::npos && text_[end] == '`';
  }

  [[nodiscard]] bool is_text(const Mark& mark) const {
    if (in_quotes(text_, mark)) return true;
    if (in_code_ && code_ends_on_line(mark.end)) return true;
    return fenced_ && next_fence_ < fences_.size() && fences_[next_fence_].bare;
  }

  void take(const Mark& mark) {
    switch (mark.kind) {
      case Kind::kOpen: return open(mark);
      case Kind::kClose: return close_unopened(mark);
      case Kind::kFrame: return skip(mark.begin, mark.end);
      case Kind::kEmpty: return cut(mark, mark.end);
      case Kind::kAnswer:
        if (text_[mark.begin + 1] == '|') skip(mark.begin, mark.end);  // a token, not a tag
        return;
    }
  }

  // Thinking from `mark` up to the mark that closes it, or to the end.
  void open(const Mark& mark) {
    if (last_close_[mark.form] > next_) return cut_to_close(mark, false);
    if (!counts_alone(mark.form)) return;
    if (is_tag(mark.form) && last_tag_close_ > next_) {
      return cut_to_close(mark, true);  // <thinking> … </think>
    }
    if (!begins_line(mark.begin) || is_heading(mark)) return;
    const auto answer = std::ranges::find(marks_.begin() + static_cast<std::ptrdiff_t>(next_),
                                          marks_.end(), Kind::kAnswer, &Mark::kind);
    if (answer != marks_.end()) return cut(mark, answer->begin);
    cut(mark, text_.size());
    open_ended_ = true;
  }

  // "[Reasoning]" begins a section; of the square ones only Magistral's own mark is one.
  [[nodiscard]] bool is_heading(const Mark& mark) const {
    const std::string_view tag = text_.substr(mark.begin, mark.end - mark.begin);
    return tag.starts_with('[') && tag != "[THINK]";
  }

  void cut_to_close(const Mark& mark, bool any_tag) {
    while (next_ < marks_.size()) {
      const Mark& close = marks_[next_++];
      const bool fits = any_tag ? is_tag(close.form) : close.form == mark.form;
      if (close.kind != Kind::kClose || !fits || in_quotes(text_, close)) continue;
      cut(mark, close.end);
      closed_ = true;
      return;
    }
  }

  // What nothing opened was opened by the prompt.
  void close_unopened(const Mark& mark) {
    if (!counts_alone(mark.form)) return;
    keep(mark.begin);
    const bool at_end = mark.end >= end_of_text_;
    const bool ended_before = closed_ || !prompt_opens(mark.form);
    if (!at_end || !ended_before) {
      kept_.clear();
      soft_.clear();
      cut_ = mark.begin;
      fenced_ = false;
    }
    cut(mark, mark.end);
    closed_ = true;
  }

  void keep(std::size_t end) {
    if (end > at_) kept_.emplace_back(at_, end);
    at_ = std::max(at_, end);
  }

  void skip(std::size_t begin, std::size_t end) {
    keep(begin);
    at_ = end;
    seen_ = std::max(seen_, end);
  }

  void cut(const Mark& mark, std::size_t end) {
    skip(mark.begin, end);
    in_code_ = false;
    cut_ += end - mark.begin;
    if (form_.empty()) form_ = text_.substr(mark.begin, mark.end - mark.begin);
    if (!always(mark.form)) soft_.emplace_back(mark.begin, end);
  }

  [[nodiscard]] bool begins_line(std::size_t at) const {
    while (at > 0 && (is_blank(text_[at - 1]) || text_[at - 1] == '\r')) --at;
    return at == 0 || text_[at - 1] == '\n' || at <= at_;  // or right behind other thinking
  }

  [[nodiscard]] bool kept_is_blank() const {
    return std::ranges::all_of(kept_, [&](const auto& piece) {
      return trimmed(text_.substr(piece.first, piece.second - piece.first)).empty();
    });
  }

  Spoken finish() {
    if (!soft_.empty() && kept_is_blank()) {
      kept_ = std::move(soft_);
      for (const auto& [begin, end] : kept_) cut_ -= end - begin;
    }
    Spoken spoken{{}, cut_ > 0 ? std::string(form_) : "", cut_, open_ended_};
    std::size_t last = 0;
    for (const auto& [begin, end] : kept_) {
      const std::string_view piece = text_.substr(begin, end - begin);
      const bool joined = spoken.answer.empty() || last == begin || spoken.answer.back() == '\n' ||
                          piece[0] == '\n';
      if (!joined) spoken.answer += '\n';
      spoken.answer += piece;
      last = end;
    }
    return spoken;
  }

  std::string_view text_;
  std::vector<Mark> marks_;
  std::vector<Fence> fences_;
  std::array<std::size_t, kForms> last_close_{};  // one past the index of each form's last close
  std::size_t last_tag_close_ = 0;
  std::size_t next_ = 0;  // mark
  std::size_t next_fence_ = 0;
  std::size_t at_ = 0;    // up to here the text is kept or cut
  std::size_t seen_ = 0;  // up to here backticks are counted
  std::vector<std::pair<std::size_t, std::size_t>> kept_;
  std::vector<std::pair<std::size_t, std::size_t>> soft_;  // cut, if anything else is left
  std::size_t cut_ = 0;
  std::string_view form_;
  bool fenced_ = false;
  bool in_code_ = false;
  bool closed_ = false;
  bool open_ended_ = false;
  std::size_t end_of_text_ = 0;  // without white space
};

// Harmony (gpt-oss): <|start|>assistant<|channel|>NAME …<|message|>BODY<|end|>, of which "final" is
// for the user. github.com/openai/harmony, docs/format.md.
constexpr std::string_view kChannel = "<|channel|>";
constexpr std::string_view kMessage = "<|message|>";
constexpr std::string_view kChannels[] = {"analysis", "commentary", "final"};

struct Segment {
  std::string_view channel;
  std::size_t header = 0;
  std::size_t body = 0;
};

std::optional<Segment> segment_at(std::string_view text, std::size_t at) {
  constexpr std::size_t kLongestHeader = 200;
  const std::size_t name = at + kChannel.size();
  const auto* channel = std::ranges::find_if(
      kChannels, [&](std::string_view known) { return text.substr(name).starts_with(known); });
  if (channel == std::end(kChannels)) return std::nullopt;
  const std::size_t behind = name + channel->size();
  const std::string_view header = text.substr(behind, kLongestHeader);
  const std::size_t message = std::min(header.find(kMessage), header.size());
  const bool has_message = message < std::min(header.find(kChannel), header.size());
  return Segment{*channel, at, has_message ? behind + message + kMessage.size() : behind};
}

std::vector<Segment> segments_in(std::string_view text) {
  std::vector<Segment> segments;
  for (std::size_t at = text.find(kChannel); at != std::string_view::npos;
       at = text.find(kChannel, at + 1)) {
    if (const auto segment = segment_at(text, at)) segments.push_back(*segment);
  }
  return segments;
}

std::string_view body_of(std::string_view text, const Segment& segment, std::size_t end) {
  std::string_view body = text.substr(segment.body, end - segment.body);
  for (const std::string_view mark : {"<|end|>", "<|return|>", "<|call|>", "<|start|>"}) {
    body = body.substr(0, body.find(mark));
  }
  return body;
}

std::optional<Spoken> from_channels(std::string_view text) {
  const std::vector<Segment> segments = segments_in(text);
  if (segments.empty()) return std::nullopt;
  Spoken spoken;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::size_t end = i + 1 < segments.size() ? segments[i + 1].header : text.size();
    if (segments[i].channel != "final") continue;
    const std::string_view body = body_of(text, segments[i], end);
    if (!trimmed(body).empty()) spoken.answer = body;  // the last one counts
  }
  if (spoken.answer.empty()) {  // what was said before the first channel, without its own header
    std::string_view before = text.substr(0, segments[0].header);
    before = before.substr(0, std::min(before.find("<|start|>"), before.find("<|end|>")));
    spoken.answer = before;
  }
  spoken.form = kChannel;
  spoken.cut = text.size() - spoken.answer.size();
  return spoken;
}

// The same with its marks already taken out by a server: "analysisWe … assistantfinalFour".
std::optional<Spoken> from_bare_channels(std::string_view text) {
  constexpr std::string_view kFinal = "assistantfinal";
  const std::string_view begun = trimmed(text);
  const std::size_t final = text.rfind(kFinal);
  const bool begins = std::ranges::any_of(
      kChannels, [&](std::string_view channel) { return begun.starts_with(channel); });
  if (!begins || final == std::string_view::npos) return std::nullopt;
  Spoken spoken{std::string(text.substr(final + kFinal.size())), std::string(kFinal), 0, false};
  spoken.cut = text.size() - spoken.answer.size();
  return spoken;
}

}  // namespace

Spoken without_thinking(std::string_view text) {
  auto channels = from_channels(text);
  if (!channels) channels = from_bare_channels(text);
  if (!channels) return Splitter(text).split();
  Spoken inner = Splitter(channels->answer).split();
  inner.form = channels->form;
  inner.cut += channels->cut;
  return inner;
}

bool names_thinking(std::string_view text) {
  const auto marks = marks_in(text);
  const auto thinks = [](const Mark& mark) { return mark.form != kNoForm; };
  return std::ranges::any_of(marks, thinks) || !segments_in(text).empty();
}

}  // namespace ipw::scoring
