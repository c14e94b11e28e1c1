// Tricky answers and the verdicts they must get: one row each, so that a rule is changed by looking
// at what it changes.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ipw/scoring/scorer.h"

namespace ipw::scoring {
namespace {

struct VerdictRow {
  const char* scorer;
  const char* reference;
  const char* answer;
  bool correct;
  const char* extracted;
};

// For choice: five options A to E.
const std::vector<std::string> kOptions = {"a copper coin", "Lake Vänern", "blue", "dark blue",
                                           "none of these"};

const VerdictRow kVerdicts[] = {
    // exact
    {"exact", "Oslo", "Oslo", true, "Oslo"},
    {"exact", "Oslo", "  Oslo\n", true, "Oslo"},
    {"exact", "Oslo", "oslo", false, "oslo"},
    {"exact", "Oslo", "Oslo.", false, "Oslo."},
    {"exact", "Oslo", "", false, ""},
    {"exact", "Oslo", " \n\t", false, ""},
    {"exact", "Oslo", "<think>maybe Bergen</think>Oslo", true, "Oslo"},
    {"exact", "Oslo", "<think>Oslo", false, ""},

    // normalized
    {"normalized", "The Eiffel Tower", "eiffel tower.", true, "eiffel tower"},
    {"normalized", "the", "The", true, "the"},
    {"normalized", "STRASSE", "Straße", true, "strasse"},
    {"normalized", "café", "Cafe\u0301", true, "café"},
    {"normalized", "ΟΔΥΣΣΕΥΣ", "οδυσσευς", true, "οδυσσευσ"},
    {"normalized", "don't know", "Don’t   know!", true, "dont know"},
    {"normalized", "well-known", "well known", true, "well known"},
    {"normalized", "C++", "C", false, "c"},
    {"normalized", "C#", "c#", true, "c#"},
    {"normalized", "-5", "5", false, "5"},
    {"normalized", "-5", "−5", true, "-5"},
    // a minus before anything
    {"normalized", "-.5", ".5", false, ".5"},
    {"normalized", "-.5", "-.5", true, "-.5"},
    {"normalized", "-\\frac{3}{4}", "\\frac{3}{4}", false, "\\frac 3 4"},
    {"normalized", "-\\frac{3}{4}", "−\\frac{3}{4}", true, "-\\frac 3 4"},
    {"normalized", "-$5", "$5", false, "$5"},
    {"normalized", "-€5", "€5", false, "€5"},
    {"normalized", "-(3)", "(3)", false, "3"},
    {"normalized", "-(3)", "-3", true, "-3"},
    {"normalized", "-x", "x", false, "x"},
    {"normalized", "-\\sqrt{2}", "\\sqrt{2}", false, "\\sqrt{2}"},
    {"normalized", "-√2", "√2", false, "√2"},
    {"normalized", "-∞", "∞", false, "∞"},
    {"normalized", "(-5)", "(5)", false, "5"},
    {"normalized", "x^{-2}", "x^{2}", false, "x^{2}"},
    {"normalized", "-5", "–5", true, "-5"},
    {"normalized", "-5", "－5", true, "-5"},
    {"normalized", "-5", "﹣5", true, "-5"},
    {"normalized", "-5", "‑5", true, "-5"},
    {"normalized", "-5", "- 5", true, "-5"},
    {"normalized", "-5", "− 5", true, "-5"},
    {"normalized", "-5°C", "5°C", false, "5°c"},
    {"normalized", "-٥", "-5", true, "-5"},
    {"normalized", "-5", "-५", true, "-5"},
    {"normalized", "5", "５", true, "5"},
    {"normalized", "2.5", "٢٫٥", true, "2.5"},
    {"normalized", "Oslo", "- Oslo", true, "oslo"},
    {"normalized", "3 4", "- 3\n- 4", true, "3 4"},
    {"normalized", "Oslo", "— Oslo", true, "oslo"},
    {"normalized", "Oslo 5", "Oslo – 5", true, "oslo 5"},
    {"normalized", "1990 1995", "1990–1995", true, "1990 1995"},
    {"normalized", "3.5", "35", false, "35"},
    {"normalized", "50%", "50", false, "50"},
    {"normalized", "Paris", "**Paris**", true, "paris"},
    {"normalized", "Paris", "Paris, France", false, "paris france"},
    {"normalized", "Paris", "\xff\xfeParis", false, "\ufffd\ufffdparis"},
    {"normalized", "?", "?", true, ""},
    {"normalized", "?", "!", false, ""},

    // contains
    {"contains", "no", "I know it", false, ""},
    {"contains", "no", "No, it is not.", true, "no"},
    {"contains", "New York", "They met in new   york (state).", true, "new york"},
    {"contains", "東京", "首都は東京です", true, "東京"},
    {"contains", "4", "It is 42", false, ""},

    // numeric
    {"numeric", "18", "18", true, "18"},
    {"numeric", "18", "She has 16 - 3 = 13, then 5 more.\n#### 18", true, "18"},
    {"numeric", "18", "#### 18\nThat took 3 steps.", true, "18"},
    {"numeric", "18", "#### 17\nNo, I forgot one.\n#### 18", true, "18"},
    {"numeric", "18", "#### Step 1: count\n#### Step 2: add\nThe total comes to 18", true, "18"},
    {"numeric", "18", "#### 1. Count\nWe see 18", true, "18"},
    {"numeric", "18", "#### **18** eggs", true, "18"},
    {"numeric", "18", "#### $18.00", true, "$18.00"},
    {"numeric", "18", "#### 20 - 2 = 18", true, "18"},
    {"numeric", "18", "####18.", true, "18"},
    {"numeric", "2450", "#### 2,450", true, "2,450"},
    {"numeric", "1234567", "#### 1,234,567 people", true, "1,234,567"},
    {"numeric", "1234567", "1 234 567 is not grouped with plain spaces", false, "567"},
    {"numeric", "1234567", "It is 1\u202f234\u202f567.", true, "1 234 567"},
    {"numeric", "3", "1,2,3", true, "3"},
    {"numeric", "0.75", "3/4", true, "3/4"},
    {"numeric", "3/4", "0.75", true, "0.75"},
    {"numeric", "3/4", "\\boxed{\\frac{3}{4}}", true, "3/4"},
    {"numeric", "1.5", "1 1/2 cups", true, "1 1/2"},
    {"numeric", "1.5", "1½ cups", true, "1 1/2"},
    {"numeric", "2/6", "1/3", true, "1/3"},
    {"numeric", "1/3", "0.333", false, "0.333"},
    {"numeric", "5", "5/0", false, ""},
    {"numeric", "2024", "on 3/4/2024", true, "2024"},
    {"numeric", "15", "15%", true, "15%"},
    {"numeric", "15%", "0.15", true, "0.15"},
    {"numeric", "0.15", "15 percent", true, "15 percent"},
    {"numeric", "-7", "The answer is -7.", true, "-7"},
    {"numeric", "-7", "The answer is −7.", true, "-7"},
    {"numeric", "-7", "The answer is 7.", false, "7"},
    {"numeric", "-7", "-$7", true, "-$7"},
    {"numeric", "3", "16-3", false, "3"},
    {"numeric", "-3", "16-3", false, "3"},
    {"numeric", "13", "16 - 3 = 13", true, "13"},
    {"numeric", "60000", "6×10^4", true, "6×10^4"},
    {"numeric", "60000", "$6 \\times 10^{4}$", true, "$6 × 10^{4}"},
    {"numeric", "60000", "6e4", true, "6e4"},
    {"numeric", "2500000", "The answer is 2.5 million dollars", true, "2.5 million"},
    {"numeric", "2", "at 2:00 pm", true, "2:00"},
    {"numeric", "2", "at 2:10 pm", false, "10"},
    {"numeric", "18", "0x12", false, ""},
    {"numeric", "18", "inf", false, ""},
    {"numeric", "18", "nan", false, ""},
    {"numeric", "18", "1e999", false, ""},
    {"numeric", "2", "H2O", false, ""},
    {"numeric", "3", "version 1.2.3", false, ""},
    {"numeric", "18", "18.0001", false, "18.0001"},
    {"numeric", "18", "18.000", true, "18.000"},
    {"numeric", "9007199254740993", "9007199254740992", false, "9007199254740992"},
    {"numeric", "3.14159265", "3.1415926", true, "3.1415926"},
    {"numeric", "3.14159265", "3.1416", false, "3.1416"},
    {"numeric", "18", "The answer is 18 eggs out of 20.", true, "18"},
    {"numeric", "18", "**Answer:** 18", true, "18"},
    {"numeric", "18", "Answer:\n18", true, "18"},
    {"numeric", "6", "Answer: the 3 apples cost $6.", true, "$6"},
    {"numeric", "18", "The answer is 17. Wait, the answer is 18.", true, "18"},
    {"numeric", "18", "To answer this, note that x is 5. So we get 18", true, "18"},
    {"numeric", "18", "The answer is 18 or 19", false, "18"},
    {"numeric", "19", "It is 18 or 19", false, "19"},
    {"numeric", "19", "The answer is between 18 and 19.", false, "19"},
    {"numeric", "18", "\\boxed{18} (checked 2 times)", true, "18"},
    {"numeric", "18", "\\boxed{x = 18\\text{ eggs}}", true, "18"},
    {"numeric", "1000", "\\boxed{1{,}000}", true, "1,000"},
    {"numeric", "18", "\\boxed{18, 19}", false, "19"},
    {"numeric", "18", "I do not know", false, ""},
    {"numeric", "18", "", false, ""},
    {"numeric", "18", "<think>it is 18</think>", false, ""},
    {"numeric", "18", "<think>so 17?</think>18", true, "18"},

    // choice
    {"choice", "B", "Answer: B", true, "B"},
    {"choice", "B", "answer: b", true, "B"},
    {"choice", "B", "The answer is (B).", true, "B"},
    {"choice", "B", "The correct option is B, because lakes are wet.", true, "B"},
    {"choice", "B", "**Answer:** **B**", true, "B"},
    {"choice", "B", "**B**", true, "B"},
    {"choice", "B", "(B)", true, "B"},
    {"choice", "B", "B.", true, "B"},
    {"choice", "B", "B. Lake Vänern", true, "B"},
    {"choice", "B", "B) since it is a lake", true, "B"},
    {"choice", "B", "\\boxed{B}", true, "B"},
    {"choice", "B", "$\\boxed{\\text{B}}$", true, "B"},
    {"choice", "B", "Answer: A\nOn reflection, answer: B", true, "B"},
    {"choice", "A", "Answer: A\nOn reflection, answer: B", false, "B"},
    {"choice", "B", "A. no\nB. yes, this one\nC. no\nAnswer: B", true, "B"},
    {"choice", "B", "A. a copper coin\nB. Lake Vänern\nC. blue", false, ""},
    {"choice", "A", "A man went to the shop.", false, ""},
    {"choice", "A", "The answer is a man.", false, ""},
    {"choice", "A", "The answer is A because it shines.", true, "A"},
    {"choice", "A", "Answer: A", true, "A"},
    {"choice", "A", "Answer: a", true, "A"},
    {"choice", "A", "Answer: A copper coin", true, "A"},
    {"choice", "A", "I choose A.", true, "A"},
    {"choice", "C", "I would go with option C here.", true, "C"},
    {"choice", "C", "C is correct.", true, "C"},
    {"choice", "C", "Option C is the best answer; option A is not.", true, "C"},
    {"choice", "C", "So it must be C.", true, "C"},
    {"choice", "B", "Lake Vänern", true, "B"},
    {"choice", "B", "It is LAKE VÄNERN, I am sure", true, "B"},
    {"choice", "B", "The answer is Lake Vänern.", true, "B"},
    {"choice", "D", "It looks dark blue to me", true, "D"},
    {"choice", "C", "It looks dark blue to me", false, "D"},
    {"choice", "C", "blue or Lake Vänern", false, ""},
    {"choice", "C", "It is not blue", false, ""},
    {"choice", "E", "Answer: none of these", true, "E"},
    {"choice", "A", "Answer: A or B", false, ""},
    {"choice", "A", "Answer: A/B", false, ""},
    {"choice", "A", "Answer: (A) and (C)", false, ""},
    {"choice", "A", "Answer: F", false, ""},
    {"choice", "A", "Answer: A. Answer: Z", true, "A"},
    {"choice", "B", "Reasoning first.\n\nB", true, "B"},
    {"choice", "B", "After some thought I take (B)", true, "B"},
    {"choice", "B", "We can rule out (B), it is wrong", false, ""},
    {"choice", "C", "The answer is vitamin C", false, ""},
    {"choice", "C", "I do not know", false, ""},
    {"choice", "C", "", false, ""},
    {"choice", "C", "<think>C, I think</think>Answer: B", false, "B"},
    {"choice", "B", "答案：B", true, "B"},
    {"choice", "B", "Die Antwort ist B.", true, "B"},
    {"choice", "B", "Best regards", false, ""},
    {"choice", "E", "Eager to help!", false, ""},

    // lower case, bullets, tags, words for an option
    {"choice", "B", "b", true, "B"},
    {"choice", "B", "b.", true, "B"},
    {"choice", "B", "(b)", true, "B"},
    {"choice", "B", "b) Lake Vänern", true, "B"},
    {"choice", "B", "**b**", true, "B"},
    {"choice", "B", "I choose b.", true, "B"},
    {"choice", "B", "The correct option is b", true, "B"},
    {"choice", "B", "The answer is b because it is a lake.", true, "B"},
    {"choice", "B", "\\boxed{b}", true, "B"},
    {"choice", "B", "\\boxed{\\text{Option B}}", true, "B"},
    {"choice", "B", "- B", true, "B"},
    {"choice", "B", "• **B**", true, "B"},
    {"choice", "B", "* B. Lake Vänern", true, "B"},
    {"choice", "B", "> (B)", true, "B"},
    {"choice", "B", "#### B", true, "B"},
    {"choice", "B", "<answer>b</answer>", true, "B"},
    {"choice", "B", "<answer>B. Lake Vänern</answer>", true, "B"},
    {"choice", "B", "<reasoning>C?</reasoning><answer>(B)</answer>", true, "B"},
    {"choice", "B", "{\"answer\": \"B\"}", true, "B"},
    {"choice", "C", "Option C", true, "C"},
    {"choice", "C", "option c", true, "C"},
    {"choice", "C", "Choice (C).", true, "C"},
    {"choice", "C", "I would say option C.", true, "C"},
    {"choice", "C", "The answer is not B but C.", true, "C"},
    {"choice", "C", "It is not (B), but rather (C).", true, "C"},
    {"choice", "C", "Option C is wrong", false, ""},
    {"choice", "C", "The answer is B. Note that A is a common distractor.", false, "B"},
    {"choice", "A", "answer: a man", false, ""},
    {"choice", "A", "I think a lake is a lake", false, ""},
    // other typefaces and scripts
    {"choice", "B", "Ｂ", true, "B"},
    {"choice", "B", "（Ｂ）", true, "B"},
    {"choice", "B", "Ⓑ", true, "B"},
    {"choice", "B", "𝐁", true, "B"},
    {"choice", "C", "答案是C", true, "C"},
    {"choice", "C", "正确答案为：C。", true, "C"},
    {"choice", "B", "选项B", true, "B"},
    {"choice", "B", "我选B", true, "B"},
    {"choice", "B", "故选：B", true, "B"},
    {"choice", "B", "應選 (B)", true, "B"},
    {"choice", "B", "不选B", false, ""},
    {"choice", "B", "選擇乙。", true, "B"},
    {"choice", "B", "정답: B", true, "B"},
    {"choice", "B", "正解はBです", true, "B"},
    {"choice", "B", "Ответ: В", true, "B"},
    {"choice", "B", "Ответ: Б.", true, "B"},
    {"choice", "A", "А.", true, "A"},
    {"choice", "A", "А потом мы пошли", false, ""},
    {"choice", "B", "الإجابة: ب", true, "B"},
    {"choice", "B", "الإجابة الصحيحة هي (ب)", true, "B"},
    {"choice", "B", "উত্তর: খ", true, "B"},
    {"choice", "B", "उत्तर: ख", true, "B"},
    {"choice", "B", "Réponse : B", true, "B"},
    {"choice", "B", "La respuesta correcta es B", true, "B"},

    // regex
    {"regex", "(?i)^yes\\b", "Yes, of course", true, "Yes"},
    {"regex", "(?i)^yes\\b", "yesterday", false, ""},
    {"regex:RESULT=(\\w+)", "blue", "RESULT=red RESULT=blue", true, "blue"},
    {"regex:RESULT=(\\w+)", "blue", "blue", false, ""},
    {"regex:\\d+", "7", "3 then 7", true, "7"},

    // auto: the reference decides
    {"auto", "7", "the answer is 7.0", true, "7.0"},
    {"auto", "Oslo", "oslo!", true, "oslo"},
};

TEST(Verdicts, FollowTheTable) {
  for (const VerdictRow& row : kVerdicts) {
    SCOPED_TRACE(std::string(row.scorer) + " | " + row.reference + " | " + row.answer);
    const auto scorer = make_scorer(row.scorer);
    ASSERT_TRUE(scorer) << scorer.error().message;
    record::Question question;
    question.id = "0123456789abcdef0123456789abcdef";
    question.reference = row.reference;
    if ((*scorer)->name() == "choice") question.choices = kOptions;
    ASSERT_TRUE((*scorer)->check(question)) << (*scorer)->check(question).error().message;
    const record::Verdict verdict = (*scorer)->score(question, row.answer);
    EXPECT_EQ(verdict.outcome,
              row.correct ? record::Outcome::kCorrect : record::Outcome::kIncorrect)
        << verdict.why;
    EXPECT_EQ(verdict.value, row.correct ? 1.0 : 0.0);
    EXPECT_EQ(verdict.extracted, row.extracted) << verdict.why;
    EXPECT_FALSE(verdict.why.empty());
    EXPECT_EQ(verdict.why.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace ipw::scoring
