// Reading the letter: statements by RE2 (linear in the text, whatever the text), and the questions
// that a regular expression cannot answer ("is this A an article?") in plain code.
#include "ipw/scoring/choice.h"

#include <re2/re2.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "ipw/scoring/answer_text.h"
#include "ipw/scoring/answer_words.h"
#include "ipw/scoring/choice_letters.h"

namespace ipw::scoring {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alnum(char c) { return is_lower(c) || is_upper(c) || (c >= '0' && c <= '9'); }

// What follows a letter that is spoken of rather than being a word: "A because …", "A is right".
constexpr std::string_view kConnectives[] = {"because", "since", "as",    "and",  "or",   "is",
                                             "which",   "for",   "due",   "with", "but",  "if",
                                             "given",   "so",    "based", "in",   "from", "by"};

// Words that may stand between the verb and the letter, then brackets and quotes.
#define IPW_FILLER                                                                                 \
  R"((?:\s*\b(?:most likely|likely|probably|clearly|definitely|therefore|thus|simply|the|option|)" \
  R"(choice|letter|answer|following|correct|one|is)\b\s*:?)*[\s"'“”‘({\[<:：]*())"
// The verb or sign that makes a claim.
#define IPW_SAYS \
  R"((?:\s*(?:\bwould be\b|\bshould be\b|\bmust be\b|\bwill be\b|)" IPW_ANSWER_IS R"()\s*)+)"

struct StatementRow {
  const char* pattern;  // its one group begins the claim
  bool texts;           // an option's text may stand for the letter
  bool lower;           // a lower-case letter counts
  bool ends;            // nothing may follow the letter
};

constexpr StatementRow kStatements[] = {
    {"(?i)" IPW_ANSWER_WORD
     R"((?:\s+(?:correct[aeo]|correta|corretta|finale?|الصحيحة|النهائية)(?:\s|\b))?)"
     R"((?:\s+(?:to|for|here|in)\b[^\n.:]{0,60}?)?["')\]]*)" IPW_SAYS IPW_FILLER,
     true, true, false},
    {R"((?i)\b(?:correct|right|best|final)\s+(?:option|choice|letter|selection|one)["')\]]*)" IPW_SAYS
         IPW_FILLER,
     true, true, false},
    {R"(\\boxed\{[\s{("']*(?i:(?:option|choice)\s+)?[("']*())", true, true, false},
    {R"((?i)<(?:final_?answer|answer|choice|option|letter)>\s*)" IPW_FILLER, true, true, false},
    {R"((?i)\b(?:choose|chose|choosing|pick|picked|select|selected|selecting|go with|going with|opt for|settle on)\b)" IPW_FILLER,
     false, true, false},
    {R"re((?i)\bnot\s+(?:option\s+)?[("']*[A-Z][)"']*,?\s+but\s+(?:rather\s+)?)re" IPW_FILLER,
     false, true, false},
    {R"((?:^|[^不别勿非])(?:应选|應選|故选|故選|选择|選擇|选|選)项?[是为為：:\s("'（]*())", false,
     true, false},
    {R"((?i)\b(?:it|this|that|so|hence|thus|therefore),?\s+(?:it\s+)?(?:is|must be|has to be|should be)\b)" IPW_FILLER,
     false, true, true},
    {R"((?:^|[\s("'\[])()[A-Z][)\]"']*(?:[.:][^\n.]{0,200}?)?\s+(?i:is|must be|seems|would be)\s+(?i:definitely |clearly |indeed |most likely |probably )?(?i:the\s+)?(?i:(?:most|best|only)\s+)?(?i:correct|right|best|answer|accurate|appropriate)\b)",
     false, false, false},
};
#undef IPW_FILLER
#undef IPW_SAYS

// Markup off; a letter in bold becomes "(B)", so that it still stands out.
std::string without_markup(std::string_view answer) {
  static const re2::RE2 bold(R"((?:\*\*|__)\s*\(?([A-Za-z])\)?[.:]?\s*(?:\*\*|__))");
  static const re2::RE2 command(R"(\\(?:text|textbf|mathrm|mathbf|mathsf|rm|bf)\b\s*)");
  std::string text = with_latin_letters(answer);
  re2::RE2::GlobalReplace(&text, bold, R"((\1))");
  re2::RE2::GlobalReplace(&text, command, "");
  std::erase_if(text, [](char c) { return c == '*' || c == '`' || c == '$' || c == '\r'; });
  return text;
}

