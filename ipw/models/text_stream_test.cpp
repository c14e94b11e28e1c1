#include "ipw/models/text_stream.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace ipw::models {
namespace {

struct Seen {
  std::string piece;
  core::Instant at;
  bool operator==(const Seen&) const = default;
};

core::Instant second(int n) { return core::Instant(std::chrono::seconds(n)); }

/// What the sink saw, and how many events it had seen after each push.
struct Trace {
  std::vector<Seen> events;
  std::vector<std::size_t> after;
  std::string text;
  bool stopped = false;
};

Trace trace(std::vector<std::string> stop, const std::vector<std::string>& pieces) {
  Trace result;
  const TokenSink sink = [&](const TokenEvent& event) {
    result.events.push_back({std::string(event.piece), event.at});
  };
  TextStream stream(std::move(stop), sink);
  int n = 0;
  for (const auto& piece : pieces) {
    result.stopped = stream.push(piece, second(++n), std::nullopt);
    result.after.push_back(result.events.size());
    if (result.stopped) break;
  }
  stream.finish();
  result.text = stream.text();
  return result;
}

TEST(TextStream, PassesEachTokenOnAtOnceWithoutStopStrings) {
  const Trace t = trace({}, {"a", "", "b"});
  EXPECT_EQ(t.after, (std::vector<std::size_t>{1, 2, 3}));
  EXPECT_EQ(t.text, "ab");
}

TEST(TextStream, EndsTheTextBeforeAStopStringAcrossTokens) {
  const Trace t = trace({"END"}, {"ab", "cE", "N", "Dx", "never"});
  EXPECT_TRUE(t.stopped);
  EXPECT_EQ(t.text, "abc");
  // One event per token, each with its own time; what belonged to the stop string has no text.
  EXPECT_EQ(t.events, (std::vector<Seen>{
                          {"ab", second(1)}, {"c", second(2)}, {"", second(3)}, {"", second(4)}}));
  EXPECT_EQ(t.after, (std::vector<std::size_t>{1, 1, 1, 1}));
}

TEST(TextStream, ReleasesWhatOnlyLookedLikeAStopString) {
  const Trace t = trace({"\n\n"}, {"a\n", "b", "\n"});
  EXPECT_FALSE(t.stopped);
  EXPECT_EQ(t.after, (std::vector<std::size_t>{0, 2, 2}));
  EXPECT_EQ(t.events, (std::vector<Seen>{{"a\n", second(1)}, {"b", second(2)}, {"\n", second(3)}}));
}

TEST(TextStream, TakesTheEarliestOfSeveralStopStrings) {
  EXPECT_EQ(trace({"yz", "bcd", ""}, {"abcdyz"}).text, "a");
  EXPECT_EQ(trace({"aab"}, {"a", "a", "a", "b"}).text, "a");
}

TEST(ToValidUtf8, KeepsWellFormedTextAndReplacesEveryOtherByte) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(to_valid_utf8("plain é 日本 😀"), "plain é 日本 😀");
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a" + mark + "z");
  EXPECT_EQ(to_valid_utf8("\xE6\x97"), mark + mark);                        // cut in the middle
  EXPECT_EQ(to_valid_utf8("\xC0\x80"), mark + mark);                        // overlong
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80"), mark + mark + mark);             // surrogate
  EXPECT_EQ(to_valid_utf8("\xF4\x90\x80\x80"), mark + mark + mark + mark);  // above U+10FFFF
  EXPECT_EQ(to_valid_utf8(""), "");
}

}  // namespace
}  // namespace ipw::models
