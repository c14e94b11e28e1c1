// Texts as servers deliver them, and what of them is the answer: one row each.
#include "ipw/scoring/thinking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "ipw/scoring/answer_text.h"
#include "ipw/scoring/scorer.h"

namespace ipw::scoring {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Row {
  const char* text;
  const char* answer;  // without white space at the ends
  const char* form;
};

const Row kRows[] = {
    // The tags of many models.
    {"<think>17?</think>18", "18", "<think>"},
    {"<thinking>17?</thinking>\n18", "18", "<thinking>"},
    {"<thought>17?</thought>18", "18", "<thought>"},
    {"<thoughts>17?</thoughts>18", "18", "<thoughts>"},
    {"<reasoning>the answer is 17</reasoning>\n18", "18", "<reasoning>"},
    {"<REASONING_SCRATCHPAD>17</REASONING_SCRATCHPAD>18", "18", "<REASONING_SCRATCHPAD>"},
    {"<scratchpad>17</scratchpad>18", "18", "<scratchpad>"},
    {"<inner_monologue>17</inner_monologue>18", "18", "<inner_monologue>"},
    {"<antThinking>17</antThinking>18", "18", "<antThinking>"},
    {"<seed:think>17</seed:think>18", "18", "<seed:think>"},
    {"<mm:think>17</mm:think>18", "18", "<mm:think>"},
    {"<longcat_think>17</longcat_think>18", "18", "<longcat_think>"},
    {"[THINK]17[/THINK]18", "18", "[THINK]"},
    {"[think]17[/think]18", "18", "[think]"},
    {"◁think▷17◁/think▷18", "18", "◁think▷"},
    {"<|think|>17<|/think|>18", "18", "<|think|>"},
    {"&lt;think&gt;17&lt;/think&gt;18", "18", "&lt;think&gt;"},
    {"＜think＞17＜/think＞18", "18", "＜think＞"},
    // Marks of single models.
    {"<|channel>thought\nThe answer is 17? no\n<channel|>18", "18", "<|channel>thought"},
    {"<|channel>thought\n<channel|>18<channel|>", "18", "<|channel>thought"},
    {"<unused94>thought\n17<unused95>18", "18", "<unused94>thought"},
    {"<|START_THINKING|>17<|END_THINKING|><|START_RESPONSE|>18<|END_RESPONSE|>", "18",
     "<|START_THINKING|>"},
    {"<|begin_of_thought|>17<|end_of_thought|><|begin_of_solution|>18<|end_of_solution|>", "18",
     "<|begin_of_thought|>"},
    {"<|inner_prefix|>17<|inner_suffix|>18", "18", "<|inner_prefix|>"},
    {"<|open|>think<|sep|>17<|close|>think<|sep|><|open|>response<|sep|>18<|close|>response<|sep|>",
     "18", "<|open|>think<|sep|>"},
    {"Here is my thought process: 17\n\nHere is my response: 18", "18",
     "Here is my thought process:"},
    {"<details type=\"reasoning\" done=\"true\">\n17\n</details>\n18", "18",
     "<details type=\"reasoning\""},
    // Harmony.
    {"<|channel|>analysis<|message|>17?<|end|><|start|>assistant<|channel|>final<|message|>18"
     "<|return|>",
     "18", "<|channel|>"},
    {"<|channel|>analysis<|message|>17?<|end|>\n<|start|>assistant<|channel|>commentary "
     "to=functions.f <|constrain|>json<|message|>{\"n\":16}<|call|><|start|>assistant<|channel|>"
     "final<|message|>18",
     "18", "<|channel|>"},
    {"17?<|end|><|start|>assistant<|channel|>final<|message|>18", "18", "<|channel|>"},
    {"<|channel|>final <|constrain|>json<|message|>18", "18", "<|channel|>"},
    {"<|channel|>final\n18", "18", "<|channel|>"},
    {"<|channel|>analysis<|message|>18", "", "<|channel|>"},
    {"analysisWe need 17? No.assistantfinal18", "18", "assistantfinal"},
    {"analysis shows that it is 18", "analysis shows that it is 18", ""},
    // Templates that open the tag in the prompt.
    {"so 17?\n</think>\n18", "18", "</think>"},
    {"so 17?\n</thinking>\n18", "18", "</thinking>"},
    {"so 17?\n[/THINK]18", "18", "[/THINK]"},
    {"so 17?◁/think▷18", "18", "◁/think▷"},
    {"17<|END_THINKING|>18", "18", "<|END_THINKING|>"},
    {"First answer.</think>Final answer.", "Final answer.", "</think>"},
    {"it is 18</think>", "", "</think>"},
    {"```\ndraft = 17\n</think>\n18", "18", "</think>"},
    {"```python\ndraft = 17\n</think>\nSee\n```python\nx = 18\n```", "See\n```python\nx = 18\n```",
     "</think>"},
    // Never closed.
    {"<think>18", "", "<think>"},
    {"\n <think>\n18", "", "<think>"},
    {"18\n<think>or 17", "18", "<think>"},
    {"<think>17\n<answer>18</answer>", "<answer>18</answer>", "<think>"},
    {"[THINK]17", "", "[THINK]"},
    {"<|channel>thought\n17", "", "<|channel>thought"},
    {"[Reasoning]\n16 + 2\n[Answer]\n18", "[Reasoning]\n16 + 2\n[Answer]\n18", ""},
    // Closed by another tag, twice, empty, nested, repeated, with blanks and attributes.
    {"<thinking>17</think>18", "18", "<thinking>"},
    {"<think>17</think>18</think>", "18", "<think>"},
    {"<think></think>\n\n18", "18", "<think>"},
    {"<think/>18", "18", "<think/>"},
    {"<think>a<think>b</think>17</think>18", "18", "<think>"},
    {"<think>17</think>18<think>sure?</think>", "18", "<think>"},
    {"18\n<think>check: 16 + 2</think>", "18", "<think>"},
    {"<think>a</think>b<think>c</think>d", "b\nd", "<think>"},
    {"<think>a</think><reasoning>b</reasoning>18", "18", "<think>"},
    {"<THINK>17</Think>18", "18", "<THINK>"},
    {"<think >17</ think >18", "18", "<think >"},
    {"<think time=\"3\">17</think>18", "18", "<think time=\"3\">"},
    {"<think>17<//think>18", "18", "<think>"},
    {"<think>\nif a < b then <b>17</b>\n</think>18", "18", "<think>"},
    // Tags that structure answers too.
    {"<analysis>17</analysis><answer>18</answer>", "<answer>18</answer>", "<analysis>"},
    {"<analysis>It is 18</analysis>", "<analysis>It is 18</analysis>", ""},
    {"<think>17</think><plan>18</plan>", "<plan>18</plan>", "<think>"},
    {"<plan>add</plan>\n18", "18", "<plan>"},
    {"a plan</plan> is 18", "a plan</plan> is 18", ""},
    // Only spoken of.
    {"Put it in `<think>` tags: 18", "Put it in `<think>` tags: 18", ""},
    {"Use `<think>draft</think>`, then 18", "Use `<think>draft</think>`, then 18", ""},
    {"The tag \"</think>\" ends it: 18", "The tag \"</think>\" ends it: 18", ""},
    {"“<thinking>” opens 18", "“<thinking>” opens 18", ""},
    {"The <think> tag is 18", "The <think> tag is 18", ""},
    {"```xml\n<think>\n17\n</think>\n```\n18", "```xml\n<think>\n17\n</think>\n```\n18", ""},
    {"~~~\n</think>\n~~~\n18", "~~~\n</think>\n~~~\n18", ""},
    {"<think>the tag `</think>` ends this: 17</think>18", "18", "<think>"},
    {"<think>```\n17</think>18", "18", "<think>"},
    {"<details><summary>17</summary></details>18", "<details><summary>17</summary></details>18",
     ""},
    {"<thinker>17</thinker>18", "<thinker>17</thinker>18", ""},
    {"a[think](x) is 18", "a[think](x) is 18", ""},
    {"18 < think > 17", "18 < think > 17", ""},
    // What else a server leaves.
    {"18<|im_end|>", "18", ""},
    {"18<|eot_id|>", "18", ""},
    {"<|begin_of_box|>18<|end_of_box|>", "18", ""},
    {"", "", ""},
    {"18", "18", ""},
};

TEST(Thinking, IsToldFromTheAnswerInEveryForm) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.text);
    const Spoken spoken = without_thinking(row.text);
    EXPECT_EQ(trimmed(spoken.answer), row.answer);
    EXPECT_EQ(spoken.form, row.form);
    EXPECT_EQ(spoken.cut > 0, !spoken.form.empty());
  }
}