std::size_t line_end(std::string_view text, std::size_t from) {
  return std::min(text.find('\n', from), text.size());
}

// The letter at `at` is the first of a longer word: "Apple", "A-level", "I'm", "É…".
bool word_goes_on(std::string_view rest) {
  if (rest.empty()) return false;
  const char next = rest[0];
  if (is_alnum(next) || next == '_') return true;
  const bool letter_follows = rest.size() > 1 && is_alnum(rest[1]);
  if ((next == '\'' || next == '-') && letter_follows) return true;
  if (rest.starts_with("’")) return rest.size() > 3 && is_alnum(rest[3]);
  const auto lead = static_cast<unsigned char>(next);
  return lead >= 0xc3 && lead <= 0xc9;
}

std::string_view word_at(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_alnum(text[end])) ++end;
  return text.substr(0, end);
}

// Of each form the last so many claims are looked at, and of each claim as much as an option's text
// may need: an answer of a megabyte must not cost a megabyte for each of its words.
constexpr std::size_t kClaims = 256;

std::string_view claim_text(std::string_view claim, const std::vector<std::string>& choices) {
  std::size_t longest = 0;
  for (const std::string& choice : choices) longest = std::max(longest, choice.size());
  return claim.substr(0, std::min(line_end(claim, 0), 2 * longest + 64));
}

// "A man …" and "I think …": a word follows that does not speak about the letter, and the option's
// own text does not follow either.
bool is_article_or_pronoun(char letter, std::string_view rest,
                           const std::vector<std::string>& choices) {
  if (letter != 'A' && letter != 'I') return false;
  if (!rest.starts_with(' ')) return false;
  const std::string_view word =
      word_at(rest.substr(std::min(rest.find_first_not_of(' '), rest.size())));
  if (word.empty()) return false;
  if (std::ranges::find(kConnectives, word) != std::end(kConnectives)) return false;
  const auto index = static_cast<std::size_t>(letter - 'A');
  if (index >= choices.size()) return true;
  const std::string own = normalized(choices[index]);
  return !normalized(claim_text(rest, choices)).starts_with(own) || own.empty();
}

struct Letter {
  std::size_t option = 0;
  bool outside = false;
};

// What may follow a lower-case letter, which is a word of some language nearly always: an end, or a
// word that speaks about it ("b because …").
bool ends_lower_letter(std::string_view rest) {
  constexpr std::string_view kEnds = "\n.)]},;:<\"'";
  if (rest.empty() || kEnds.find(rest[0]) != std::string_view::npos) return true;
  if (static_cast<unsigned char>(rest[0]) >= 0x80) return true;
  const std::string_view word = word_at(rest.substr(std::min<std::size_t>(1, rest.size())));
  return rest[0] == ' ' && (word == "because" || word == "since" || word == "as");
}

// The letter that stands alone at `at`, if there is one.
std::optional<Letter> letter_at(std::string_view text, std::size_t at, bool lower,
                                const std::vector<std::string>& choices) {
  if (at >= text.size()) return std::nullopt;
  char letter = text[at];
  const std::string_view rest = text.substr(at + 1);
  if (word_goes_on(rest)) return std::nullopt;
  if (is_lower(letter)) {
    if (!lower || !ends_lower_letter(rest)) return std::nullopt;
    letter = static_cast<char>(letter - 'a' + 'A');
  }
  if (!is_upper(letter) || is_article_or_pronoun(letter, rest, choices)) return std::nullopt;
  const auto option = static_cast<std::size_t>(letter - 'A');
  return Letter{option, option >= choices.size()};
}

