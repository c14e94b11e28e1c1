// Question files as a user brings them: mapping, template, ids, repeats, and every kind of bad row.
#include "ipw/datasets/file_questions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "ipw/datasets/question_form.h"

namespace ipw::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A set over `text`, or the error; the text must outlive it.
core::Result<std::unique_ptr<QuestionSet>> set_of(const std::string& text,
                                                  const ReadingOptions& options = {},
                                                  Form form = Form::kJsonl) {
  return read_questions(text_source("test", text, form), options);
}

struct ReadResult {
  std::vector<record::Question> questions;
  core::Error error;
  Reading reading;
  SetDescription description;
};

ReadResult read(const std::string& text, const ReadingOptions& options = {},
                Form form = Form::kJsonl) {
  ReadResult result;
  const auto set = set_of(text, options, form);
  if (!set) {
    result.error = set.error();
    return result;
  }
  result.description = (*set)->describe();
  while (true) {
    auto question = (*set)->next();
    if (!question) result.error = question.error();
    if (!question || !question->has_value()) break;
    result.questions.push_back(std::move(**question));
  }
  result.reading = (*set)->reading();
  return result;
}

constexpr const char* kOpen = R"({"question":"1+1?","answer":"2"})";

TEST(Mapping, IsInferredAndSaysSo) {
  const auto result = read(R"({"question_id":7,"category":"art","question":"Which?",)"
                           R"("options":["x","y"],"answer":"B","src":"book"})");
  ASSERT_EQ(result.questions.size(), 1U) << result.error.message;
  const record::Question& question = result.questions[0];
  EXPECT_EQ(question.external_id, "7");
  EXPECT_EQ(question.task, "art");
  EXPECT_EQ(question.reference, "B");
  EXPECT_THAT(question.choices, ElementsAre("x", "y"));
  EXPECT_THAT(question.prompt, HasSubstr("Which?\n\nA. x\nB. y\n\n"));
  EXPECT_EQ(result.description.scorer, "choice");
  EXPECT_EQ(
      result.description.reading,
      "JSONL; prompt=question (inferred), reference=answer (inferred), choices=options "
      "(inferred), task=category (inferred), id=question_id (inferred); not used: src; scorer "
      "choice (inferred); template of the scorer");
}

TEST(Mapping, TakesWhatIsGivenAndInfersTheRest) {
  ReadingOptions options;
  options.mapping = "prompt=b, task=";
  const auto result = read(R"({"a":"no","b":"yes?","answer":"2","task":"t"})", options);
  ASSERT_EQ(result.questions.size(), 1U) << result.error.message;
  EXPECT_THAT(result.questions[0].prompt, HasSubstr("yes?"));
  EXPECT_EQ(result.questions[0].task, "");
  EXPECT_THAT(result.description.reading, HasSubstr("prompt=b, reference=answer (inferred)"));
}

TEST(Mapping, ThatNamesAFieldThatIsNotThereTellsTheFieldsAndASuggestion) {
  ReadingOptions options;
  options.mapping = "prompt=qestion";
  const auto result = read(kOpen, options);
  EXPECT_EQ(result.error.code, core::ErrorCode::kUsage);
  EXPECT_THAT(result.error.message, HasSubstr("'qestion'"));
  EXPECT_THAT(result.error.message, HasSubstr("question, answer"));
  EXPECT_THAT(result.error.message, HasSubstr("did you mean question?"));
}

TEST(Mapping, ThatCannotBeInferredTellsTheFields) {
  const auto result = read(R"({"foo":"1","bar":"2"})");
  EXPECT_EQ(result.error.code, core::ErrorCode::kInvalidData);
  EXPECT_THAT(result.error.message, HasSubstr("foo, bar"));
}

TEST(Mapping, RefusesWhatItDoesNotUnderstand) {
  for (const char* mapping : {"prompt", "prompt=", "promt=question", "prompt=a,prompt=b", "=x"}) {
    ReadingOptions options;
    options.mapping = mapping;
    EXPECT_EQ(read(kOpen, options).error.code, core::ErrorCode::kUsage) << mapping;
  }
}

TEST(Choices, ComeAsColumnsListsObjectsAndArcForm) {
  const std::pair<Form, const char*> files[] = {
      {Form::kCsv, "question,A,B,C,answer\nWhich?,x,y,,B\n"},
      {Form::kCsv, "question,choices,answer\nWhich?,\"[\"\"x\"\",\"\"y\"\"]\",B\n"},
      {Form::kJsonl, R"({"question":"Which?","choices":{"A":"x","B":"y"},"answer":"B"})"},
      {Form::kJsonl,
       R"({"question":"Which?","choices":{"text":["x","y"],"label":["1","2"]},"answerKey":"2"})"},
      {Form::kJsonl, R"({"question":"Which?","choices":["x","y"],"answer":1})"},
      {Form::kJsonl, R"({"question":"Which?","choices":["x","y"],"answer":"y"})"},
  };
  std::string id;
  for (const auto& [form, text] : files) {
    const auto result = read(text, {}, form);
    ASSERT_EQ(result.questions.size(), 1U) << text << result.error.message;
    EXPECT_THAT(result.questions[0].choices, ElementsAre("x", "y")) << text;
    EXPECT_EQ(result.questions[0].reference, "B") << text;
    if (id.empty()) id = result.questions[0].id;
    EXPECT_EQ(result.questions[0].id, id) << "the content is the same: " << text;
  }
}