record::Question question(std::string reference) {
  record::Question made;
  made.id = "0123456789abcdef0123456789abcdef";
  made.reference = std::move(reference);
  return made;
}

TEST(Thinking, IsCutByEveryScorerWhichSaysSo) {
  const auto verdict =
      (*make_scorer("exact"))->score(question("Oslo"), "<thought>Bergen?</thought>Oslo");
  EXPECT_EQ(verdict.outcome, record::Outcome::kCorrect);
  EXPECT_THAT(verdict.why, HasSubstr("26 bytes of thinking (<thought>)"));
  const auto nothing = (*make_scorer("numeric"))->score(question("18"), "<think>18");
  EXPECT_EQ(nothing.outcome, record::Outcome::kIncorrect);
  EXPECT_THAT(nothing.why, HasSubstr("nothing but reasoning"));
  const auto plain = (*make_scorer("numeric"))->score(question("18"), "18");
  EXPECT_THAT(plain.why, Not(HasSubstr("thinking")));
}

TEST(Thinking, IsTextWhereTheReferenceSpeaksOfItsMarks) {
  for (const char* mark : {"</think>", "<think>", "[THINK]", "<|channel|>final", "<reasoning>"}) {
    const auto verdict = (*make_scorer("exact"))->score(question(mark), mark);
    EXPECT_EQ(verdict.outcome, record::Outcome::kCorrect) << mark;
  }
}

TEST(Thinking, TakesTimeLinearInTheText) {
  for (const char* piece : {"<think>", "</think>", "<think ", "<", "`<think>", "\n```\n<think>",
                            "<think>x</thinking>", "<|channel|>final<|message|>", "<|channel|>",
                            "\n<think>\n<answer>", "<plan>a</plan>", "&lt;", "◁", "\"</think>\"",
                            "H", "assistantfinal", "<think>`</think>`", "<|channel|>analysis "}) {
    std::string text;
    while (text.size() < std::size_t{1} << 20) text += piece;
    EXPECT_LE(without_thinking(text).answer.size(), 2 * text.size());
    EXPECT_LE(without_thinking("analysis" + text + "</think>18").cut, text.size() + 18);
  }
}

}  // namespace
}  // namespace ipw::scoring