// "A or B", "A and C", "A/B", "A, C": another of the options claims to be it too.
bool hedged(std::string_view text, std::size_t at, std::size_t option, std::size_t count) {
  static const re2::RE2 another(
      R"(^[)\]"'}]*\s*(?:,|/|&|or|and|,\s*or|,\s*and)\s*(?i:option|choice|either)?\s*[("'\[]*([A-Z])(?:[^A-Za-z0-9'’]|$))");
  char other = 0;
  const std::string_view rest = text.substr(at + 1);
  if (!re2::RE2::PartialMatch(re2::StringPiece(rest.substr(0, 80)), another, &other)) {
    return false;
  }
  const auto index = static_cast<std::size_t>(other - 'A');
  return index < count && index != option;
}

// The option whose text begins `claim`; of several, the longest.
std::optional<std::size_t> option_by_text(std::string_view claim,
                                          const std::vector<std::string>& choices) {
  const std::string line = normalized(claim_text(claim, choices));
  std::optional<std::size_t> best;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const std::string text = normalized(choices[i]);
    const bool begins =
        line.starts_with(text) && (line.size() == text.size() || line[text.size()] == ' ');
    if (!begins || text.size() <= longest) continue;
    best = i;
    longest = text.size();
  }
  return best;
}

std::string letter(std::size_t option) { return std::string(1, static_cast<char>('A' + option)); }

ChoiceAnswer picked(std::size_t option, const std::string& how) {
  return {option, "read " + letter(option) + " " + how};
}

bool denies(std::string_view text) {
  static const re2::RE2 denial(
      R"((?i)\b(?:not|never|wrong|incorrect|false|cannot|eliminate|except|isn't|isn’t|can't|can’t)\b|不|错|錯|排除)");
  return re2::RE2::PartialMatch(text, denial);
}

std::string_view last_line(std::string_view text) {
  text = trimmed(text);
  const std::size_t start = text.rfind('\n');
  return start == std::string_view::npos ? text : text.substr(start + 1);
}

// The options that `pattern` (one group, a letter) finds, each once, in order.
std::vector<std::size_t> letters_of(std::string_view text, const re2::RE2& pattern,
                                    const std::vector<std::string>& choices) {
  std::vector<std::size_t> found;
  re2::StringPiece rest(text.data(), text.size());
  re2::StringPiece match;
  while (re2::RE2::FindAndConsume(&rest, pattern, &match)) {
    const auto at = static_cast<std::size_t>(match.data() - text.data());
    const auto letter = letter_at(text, at, true, choices);
    if (!letter || letter->outside) continue;
    std::erase(found, letter->option);
    found.push_back(letter->option);
  }
  return found;
}

// The options whose full text stands in the answer and is not denied there; one that is only part
// of another such option does not count.
std::vector<std::size_t> options_in(std::string_view answer,
                                    const std::vector<std::string>& choices) {
  const std::string text = normalized(answer);
  std::vector<std::string> texts;
  texts.reserve(choices.size());
  for (const std::string& choice : choices) texts.push_back(normalized(choice));
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const bool denied =
        holds_words(text, "not " + texts[i]) || holds_words(text, "isnt " + texts[i]);
    if (!texts[i].empty() && !denied && holds_words(text, texts[i])) found.push_back(i);
  }
  std::vector<std::size_t> whole;
  std::ranges::copy_if(found, std::back_inserter(whole), [&](std::size_t i) {
    return std::ranges::none_of(found, [&](std::size_t j) {
      return texts[j].size() > texts[i].size() && holds_words(texts[j], texts[i]);
    });
  });
  return whole;
}

}  // namespace

