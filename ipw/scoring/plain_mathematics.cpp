// A table of spellings, applied in one pass, and fractions in a second.
#include "ipw/scoring/plain_mathematics.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "ipw/scoring/character.h"

namespace ipw::scoring {
namespace {

struct Spelling {
  std::string_view from;
  std::string_view to;
};

// Commands end where their letters end: \left is not the beginning of \leftarrow.
constexpr Spelling kCommands[] = {
    {"dfrac", "\\frac"}, {"tfrac", "\\frac"},  {"cfrac", "\\frac"}, {"fbox", "\\boxed"},
    {"times", "×"},      {"cdot", "×"},        {"ast", "×"},        {"div", "÷"},
    {"approx", "="},     {"simeq", "="},       {"cong", "="},       {"equiv", "="},
    {"pm", "±"},         {"mp", "±"},          {"le", "≤"},         {"leq", "≤"},
    {"leqslant", "≤"},   {"ge", "≥"},          {"geq", "≥"},        {"geqslant", "≥"},
    {"ne", "≠"},         {"neq", "≠"},         {"lt", "≤"},         {"gt", "≥"},
    {"mu", "µ"},         {"Omega", "Ω"},       {"circ", "°"},       {"degree", "°"},
    {"percent", "%"},    {"pounds", "£"},      {"euro", "€"},       {"left", ""},
    {"right", ""},       {"big", ""},          {"Big", ""},         {"bigl", ""},
    {"bigr", ""},        {"displaystyle", ""}, {"text", ""},        {"textbf", ""},
    {"textrm", ""},      {"textit", ""},       {"textsf", ""},      {"textnormal", ""},
    {"mathrm", ""},      {"mathbf", ""},       {"mathit", ""},      {"mathsf", ""},
    {"mathnormal", ""},  {"operatorname", ""}, {"mbox", ""},        {"hbox", ""},
    {"bf", ""},          {"rm", ""},           {"bm", ""},          {"boldsymbol", ""},
    {"SI", ""},          {"si", ""},           {"qty", ""},         {"num", ""},
    {"unit", ""},        {"quad", " "},        {"qquad", " "},      {"thinspace", "\x01"},
    {"therefore", " "},
};

// After a backslash.
constexpr Spelling kEscapes[] = {
    {"$", "$"}, {"%", "%"},    {"&", "&"},    {"#", "#"}, {"_", "_"}, {"!", ""},  {",", "\x01"},
    {";", " "}, {":", "\x01"}, {" ", "\x01"}, {"(", " "}, {")", " "}, {"[", " "}, {"]", " "},
};

// Braces that only keep LaTeX from spacing.
constexpr Spelling kBraced[] = {{"{,}", ","}, {"{.}", "."}, {"{-}", "-"}, {"{−}", "-"}};

struct CharacterSpelling {
  char32_t from;
  std::string_view to;
};

template <std::size_t N>
consteval std::array<CharacterSpelling, N> sorted(const CharacterSpelling (&rows)[N]) {
  auto table = std::to_array(rows);
  std::ranges::sort(table, {}, &CharacterSpelling::from);
  return table;
}

constexpr auto kCharacters = sorted({
    {U'−', "-"},         {U'–', "-"},         {U'‐', "-"},         {U'‑', "-"},
    {U'‒', "-"},         {U'﹣', "-"},        {U'－', "-"},        {U'➖', "-"},
    {U'˗', "-"},         {U'＋', "+"},        {U'＝', "="},        {U'≈', "="},
    {U'≃', "="},         {U'≅', "="},         {U'∼', "="},         {U'⋅', "×"},
    {U'·', "×"},         {U'∙', "×"},         {U'✕', "×"},         {U'✖', "×"},
    {U'∗', "×"},         {U'⁄', "/"},         {U'∕', "/"},         {U'／', "/"},
    {U'％', "%"},        {U'﹪', "%"},        {U'٪', "%"},         {U'＄', "$"},
    {U'﹩', "$"},        {U'￥', "¥"},        {U'￡', "£"},        {U'（', "("},
    {U'）', ")"},        {U'［', "["},        {U'］', "]"},        {U'｛', "{"},
    {U'｝', "}"},        {U'：', ":"},        {U'．', "."},        {U'。', ". "},
    {U'٫', "."},         {U'٬', ","},         {U'＃', "#"},        {U'∓', "±"},
    {U'⩽', "≤"},         {U'⩾', "≥"},         {U'º', "°"},         {U'˚', "°"},
    {U'℃', "°C"},        {U'℉', "°F"},        {U'\u00a0', "\x01"}, {U'\u2009', "\x01"},
    {U'\u202f', "\x01"}, {U'\u2007', "\x01"}, {U'\u2008', "\x01"}, {U'\u200a', "\x01"},
    {U'\u2005', "\x01"}, {U'\u2006', "\x01"}, {U'\u2060', ""},     {U'\u200b', ""},
    {U'\u200e', ""},     {U'\u200f', ""},     {U'\u061c', ""},     {U'\u2066', ""},
    {U'\u2067', ""},     {U'\u2068', ""},     {U'\u2069', ""},     {U'\ufeff', ""},
    {U'\u202a', ""},     {U'\u202b', ""},     {U'\u202c', ""},     {U'½', " 1/2"},
    {U'⅓', " 1/3"},      {U'⅔', " 2/3"},      {U'¼', " 1/4"},      {U'¾', " 3/4"},
    {U'⅕', " 1/5"},      {U'⅖', " 2/5"},      {U'⅗', " 3/5"},      {U'⅘', " 4/5"},
    {U'⅙', " 1/6"},      {U'⅚', " 5/6"},      {U'⅐', " 1/7"},      {U'⅛', " 1/8"},
    {U'⅜', " 3/8"},      {U'⅝', " 5/8"},      {U'⅞', " 7/8"},      {U'⅑', " 1/9"},
    {U'⅒', " 1/10"},
});

constexpr auto kSuperscripts = sorted({{U'⁰', "0"},
                                       {U'¹', "1"},
                                       {U'²', "2"},
                                       {U'³', "3"},
                                       {U'⁴', "4"},
                                       {U'⁵', "5"},
                                       {U'⁶', "6"},
                                       {U'⁷', "7"},
                                       {U'⁸', "8"},
                                       {U'⁹', "9"},
                                       {U'⁻', "-"},
                                       {U'⁺', "+"}});

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

template <std::size_t N>
const Spelling* row_of(const Spelling (&table)[N], std::string_view text) {
  const auto* row = std::ranges::find_if(
      table, [&](const Spelling& spelling) { return text.starts_with(spelling.from); });
  return row == std::end(table) ? nullptr : row;
}

template <std::size_t N>
const CharacterSpelling* row_of(const std::array<CharacterSpelling, N>& table, char32_t c) {
  const auto* row = std::ranges::lower_bound(table, c, {}, &CharacterSpelling::from);
  return row == table.end() || row->from != c ? nullptr : row;
}

/// The first pass.
class Speller {
 public:
  explicit Speller(std::string_view text) : rest_(text) { plain_.reserve(text.size()); }

