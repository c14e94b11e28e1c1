// Numbers and what is none, kind by kind: what is read out of an answer, and whether it is right
// for the reference. An empty cell under "read" means that no plain number is read.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "ipw/scoring/numeric.h"
#include "ipw/scoring/scorer.h"

namespace ipw::scoring {
namespace {

struct Row {
  const char* reference;
  const char* answer;
  bool correct;
};

record::Verdict judge(const char* reference, const std::string& answer) {
  record::Question question;
  question.id = "0123456789abcdef0123456789abcdef";
  question.reference = reference;
  const auto scorer = make_scorer("numeric");
  EXPECT_TRUE((*scorer)->check(question)) << reference;
  return (*scorer)->score(question, answer);
}

template <std::size_t N>
void expect_all(const Row (&rows)[N]) {
  for (const Row& row : rows) {
    const record::Verdict verdict = judge(row.reference, row.answer);
    EXPECT_EQ(verdict.outcome,
              row.correct ? record::Outcome::kCorrect : record::Outcome::kIncorrect)
        << row.reference << " | " << row.answer << " | " << verdict.why;
  }
}

TEST(NumbersTable, AFormulaIsNoNumber) {
  for (const char* answer : {"\\boxed{\\sqrt{18}}",
                             "\\boxed{18\\pi}",
                             "\\boxed{x^{18}}",
                             "\\boxed{\\sqrt[3]{18}}",
                             "\\boxed{3\\sqrt{18}}",
                             "\\boxed{\\frac{18}{\\pi}}",
                             "\\boxed{\\frac{\\sqrt{18}}{2}}",
                             "\\boxed{\\frac{x}{18}}",
                             "\\boxed{e^{18}}",
                             "\\boxed{\\log_2 18}",
                             "\\boxed{\\ln 18}",
                             "\\boxed{\\sin 18}",
                             "\\boxed{18!}",
                             "\\boxed{\\binom{18}{2}}",
                             "\\boxed{2^{18}}",
                             "\\boxed{18x}",
                             "\\boxed{18 x}",
                             "\\boxed{18i}",
                             "\\boxed{x + 18}",
                             "\\boxed{18 - x}",
                             "\\boxed{x = y + 18}",
                             "\\boxed{|-18|}",
                             "\\boxed{x \\le 18}",
                             "\\boxed{x > 18}",
                             "\\boxed{\\pm 18}",
                             "\\boxed{(3, 18)}",
                             "\\boxed{[0, 18]}",
                             "\\boxed{\\{17, 18\\}}",
                             "\\boxed{18^\\pi}",
                             "\\boxed{18(x+1)}",
                             "\\boxed{\\lfloor 18.5 \\rfloor}",
                             "\\boxed{17 + 1}",
                             "\\boxed{3 \\cdot 6}",
                             "\\boxed{0.\\overline{18}}",
                             "\\boxed{√18}",
                             "\\boxed{18π}",
                             "\\boxed{18²}",
                             "\\boxed{18 \\pmod{7}}",
                             "\\boxed{18\\infty}",
                             "\\boxed{\\pi}",
                             "\\boxed{18:1}",
                             "\\boxed{18_{7}}",
                             "\\boxed{x_{18}}",
                             "The answer is √18.",
                             "The answer is 18π.",
                             "The answer is 18 pi.",
                             "The answer is 2^18.",
                             "The answer is sqrt(18).",
                             "The answer is 3*sqrt(18).",
                             "The answer is 18x.",
                             "The answer is x + 18.",
                             "The answer is 17 + 1.",
                             "The answer is ±18.",
                             "The answer is 18i.",
                             "The answer is (3, 18).",
                             "The answer is 17, 18.",
                             "The answer is x > 18.",
                             "#### \\sqrt{18}",
                             "#### 18\\pi",
                             "#### -\\sqrt{18}",
                             "#### x^{18}",
                             "#### 2(9)^{18}",
                             "<answer>\\sqrt{18}</answer>",
                             "<answer>18\\pi</answer>",
                             "So it is \\sqrt{18}",
                             "so we get x^18",
                             "in the end 3\\sqrt{18}",
                             "which gives log(18)",
                             "(a + b)/18",
                             "n - 18",
                             "= 18/x",
                             "\\frac{18}{x}",
                             "$18\\pi$",
                             "$\\sqrt{18}$"}) {
    for (const char* reference : {"18", "17", "2", "3", "1", "7"}) {
      const record::Verdict verdict = judge(reference, answer);
      EXPECT_EQ(verdict.outcome, record::Outcome::kIncorrect) << answer << " | " << verdict.why;
    }
  }
}

TEST(NumbersTable, AFormulaAsReferenceIsRefusedAndComparedAsTextByAuto) {
  for (const char* reference : {"\\sqrt{3}",
                                "3\\pi",
                                "x^{3}",
                                "\\frac{\\sqrt{3}}{2}",
                                "$\\sqrt{3}$",
                                "3x",
                                "\\log_2 3",
                                "2^3",
                                "(3, 4)",
                                "3, 4",
                                "[0, 3]",
                                "\\pm 3",
                                "x > 3",
                                "3i",
                                "√3",
                                "3π",
                                "\\boxed{\\sqrt{3}}",
                                "#### \\sqrt{3}",
                                "x + 3",
                                "1 + 2",
                                "3!",
                                "\\infty",
                                "|3|",
                                "3 or 4"}) {
    record::Question question;
    question.id = "0123456789abcdef0123456789abcdef";
    question.reference = reference;
    const auto checked = (*make_scorer("numeric"))->check(question);
    EXPECT_FALSE(checked) << reference;
    EXPECT_EQ(scorer_for(question), "normalized") << reference;
    EXPECT_EQ((*make_scorer("auto"))->score(question, "3").outcome, record::Outcome::kIncorrect)
        << reference;
    EXPECT_EQ((*make_scorer("auto"))->score(question, reference).outcome, record::Outcome::kCorrect)
        << reference;
  }
}

TEST(NumbersTable, AnOrdinaryReferenceIsOne) {
  for (const char* reference : {"3",
                                "-3",
                                "−3",
                                "- 3",
                                "3.5",
                                ".5",
                                "-.5",
                                "1,234",
                                "1\u202f234",
                                "$5",
                                "-$5",
                                "5%",
                                "3/4",
                                "-3/4",
                                "1 1/2",
                                "\\frac{3}{4}",
                                "\\frac34",
                                "\\dfrac{3}{4}",
                                "-\\frac{3}{4}",
                                "$\\frac{3}{4}$",
                                "\\boxed{3}",
                                "#### 3",
                                "so\n#### 3",
                                "2.5 million",
                                "60k",
                                "6e4",
                                "6\\times10^4",
                                "10^5",
                                "3 cm",
                                "18\\text{ m}^2",
                                "18 m^{2}",
                                "60^\\circ",
                                "20°",
                                "3 km/h",
                                "x = 3",
                                "$3$",
                                "٣",
                                "१८",
                                "3,5",
                                "negative 3",
                                "\\$5",
                                "15\\%",
                                "(3)",
                                "3."}) {
    record::Question question;
    question.id = "0123456789abcdef0123456789abcdef";
    question.reference = reference;
    EXPECT_EQ(scorer_for(question), "numeric") << reference;
    EXPECT_TRUE((*make_scorer("numeric"))->check(question)) << reference;
    EXPECT_EQ((*make_scorer("numeric"))->score(question, reference).outcome,
              record::Outcome::kCorrect)
        << reference;
  }
  for (const char* reference :
       {"12 monkeys", "Oslo", "3 and 4", "Apollo 11", "B-52", "1.2.3", "", "H2O"}) {
    record::Question question;
    question.reference = reference;
    EXPECT_EQ(scorer_for(question), "normalized") << reference;
  }
}

TEST(NumbersTable, UnitsAndTheirPowersChangeNothing) {
  expect_all({
      {"18", "\\boxed{18\\text{ m}^2}", true},
      {"18", "\\boxed{18 \\text{ cm}^{3}}", true},
      {"18", "\\boxed{18\\,\\mathrm{m}^2}", true},
      {"18", "\\boxed{18\\ \\text{m/s}^2}", true},
      {"18", "\\boxed{18\\text{ km}/\\text{h}}", true},
      {"18", "\\boxed{18 \\text{ square meters}}", true},
      {"18", "\\boxed{18^\\circ}", true},
      {"18", "\\boxed{18^{\\circ}\\text{C}}", true},
      {"18", "\\boxed{\\$18}", true},
      {"18", "\\boxed{18 \\text{ dollars}}", true},
      {"18", "\\boxed{18\\text{ (approximately)}}", true},
      {"18", "\\boxed{A = 18 \\text{ cm}^2}", true},
      {"18", "\\boxed{\\text{Area} = 18}", true},
      {"18", "\\boxed{18\\mu\\text{m}}", true},
      {"18", "The answer is 18 m^2.", true},
      {"18", "The answer is 18 m².", true},
      {"18", "The area is 18 cm^2", true},
      {"18", "The area in m^2 is 18", true},
      {"18", "The area is 18cm²", true},
      {"18", "#### 18 m/s^2", true},
      {"18", "#### 18km^2", true},
      {"18", "18 kg·m^2/s^2", true},
      {"18", "It is the 18th.", true},
      {"18", "the $18^{th}$ of May", true},
      {"18", "18°", true},
      {"18", "18µm", true},
      {"18", "18€", true},
      {"18", "18 USD", true},
      {"18", "Rs. 18", true},
      {"18", "Rs18", true},
      {"18", "USD 18", true},
      {"18", "EUR18", true},
      {"2", "\\boxed{18\\text{ m}^2}", false},
      {"2", "The area is 18 cm^2", false},
  });
}

TEST(NumbersTable, FractionsInEveryDress) {
  expect_all({
      {"0.5", "\\boxed{\\frac12}", true},
      {"0.5", "\\boxed{\\dfrac{1}{2}}", true},
      {"0.5", "\\boxed{\\tfrac{1}{2}}", true},
      {"0.5", "\\boxed{\\cfrac{1}{2}}", true},
      {"0.5", "\\boxed{\\frac 12}", true},
      {"0.5", "\\boxed{\\frac{1}2}", true},
      {"0.5", "\\boxed{\\frac1{2}}", true},
      {"0.5", "\\boxed{\\frac 1 2}", true},
      {"0.5", "\\boxed{\\frac{\\text{1}}{2}}", true},
      {"0.5", "\\boxed{\\left(\\frac{1}{2}\\right)}", true},
      {"0.5", "\\boxed{1/2}", true},
      {"0.5", "\\boxed{1 / 2}", true},
      {"0.5", "½", true},
      {"0.5", "1⁄2", true},
      {"-0.5", "\\boxed{-\\frac12}", true},
      {"-0.5", "\\boxed{\\frac{-1}{2}}", true},
      {"-0.5", "\\boxed{\\frac{1}{-2}}", true},
      {"0.5", "\\boxed{\\frac{-1}{-2}}", true},
      {"1.5", "\\boxed{1\\frac12}", true},
      {"1.5", "\\boxed{1\\frac{1}{2}}", true},
      {"-1.5", "\\boxed{-1\\frac{1}{2}}", true},
      {"1.5", "\\boxed{1 \\tfrac 12}", true},
      {"500", "\\boxed{\\frac{1{,}000}{2}}", true},
      {"500000", "1/2 million", true},
      {"0.125", "⅛", true},
      {"0.5", "\\boxed{\\frac21}", false},
      {"2", "\\boxed{\\frac12}", false},
      {"12", "\\boxed{\\frac12}", false},
      {"0.5", "\\boxed{-\\frac12}", false},
  });
}

TEST(NumbersTable, Magnitudes) {
  expect_all({
      {"60000", "The answer is $60K.", true},
      {"60000", "60k", true},
      {"60000", "\\boxed{60k}", true},
      {"60000", "\\boxed{\\$60\\text{k}}", true},
      {"60000", "€60 K", true},
      {"60000", "60 thousand", true},
      {"60000", "60,000", true},
      {"2500000", "\\boxed{2.5\\text{ million}}", true},
      {"2500000", "\\boxed{2.5} million", true},
      {"2500000", "$2.5$ million", true},
      {"2500000", "**2.5** million", true},
      {"2500000", "$2.5 million", true},
      {"2500000", "$2.5M", true},
      {"2500000", "2.5 Million", true},
      {"2500000", "2.5 millions", true},
      {"2500000", "2.5-million", true},
      {"2500000", "2,5 Millionen", true},
      {"2500000", "2,5 millones", true},
      {"2500000", "2,5 млн", true},
      {"2500000", "250万", true},
      {"2500000", "25 lakh", true},
      {"7000000000", "7B", true},
      {"7000000000", "$7bn", true},
      {"7000000000", "7 billion people", true},
      {"7000000000", "7 thousand million", true},
      {"500000", "5 hundred thousand", true},
      {"5000000", "$5m", true},
      {"20000000", "2 crore", true},
      {"18", "18k", false},
      {"18", "$18 million", false},
      {"18", "\\boxed{18\\text{ thousand}}", false},
      {"18000000", "$18 m$", false},
      {"18", "$18\\text{ m}$", true},
      {"18", "18 kg", true},
      {"18", "18kg", true},
      {"18", "18 km", true},
      {"18", "18m", true},
      {"18", "18 mm", true},
      {"18", "18 b", true},
      {"18", "18 milligrams", true},
      {"2500001", "2.5 million", false},
  });
}

TEST(NumbersTable, SignsInEveryDress) {
  expect_all({
      {"-3", "The answer is negative 3.", true},
      {"-3", "The answer is minus 3.", true},
      {"-3", "The answer is Minus 3.", true},
      {"-3", "La réponse est moins 3", true},
      {"-3", "答案是负3。", true},
      {"-3", "答案是-3", true},
      {"-3", "#### - 3", true},
      {"-3", "#### -3", true},
      {"-3", "####-3", true},
      {"-3", "#### −3", true},
      {"-3", "#### −\u00a03", true},
      {"-3", "#### **-3**", true},
      {"-3", "#### $-3$", true},
      {"-3", "#### -$3", true},
      {"-3", "#### $-3", true},
      {"-3", "#### - $3", true},
      {"-3", "\\boxed{-3}", true},
      {"-3", "\\boxed{- 3}", true},
      {"-3", "\\boxed{{-}3}", true},
      {"-3", "\\boxed{-\\,3}", true},
      {"-3", "\\boxed{-\\text{3}}", true},
      {"-3", "\\boxed{x = - 3}", true},
      {"-3", "-(3)", true},
      {"-3", "(-3)", true},
      {"-3", "- 3", true},
      {"-3", "x = - 3", true},
      {"-3", "Answer: - 3", true},
      {"-3", "The answer is - 3", true},
      {"-3", "–3", true},
      {"-3", "－３", true},
      {"-3", "﹣3", true},
      {"-3", "‑3", true},
      {"3", "- 3\n- 3", true},
      {"3", "- 16 apples\n- 3", true},
      {"-3", "16 minus 3", false},
      {"3", "16 minus 3", false},
      {"3", "The answer is negative 3.", false},
      {"3", "#### - 3", false},
      {"3", "-(3)", false},
      {"3", "+3", true},
      {"3", "#### + 3", true},
  });
}

TEST(NumbersTable, DigitsAndSeparatorsOfManyScripts) {
  expect_all({
      {"18", "#### ١٨", true},    // Arabic-Indic
      {"18", "#### ۱۸", true},    // Persian
      {"18", "#### १८", true},    // Devanagari
      {"18", "#### ১৮", true},    // Bengali
      {"18", "#### ๑๘", true},    // Thai
      {"18", "#### １８", true},  // full width
      {"18", "#### ௧௮", true},    // Tamil
      {"18", "#### ၁၈", true},    // Burmese
      {"18", "#### 𝟏𝟖", true},    // mathematical bold
      {"-18", "#### -١٨", true},
      {"1234567", "١٬٢٣٤٬٥٦٧", true},
      {"2.5", "٢٫٥", true},
      {"0.15", "١٥٪", true},
      {"1234567", "１，２３４，５６７", true},
      {"1234567", "12,34,567", true},  // Indian grouping
      {"100000", "1,00,000", true},
      {"100000", "₹1,00,000", true},
      {"1234567", "1'234'567", true},  // Switzerland
      {"1234567", "1’234’567", true},
      {"1234567", "1\u202f234\u202f567", true},
      {"1234567", "1\u2009234\u2009567", true},
      {"1234567", "1\u00a0234\u00a0567", true},
      {"1234567", "1\\,234\\,567", true},
      {"1234567", "1~234~567", true},
      {"1234567", "1_234_567", true},
      {"1234567", "1{,}234{,}567", true},
      {"1234567", "1,\\!234,\\!567", true},
      {"1234567", "1.234.567", true},
      {"1234567.5", "1.234.567,5", true},
      {"1234.5", "1.234,5", true},
      {"1234.56", "1.234,56 €", true},
      {"1234.5", "1 234,5", false},  // two numbers: a plain space groups nothing
      {"1234.5", "1\u00a0234,5", true},
      {"1234.5", "1'234.5", true},
      {"3.5", "3,5", true},
      {"0.125", "0,125", true},
      {"3.14159", "3,14159", true},
      {"1.234", "1.234", true},
      {"1234", "1,234", true},
      {"1.234", "1,234", false},
      {"18", "答案是18。", true},
      {"18", "الإجابة: ١٨", true},
      {"18", "उत्तर: १८", true},
      {"18", "Ответ: 18. Проверка: 16 + 2 = 18", true},
      {"18", "Die Antwort ist 18 (nicht 17)", true},
  });
}

TEST(NumbersTable, WhereTheAnswerStands) {
  expect_all({
      {"18", "<answer>18</answer> (in 3 steps)", true},
      {"18", "<answer>x = 18</answer>", true},
      {"18", "<answer>\\boxed{18}</answer>", true},
      {"18", "<final_answer>18</final_answer>\n2 checks", true},
      {"18", "[ANSWER]18[/ANSWER] 2", true},
      {"18", "<reasoning>17</reasoning><answer>18", true},
      {"18", "\\boxed{18} and then \\boxed{\\text{done in 2 steps}}", false},
      {"18", "\\boxed{18} \\boxed{\\text{done}}", true},
      {"18", "\\boxed {18}, 2 steps", true},
      {"18", "\\fbox{18}, 2 steps", true},
      {"4", "\\boxed{004}", true},
      {"18", "\\boxed{\\boxed{18}}", true},
      {"28%", "\\boxed{28 pct}", true},
      {"28%", "\\boxed{28 percent}", true},
      {"28%", "$28$ %", true},
      {"0.28", "$28\\%$", true},
      {"28", "$\\boxed{28}$ pct", true},
      {"18", "The total is 18 clips, altogether.", true},
      {"18", "I got 18!", true},
      {"18", "Is it 18?", true},
      {"18", "It is 18.[^1]", true},
      {"18", "<b>18</b>", true},
      {"18", "-> 18", true},
      {"18", "> 18", true},
      {"18", "\\[ x^2 = 324 \\implies x = 18 \\]", true},
      {"18", "x = \\sqrt{324} = 18", true},
      {"18", "\\sqrt{324} = 18", true},
      {"18", "2(3 + 6) = 18", true},
  });
}

}  // namespace
}  // namespace ipw::scoring
