// Answers as servers were reported to send them, beside what their APIs say: each is read for what
// it says, whichever bytes it comes in, and one odd event loses nothing.
#include <gtest/gtest.h>

#include "ipw/models/answer_stream.h"

namespace ipw::models {
namespace {

using net::FailureKind;
using record::FinishReason;
using Count = std::optional<std::int64_t>;

// What a body comes to, in pieces of `step` bytes.
struct Read {
  WireAnswer answer;
  std::string heard;
  WireResult result;
};

Read read(std::string_view scheme, std::string_view body, std::size_t step,
          const net::SecretMask& mask = {}) {
  AnswerStream stream(*find_wire_format(scheme), mask);
  Read got;
  const PieceSink sink = [&](const WirePiece& piece) {
    if (piece.kind == PieceKind::kText) got.heard += piece.text;
  };
  for (std::size_t at = 0; at < body.size() && got.result; at += step) {
    got.result = stream.push(body.substr(at, step), sink);
  }
  const WireResult ended = stream.end(sink);
  if (got.result) got.result = ended;
  got.answer = stream.answer();
  return got;
}

Count count(const std::optional<core::Tokens>& tokens) {
  return tokens ? std::optional(tokens->count) : std::nullopt;
}

struct Quirk {
  const char* what;
  const char* scheme;
  std::string body;
  std::string text;
  std::string reasoning;
  FinishReason finish = FinishReason::kStop;
};

std::string event(const std::string& json) { return "data: " + json + "\n\n"; }
std::string delta(const std::string& members) {
  return event(R"({"choices":[{"index":0,"delta":{)" + members + "}}]}");
}
std::string content(const std::string& json) { return delta("\"content\":" + json); }
const std::string kStop = event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
const std::string kDone = "data: [DONE]\n\n";
const std::string kEnd = kStop + kDone;
std::string message(const std::string& content, const std::string& more = "") {
  return R"({"choices":[{"index":0,"message":{"role":"assistant","content":)" + content + more +
         R"(},"finish_reason":"stop"}]})";
}
std::string block_delta(const std::string& delta) {
  return "event: content_block_delta\n" +
         event(R"({"type":"content_block_delta","index":0,"delta":)" + delta + "}");
}
const std::string kMessageStop =
    event(
        R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}})") +
    event(R"({"type":"message_stop"})");
std::string candidate(const std::string& parts, const std::string& more = "") {
  return R"({"candidates":[{"content":{"role":"model","parts":)" + parts + "}" + more + "}]}";
}
const std::string kFinished = R"(,"finishReason":"STOP")";

