#include "ipw/net/message_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ipw::net {
namespace {

struct Seen final : MessageSink {
  std::vector<MessageHead> heads;
  std::string body;
  void on_head(MessageHead head) override { heads.push_back(std::move(head)); }
  void on_body(std::string_view bytes) override { body += bytes; }
};

// What is left of `text` when the message is done; "error" where there is one.
std::string parse(MessageKind kind, std::string_view text, std::size_t piece, Seen& seen) {
  MessageParser parser(kind, {}, seen);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const auto taken = parser.push(text.substr(at, piece));
    if (!taken) return "error";
    if (parser.done()) return std::string(text.substr(at + *taken));
  }
  if (!parser.end()) return "cut off";
  return "";
}

TEST(MessageParser, ReadsLengthsChunksAndStreamsWithoutEitherInWhateverPieces) {
  const std::string_view messages[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: "
      "1\r\n\r\n",
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
      "5\r\n\r\nhello",
      "HTTP/1.0 200 OK\r\n\r\nhello"};
  for (const std::string_view message : messages) {
    for (std::size_t piece = 1; piece <= message.size(); ++piece) {
      Seen seen;
      ASSERT_EQ(parse(MessageKind::kResponse, message, piece, seen), "") << message;
      ASSERT_EQ(seen.body, "hello");
      ASSERT_EQ(seen.heads.size(), 1U);
      ASSERT_EQ(seen.heads[0].status, 200);
    }
  }
}

TEST(MessageParser, LeavesWhatComesAfterTheMessage) {
  const std::string_view two =
      "POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxyGET / HTTP/1.1\r\n\r\n";
  Seen seen;
  EXPECT_EQ(parse(MessageKind::kRequest, two, two.size(), seen), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(seen.heads[0].target, "/a?b");
  EXPECT_EQ(seen.body, "xy");
  Seen head;
  EXPECT_EQ(parse(MessageKind::kResponseWithoutBody,
                  "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nrest", 1000, head),
            "rest");
}

TEST(MessageParser, RefusesWhatIsNoMessage) {
  for (const std::string_view text :
       {"<html>proxy</html>\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20x OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nBad Header\r\n\r\n"}) {
    Seen seen;
    EXPECT_EQ(parse(MessageKind::kResponse, text, text.size(), seen), "error") << text;
  }
}

TEST(MessageParser, SaysWhatIsCutOff) {
  for (const std::string_view text :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    Seen seen;
    EXPECT_EQ(parse(MessageKind::kResponse, text, text.size() + 1, seen), "cut off") << text;
  }
}

TEST(MessageParser, HoldsItsLimits) {
  using Cause = MessageError::Cause;
  const auto cause = [](const std::string& text, std::size_t piece) {
    Seen seen;
    MessageParser parser(MessageKind::kResponse, {.head_bytes = 1000, .body_bytes = 100}, seen);
    for (std::size_t at = 0; at < text.size(); at += piece) {
      const auto taken = parser.push(std::string_view(text).substr(at, piece));
      if (!taken) return taken.error().cause;
    }
    ADD_FAILURE() << "not refused";
    return Cause::kMalformed;
  };
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::size_t piece : {1UZ, 7UZ, 100'000UZ}) {
    EXPECT_EQ(cause(head + "X: " + std::string(2000, 'x') + "\r\n\r\n", piece),
              Cause::kHeadTooLarge);
    EXPECT_EQ(cause(head + "Content-Length: 101\r\n\r\n", piece), Cause::kBodyTooLarge);
    EXPECT_EQ(cause(chunked + "64\r\n" + std::string(100, 'x') + "\r\n1\r\nx\r\n", piece),
              Cause::kBodyTooLarge);
    EXPECT_EQ(cause(chunked + "1;" + std::string(3000, 'x'), piece), Cause::kHeadTooLarge);
  }
}

}  // namespace
}  // namespace ipw::net
