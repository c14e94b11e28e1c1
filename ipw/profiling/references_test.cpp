// How many references are no plain numbers is said, question by question.
#include "ipw/profiling/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ipw::profiling {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

References of(const char* scorer, std::initializer_list<const char*> references) {
  References counted;
  int number = 0;
  for (const char* reference : references) {
    record::Question question;
    question.external_id = std::to_string(++number);
    question.reference = reference;
    counted.add(**scoring::make_scorer(scorer), question);
  }
  return counted;
}

TEST(References, AreCountedByTheRuleThatJudgesThem) {
  const References references = of("auto", {"1", "\\sqrt{3}", "2.5", "no solution", "3\\pi"});
  EXPECT_THAT(references.judged_by, ElementsAre(Pair("normalized", 3), Pair("numeric", 2)));
  EXPECT_THAT(references.formula_list,
              ElementsAre("question 2: '\\sqrt{3}'", "question 5: '3\\pi'"));
  EXPECT_THAT(notes(references), ElementsAre("judged by normalized: 3, numeric: 2",
                                             HasSubstr("no plain numbers: 2;")));
}

TEST(References, ThatAreFormulasAreSaidUnderEveryScorerThatComparesText) {
  for (const char* scorer : {"auto", "normalized", "exact", "contains"}) {
    EXPECT_EQ(of(scorer, {"\\sqrt{3}", "x^2"}).formulas, 2) << scorer;
  }
  EXPECT_THAT(notes(of("normalized", {"Oslo", "Bergen"})), IsEmpty());
  EXPECT_THAT(notes(of("numeric", {"1", "2"})), IsEmpty());
}

}  // namespace
}  // namespace ipw::profiling
