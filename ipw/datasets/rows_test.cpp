// Every file form, well and badly formed.
#include "ipw/datasets/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace ipw::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct ReadResult {
  std::vector<Row> rows;
  std::string error;
};

ReadResult read(Form form, std::string text) {
  ReadResult result;
  const auto source = rows_of(form, std::make_unique<std::istringstream>(std::move(text)));
  while (true) {
    auto row = source->next();
    if (!row) {
      result.error = row.error().message;
      return result;
    }
    if (!row->has_value()) return result;
    result.rows.push_back(std::move(**row));
  }
}

std::string text_of(const Row& row, const char* name) {
  const Field* field = row.find(name);
  return field == nullptr ? "(none)" : field->text;
}

TEST(Jsonl, ReadsOneObjectPerLineAndPassesOverBlankLines) {
  const auto read_result =
      read(Form::kJsonl, "{\"a\":\"x\"}\n\n  \n{\"a\":2,\"b\":null}\r\n{\"a\":true}");
  ASSERT_EQ(read_result.rows.size(), 3U);
  EXPECT_EQ(text_of(read_result.rows[0], "a"), "x");
  EXPECT_EQ(read_result.rows[1].line, 4U);
  EXPECT_EQ(text_of(read_result.rows[1], "a"), "2");
  EXPECT_EQ(read_result.rows[1].find("b")->kind, Field::Kind::kNull);
  EXPECT_EQ(text_of(read_result.rows[2], "a"), "true");
}

TEST(Jsonl, SkipsAByteOrderMark) {
  EXPECT_EQ(text_of(read(Form::kJsonl, "\xef\xbb\xbf{\"a\":\"x\"}\n").rows.at(0), "a"), "x");
}

TEST(Jsonl, NamesWhatIsWrongWithALineAndGoesOnAfterIt) {
  const std::pair<const char*, const char*> faults[] = {
      {"{\"a\":", "not valid JSON"},     {"{\"a\":\"\xff\xfe\"}", "UTF-8"},
      {"{\"a\":\"\\ud800\"}", "escape"}, {"{\"a\":1e}", "number"},
      {"[1,2]", "not an object"},        {"\"text\"", "not an object"},
      {"{\"a\":\"open}", "string"},
  };
  for (const auto& [line, cause] : faults) {
    const auto result = read(Form::kJsonl, "{\"a\":1}\n" + std::string(line) + "\n{\"a\":3}\n");
    ASSERT_EQ(result.rows.size(), 3U) << line;
    EXPECT_EQ(result.rows[1].line, 2U);
    EXPECT_THAT(result.rows[1].fault, HasSubstr(cause)) << line;
    EXPECT_EQ(text_of(result.rows[2], "a"), "3");
  }
}

TEST(Jsonl, TakesALineOfTenMegabytes) {
  const std::string long_text(std::size_t{10} << 20, 'x');
  const auto result = read(Form::kJsonl, "{\"a\":\"" + long_text + "\"}\n{\"a\":\"y\"}\n");
  ASSERT_EQ(result.rows.size(), 2U);
  EXPECT_EQ(text_of(result.rows[0], "a").size(), long_text.size());
}

TEST(Jsonl, ReadsListsObjectsAndArcChoices) {
  const auto rows = read(Form::kJsonl, R"({"c":["x","y"]}
{"c":{"A":"x","B":"y"}}
{"c":{"text":["x","y"],"label":["1","2"]}}
{"c":[{"label":"1","text":"x"},{"label":"2","text":"y"}]}
{"c":[1,2]})")
                        .rows;
  ASSERT_EQ(rows.size(), 5U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_THAT(rows[i].find("c")->items, ElementsAre("x", "y"));
  }
  EXPECT_THAT(rows[1].find("c")->labels, ElementsAre("A", "B"));
  EXPECT_THAT(rows[2].find("c")->labels, ElementsAre("1", "2"));
  EXPECT_THAT(rows[3].find("c")->labels, ElementsAre("1", "2"));
  EXPECT_FALSE(rows[4].find("c")->items_are_text);
}