const Quirk kQuirks[] = {
    // ---- content as parts ----
    {"a part of text", "openai", content(R"([{"type":"text","text":"4"}])") + kEnd, "4", ""},
    {"thinking as a part of parts", "openai",
     content(R"([{"type":"thinking","thinking":[{"type":"text","text":"maybe 5"}]}])") +
         content(R"([{"type":"text","text":"4"}])") + kEnd,
     "4", "maybe 5"},
    {"thinking and text in one list", "openai",
     content(
         R"([{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},{"type":"text","text":"4"}])") +
         kEnd,
     "4", "hm"},
    {"parts in a whole answer", "openai",
     message(
         R"([{"type":"thinking","thinking":"hm"},{"type":"text","text":"It is "},{"type":"text","text":"4"}])"),
     "It is 4", "hm"},
    {"a reference among parts", "openai",
     content(R"([{"type":"reference","reference_ids":[1]},{"type":"text","text":"4"}])") + kEnd,
     "4", ""},
    {"an image among parts", "openai",
     content(R"([{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"4"}])") + kEnd,
     "4", ""},
    {"strings among parts", "openai", content(R"(["It is ",{"text":"4"}])") + kEnd, "It is 4", ""},
    {"one part alone", "openai", content(R"({"type":"output_text","text":"4"})") + kEnd, "4", ""},
    {"a value within text", "openai",
     content(R"([{"type":"text","text":{"value":"4","annotations":[]}}])") + kEnd, "4", ""},
    {"no parts", "openai", content("[]") + content("null") + content(R"("4")") + kEnd, "4", ""},
    {"a refusal as a part", "openai", content(R"([{"type":"refusal","refusal":"No."}])") + kEnd,
     "No.", "", FinishReason::kRefused},
    {"parts of Ollama", "ollama",
     R"({"message":{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"4"}]},"done":false})"
     "\n"
     R"({"done":true,"done_reason":"stop"})"
     "\n",
     "4", "hm"},
    {"a string of Anthropic", "anthropic",
     R"({"type":"message","content":"4","stop_reason":"end_turn"})", "4", ""},
    {"thinking as a list of Anthropic", "anthropic",
     block_delta(R"({"type":"thinking_delta","thinking":[{"type":"text","text":"hm"}]})") +
         block_delta(R"({"type":"text_delta","text":[{"type":"text","text":"4"}]})") + kMessageStop,
     "4", "hm"},
    {"a delta of Anthropic without a type", "anthropic",
     block_delta(R"({"text":"4"})") + kMessageStop, "4", ""},
    {"a signature and redacted thinking", "anthropic",
     event(
         R"({"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"eA=="}})") +
         block_delta(R"({"type":"signature_delta","signature":"abc"})") +
         block_delta(R"({"type":"text_delta","text":"4"})") + kMessageStop,
     "4", ""},
    {"one part of Gemini that is no list", "gemini", event(candidate(R"({"text":"4"})", kFinished)),
     "4", ""},
    {"thoughts of Gemini among parts", "gemini",
     event(candidate(R"([{"text":"hm","thought":true},{"text":"4"}])", kFinished)), "4", "hm"},
    // ---- where thinking stands ----
    {"thinking said twice", "openai",
     delta(
         R"("reasoning":"hm","reasoning_content":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm"}])") +
         content(R"("4")") + kEnd,
     "4", "hm"},
    {"an empty field before the full one", "openai",
     delta(R"("reasoning_content":"","reasoning":"hm")") + content(R"("4")") + kEnd, "4", "hm"},
    {"thinking in details alone", "openai",
     delta(
         R"("reasoning_details":[{"type":"reasoning.text","text":"hm"},{"type":"reasoning.encrypted","data":"x"}])") +
         content(R"("4")") + kEnd,
     "4", "hm"},
    {"thinking in blocks alone", "openai",
     message(R"("4")",
             R"(,"thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"x"}])"),
     "4", "hm"},
    // ---- odd events ----
    {"heartbeats of empty data", "openai", "data: \n\ndata:\n\ndata\n\n" + content(R"("4")") + kEnd,
     "4", ""},
    {"comments", "openai",
     ": OPENROUTER PROCESSING\n\n:\n\n" + content(R"("4")") + ": ping\n" + kEnd, "4", ""},
    {"events without data", "openai",
     "retry: 3000\n\nid: 1\n\nevent: ping\n\n" + content(R"("4")") + kEnd, "4", ""},
    {"words that are no JSON", "openai",
     event("ping") + "event: ping\ndata: ping\n\n" + content(R"("4")") + event("keep-alive") + kEnd,
     "4", ""},
    {"JSON that is no object", "openai",
     event("null") + event("1") + event("\"ping\"") + event("[]") + content(R"("4")") + kEnd, "4",
     ""},
    {"objects of something else", "openai",
     event("{}") + event(R"({"type":"ping"})") + content(R"("4")") + kEnd, "4", ""},
    {"blanks around the end", "openai", content(R"("4")") + kStop + "data: [DONE] \t\n\n", "4", ""},
    {"an end in small letters, twice", "openai",
     content(R"("4")") + kStop + event("[done]") + kDone, "4", ""},
    {"no end", "openai", content(R"("4")") + kStop, "4", ""},
    {"no blank line behind the last event", "openai",
     content(R"("4")") + kStop.substr(0, kStop.size() - 2), "4", ""},
    {"one line break behind the last event", "openai",
     content(R"("4")") + kStop.substr(0, kStop.size() - 1), "4", ""},
    {"no blank lines at all", "openai",
     "data: {\"choices\":[{\"delta\":{\"content\":\"It is \"}}]}\ndata: "
     "{\"choices\":[{\"delta\":{\"content\":\"4\"}}]}\n"
     "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\ndata: [DONE]\n",
     "It is 4", ""},
    {"JSON over several data lines", "openai",
     "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"4\"}}]}\n\n" + kEnd, "4", ""},
    {"CR, LF and CRLF by turns", "openai",
     "data: {\"choices\":[{\"delta\":{\"content\":\"It \"}}]}\r\n\r\ndata: "
     "{\"choices\":[{\"delta\":{\"content\":\"is \"}}]}\r\r"
     "data: {\"choices\":[{\"delta\":{\"content\":\"4\"}}]}\n\r\n" +
         kEnd,
     "It is 4", ""},
    {"a byte order mark", "openai", "\xEF\xBB\xBF" + content(R"("4")") + kEnd, "4", ""},
    {"blank lines before it all", "openai", "\r\n\n \n" + content(R"("4")") + kEnd, "4", ""},
    {"no choices", "openai",
     event(R"({"choices":null})") + event(R"({"choices":[]})") + event(R"({"choices":[null]})") +
         event(R"({"choices":[{"delta":null,"finish_reason":null}]})") +
         event(R"({"choices":{}})") + content(R"("4")") + kEnd,
     "4", ""},
    {"other choices", "openai",
     event(
         R"({"choices":[{"index":1,"delta":{"content":"5"}},{"index":0,"delta":{"content":"4"}}]})") +
         kEnd,
     "4", ""},
    {"a last event with the whole message", "openai",
     content(R"("4")") +
         event(R"({"choices":[{"delta":{},"message":{"content":"4"},"finish_reason":"stop"}]})") +
         kDone,
     "4", ""},
    {"messages instead of deltas", "openai",
     event(R"({"choices":[{"message":{"content":"It is "}}]})") +
         event(R"({"choices":[{"message":{"content":"4"},"finish_reason":"stop"}]})") + kDone,
     "It is 4", ""},
    {"pings of Anthropic", "anthropic",
     "event: ping\ndata: {\"type\": \"ping\"}\n\n" +
         block_delta(R"({"type":"text_delta","text":"4"})") + kMessageStop + kDone,
     "4", ""},
    {"blank lines of Ollama", "ollama",
     "\n{\"message\":{\"content\":\"4\"},\"done\":false}\r\n\n\r\n{\"done\":true,\"done_reason\":"
     "\"stop\"}",
     "4", ""},
    {"an end that OpenAI has and Gemini not", "gemini",
     event(candidate(R"([{"text":"4"}])", kFinished)) + kDone, "4", ""},
    // ---- a stream where a document was awaited, and the reverse ----
    {"a whole answer", "openai", message(R"("4")"), "4", ""},
    {"a whole answer behind a mark and blanks", "openai",
     "\xEF\xBB\xBF \r\n" + message(R"("4")") + "\n", "4", ""},
    {"a whole answer as one event", "openai", event(message(R"("4")")) + kDone, "4", ""},
    {"a whole answer over lines", "openai",
     "{\n  \"choices\": [\n    {\n      \"message\": {\"content\": \"4\"},\n      "
     "\"finish_reason\": \"stop\"\n    }\n  ]\n}\n",
     "4", ""},
    {"events as lines", "openai",
     "{\"choices\":[{\"delta\":{\"content\":\"It is "
     "\"}}]}\n{\"choices\":[{\"delta\":{\"content\":\"4\"}}]}\n\n"
     "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n",
     "It is 4", ""},
    {"a whole answer of Ollama over lines", "ollama",
     "{\n  \"message\": {\"content\": \"4\"},\n  \"done\": true,\n  \"done_reason\": \"stop\"\n}\n",
     "4", ""},
    {"server-sent events of Ollama", "ollama",
     event(R"({"message":{"content":"4"},"done":false})") +
         event(R"({"done":true,"done_reason":"stop"})"),
     "4", ""},
    {"a whole answer of Anthropic", "anthropic",
     R"({"type":"message","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"4"}],"stop_reason":"end_turn"})",
     "4", "hm"},
    {"a whole answer of Anthropic as one event", "anthropic",
     event(R"({"type":"message","content":[{"type":"text","text":"4"}],"stop_reason":"end_turn"})"),
     "4", ""},
    {"a list of events of Gemini", "gemini",
     "[" + candidate(R"([{"text":"It is "}])") + "\n,\r\n" +
         candidate(R"([{"text":"4"}])", kFinished) + "]",
     "It is 4", ""},
    // ---- characters in pieces ----
    {"the halves of a surrogate pair in two events", "openai",
     content(R"("ok \ud83d")") + content(R"("\ude00 4")") + kEnd, "ok 😀 4", ""},
    {"pairs in one event", "openai", content(R"("\ud83d\ude00\\ud83d")") + kEnd, "😀\\ud83d", ""},
    {"an event between the halves", "openai",
     content(R"("\ud83d")") + event("{}") + content(R"("\ude00")") + kEnd, "😀", ""},
    {"a first half alone", "openai", content(R"("a\ud83d")") + content(R"("b")") + kEnd, "a\uFFFDb",
     ""},
    {"a second half alone", "openai", content(R"("a\ude00b")") + kEnd, "a\uFFFDb", ""},
    {"a first half at the end", "openai", content(R"("a\ud83d")") + kEnd, "a\uFFFD", ""},
    {"halves in the wrong order", "openai", content(R"("\ude00\ud83d")") + kEnd, "\uFFFD\uFFFD",
     ""},
    {"two first halves", "openai", content(R"("\ud83d\ud83d\ude00")") + kEnd, "\uFFFD😀", ""},
    {"a half of thinking and one of text", "openai",
     delta(R"("reasoning":"\ud83d")") + content(R"("\ude00")") + kEnd, "\uFFFD", "\uFFFD"},
    {"halves of Ollama", "ollama",
     "{\"message\":{\"content\":\"\\uD83D\"},\"done\":false}\n{\"message\":{\"content\":"
     "\"\\uDE00\"},\"done\":false}\n"
     "{\"done\":true,\"done_reason\":\"stop\"}\n",
     "😀", ""},
    {"private use beside halves elsewhere", "openai", content("\"\U0010F83D\"") + kEnd,
     "\U0010F83D", ""},
    // ---- why it ended ----
    {"the words of another API", "openai",
     content(R"("4")") + event(R"({"choices":[{"delta":{},"finish_reason":"end_turn"}]})"), "4",
     ""},
    {"capitals", "openai",
     content(R"("4")") + event(R"({"choices":[{"delta":{},"finish_reason":"MAX_TOKENS"}]})"), "4",
     "", FinishReason::kLength},
    {"null as a word, then the end", "openai",
     event(R"({"choices":[{"delta":{"content":"4"},"finish_reason":"null"}]})") + kEnd, "4", ""},
    {"an object", "openai",
     content(R"("4")") + event(R"({"choices":[{"delta":{},"finish_reason":{"type":"stop"}}]})"),
     "4", ""},
    {"no reason of an older Ollama", "ollama", "{\"message\":{\"content\":\"4\"},\"done\":true}\n",
     "4", ""},
};

