#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <spanstream>
#include <string>
#include <string_view>

#include "ipw/analysis/outcomes_reader.h"
#include "ipw/datasets/rows.h"

namespace ipw::analysis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

core::Result<Outcomes> read(std::string_view text, const OutcomesForm& form = {},
                            datasets::Form rows = datasets::Form::kCsv) {
  OutcomesBuilder builder;
  const auto source = datasets::rows_of(
      rows, std::make_unique<std::ispanstream>(std::span(text.data(), text.size())));
  IPW_CHECK(read_table(*source, "answers.csv", form, builder));
  return builder.take();
}

std::string fault(std::string_view text, const OutcomesForm& form = {},
                  datasets::Form rows = datasets::Form::kCsv) {
  const auto outcomes = read(text, form, rows);
  return outcomes ? "it was taken" : outcomes.error().message;
}

OutcomesForm columns(std::string_view text) {
  OutcomesForm form;
  const auto parsed = parse_columns(text, form);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return form;
}

TEST(OutcomeTable, HoldsWhatTheDocumentedColumnsSay) {
  const auto outcomes = read(
      "question_id,model,score,input_tokens,output_tokens,seconds,joules,dollars,provenance,"
      "joules_provenance,category,options,parameters_b,year\n"
      "q1,small,1,10,20,0.5,3.5,0.001,measured: clock,measured: nvml-counter,law,4,7,2024\n"
      "q1,big,0,10,30,0.7,,0.01,measured: clock,,law,4,70,2025\n"
      "q2,small,0.5,11,21,0.6,4.5,0.002,published,published: a paper,physics,10,7,2024\n");
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  EXPECT_THAT(outcomes->questions, ElementsAre("q1", "q2"));
  EXPECT_THAT(outcomes->categories, ElementsAre("", "law", "physics"));
  EXPECT_THAT(outcomes->category, ElementsAre(1, 2));
  EXPECT_THAT(outcomes->options, ElementsAre(4.0F, 10.0F));
  ASSERT_EQ(outcomes->models.size(), 2U);
  const ModelOutcomes& small = outcomes->models[0];
  EXPECT_EQ(small.model, "small");
  EXPECT_THAT(small.score, ElementsAre(1.0F, 0.5F));
  EXPECT_THAT(small.output_tokens, ElementsAre(20.0F, 21.0F));
  EXPECT_THAT(small.of(Quantity::kJoules).value, ElementsAre(3.5F, 4.5F));
  EXPECT_THAT(small.of(Quantity::kJoules).source_of, ElementsAre(0, 1));
  EXPECT_EQ(small.of(Quantity::kJoules).provenance().source, record::Source::kMixed);
  EXPECT_EQ(small.properties.parameters_b, 7.0);
  EXPECT_EQ(small.properties.year, 2024.0);
  const ModelOutcomes& big = outcomes->models[1];
  EXPECT_TRUE(big.of(Quantity::kJoules).empty()) << "never told, so there is no column";
  EXPECT_EQ(big.score.size(), 2U);
  EXPECT_TRUE(std::isnan(big.score[1])) << "no row: no verdict, not a wrong one";
  EXPECT_EQ(big.missing(), 1);
  EXPECT_THAT(outcomes->notes, ElementsAre(HasSubstr("big has no verdict on 1 of 2")));
}

TEST(OutcomeTable, IsTheSameFromJsonLines) {
  const auto outcomes = read(
      R"({"question": "q1", "model": "a", "correct": true, "joules": 2, "provenance": "estimated"})"
      "\n"
      R"({"question": "q2", "model": "a", "correct": null, "options": ["w", "x", "y"]})"
      "\n",
      {}, datasets::Form::kJsonl);
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  EXPECT_EQ(outcomes->models[0].score[0], 1.0F);
  EXPECT_TRUE(std::isnan(outcomes->models[0].score[1]));
  EXPECT_EQ(outcomes->options[1], 3.0F);
  EXPECT_EQ(outcomes->models[0].of(Quantity::kJoules).provenance().source,
            record::Source::kEstimated);
}

TEST(OutcomeTable, ReadsAColumnPerModel) {
  OutcomesForm form = columns("question=id,ignore=note");
  form.wide = true;
  const auto outcomes = read("id,m1,m2,note\na,1,0,first\nb,0,,second\n", form);
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  EXPECT_THAT(outcomes->labels(), ElementsAre("m1", "m2"));
  EXPECT_EQ(outcomes->models[0].score[1], 0.0F);
  EXPECT_TRUE(std::isnan(outcomes->models[1].score[1])) << "an empty cell is no verdict";
}

TEST(OutcomeTable, ComparesGivenAnswersWithAKey) {
  OutcomesForm form = columns("question=id,answer=gold,category=topic");
  form.wide = true;
  const auto outcomes = read("id,topic,gold,m1,m2\na,law,C,C,-\nb,law,A,B,\n", form);
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  EXPECT_THAT(outcomes->models[0].score, ElementsAre(1.0F, 0.0F));
  EXPECT_EQ(outcomes->models[1].score[0], 0.0F) << "a letter that could not be read is wrong";
  EXPECT_TRUE(std::isnan(outcomes->models[1].score[1])) << "an empty cell is no verdict";
}

TEST(OutcomeTable, NamesQuestionsByFileAndLineWhereThereIsNoId) {
  OutcomesForm form = columns("question=@row,category=@file,ignore=prompt");
  form.wide = true;
  const auto outcomes = read("prompt,m\nsame,1\nsame,0\n", form);
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  EXPECT_THAT(outcomes->questions, ElementsAre("answers:2", "answers:3"));
  EXPECT_THAT(outcomes->categories, ElementsAre("", "answers"));
}