TEST(Json, ReadsAnArrayAndAnObjectThatHoldsOneWithTheLineOfEachRecord) {
  for (const char* text : {"[\n {\"a\":\"1,]}\"},\n {\"a\":\"\\\"2\"}\n]\n",
                           "{\"version\": {\"data\": [1]}, \"data\": [\n {\"a\":\"1,]}\"},\n "
                           "{\"a\":\"\\\"2\"}\n], \"more\": 1}"}) {
    const auto result = read(Form::kJson, text);
    EXPECT_EQ(result.error, "");
    ASSERT_EQ(result.rows.size(), 2U) << text;
    EXPECT_EQ(text_of(result.rows[0], "a"), "1,]}");
    EXPECT_EQ(text_of(result.rows[1], "a"), "\"2");
    EXPECT_EQ(result.rows[1].line, 3U);
  }
}

TEST(Json, HoldsNothingWhereTheArrayOrTheFileIsEmpty) {
  for (const char* text : {"", "  \n", "[]", "[ ]", "{\"data\":[]}"}) {
    const auto result = read(Form::kJson, text);
    EXPECT_EQ(result.error, "");
    EXPECT_TRUE(result.rows.empty());
  }
}

TEST(Json, PassesABrokenElementOnAsAFaultAndGoesOn) {
  const auto rows = read(Form::kJson, "[{\"a\":1},\n{\"a\":tru},\n5,\n{\"a\":4}]").rows;
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_THAT(rows[1].fault, HasSubstr("not valid JSON"));
  EXPECT_THAT(rows[2].fault, HasSubstr("not an object"));
  EXPECT_EQ(text_of(rows[3], "a"), "4");
}

TEST(Json, NamesTheLineAtWhichTheArrayBreaks) {
  EXPECT_THAT(read(Form::kJson, "[{\"a\":1},\n{\"a\":2}").error,
              HasSubstr("line 2: the file ends"));
  EXPECT_THAT(read(Form::kJson, "[{\"a\":1},\n{\"a\":\"2").error, HasSubstr("no end"));
  EXPECT_THAT(read(Form::kJson, "[{\"a\":1}\n{\"a\":2}]").error, HasSubstr("',' should follow"));
  EXPECT_THAT(read(Form::kJson, "{\"a\":1}\n{\"a\":2}\n").error, HasSubstr("JSON Lines"));
  EXPECT_THAT(read(Form::kJson, "{\"a\":1}").error, HasSubstr("no array"));
  EXPECT_THAT(read(Form::kJson, "hello").error, HasSubstr("not JSON"));
}

TEST(Json, RefusesWhatFollowsItsArray) {
  using namespace std::string_literals;
  const std::string tails[] = {
      "x",
      "]",
      "}",
      ",",
      ", {\"a\":\"2\"}",
      "[{\"a\":\"2\"}]",
      "{\"a\":\"2\"}",
      "\n\n// a remark\n",
      "\0"s,
      "\0\0\0\0"s,
      "\xef\xbb\xbf",
      "\n null",
      "\x1a",
      "\xff",
  };
  for (const std::string& tail : tails) {
    const ReadResult result = read(Form::kJson, "[{\"a\":\"1\"}]" + tail);
    EXPECT_EQ(result.rows.size(), 1U) << tail;
    EXPECT_THAT(result.error, HasSubstr("follows the end")) << tail;
    EXPECT_THAT(read(Form::kJson, "[]" + tail).error, HasSubstr("follows the end")) << tail;
    if (tail[0] == ',' || tail[0] == '}') continue;  // so an object may go on
    EXPECT_NE(read(Form::kJson, "{\"data\":[{\"a\":\"1\"}]" + tail + "}").error, "") << tail;
  }
}