TEST(WireQuirks, AreReadForWhatTheySay) {
  for (const Quirk& quirk : kQuirks) {
    for (const std::size_t step : {quirk.body.size(), std::size_t{1}, std::size_t{5}}) {
      SCOPED_TRACE(quirk.what);
      const Read got = read(quirk.scheme, quirk.body, step);
      EXPECT_TRUE(got.result) << got.result.error().message;
      EXPECT_EQ(got.answer.text, quirk.text);
      EXPECT_EQ(got.heard, quirk.text);
      EXPECT_EQ(got.answer.reasoning, quirk.reasoning);
      EXPECT_EQ(got.answer.finish, quirk.finish);
    }
  }
}

struct Break {
  const char* what;
  const char* scheme;
  std::string body;
  FailureKind kind;
  const char* says;
};

const Break kBreaks[] = {
    {"null as a word is no end", "openai",
     event(R"({"choices":[{"delta":{"content":"3"},"finish_reason":"null"}]})"),
     FailureKind::kProtocol, "before its end"},
    {"an end without a reason", "openai", content(R"("3")") + kDone, FailureKind::kProtocol,
     "before its end"},
    {"an unknown reason", "openai",
     content(R"("3")") + event(R"({"choices":[{"delta":{},"finish_reason":"lunch"}]})"),
     FailureKind::kProtocol, "lunch"},
    {"an unknown reason of Gemini", "gemini",
     event(candidate(R"([{"text":"3"}])", R"(,"finishReason":"OTHER")")), FailureKind::kProtocol,
     "OTHER"},
    {"a pause of Anthropic", "anthropic",
     block_delta(R"({"type":"text_delta","text":"3"})") +
         event(R"({"type":"message_delta","delta":{"stop_reason":"pause_turn"}})"),
     FailureKind::kProtocol, "pause_turn"},
    {"a model that was only loaded", "ollama",
     "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"load\"}\n",
     FailureKind::kProtocol, "load"},
    {"an abort", "openai",
     content(R"("3")") + event(R"({"choices":[{"delta":{},"finish_reason":"abort"}]})"),
     FailureKind::kStatus, "abort"},
    {"a server without resources", "openai",
     content(R"("3")") +
         event(R"({"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}]})"),
     FailureKind::kStatus, "insufficient"},
    {"an error that is no JSON", "openai", "event: error\ndata: worn out\n\n", FailureKind::kStatus,
     "worn out"},
    {"an error that is a string", "openai", "event: error\ndata: \"worn out\"\n\n",
     FailureKind::kStatus, "worn out"},
    {"an error without a blank line behind it", "openai",
     "data: {\"error\":{\"message\":\"worn out\"}}", FailureKind::kStatus, "worn out"},
    {"an error instead of an answer", "openai", R"({"error":{"message":"worn out","code":503}})",
     FailureKind::kStatus, "worn out"},
    {"an event that is cut off", "openai",
     content(R"("3")") + "data: {\"choices\":[{\"delta\":{\"content\":\"4\n\n" + kEnd,
     FailureKind::kProtocol, "cannot read"},
    {"bytes that are no text", "openai", content("\"\xff\"") + kEnd, FailureKind::kProtocol,
     "UTF-8"},
    {"a page", "openai", "<!DOCTYPE html><title>Sign in</title>", FailureKind::kProtocol,
     "web page"},
    {"words", "openai", "Internal Server Error", FailureKind::kProtocol, "before it began"},
    {"nothing", "openai", "", FailureKind::kProtocol, "before it began"},
    {"blanks", "ollama", " \r\n \n", FailureKind::kProtocol, "before it began"},
    {"half a document", "openai", R"({"choices":[{"message":{"content":"3)", FailureKind::kProtocol,
     "cut off"},
    {"a list of something else", "gemini", "[1,2,3]", FailureKind::kProtocol, "not an object"},
    {"an object of something else", "openai", R"({"object":"list","data":[]})",
     FailureKind::kProtocol, "choices"},
};