struct ChoiceReader::Patterns {
  std::vector<std::unique_ptr<re2::RE2>> statements;
  re2::RE2 lone_line{
      R"re((?m)^[\s("'\[{>•·–#+-]*(?i:(?:option|choice|letter|选项|選項|вариант|opción|opção)\s*:?\s*)?[("'\[]*([A-Za-z])[\s)"'\]}.:!。<]*$)re"};
  re2::RE2 label{R"re((?m)^\s*(?:[>•·–+-]\s*)*["'(\[]?([A-Za-z])[)\].:](?:\s|$))re"};
  re2::RE2 bracketed{
      R"re((?:[(\[]|(?i:\b(?:option|choice)\s+)|选项|選項)([A-Za-z])(?:[)\]]|\b))re"};

  Patterns() {
    for (const StatementRow& row : kStatements) {
      statements.push_back(std::make_unique<re2::RE2>(row.pattern));
    }
  }

  struct Statement {
    std::size_t at = 0;
    std::size_t option = 0;
    bool by_letter = false;
  };

  // The last claim of any of the forms; `outside` is told of a letter beyond the options.
  [[nodiscard]] std::optional<Statement> last_statement(const std::string& text,
                                                        const std::vector<std::string>& choices,
                                                        std::optional<std::size_t>& outside) const {
    std::optional<Statement> last;
    for (std::size_t i = 0; i < statements.size(); ++i) {
      const auto claims = last_claims(text, *statements[i]);
      for (auto at = claims.rbegin(); at != claims.rend(); ++at) {
        const auto statement = statement_at(text, *at, kStatements[i], choices, outside);
        if (!statement) continue;
        if (!last || statement->at >= last->at) last = statement;
        break;
      }
    }
    return last;
  }

  // Where the last claims of one form begin, in order.
  static std::deque<std::size_t> last_claims(const std::string& text, const re2::RE2& form) {
    std::deque<std::size_t> claims;
    re2::StringPiece rest(text);
    re2::StringPiece claim;
    while (re2::RE2::FindAndConsume(&rest, form, &claim)) {
      claims.push_back(static_cast<std::size_t>(claim.data() - text.data()));
      if (claims.size() > kClaims) claims.pop_front();
    }
    return claims;
  }

  static std::optional<Statement> statement_at(const std::string& text, std::size_t at,
                                               const StatementRow& row,
                                               const std::vector<std::string>& choices,
                                               std::optional<std::size_t>& outside) {
    const std::string_view claim = std::string_view(text).substr(at);
    if (const auto letter = letter_at(text, at, row.lower, choices)) {
      constexpr std::string_view kEnd = ".!)]\"' ";
      const std::string_view after = claim.substr(1, line_end(claim, 0) - 1);
      if (row.ends && after.find_first_not_of(kEnd) != std::string_view::npos) return std::nullopt;
      if (!letter->outside) return Statement{at, letter->option, true};
      outside = letter->option;
      return std::nullopt;
    }
    if (!row.texts) return std::nullopt;
    const auto option = option_by_text(claim, choices);
    return option ? std::optional(Statement{at, *option, false}) : std::nullopt;
  }
};

ChoiceReader::ChoiceReader() : patterns_(std::make_unique<Patterns>()) {}
ChoiceReader::~ChoiceReader() = default;

ChoiceAnswer ChoiceReader::read(std::string_view answer,
                                const std::vector<std::string>& choices) const {
  const std::string text = without_markup(answer);
  if (trimmed(text).empty()) return {std::nullopt, "the answer is empty"};
  std::optional<std::size_t> outside;
  if (const auto statement = patterns_->last_statement(text, choices, outside)) {
    if (statement->by_letter && hedged(text, statement->at, statement->option, choices.size())) {
      return {std::nullopt, "the answer names more than one option"};
    }
    return picked(statement->option, "as stated");
  }
  if (const auto lines = letters_of(text, patterns_->lone_line, choices); !lines.empty()) {
    return picked(lines.back(), "alone on its line");
  }
  if (const auto labels = letters_of(text, patterns_->label, choices); labels.size() == 1) {
    return picked(labels[0], "at the start of a line");
  }
  const std::string_view end = last_line(text);
  if (const auto marked = letters_of(end, patterns_->bracketed, choices);
      marked.size() == 1 && !denies(end)) {
    return picked(marked[0], "in the last line");
  }
  const auto texts = options_in(text, choices);
  if (texts.size() == 1) return picked(texts[0], "by the option's text");
  if (texts.size() > 1) return {std::nullopt, "the answer names more than one option"};
  if (outside) return {std::nullopt, letter(*outside) + " is none of the options"};
  return {std::nullopt, "the answer names no option"};
}

}  // namespace ipw::scoring
