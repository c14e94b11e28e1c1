#include "ipw/models/finish_words.h"

#include <gtest/gtest.h>

namespace ipw::models {
namespace {

using record::FinishReason;
using Says = FinishWord::Says;

TEST(FinishWords, SayWhyAnAnswerEndedInTheWordsOfAllServers) {
  const struct {
    const char* word;
    FinishReason reason;
  } ends[] = {{"stop", FinishReason::kStop},
              {"STOP", FinishReason::kStop},
              {"end_turn", FinishReason::kStop},
              {"end", FinishReason::kStop},
              {"eos_token", FinishReason::kStop},
              {"COMPLETE", FinishReason::kStop},
              {"length", FinishReason::kLength},
              {"MAX_TOKENS", FinishReason::kLength},
              {"max-output-tokens", FinishReason::kLength},
              {"model_length", FinishReason::kLength},
              {"tool_calls", FinishReason::kToolCalls},
              {"tool_use", FinishReason::kToolCalls},
              {"MALFORMED_FUNCTION_CALL", FinishReason::kToolCalls},
              {"content_filter", FinishReason::kRefused},
              {"refusal", FinishReason::kRefused},
              {"PROHIBITED_CONTENT", FinishReason::kRefused},
              {"guardrail_intervened", FinishReason::kRefused}};
  for (const auto& expected : ends) {
    EXPECT_EQ(finish_word(expected.word).says, Says::kEnded) << expected.word;
    EXPECT_EQ(finish_word(expected.word).reason, expected.reason) << expected.word;
  }
}

TEST(FinishWords, SayNothingWhereTheAnswerGoesOn) {
  for (const char* word : {"", "null", "NULL", "None", "undefined", "unspecified",
                           "FINISH_REASON_UNSPECIFIED", "not_finished"}) {
    EXPECT_EQ(finish_word(word).says, Says::kNothing) << word;
  }
}

TEST(FinishWords, TellWhatTheModelDidNotDo) {
  for (const char* word : {"error", "ERROR", "abort", "cancelled", "network_error", "timeout",
                           "insufficient_system_resource", "TIME_LIMIT", "incomplete"}) {
    EXPECT_EQ(finish_word(word).says, Says::kBrokenOff) << word;
  }
}

TEST(FinishWords, NeverTakeAnUnknownWordForAStop) {
  for (const char* word :
       {"OTHER", "load", "pause_turn", "stop!", "stopstop", "42", "\xff", "stop\n"}) {
    EXPECT_EQ(finish_word(word).says, Says::kUnknown) << word;
  }
}

}  // namespace
}  // namespace ipw::models