TEST(WireQuirks, ThatLoseTheAnswerAreFailuresWithTheirCause) {
  for (const Break& expected : kBreaks) {
    SCOPED_TRACE(expected.what);
    for (const std::size_t step :
         {std::max<std::size_t>(expected.body.size(), 1), std::size_t{1}}) {
      const Read got = read(expected.scheme, expected.body, step);
      ASSERT_FALSE(got.result);
      EXPECT_EQ(got.result.error().kind, expected.kind);
      EXPECT_NE(got.result.error().message.find(expected.says), std::string::npos)
          << got.result.error().message;
    }
  }
}

struct Counted {
  const char* what;
  const char* scheme;
  std::string body;
  Count prompt, output, cached, reasoning;
};

std::string usage(const std::string& members) {
  return event(R"({"choices":[],"usage":{)" + members + "}}");
}
const std::string kFour = content(R"("It is 4.")");

const Counted kCounted[] = {
    {"in its own event",
     "openai",
     kFour + kStop + usage(R"("prompt_tokens":7,"completion_tokens":2)"),
     7,
     2,
     {},
     {}},
    {"in the choice",
     "openai",
     kFour +
         event(
             R"({"choices":[{"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":7,"completion_tokens":2}}]})"),
     7,
     2,
     {},
     {}},
    {"in the delta",
     "openai",
     kFour +
         event(
             R"({"choices":[{"delta":{"usage":{"prompt_tokens":7,"completion_tokens":2}},"finish_reason":"stop"}]})"),
     7,
     2,
     {},
     {}},
    {"under the name of a company",
     "openai",
     kFour + kStop +
         event(R"({"choices":[],"x_groq":{"usage":{"prompt_tokens":7,"completion_tokens":2}}})"),
     7,
     2,
     {},
     {}},
    {"in the words of another API", "openai",
     kFour + kStop +
         usage(
             R"("input_tokens":7,"output_tokens":2,"input_tokens_details":{"cached_tokens":3},"output_tokens_details":{"reasoning_tokens":1})"),
     7, 2, 3, 1},
    {"in every event, the last one right",
     "openai",
     event(
         R"({"choices":[{"delta":{"content":"It is "}}],"usage":{"prompt_tokens":7,"completion_tokens":1,"total_tokens":8}})") +
         event(
             R"({"choices":[{"delta":{"content":"4."}}],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}})") +
         kStop,
     7,
     2,
     {},
     {}},
    {"in two events, details in the second",
     "openai",
     kFour + kStop + usage(R"("prompt_tokens":35227,"completion_tokens":2,"total_tokens":35229)") +
         usage(
             R"("prompt_tokens":35227,"completion_tokens":2,"total_tokens":35229,"prompt_tokens_details":{"cached_tokens":32512})"),
     35227,
     2,
     32512,
     {}},
    {"zeros in the last event",
     "openai",
     kFour + usage(R"("prompt_tokens":7,"completion_tokens":2)") + kStop +
         usage(R"("prompt_tokens":0,"completion_tokens":0,"total_tokens":0)"),
     7,
     2,
     {},
     {}},
    {"null",
     "openai",
     kFour + usage(R"("prompt_tokens":7,"completion_tokens":2,"completion_tokens_details":null)") +
         event(R"({"choices":[],"usage":null})") + kStop,
     7,
     2,
     {},
     {}},
    {"as decimals",
     "openai",
     kFour + kStop + usage(R"("prompt_tokens":7.0,"completion_tokens":2.0)"),
     7,
     2,
     {},
     {}},
    {"as anything else",
     "openai",
     kFour + kStop + usage(R"("prompt_tokens":"many","completion_tokens":[2])"),
     {},
     {},
     {},
     {}},
    {"thinking beside it",
     "openai",
     kFour + kStop +
         usage(
             R"("prompt_tokens":7,"completion_tokens":5,"total_tokens":112,"completion_tokens_details":{"reasoning_tokens":100})"),
     7,
     105,
     {},
     100},
    {"thinking at the top",
     "openai",
     kFour + kStop +
         usage(R"("prompt_tokens":7,"completion_tokens":5,"total_tokens":12,"reasoning_tokens":3)"),
     7,
     5,
     {},
     3},
    {"cached at the top",
     "openai",
     kFour + kStop + usage(R"("prompt_tokens":70,"completion_tokens":5,"cached_tokens":64)"),
     70,
     5,
     64,
     {}},
    {"by llama.cpp's timings alone",
     "openai",
     kFour +
         event(
             R"({"choices":[{"delta":{},"finish_reason":"stop"}],"timings":{"prompt_n":4,"cache_n":26,"predicted_n":2,"prompt_ms":1}})"),
     30,
     2,
     26,
     {}},
    {"far too few",
     "openai",
     content("\"" + std::string(400, 'x') + "\"") + kStop +
         usage(R"("prompt_tokens":7,"completion_tokens":2)"),
     7,
     {},
     {},
     {}},
    {"0 of a prompt",
     "openai",
     kFour + kStop + usage(R"("prompt_tokens":0,"completion_tokens":5,"total_tokens":5)"),
     {},
     5,
     {},
     {}},
    {"0 at the start of Anthropic",
     "anthropic",
     event(R"({"type":"message_start","message":{"usage":{"input_tokens":0,"output_tokens":0}}})") +
         block_delta(R"({"type":"text_delta","text":"4"})") +
         event(
             R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":25,"output_tokens":2}})"),
     25,
     2,
     {},
     {}},
    {"thinking of Gemini",
     "gemini",
     event(
         candidate(R"([{"text":"4"}])", kFinished)
             .substr(0, candidate(R"([{"text":"4"}])", kFinished).size() - 1) +
         R"(,"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":2,"thoughtsTokenCount":20,"totalTokenCount":34}})"),
     12,
     22,
     {},
     20},
    {"tools of Gemini in the prompt",
     "gemini",
     event(
         candidate(R"([{"text":"4"}])", kFinished)
             .substr(0, candidate(R"([{"text":"4"}])", kFinished).size() - 1) +
         R"(,"usageMetadata":{"promptTokenCount":12,"toolUsePromptTokenCount":30,"candidatesTokenCount":2,"totalTokenCount":44}})"),
     42,
     2,
     {},
     {}},
};