TEST(Choices, CanBeNamedAsSeveralColumns) {
  ReadingOptions options;
  options.mapping = "choices=first+second";
  const auto result = read("question,first,second,answer\nWhich?,x,y,A\n", options, Form::kCsv);
  ASSERT_EQ(result.questions.size(), 1U) << result.error.message;
  EXPECT_THAT(result.questions[0].choices, ElementsAre("x", "y"));
}

TEST(Rows, ThatAreNoQuestionsAreErrorsThatNameLineAndCause) {
  const std::pair<const char*, const char*> faults[] = {
      {R"({"question":"q"})", "'answer' (the reference) is missing"},
      {R"({"question":"q","answer":null})", "'answer' (the reference) is empty"},
      {R"({"question":"  ","answer":"1"})", "'question' (the prompt) is empty"},
      {R"({"question":"q","answer":["1","2"]})", "holds 2 values"},
      {R"({"question":"q","answer":)", "not valid JSON"},
      {"{\"question\":\"\xff\",\"answer\":\"1\"}", "not valid UTF-8"},
  };
  for (const auto& [line, cause] : faults) {
    std::string text;
    for (int i = 1; i < 17; ++i) {
      text += R"({"question":"q)" + std::to_string(i) + R"(","answer":"1"})" + "\n";
    }
    text += std::string(line) + "\n" + R"({"question":"last","answer":"1"})";
    const auto strict = read(text);
    EXPECT_EQ(strict.error.code, core::ErrorCode::kInvalidData);
    EXPECT_THAT(strict.error.message, HasSubstr("test: line 17: ")) << line;
    EXPECT_THAT(strict.error.message, HasSubstr(cause)) << line;
    EXPECT_THAT(strict.error.message, HasSubstr("--skip-invalid"));

    ReadingOptions options;
    options.skip_invalid = true;
    const auto lenient = read(text, options);
    EXPECT_EQ(lenient.questions.size(), 17U) << lenient.error.message;
    EXPECT_EQ(lenient.reading.rows, 18U);
    EXPECT_EQ(lenient.reading.invalid, 1U);
    EXPECT_EQ(lenient.reading.invalid_rows.at(0).line, 17U);
    EXPECT_THAT(lenient.reading.invalid_rows[0].why, HasSubstr(cause));
  }
}

TEST(Rows, WithAnAnswerOutsideTheChoicesAreErrors) {
  const std::string good = R"({"question":"q","options":["x","y"],"answer":"A"})";
  const std::pair<const char*, const char*> faults[] = {
      {R"({"question":"r","options":["x","y"],"answer":"C"})", "'C' lies outside the choices A–B"},
      {R"({"question":"r","options":["x","y"],"answer":2})", "names none of the choices"},
      {R"({"question":"r","options":["x","y"],"answer":"z"})", "outside the choices|none"},
      {R"({"question":"r","options":["x"],"answer":"A"})", "fewer than two"},
      {R"({"question":"r","options":["x",""],"answer":"A"})", "choice is empty"},
      {R"({"question":"r","options":"x","answer":"A"})", "not a list"},
      {R"({"question":"r","answer":"A"})", "'options' (the choices) is missing"},
      {R"({"question":"r","options":["1","0"],"answer":"1"})", "index of another"},
  };
  for (const auto& [line, cause] : faults) {
    ReadingOptions options;
    options.scorer = "choice";
    const auto result = read(good + "\n" + line, options);
    EXPECT_EQ(result.error.code, core::ErrorCode::kInvalidData) << line;
    const std::string expected = cause;
    const std::size_t bar = expected.find('|');
    EXPECT_THAT(result.error.message,
                HasSubstr(expected.substr(bar == std::string::npos ? 0 : bar + 1)))
        << line;
  }
}

TEST(Files, WithoutQuestionsAreErrors) {
  for (const Form form : {Form::kJsonl, Form::kJson, Form::kCsv}) {
    const auto result = read("", {}, form);
    EXPECT_EQ(result.error.code, core::ErrorCode::kInvalidData);
    EXPECT_THAT(result.error.message, HasSubstr("it is empty"));
  }
  EXPECT_THAT(read("question,answer\n", {}, Form::kCsv).error.message, HasSubstr("it is empty"));
  ReadingOptions options;
  options.skip_invalid = true;
  EXPECT_THAT(read("nonsense\nmore\n", options).error.message, HasSubstr("none of its 2 rows"));
}

