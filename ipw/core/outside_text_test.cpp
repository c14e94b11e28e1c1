// Text from outside: what a terminal obeys, what a spreadsheet runs, and how deep JSON may nest.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "ipw/core/formula_guard.h"
#include "ipw/core/nesting.h"
#include "ipw/core/terminal_text.h"

namespace ipw::core {
namespace {

using namespace std::string_literals;

TEST(TerminalText, HoldsNothingThatATerminalObeys) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain, µ, 猫, 👩‍👩‍👧", "plain, µ, 猫, 👩‍👩‍👧"},
      {"two\nlines\tand a tab", "two\nlines\tand a tab"},
      {"\x1b[31mred\x1b[0m", "�[31mred�[0m"},                  // CSI
      {"\x1b]0;title\x07", "�]0;title�"},                      // OSC: the window's title
      {"\x1b]8;;http://e\x1b\\link", "�]8;;http://e�\\link"},  // a link
      {"\x1b]52;c;eA==\x07", "�]52;c;eA==�"},                  // the clipboard
      {"\x1bP$q\x1b\\", "�P$q�\\"},                            // DCS
      {"\x1b[2J\x1b[H", "�[2J�[H"},                            // the screen
      {"over\rwritten", "over�written"},
      {"back\b\bspace", "back��space"},
      {"\a\v\f\x7f", "����"},
      {"\0"s, "�"},
      {"\xc2\x9b"
       "31m",
       "�31m"},  // CSI as one character of C1
      {"\xc2\x80\xc2\x9f", "��"},
      {"\xc2\xa0", "\xc2\xa0"},  // a blank that does not break
      {"\x9b"
       "31m",
       "�31m"},                       // C1 as a bare byte: no UTF-8
      {"\u202egnp.exe", "�gnp.exe"},  // right to left
      {"\u202a\u202b\u202c\u202d", "����"},
      {"\u2066\u2067\u2068\u2069", "����"},
      {"\u200f\u200eעברית", "\u200f\u200eעברית"},  // marks that Hebrew needs
      {"\xff\xfe\xc0\xaf", "����"},
      {"\xed\xa0\x80", "���"},       // half a surrogate pair
      {"\xe2\x82", "��"},            // cut off
      {"\xf4\x90\x80\x80", "����"},  // beyond Unicode
  };
  for (const auto& [text, shown] : cases) {
    EXPECT_EQ(printable(text), shown) << text;
    EXPECT_EQ(printable(printable(text)), shown);
  }
  EXPECT_EQ(printable_line("two\nlines\tand\r\n\x1b[A"), "two lines and� �[A");
}

TEST(TerminalText, OfJsonIsTheSameDocument) {
  EXPECT_EQ(printable_json("{\"a\":\"\x7f\xc2\x9b\u202e\u2069µ\"}"),
            "{\"a\":\"\\u007f\\u009b\\u202e\\u2069µ\"}");
  EXPECT_EQ(printable_json("{\n  \"a\": 1\n}\n"), "{\n  \"a\": 1\n}\n");
}

TEST(TerminalText, KnowsASequenceThatIsCutOff) {
  const std::pair<const char*, std::size_t> cases[] = {
      {"", 0},
      {"a", 0},
      {"\xc2", 1},
      {"\xc2\x9b", 0},
      {"\xe2", 1},
      {"\xe2\x80", 2},
      {"\xe2\x80\xae", 0},
      {"a\xf0\x9f\x91", 3},
      {"\xf0\x9f\x91\xa9", 0},
      {"\x80", 0},
      {"\x80\x80\x80\x80", 0},
      {"\xff", 0},
      {"\xc2z", 0},
  };
  for (const auto& [text, bytes] : cases) EXPECT_EQ(cut_off_sequence(text), bytes) << text;
}

TEST(FormulaGuard, StandsBeforeWhatASpreadsheetRuns) {
  const std::pair<const char*, const char*> cases[] = {
      {"=1+1", "'=1+1"},
      {"=HYPERLINK(\"http://e\")", "'=HYPERLINK(\"http://e\")"},
      {"+SUM(A1)", "'+SUM(A1)"},
      {"-SUM(A1)", "'-SUM(A1)"},
      {"@SUM(A1)", "'@SUM(A1)"},
      {"\t=1", "'\t=1"},
      {"\r=1", "'\r=1"},
      {"\n=1", "'\n=1"},
      {"＝1+1", "'＝1+1"},
      {"＋1", "'＋1"},
      {"－1", "'－1"},
      {"＠A1", "'＠A1"},
      {"-5 apples", "'-5 apples"},
      {"--5", "'--5"},
      {"+-5", "'+-5"},
      {"-", "'-"},
      {"-inf", "'-inf"},
      {"-1e999", "'-1e999"},
      {"'=1+1", "''=1+1"},  // so that both can be read back
      {"''-x", "'''-x"},
      {"'-5", "''-5"},
      // Left alone.
      {"", ""},
      {"'", "'"},
      {"it's = that", "it's = that"},
      {" =1+1", " =1+1"},
      {"-5", "-5"},
      {"+5.25", "+5.25"},
      {"-.5", "-.5"},
      {"-1.5e-7", "-1.5e-7"},
      {"'tis", "'tis"},
      {"1=1", "1=1"},
  };
  for (const auto& [cell, guarded] : cases) {
    EXPECT_EQ(guarded_cell(cell), guarded);
    EXPECT_EQ(unguarded_cell(guarded_cell(cell)), cell);
  }
}

TEST(Nesting, IsMeasuredOutsideOfStrings) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_TRUE(nested_deeper_than(deep, 64));
  EXPECT_TRUE(nested_deeper_than(std::string(65, '{'), 64));
  EXPECT_FALSE(nested_deeper_than(std::string(64, '['), 64));
  EXPECT_FALSE(nested_deeper_than("\"" + deep + "\"", 64));
  EXPECT_FALSE(nested_deeper_than(R"("\")" + deep, 64));
  EXPECT_TRUE(nested_deeper_than(R"("\\")" + deep, 64));
  EXPECT_FALSE(nested_deeper_than("", 1));
  EXPECT_FALSE(nested_deeper_than("]]]]{}", 1));
  EXPECT_TRUE(nested_deeper_than("]]]]{[", 1));
  std::string wide = "[";
  for (int i = 0; i < 1000; ++i) wide += "[{}],";
  EXPECT_FALSE(nested_deeper_than(wide, 3));
}

}  // namespace
}  // namespace ipw::core