  [[nodiscard]] std::string spell() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '\\') {
        take_command();
      } else if (c == '{') {
        take_row(row_of(kBraced, rest_));
      } else if (c == '^') {
        take_power();
      } else if (c == '~' || c == '\'') {
        take_between_digits(1, c == '~' ? kNarrowSpace : '\'');
      } else if (static_cast<unsigned char>(c) >= 0x80) {
        take_character();
      } else {
        if (c != kNarrowSpace) plain_.push_back(c);
        rest_.remove_prefix(1);
      }
    }
    return std::move(plain_);
  }

 private:
  void take(std::size_t length, std::string_view instead) {
    plain_ += instead;
    rest_.remove_prefix(length);
  }

  void take_row(const Spelling* row) {
    row == nullptr ? take(1, rest_.substr(0, 1)) : take(row->from.size(), row->to);
  }

  void take_command() {
    constexpr std::size_t kLongest = 16;
    const std::string_view behind = rest_.substr(1, kLongest);
    if (behind.empty() || !is_letter(behind[0])) {
      const Spelling* row = row_of(kEscapes, behind);
      return row == nullptr ? take(1, "\\") : take(1 + row->from.size(), row->to);
    }
    const auto* end = std::ranges::find_if_not(behind, is_letter);
    const std::string_view name(behind.begin(), end);
    const auto* row = std::ranges::find(kCommands, name, &Spelling::from);
    if (row == std::end(kCommands)) return take(1, "\\");
    take(1 + name.size(), row->to);
  }

  // "^\circ" and "^{\circ}" are a sign behind the number, not a power of it.
  void take_power() {
    for (const std::string_view degrees : {"^{\\circ}", "^\\circ", "^{°}", "^°", "^{\\degree}"}) {
      if (rest_.starts_with(degrees)) return take(degrees.size(), "°");
    }
    take(1, "^");
  }

  // A tie or an apostrophe groups digits where it stands between them.
  void take_between_digits(std::size_t length, char separator) {
    const bool groups =
        !plain_.empty() && is_digit(plain_.back()) && rest_.size() > length &&
        (is_digit(rest_[length]) || static_cast<unsigned char>(rest_[length]) >= 0x80);
    groups ? take(length, {&separator, 1}) : take(length, rest_.substr(0, length));
  }

  void take_character() {
    const auto [c, length] = first_character(rest_);
    if (c == U'’') return take_between_digits(length, '\'');
    if (c == U'，') return take(length, groups_wide_digits() ? "," : ", ");
    if (row_of(kSuperscripts, c) != nullptr) return take_superscripts();
    if (const auto* row = row_of(kCharacters, c)) return take(length, row->to);
    const auto code = static_cast<UChar32>(c);
    if (u_charType(code) == U_DECIMAL_DIGIT_NUMBER) {
      const char digit = static_cast<char>('0' + u_charDigitValue(code));
      return take(length, {&digit, 1});
    }
    take(length, rest_.substr(0, length));
  }

  // A full-width comma followed by exactly three full-width digits.
  [[nodiscard]] bool groups_wide_digits() const {
    const auto is_wide_digit = [&](std::size_t n) {
      const std::string_view c = rest_.substr(std::min(rest_.size(), 3 * n), 3);
      return c >= "０" && c <= "９" && c.size() == 3;
    };
    return !plain_.empty() && is_digit(plain_.back()) && is_wide_digit(1) && is_wide_digit(2) &&
           is_wide_digit(3) && !is_wide_digit(4);
  }

  void take_superscripts() {
    plain_ += "^{";
    for (auto c = first_character(rest_); const auto* row = row_of(kSuperscripts, c.code);
         c = first_character(rest_)) {
      take(c.length, row->to);
    }
    plain_ += '}';
  }

  std::string_view rest_;
  std::string plain_;
};

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \x01{}";
  const std::size_t start = text.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlanks) - start + 1);
}