TEST(WireQuirks, OfCountsComeToWhatTheyMean) {
  for (const Counted& expected : kCounted) {
    SCOPED_TRACE(expected.what);
    const Read got = read(expected.scheme, expected.body, expected.body.size());
    ASSERT_TRUE(got.result) << got.result.error().message;
    EXPECT_EQ(count(got.answer.usage.prompt), expected.prompt);
    EXPECT_EQ(count(got.answer.usage.output), expected.output);
    EXPECT_EQ(count(got.answer.usage.cached), expected.cached);
    EXPECT_EQ(count(got.answer.usage.reasoning), expected.reasoning);
  }
}

TEST(WireQuirks, ThatRepeatTheKeyAreMaskedInAnswersAndFailures) {
  const net::SecretMask mask({"sk-0123key4567that89stays2secret"});
  // Split over two events, in thinking, in the model's name, in a tool call.
  const Read answer = read(
      "openai",
      event(
          R"({"model":"m-sk-0123key4567that89stays2secret","choices":[{"delta":{"reasoning":"sk-0123key4567that89stays2secret"}}]})") +
          content(R"("It is sk-0123key45")") + content(R"("67that89stays2secret.")") +
          delta(
              R"("tool_calls":[{"id":"sk-0123key4567that89stays2secret","function":{"name":"f","arguments":"{\"k\":\"sk-0123key4567that89stays2secret\"}"}}])") +
          kEnd,
      7, mask);
  ASSERT_TRUE(answer.result);
  EXPECT_EQ(answer.answer.text, "It is ***.");
  EXPECT_EQ(answer.answer.reasoning, "***");
  EXPECT_EQ(answer.answer.served_by, "m-***");
  EXPECT_EQ(answer.answer.tool_calls,
            (std::vector<record::ToolCall>{{"***", "f", R"({"k":"***"})"}}));
  for (const std::string& body :
       {R"({"error":{"message":")" + std::string(285, 'x') +
            R"(sk-0123key4567that89stays2secret"}})",
        "event: error\ndata: " + std::string(285, 'x') + "sk-0123key4567that89stays2secret\n\n",
        event(
            R"({"choices":[{"delta":{},"finish_reason":"sk-0123key4567that89stays2secret"}]})")}) {
    const Read failed = read("openai", body, body.size(), mask);
    ASSERT_FALSE(failed.result);
    EXPECT_EQ(failed.result.error().message.find("sk-0123"), std::string::npos)
        << failed.result.error().message;
    EXPECT_NE(failed.result.error().message.find("***"), std::string::npos)
        << failed.result.error().message;
  }
}

}  // namespace
}  // namespace ipw::models