TEST(Json, ReadsTheOtherMembersOfTheObjectThatHoldsItsArray) {
  for (const char* text : {
           R"({"data":[{"a":"1"}]})",
           R"( { "data" : [ {"a":"1"} ] } )",
           R"({"data":[{"a":"1"}],"version":1})",
           R"({"version":1,"data":[{"a":"1"}],"notes":["]","}"],"by":{"x":[]}})",
           "{\"data\":[{\"a\":\"1\"}]\n,\n\"n\" : null\n}\n\n",
       }) {
    const ReadResult result = read(Form::kJson, text);
    EXPECT_EQ(result.error, "") << text;
    EXPECT_EQ(result.rows.size(), 1U) << text;
  }
  for (const char* text : {
           R"({"data":[{"a":"1"}])",
           R"({"data":[{"a":"1"}],})",
           R"({"data":[{"a":"1"}],"n"})",
           R"({"data":[{"a":"1"}],"n":1)",
           R"({"data":[{"a":"1"}] "n":1})",
           R"({"data":[{"a":"1"}],"n":[1})",
           R"({"data":[{"a":"1"}]}})",
           R"({"data":[{"a":"1"}]} {"data":[]})",
           R"({"data":[{"a":"1"}],7:1})",
           R"({"data":[{"a":"1"}],"n":"no end)",
       }) {
    EXPECT_NE(read(Form::kJson, text).error, "") << text;
  }
}

TEST(Jsonl, TakesOneDocumentALine) {
  using namespace std::string_literals;
  const std::string lines[] = {
      R"({"a":"1"} {"a":"2"})",
      R"({"a":"1"}{"a":"2"})",
      R"({"a":"1"},{"a":"2"})",
      R"({"a":"1"},)",
      R"({"a":"1"}])",
      R"([{"a":"1"}])",
      R"({"a":"1"} // a remark)",
      R"({"a":"1"};)",
      "{\"a\":\"1\"}\0"s,
      "\0{\"a\":\"1\"}"s,
      "{\"a\":\"\0\"}"s,
      "{\"a\":\"\x01\"}",
      "\xef\xbb\xbf{\"a\":\"1\"}",  // within the file it is no byte order mark
  };
  for (const std::string& line : lines) {
    const ReadResult result = read(Form::kJsonl, "{\"a\":\"0\"}\n" + line + "\n{\"a\":\"9\"}\n");
    ASSERT_EQ(result.rows.size(), 3U) << line;
    EXPECT_NE(result.rows[1].fault, "") << line;
    EXPECT_EQ(text_of(result.rows[2], "a"), "9") << line;
  }
}

// A record whose values would fill the memory is a fault of its own.
TEST(Rows, OfTooManyValuesAreFaults) {
  std::string array = "{\"a\":\"1\",\"list\":[0";
  for (std::size_t i = 0; i < 2'000'000; ++i) array += ",0";
  const auto rows = read(Form::kJsonl, array + "]}\n{\"a\":\"2\"}\n").rows;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].fault, HasSubstr("more than 2000000 values"));
  EXPECT_TRUE(rows[0].fields.empty());
  EXPECT_EQ(text_of(rows[1], "a"), "2");
  const std::string commas = "a,b\n" + std::string(2'000'001, ',') + "\n";
  EXPECT_THAT(read(Form::kCsv, commas).error, HasSubstr("columns"));
}

TEST(Csv, ReadsQuotedSeparatorsQuotesAndLineEnds) {
  const auto rows =
      read(Form::kCsv,
           "\xef\xbb\xbfq,a\r\n\"one, two\",\"say \"\"hi\"\"\"\r\n\"line\nbreak\",x\r\n"
           "\n,last")
          .rows;
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(text_of(rows[0], "q"), "one, two");
  EXPECT_EQ(text_of(rows[0], "a"), "say \"hi\"");
  EXPECT_EQ(text_of(rows[1], "q"), "line\nbreak");
  EXPECT_EQ(rows[1].line, 3U);
  EXPECT_EQ(rows[2].line, 6U);
  EXPECT_EQ(rows[2].find("q")->kind, Field::Kind::kNull);
  EXPECT_EQ(text_of(rows[2], "a"), "last");
}