// One argument of \frac: {…} or a single digit.
std::optional<std::string_view> argument_at(std::string_view text, std::size_t& at) {
  constexpr std::size_t kLongest = 48;
  while (at < text.size() && text[at] == ' ') ++at;
  if (at >= text.size()) return std::nullopt;
  if (is_digit(text[at])) return text.substr(at++, 1);
  if (text[at] != '{') return std::nullopt;
  int depth = 0;
  for (std::size_t i = at; i < std::min(text.size(), at + kLongest); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] != '}' || --depth > 0) continue;
    const std::string_view argument = text.substr(at + 1, i - at - 1);
    at = i + 1;
    return argument;
  }
  return std::nullopt;
}

struct Part {
  bool negative = false;
  std::string digits;
};

std::optional<Part> whole_number(std::string_view argument) {
  Part part;
  argument = without_blanks(argument);
  if (argument.starts_with('-')) {
    part.negative = true;
    argument = without_blanks(argument.substr(1));
  }
  for (const char c : argument) {
    if (is_digit(c)) part.digits.push_back(c);
    if (!is_digit(c) && c != ',' && c != kNarrowSpace) return std::nullopt;
  }
  if (part.digits.empty()) return std::nullopt;
  return part;
}

// The second pass: \frac{a}{b} as a/b for plain whole numbers, with a space after a whole part.
std::string with_open_fractions(const std::string& text) {
  constexpr std::string_view kFrac = "\\frac";
  std::string open;
  open.reserve(text.size());
  std::size_t done = 0;
  for (std::size_t at = text.find(kFrac); at != std::string::npos; at = text.find(kFrac, done)) {
    open.append(text, done, at - done);
    std::size_t end = at + kFrac.size();
    done = end;
    const auto over = argument_at(text, end);
    const auto under = over ? argument_at(text, end) : std::nullopt;
    const auto top = over ? whole_number(*over) : std::nullopt;
    const auto bottom = under ? whole_number(*under) : std::nullopt;
    if (!top || !bottom) {
      open += kFrac;
      continue;
    }
    if (!open.empty() && is_digit(open.back())) open += ' ';
    if (top->negative != bottom->negative) open += '-';
    open.append(top->digits).append(1, '/').append(bottom->digits);
    if (end < text.size() && is_digit(text[end])) open += ' ';
    done = end;
  }
  return open.append(text, done);
}

}  // namespace

std::string plain_mathematics(std::string_view text) {
  return with_open_fractions(Speller(text).spell());
}

}  // namespace ipw::scoring