TEST(Repeats, AreAskedOnceCountedAndListedWithBothIds) {
  const auto result = read(R"({"id":"a","question":"q","answer":"1"}
{"id":"b","question":"r","answer":"1"}
{"id":"c","question":"q","answer":"1"}
{"id":"a","question":"q","answer":"1"})");
  ASSERT_EQ(result.questions.size(), 2U) << result.error.message;
  EXPECT_EQ(result.reading.rows, 4U);
  EXPECT_EQ(result.reading.questions, 2U);
  EXPECT_EQ(result.reading.folded, 2U);
  ASSERT_EQ(result.reading.repeats.size(), 2U);
  EXPECT_EQ(result.reading.repeats[0].line, 3U);
  EXPECT_EQ(result.reading.repeats[0].first_line, 1U);
  EXPECT_EQ(result.reading.repeats[0].external_id, "c");
  EXPECT_EQ(result.reading.repeats[0].first_external_id, "a");
}

TEST(Repeats, OfAnIdWithDifferentContentAreErrorsThatNameBothLines) {
  const std::string text = R"({"id":"a","question":"q","answer":"1"}
{"id":"b","question":"q","answer":"1"}
{"id":"b","question":"s","answer":"1"})";
  const auto strict = read(text);
  EXPECT_EQ(strict.error.code, core::ErrorCode::kInvalidData);
  EXPECT_THAT(strict.error.message, HasSubstr("line 3: id 'b' stands on line 2 with different"));
  ReadingOptions options;
  options.skip_invalid = true;
  const auto lenient = read(text, options);
  EXPECT_EQ(lenient.questions.size(), 1U);
  EXPECT_EQ(lenient.reading.invalid, 1U);
}

TEST(Ids, AreContentHashesAndNeitherPlaceNorNameChangesThem) {
  const auto id_of = [](const std::string& text) { return read(text).questions.at(0).id; };
  const std::string id = id_of(R"({"id":"a","question":"q","answer":"1"})");
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(id_of(R"({"id":"zzz","task":"t","question":"q","answer":"1"})"), id);
  EXPECT_NE(id_of(R"({"id":"a","question":"q","answer":"2"})"), id);
  EXPECT_NE(id_of(R"({"id":"a","question":"q2","answer":"1"})"), id);
  // sha256 over the fields with their lengths (8 bytes, little endian) before them, by Python's
  // hashlib: pack('<Q',1)+b'p' + pack('<Q',1)+b'x' + pack('<Q',1)+b'A'.
  EXPECT_EQ(question_id("p", {"x"}, "A"), "1dddfa8d7f088dbf7e11055a5154326f");
  EXPECT_NE(question_id("p", {"xA"}, ""), question_id("p", {"x"}, "A"));
}

TEST(Templates, ShapePromptIdAndDigest) {
  ReadingOptions options;
  options.prompt_template = "Q: {question} {{q}} \\boxed{} A:";
  const auto own = read(kOpen, options);
  const auto standard = read(kOpen);
  EXPECT_EQ(own.questions.at(0).prompt, "Q: 1+1? {q} \\boxed{} A:");
  EXPECT_THAT(standard.questions.at(0).prompt, HasSubstr("####"));
  EXPECT_NE(own.questions[0].id, standard.questions[0].id);
  EXPECT_NE(own.description.digest, standard.description.digest);
  EXPECT_EQ(read(kOpen).description.digest, standard.description.digest);
}

TEST(Templates, RefuseUnknownPlaceholdersAndMissingQuestions) {
  for (const char* text : {"{questoin}", "ask {question} {answer}", "nothing"}) {
    ReadingOptions options;
    options.prompt_template = text;
    EXPECT_EQ(read(kOpen, options).error.code, core::ErrorCode::kUsage) << text;
  }
}

