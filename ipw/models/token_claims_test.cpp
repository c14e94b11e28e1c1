// Counts as providers were reported to send them, and what they come to.
#include "ipw/models/token_claims.h"

#include <gtest/gtest.h>

namespace ipw::models {
namespace {

using Count = std::optional<std::int64_t>;

constexpr CountingHabit kOpenAi{};
constexpr CountingHabit kAnthropic{.thinking_beside_output = false, .cached_beside_prompt = true};
constexpr CountingHabit kGemini{.thinking_beside_output = true, .cached_beside_prompt = false};

struct Said {
  Count prompt, output, total, cached, written, reasoning;
};
struct Meant {
  Count prompt, output, cached, written, reasoning;
};
struct Case {
  const char* who;
  CountingHabit habit;
  Said said;
  Meant meant;
  const char* caution;  // a part of it; empty: there is none
  bool something_came = true;
};

const Case kCases[] = {
    {"OpenAI: thinking is within",
     kOpenAi,
     {2008, 266, 2274, {}, {}, 261},
     {2008, 266, {}, {}, 261},
     ""},
    {"xAI: thinking stands beside", kOpenAi, {7, 5, 112, {}, {}, 100}, {7, 105, {}, {}, 100}, ""},
    {"a proxy of Gemini: nothing but thinking",
     kOpenAi,
     {21, 0, 81, {}, {}, 60},
     {21, 60, {}, {}, 60},
     ""},
    {"a proxy of Gemini: thinking in the total alone",
     kOpenAi,
     {20, 424, 1016, {}, {}, {}},
     {20, 996, {}, {}, 572},
     "572 tokens more"},
    {"more thinking than output, and no total",
     kOpenAi,
     {64, 57, {}, {}, {}, 78},
     {64, 135, {}, {}, 78},
     ""},
    {"thinking within, and no total",
     kOpenAi,
     {64, 135, {}, {}, {}, 78},
     {64, 135, {}, {}, 78},
     ""},
    {"a total that counts thinking twice",
     kOpenAi,
     {64, 135, 277, {}, {}, 78},
     {64, 213, {}, {}, 78},
     ""},
    {"no thinking told to be none", kOpenAi, {7, 5, 12, {}, {}, 0}, {7, 5, {}, {}, 0}, ""},
    {"OpenAI: cached is within",
     kOpenAi,
     {2006, 300, 2306, 1920, {}, {}},
     {2006, 300, 1920, {}, {}},
     ""},
    {"OpenRouter: cached is within",
     kOpenAi,
     {10339, 50, 10389, 10318, {}, {}},
     {10339, 50, 10318, {}, {}},
     ""},
    {"a proxy of Anthropic: cached stands beside",
     kOpenAi,
     {25, 15, 2140, 2000, 100, {}},
     {2125, 15, 2000, 100, {}},
     ""},
    {"cached above the prompt stands beside",
     kOpenAi,
     {4, 9, {}, 900, {}, {}},
     {904, 9, 900, {}, {}},
     ""},
    {"both beside", kOpenAi, {4, 9, 963, 900, {}, 50}, {904, 59, 900, {}, 50}, ""},
    {"Anthropic: three parts of the prompt",
     kAnthropic,
     {25, 15, {}, 2000, 100, {}},
     {2125, 15, 2000, 100, {}},
     ""},
    {"Anthropic: all of it cached",
     kAnthropic,
     {0, 15, {}, 2000, {}, {}},
     {2000, 15, 2000, {}, {}},
     ""},
    {"Gemini: thinking stands beside", kGemini, {12, 2, 34, {}, {}, 20}, {12, 22, {}, {}, 20}, ""},
    {"Vertex: thinking within, as the total tells",
     kGemini,
     {12, 22, 34, {}, {}, 20},
     {12, 22, {}, {}, 20},
     ""},
    {"Gemini: cut off while it thought",
     kGemini,
     {21, {}, 81, {}, {}, 60},
     {21, 60, {}, {}, 60},
     ""},
    {"Gemini: nothing but a prompt",
     kGemini,
     {12, {}, 12, {}, {}, {}},
     {12, {}, {}, {}, {}},
     "",
     false},
    {"Ollama: a cached prompt of 0",
     kOpenAi,
     {0, 5, 5, {}, {}, {}},
     {{}, 5, {}, {}, {}},
     "0 prompt tokens"},
    {"a prompt of 0 beside a total",
     kOpenAi,
     {0, 5, 12, {}, {}, {}},
     {7, 5, {}, {}, {}},
     "prompt tokens are what"},
    {"an output of 0 beside text",
     kOpenAi,
     {7, 0, 7, {}, {}, {}},
     {7, {}, {}, {}, {}},
     "0 output tokens"},
    {"an output of 0 beside text and a total",
     kOpenAi,
     {7, 0, 12, {}, {}, {}},
     {7, 5, {}, {}, {}},
     "output tokens are what"},
    {"an output of 0 and nothing came",
     kOpenAi,
     {7, 0, 7, {}, {}, {}},
     {7, 0, {}, {}, {}},
     "",
     false},
    {"all zero", kOpenAi, {0, 0, 0, {}, {}, {}}, {{}, {}, {}, {}, {}}, "0 output tokens"},
    {"a total of 0", kOpenAi, {7, 5, 0, {}, {}, {}}, {7, 5, {}, {}, {}}, ""},
    {"a total that fits nothing", kOpenAi, {7, 5, 9, {}, {}, {}}, {7, 5, {}, {}, {}}, "total of 9"},
    {"a total that fits nothing, with thinking",
     kOpenAi,
     {7, 50, 60, {}, {}, 20},
     {7, 50, {}, {}, 20},
     "total of 60"},
    {"a total alone", kOpenAi, {{}, {}, 12, {}, {}, {}}, {{}, {}, {}, {}, {}}, ""},
    {"no output told",
     kOpenAi,
     {7, {}, 12, {}, {}, {}},
     {7, 5, {}, {}, {}},
     "output tokens are what"},
    {"below zero", kOpenAi, {-1, -387, 383, {}, {}, {}}, {{}, {}, {}, {}, {}}, ""},
    {"absurdly many", kOpenAi, {7, std::int64_t{1} << 60, {}, {}, {}, {}}, {7, {}, {}, {}, {}}, ""},
    {"nothing", kOpenAi, {}, {}, ""},
};

std::optional<core::Tokens> tokens(Count count) {
  return count ? std::optional(core::Tokens{*count}) : std::nullopt;
}
Count count(const std::optional<core::Tokens>& tokens) {
  return tokens ? std::optional(tokens->count) : std::nullopt;
}

TEST(TokenClaims, ComeToWhatTheyMean) {
  for (const Case& expected : kCases) {
    SCOPED_TRACE(expected.who);
    const Said& said = expected.said;
    const SettledUsage got = settled({.prompt = tokens(said.prompt),
                                      .output = tokens(said.output),
                                      .total = tokens(said.total),
                                      .cached = tokens(said.cached),
                                      .cache_written = tokens(said.written),
                                      .reasoning = tokens(said.reasoning)},
                                     expected.habit, expected.something_came);
    EXPECT_EQ(count(got.usage.prompt), expected.meant.prompt);
    EXPECT_EQ(count(got.usage.output), expected.meant.output);
    EXPECT_EQ(count(got.usage.cached), expected.meant.cached);
    EXPECT_EQ(count(got.usage.cache_written), expected.meant.written);
    EXPECT_EQ(count(got.usage.reasoning), expected.meant.reasoning);
    EXPECT_NE(got.caution.find(expected.caution), std::string::npos) << got.caution;
    EXPECT_EQ(got.caution.empty(), std::string_view(expected.caution).empty()) << got.caution;
  }
}

// Whatever is said: parts stay within what they are a part of.
TEST(TokenClaims, KeepPartsWithinTheirWhole) {
  const Count values[] = {{}, -5, 0, 1, 7, 100, std::int64_t{1} << 29, std::int64_t{1} << 62};
  for (const CountingHabit habit : {kOpenAi, kAnthropic, kGemini}) {
    for (const Count prompt : values) {
      for (const Count output : values) {
        for (const Count total : values) {
          for (const Count part : values) {
            const auto got = settled({.prompt = tokens(prompt),
                                      .output = tokens(output),
                                      .total = tokens(total),
                                      .cached = tokens(part),
                                      .cache_written = tokens(part),
                                      .reasoning = tokens(part)},
                                     habit, true)
                                 .usage;
            EXPECT_TRUE(!got.output || !got.reasoning || *got.reasoning <= *got.output);
            EXPECT_TRUE(!got.prompt || !got.cached || *got.cached <= *got.prompt);
            for (const auto& one : {got.prompt, got.output, got.cached, got.reasoning}) {
              EXPECT_GE(one.value_or(core::Tokens{0}).count, 0);
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace ipw::models
