#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "ipw/net/line_reader.h"
#include "ipw/net/sse_reader.h"

namespace ipw::net {
namespace {

struct Event {
  std::string event;
  std::string data;
  std::string id;
  bool operator==(const Event&) const = default;
};

// The events of `stream`, given to the reader in pieces of `piece` bytes.
std::vector<Event> read(std::string_view stream, std::size_t piece) {
  SseReader reader;
  std::vector<Event> events;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const auto pushed = reader.push(stream.substr(at, piece), [&](const SseEvent& event) {
      events.push_back({std::string(event.event), std::string(event.data), std::string(event.id)});
    });
    EXPECT_TRUE(pushed);
  }
  return events;
}

void expect_events(std::string_view stream, const std::vector<Event>& expected) {
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    ASSERT_EQ(read(stream, piece), expected) << "in pieces of " << piece;
  }
}

TEST(SseReader, EndsLinesAtLfCrAndCrLfInWhateverPieces) {
  expect_events("data: a\n\ndata: b\r\rdata: c\r\n\r\ndata: d\n\r\n",
                {{"", "a", ""}, {"", "b", ""}, {"", "c", ""}, {"", "d", ""}});
}

TEST(SseReader, TakesOneLfAloneForTheCrBeforeIt) {
  expect_events("data: a\r\n\ndata: b\n\n", {{"", "a", ""}, {"", "b", ""}});
}

TEST(SseReader, GivesTheEventsOfTheStandardsExamples) {
  // WHATWG HTML, section 9.2.6.
  expect_events("data: YHOO\ndata: +2\ndata: 10\n\n", {{"", "YHOO\n+2\n10", ""}});
  expect_events(
      ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third "
      "event\n\n",
      {{"", "first event", "1"}, {"", "second event", ""}, {"", " third event", ""}});
  expect_events("data\n\ndata\ndata\n\ndata:", {{"", "", ""}, {"", "\n", ""}});
  expect_events("data:test\n\ndata: test\n\n", {{"", "test", ""}, {"", "test", ""}});
}

TEST(SseReader, KeepsTheTypeForItsEventAloneAndTheIdForLaterOnes) {
  expect_events("event: error\nid: 7\ndata: {}\n\ndata: x\n\nevent: lost\n\ndata: y\n\n",
                {{"error", "{}", "7"}, {"", "x", "7"}, {"", "y", "7"}});
}

TEST(SseReader, LeavesOutCommentsUnknownFieldsAndAByteOrderMark) {
  expect_events("\xEF\xBB\xBF: ping\nfoo: bar\n\ndata: \xC3\xA9\xF0\x9F\x98\x80\n:\n\n",
                {{"", "\xC3\xA9\xF0\x9F\x98\x80", ""}});
}

TEST(SseReader, SaysWhatTheServerAskedForAndWhatIsCutOff) {
  SseReader reader;
  ASSERT_TRUE(reader.push("retry: 1500\nretry: soon\n: ping\n\n: pi", {}));
  EXPECT_EQ(reader.retry(), std::chrono::milliseconds(1500));
  EXPECT_FALSE(reader.pending());
  ASSERT_TRUE(reader.push("ng\ndata: {\"cut", {}));
  EXPECT_TRUE(reader.pending());
  ASSERT_TRUE(reader.push("\":1}\n", {}));
  EXPECT_TRUE(reader.pending());
  ASSERT_TRUE(reader.push("\n", {}));
  EXPECT_FALSE(reader.pending());
}

TEST(SseReader, TakesTenMegabytesAndRefusesMoreThanItsBound) {
  const std::string large(10'000'000, 'x');
  SseReader reader;
  std::size_t got = 0;
  const std::string stream = "data: " + large + "\n\n";
  for (std::size_t at = 0; at < stream.size(); at += 65'536) {
    ASSERT_TRUE(reader.push(std::string_view(stream).substr(at, 65'536),
                            [&](const SseEvent& event) { got += event.data.size(); }));
  }
  EXPECT_EQ(got, large.size());

  SseReader bounded(1000);
  const auto lines = [&](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "data: 0123456789\n";
    return text;
  };
  ASSERT_TRUE(bounded.push(lines(50) + "\n", {}));
  const auto refused = bounded.push(lines(100), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::kInvalidData);
  EXPECT_NE(refused.error().message.find("1000 bytes"), std::string::npos);
  EXPECT_FALSE(bounded.push("\n\n", {})) << "a stream that is lost stays lost";
}

TEST(SseReader, ReadsWhatTheWriterWrites) {
  for (const std::string_view data : {"", "a", "a\nb", "a\r\nb\rc\n", "\n"}) {
    std::string expected;
    for (std::size_t i = 0; i < data.size(); ++i) {
      if (data[i] == '\r' && i + 1 < data.size() && data[i + 1] == '\n') continue;
      expected += data[i] == '\r' ? '\n' : data[i];
    }
    expect_events(format_sse(data, "kind"), {{"kind", expected, ""}});
  }
}

std::vector<std::string> read_lines(std::string_view stream, std::size_t piece) {
  LineReader reader;
  std::vector<std::string> lines;
  const LineSink sink = [&](std::string_view line) { lines.emplace_back(line); };
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    EXPECT_TRUE(reader.push(stream.substr(at, piece), sink));
  }
  reader.finish(sink);
  return lines;
}

TEST(LineReader, GivesWholeLinesInWhateverPiecesAndTheLastWithoutItsEnd) {
  const std::string_view stream = "{\"a\":1}\n\r\n{\"b\":2}\r\n\n{\"c\"";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    ASSERT_EQ(read_lines(stream, piece),
              (std::vector<std::string>{"{\"a\":1}", "{\"b\":2}", "{\"c\""}));
  }
}

TEST(LineReader, RefusesALineBeyondItsBoundForGood) {
  LineReader reader(10);
  ASSERT_TRUE(reader.push("0123456789\n01234", {}));
  const auto refused = reader.push("567890\n", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::kInvalidData);
  EXPECT_FALSE(reader.push("a\n", {}));
}

}  // namespace
}  // namespace ipw::net