TEST(Csv, ReadsTabsWithBareQuotes) {
  const auto rows = read(Form::kTsv, "q\ta\n5\" pipe, long\tyes\n").rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(text_of(rows[0], "q"), "5\" pipe, long");
}

TEST(Csv, NamesWhatIsWrongWithARowAndGoesOnAfterIt) {
  const std::pair<const char*, const char*> faults[] = {
      {"only one", "1 columns where the header has 2"},
      {"a,b,c", "3 columns"},
      {"a,b\xff", "UTF-8"},
      {"a,b\"c", "quote inside"},
      {"\"a\"b,c", "closing quote"},
  };
  for (const auto& [line, cause] : faults) {
    const auto rows = read(Form::kCsv, "q,a\n1,2\n" + std::string(line) + "\n3,4\n").rows;
    ASSERT_EQ(rows.size(), 3U) << line;
    EXPECT_EQ(rows[1].line, 3U);
    EXPECT_THAT(rows[1].fault, HasSubstr(cause)) << line;
    EXPECT_EQ(text_of(rows[2], "a"), "4");
  }
}

// Everything behind the quote stands within the field: no row of it may pass for read.
TEST(Csv, EndsAtAQuoteThatNeverCloses) {
  const std::pair<const char*, const char*> texts[] = {
      {"q,a\n1,\"2\n3,4\n", "line 2"},
      {"q,a\n1,2\n\"3,4\n5,6\n", "line 3"},
      {"q,a\n1,\"two\nlines\n\n3,4\n", "line 2"},
      {"q,a\n\"one\nand\",\"two\n3,4", "line 3"},  // opened on the second line of the record
      {"q,a\n1,\"", "line 2"},
      {"q,a\n1,\"\"\"", "line 2"},
      {"q,\"a\n1,2\n", "line 1"},
      {"\"q,a\n1,2\n", "line 1"},
      {"q,a\r\n1,2\r\n3,\"4\r\n", "line 3"},
      {"q,a\n1,\"2\"\"\n3,4", "line 2"},
  };
  for (const auto& [text, line] : texts) {
    const ReadResult result = read(Form::kCsv, text);
    EXPECT_THAT(result.error, HasSubstr("has no end")) << text;
    EXPECT_THAT(result.error, HasSubstr(line)) << text;
  }
}

TEST(Csv, RefusesNulBytes) {
  using namespace std::string_literals;
  const ReadResult row = read(Form::kCsv, "q,a\n1,2\n3,\0\n5,6\n"s);
  ASSERT_EQ(row.rows.size(), 3U);
  EXPECT_THAT(row.rows[1].fault, HasSubstr("NUL"));
  EXPECT_THAT(read(Form::kCsv, "q\0,a\n1,2\n"s).error, HasSubstr("NUL"));
  EXPECT_THAT(read(Form::kTsv, "q\ta\n1\t\0x\n"s).rows.at(0).fault, HasSubstr("NUL"));
}

TEST(Csv, RefusesAHeaderWithTheSameColumnTwice) {
  EXPECT_THAT(read(Form::kCsv, "q,a,q\n1,2,3\n").error, HasSubstr("'q' stands twice"));
}

TEST(Forms, AreToldByTheNameThenByTheFirstBytes) {
  EXPECT_EQ(form_of("x.JSONL", ""), Form::kJsonl);
  EXPECT_EQ(form_of("x.ndjson", ""), Form::kJsonl);
  EXPECT_EQ(form_of("x.tsv", ""), Form::kTsv);
  EXPECT_EQ(form_of("x", "\xef\xbb\xbf [1"), Form::kJson);
  EXPECT_EQ(form_of("x", "{"), Form::kJsonl);
  EXPECT_EQ(form_of("x", "hello"), std::nullopt);
  for (const Form form : {Form::kJsonl, Form::kJson, Form::kCsv, Form::kTsv}) {
    EXPECT_EQ(form_by_name(name(form)), form);
  }
  EXPECT_EQ(form_by_name("xml"), std::nullopt);
}

}  // namespace
}  // namespace ipw::datasets