TEST(Scorer, IsInferredFromTheFirstQuestionsAndCanBeGiven) {
  const auto scorer = [](const std::string& text, const char* given = "") {
    ReadingOptions options;
    options.scorer = given;
    return read(text, options).description.scorer;
  };
  EXPECT_EQ(scorer(kOpen), "numeric");
  EXPECT_EQ(scorer(R"({"question":"q","answer":"so\n#### 3"})"), "numeric");
  EXPECT_EQ(scorer(R"({"question":"q","answer":"Oslo"})"), "normalized");
  EXPECT_EQ(scorer(std::string(kOpen) + "\n" + R"({"question":"q","answer":"Oslo"})"),
            "normalized");
  EXPECT_EQ(
      scorer(std::string(kOpen) + "\n" + R"({"question":"q","choices":["x","y"],"answer":"A"})"),
      "auto");
  EXPECT_EQ(scorer(kOpen, "exact"), "exact");
  ReadingOptions exact;
  exact.scorer = "exact";
  EXPECT_EQ(read(kOpen, exact).questions.at(0).prompt, "1+1?");
}

TEST(Scorer, OfASetWithAFewOddReferencesIsDecidedQuestionByQuestion) {
  const auto scorer = [](const std::vector<std::string>& references) {
    std::string text;
    for (std::size_t i = 0; i < references.size(); ++i) {
      text += R"({"question":"q)" + std::to_string(i) + R"(","answer":")" + references[i] + "\"}\n";
    }
    return read(text).description.scorer;
  };
  EXPECT_EQ(scorer({"1", "2", "3", "no solution"}), "auto");
  EXPECT_EQ(scorer({"none", "2", "3"}), "auto");
  EXPECT_EQ(scorer({"1", "2.5 million", "−3", "\\\\frac{3}{4}", "٣", "60k"}), "numeric");
  EXPECT_EQ(scorer({"1", "\\\\sqrt{3}", "3\\\\pi", "x^2"}), "auto");
  EXPECT_EQ(scorer({"\\\\sqrt{3}", "3\\\\pi"}), "normalized");
  EXPECT_EQ(scorer({"Oslo", "Bergen", "1984"}), "normalized");
  EXPECT_EQ(scorer({"Oslo", "1984"}), "normalized");
}

TEST(Scorer, OfChoicesNeedsAFieldThatHoldsThem) {
  ReadingOptions options;
  options.scorer = "choice";
  const auto result = read(kOpen, options);
  EXPECT_EQ(result.error.code, core::ErrorCode::kInvalidData);
  EXPECT_THAT(result.error.message, HasSubstr("choices=FIELD"));
}

TEST(Rewind, StartsOverWithTheSameQuestionsAndANewCount) {
  const std::string text = std::string(kOpen) + "\n" + kOpen + "\n";
  const auto set = set_of(text);
  ASSERT_TRUE(set);
  for (int round = 0; round < 2; ++round) {
    const auto first = (*set)->next();
    ASSERT_TRUE(first && first->has_value());
    const auto end = (*set)->next();
    ASSERT_TRUE(end);
    EXPECT_FALSE(end->has_value());
    EXPECT_EQ((*set)->reading().rows, 2U);
    EXPECT_EQ((*set)->reading().folded, 1U);
    ASSERT_TRUE((*set)->rewind());
  }
}

std::string wide_row(int fields) {
  std::string row = R"({"question":"1+1?","answer":"2")";
  for (int i = 0; i < fields; ++i) row += ",\"f" + std::to_string(i) + "\":1";
  return row + "}\n";
}

// Work that grows with the square of the fields would not come to its end here.
TEST(WideRows, AreReadAndSaidBriefly) {
  const auto result = read(wide_row(300'000));
  ASSERT_EQ(result.questions.size(), 1U) << result.error.message;
  EXPECT_THAT(result.description.reading, HasSubstr("not used: f0, f1, "));
  EXPECT_THAT(result.description.reading, HasSubstr(" and 299980 more"));
  EXPECT_LT(result.description.reading.size(), 1000U);

  std::string header = "question,answer", row = "1+1?,2";
  for (int i = 0; i < 300'000; ++i) {
    header += ",f" + std::to_string(i);
    row += ",";
  }
  const auto table = read(header + "\n" + row + "\n", {}, Form::kCsv);
  EXPECT_EQ(table.questions.size(), 1U) << table.error.message;
}

TEST(WideRows, OfEveryKindEndWithAShortError) {
  const std::string long_name(1'000'000, 'x');
  const std::pair<std::string, const char*> cases[] = {
      {wide_row(100'000), "prompt=nothing"},
      {"{\"q\":\"1\",\"" + long_name + "\":\"2\"}\n", ""},
      {"{\"question\":\"1\",\"" + long_name + "\":\"2\"}\n", "prompt=question"},
  };
  for (const auto& [text, mapping] : cases) {
    ReadingOptions options;
    options.mapping = mapping;
    const auto result = read(text, options);
    EXPECT_NE(result.error.message, "");
    EXPECT_LT(result.error.message.size(), 1500U) << result.error.message.substr(0, 200);
  }
}

TEST(Errors, HoldNoQuestionTextBeyondALine) {
  ReadingOptions options;
  options.scorer = "choice";
  const auto result =
      read(R"({"question":"q","options":["x","y"],"answer":")" + std::string(5000, 'z') + "\"}",
           options);
  EXPECT_LT(result.error.message.size(), 400U);
  EXPECT_THAT(result.error.message, Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace ipw::datasets