TEST(OutcomeTable, KeepsRepeatsAndHardwareApart) {
  const auto outcomes = read(
      "question,model,hardware,repeat,score\n"
      "q,m,gpu,0,1\nq,m,gpu,1,0\nq,m,cpu,0,1\n");
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  EXPECT_THAT(outcomes->labels(), ElementsAre("m on gpu", "m on gpu (repeat 1)", "m on cpu"));
  EXPECT_FALSE(outcomes->find("m")) << "two machines bear the name";
  EXPECT_EQ(outcomes->find("m on cpu"), 2U);
}

TEST(OutcomeTable, TakesUnitsFromTheColumnOrTheCell) {
  const OutcomesForm form{.provenance = record::Provenance{record::Source::kPublished, "x"}};
  const auto outcomes =
      read("question,model,score,latency_ms,energy_wh,cost\nq,m,1,250,0.5,2.5 cent\n", form);
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  EXPECT_FLOAT_EQ(outcomes->models[0].of(Quantity::kSeconds).value[0], 0.25F);
  EXPECT_FLOAT_EQ(outcomes->models[0].of(Quantity::kJoules).value[0], 1800.0F);
  EXPECT_FLOAT_EQ(outcomes->models[0].of(Quantity::kDollars).value[0], 0.025F);
}

struct BadRow {
  const char* what;
  const char* text;
  const char* says;
};
void PrintTo(const BadRow& row, std::ostream* out) { *out << row.what; }

class BadOutcomeRow : public ::testing::TestWithParam<BadRow> {};

TEST_P(BadOutcomeRow, IsRefusedWithItsLine) {
  const std::string message = fault(GetParam().text);
  EXPECT_THAT(message, HasSubstr("answers.csv line 3"));
  EXPECT_THAT(message, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadOutcomeRow,
    ::testing::Values(
        BadRow{"a duplicate", "question,model,score\nq,m,1\nq,m,1\n", "stands twice"},
        BadRow{"zero joules",
               "question,model,score,joules,provenance\nq,m,1,2,measured\n"
               "r,m,1,0,measured\n",
               "joules is 0"},
        BadRow{"negative joules",
               "question,model,score,joules,provenance\nq,m,1,2,measured\nr,m,1,-1,measured\n",
               "joules is -1"},
        BadRow{"no provenance",
               "question,model,score,joules,provenance\nq,m,1,2,measured\nr,m,1,1,\n",
               "without provenance"},
        BadRow{"an unknown provenance",
               "question,model,score,joules,provenance\nq,m,1,2,measured\nr,m,1,1,guessed\n",
               "'guessed' is unknown"},
        BadRow{"no unit",
               "question,model,score,energy,provenance\nq,m,1,2 J,measured\n"
               "r,m,1,1,measured\n",
               "no number with a unit of joules"},
        BadRow{"a word for a number", "question,model,score,output_tokens\nq,m,1,2\nr,m,1,many\n",
               "output_tokens is 'many'"},
        BadRow{"a score that is none", "question,model,score\nq,m,1\nr,m,good\n",
               "score is 'good'"},
        BadRow{"a score in percent", "question,model,score\nq,m,1\nr,m,87\n", "score is 87"},
        BadRow{"NaN", "question,model,score\nq,m,1\nr,m,nan\n", "score is 'nan'"},
        BadRow{"no model", "question,model,score\nq,m,1\nr,,1\n", "names no model"},
        BadRow{"no question", "question,model,score\nq,m,1\n,m,1\n", "names no question"},
        BadRow{"a model of two sizes", "question,model,score,parameters_b\nq,m,1,7\nr,m,1,8\n",
               "parameters_b of m is 8 here and 7 before"},
        BadRow{"a question of two kinds", "question,model,score,category\nq,m,1,law\nq,n,1,art\n",
               "category 'art' here and 'law' before"},
        BadRow{"a short row", "question,model,score\nq,m,1\nr,m\n", "2 columns"}));

TEST(OutcomeTable, SaysWhichColumnIsNotThere) {
  EXPECT_THAT(fault("question,model\nq,m\n"), HasSubstr("no column 'score'"));
  EXPECT_THAT(fault("question,score\nq,1\n"), HasSubstr("--wide"));
  EXPECT_THAT(fault("qustion,model,score\nq,m,1\n", columns("question=question")),
              HasSubstr("did you mean qustion?"));
  EXPECT_THAT(fault("question,model,score\n"), HasSubstr("no rows"));
  EXPECT_THAT(fault("question,model,score,correct\nq,m,1,1\n"), HasSubstr("both look like score"));
  OutcomesForm form;
  const auto unknown = parse_columns("questoin=q", form);
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("did you mean question?"));
}

TEST(OutcomeTable, SaysWhichColumnsItDidNotUse) {
  const auto outcomes = read("question,model,score,joule\nq,m,1,4\n");
  ASSERT_TRUE(outcomes);
  EXPECT_THAT(outcomes->notes, ElementsAre(HasSubstr("columns not used: joule")));
}

// A difference of two readings can fall below zero by noise; a meter's own reading cannot.
TEST(OutcomesBuilder, TakesJoulesBelowZeroOnlyAboveIdle) {
  OutcomesBuilder builder;
  OutcomeRow row{.question = "q", .model = "m"};
  row.quantities[static_cast<std::size_t>(Quantity::kJoules)] =
      StatedQuantity{-0.5, {record::Source::kEstimated, "cpu-time-model, above idle"}};
  EXPECT_FALSE(builder.add(row));
  row.above_idle = true;
  ASSERT_TRUE(builder.add(row));
  const Outcomes outcomes = builder.take();
  EXPECT_EQ(outcomes.models[0].of(Quantity::kJoules).value[0], -0.5F);
}

}  // namespace
}  // namespace ipw::analysis
