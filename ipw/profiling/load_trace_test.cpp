// Traces read by hand-written rows, by Azure's published files, and by what must be refused.

#include "ipw/profiling/load_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace ipw::profiling {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kHeader = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n";

core::Result<LoadTrace> parse(const std::string& rows) {
  return parse_load_trace(kHeader + rows, "a.csv");
}

TEST(LoadTrace, ReadsTimesToTheTenthOfAMicrosecond) {
  const auto trace = parse(
      "2023-11-16 18:17:03.9799600,4808,10\r\n"
      "2023-11-16 18:17:04.0319600,3180,8\r\n"
      "2023-11-17T00:00:00Z,110,27\r\n");
  ASSERT_TRUE(trace) << trace.error().message;
  ASSERT_EQ(trace->requests.size(), 3U);
  EXPECT_EQ(trace->requests[0].at, core::Seconds(0));
  EXPECT_NEAR(trace->requests[1].at.count(), .052, 1e-12);
  EXPECT_NEAR(trace->requests[2].at.count(), 5.0 * 3600 + 42 * 60 + 56.02004, 1e-9);
  EXPECT_EQ(trace->requests[1].prompt, core::Tokens{3180});
  EXPECT_EQ(trace->requests[2].output, core::Tokens{27});
  EXPECT_EQ(trace->summary(), "3 requests in 20576 s, 2699 prompt and 15 output tokens on average");
}

TEST(LoadTrace, ReadsPlainSecondsAndColumnsInAnyOrder) {
  const auto trace = parse_load_trace(
      "output_tokens,model,timestamp,prompt_tokens\n5,x,10.5,7\n6,y,12,8", "b.csv");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->requests[1].at, core::Seconds(1.5));
  EXPECT_EQ(trace->requests[1].prompt, core::Tokens{8});
}

TEST(LoadTrace, SortsWhatIsOutOfOrderAndSaysSo) {
  const auto trace = parse("3,1,1\n1,2,2\n2,3,3\n");
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->out_of_order, 1U);
  EXPECT_EQ(trace->requests[0].prompt, core::Tokens{2});
  EXPECT_EQ(trace->requests[2].at, core::Seconds(2));
  EXPECT_THAT(trace->summary(), HasSubstr("1 rows were out of order"));
}

TEST(LoadTrace, RefusesWhatItCannotReadAndNamesTheLine) {
  const std::pair<std::string, std::string> cases[] = {
      {"1,2,3\nyesterday,2,3\n", "line 3: \"yesterday\" is no time"},
      {"2023-13-01 00:00:00,2,3\n", "line 2: \"2023-13-01 00:00:00\" is no time"},
      {"-1,2,3\n", "is no time"},
      {"nan,2,3\n", "is no time"},
      {"1,-2,3\n", "line 2: \"-2\" is no number of tokens"},
      {"1,2,99999999999\n", "is no number of tokens"},
      {"1,2\n", "line 2: 2 fields, fewer than the header names"},
      {"", "it holds no requests"},
  };
  for (const auto& [rows, message] : cases) {
    const auto trace = parse(rows);
    ASSERT_FALSE(trace) << rows;
    EXPECT_EQ(trace.error().code, core::ErrorCode::kInvalidData);
    EXPECT_THAT(trace.error().message, HasSubstr(message));
  }
  EXPECT_THAT(parse_load_trace("when,what\n", "c.csv").error().message,
              HasSubstr("c.csv: line 1: there is no column TIMESTAMP or timestamp"));
  EXPECT_EQ(read_load_trace("no/such/file.csv").error().code, core::ErrorCode::kNotFound);
}

TEST(LoadTrace, ItsQuestionsHaveTheAskedLengthsAndDifferFromEachOther) {
  auto trace = parse("0,3,5\n0,3,5\n");
  ASSERT_TRUE(trace);
  const auto questions = traced_questions(*std::move(trace));
  const auto first = **questions->next();
  const auto second = **questions->next();
  EXPECT_FALSE(questions->next()->has_value());
  EXPECT_EQ(std::ranges::count(first.prompt, ' '), 2);
  EXPECT_NE(first.prompt, second.prompt);
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(first.id.size(), 32U);
  EXPECT_EQ(traced_length(first), 5);
  ASSERT_TRUE(questions->rewind());
  EXPECT_EQ((**questions->next()).id, first.id);
}

TEST(LoadTrace, OnlyItsOwnQuestionsAreJudgedByBeingAnswered) {
  EXPECT_TRUE(answered_scorer()->check({.reference = "12 tokens"}));
  EXPECT_FALSE(answered_scorer()->check({.reference = "Paris"}));
}

TEST(LoadTrace, ReadsAzuresPublishedTraces) {
  const char* given = std::getenv("IPW_SHARED");
  const fs::path folder =
      (given != nullptr ? fs::path(given) : fs::path(IPW_SOURCE_DIR) / "../shared") / "data" /
      "azure_llm_trace";
  if (!fs::exists(folder)) GTEST_SKIP() << "no shared/data/azure_llm_trace";
  std::size_t requests = 0;
  for (const char* file : {"AzureLLMInferenceTrace_code.csv", "AzureLLMInferenceTrace_conv.csv"}) {
    const auto trace = read_load_trace(folder / file);
    ASSERT_TRUE(trace) << trace.error().message;
    requests += trace->requests.size();
    EXPECT_NEAR(trace->requests.back().at.count(), 3500.0, 100.0);  // an hour each
  }
  EXPECT_EQ(requests, 28'185U);
}

}  // namespace
}  // namespace ipw::profiling
