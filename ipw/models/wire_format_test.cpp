// The four wire formats against transcripts (tests/transcripts), and what they write.
#include "ipw/models/wire_format.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "ipw/models/answer_stream.h"
#include "ipw/models/openai_format.h"

namespace ipw::models {
namespace {

using Json = nlohmann::json;
using net::FailureKind;
using record::FinishReason;

constexpr const char* kSentence = "The answer is 42, naïve or not.";

std::string transcript(const std::string& name) {
  std::ifstream file(std::string(IPW_SOURCE_DIR) + "/tests/transcripts/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

const WireFormat& format_of(const std::string& file) {
  const WireFormat* format = find_wire_format(file.substr(0, file.find('-')));
  EXPECT_NE(format, nullptr) << file;
  return *format;
}

struct Heard {
  std::string text, reasoning, arguments;
  int pieces = 0;

  PieceSink sink() {
    return [this](const WirePiece& piece) {
      ++pieces;
      if (piece.kind == PieceKind::kText) text += piece.text;
      if (piece.kind == PieceKind::kReasoning) reasoning += piece.text;
      if (piece.kind == PieceKind::kToolCall) arguments += piece.text;
    };
  }
};

struct Expected {
  const char* file;
  std::string text;
  std::optional<std::int64_t> prompt, output;
  FinishReason finish = FinishReason::kStop;
  std::string reasoning;
  std::optional<std::int64_t> cached, thought;
  std::vector<record::ToolCall> tools;
  int pieces = 0;  // 0: whatever
};

std::ostream& operator<<(std::ostream& out, const Expected& expected) {
  return out << expected.file;
}

std::optional<std::int64_t> count(const std::optional<core::Tokens>& tokens) {
  return tokens ? std::optional(tokens->count) : std::nullopt;
}

void expect_answer(const WireAnswer& answer, const Expected& expected) {
  EXPECT_EQ(answer.text, expected.text);
  EXPECT_EQ(answer.reasoning, expected.reasoning);
  EXPECT_EQ(answer.finish, expected.finish);
  EXPECT_EQ(count(answer.usage.prompt), expected.prompt);
  EXPECT_EQ(count(answer.usage.output), expected.output);
  EXPECT_EQ(count(answer.usage.cached), expected.cached);
  EXPECT_EQ(count(answer.usage.reasoning), expected.thought);
  EXPECT_EQ(answer.tool_calls, expected.tools);
}

class Transcript : public testing::TestWithParam<Expected> {};

TEST_P(Transcript, GivesTheAnswerHoweverItIsCut) {
  const Expected& expected = GetParam();
  const std::string body = transcript(expected.file);
  for (const std::size_t step : {body.size(), std::size_t{1}, std::size_t{7}}) {
    AnswerStream stream(format_of(expected.file));
    Heard heard;
    for (std::size_t at = 0; at < body.size(); at += step) {
      const WireResult pushed = stream.push(body.substr(at, step), heard.sink());
      ASSERT_TRUE(pushed) << pushed.error().message;
    }
    const WireResult ended = stream.end(heard.sink());
    ASSERT_TRUE(ended) << ended.error().message;
    expect_answer(stream.answer(), expected);
    EXPECT_EQ(heard.text, expected.text);
    EXPECT_EQ(heard.reasoning, expected.reasoning);
    EXPECT_EQ(heard.pieces, expected.pieces > 0 ? expected.pieces : heard.pieces);
    EXPECT_FALSE(stream.answer().served_by.empty());
  }
}

TEST_P(Transcript, CutAnywhereIsAFailureOrTheWholeAnswer) {
  const Expected& expected = GetParam();
  const std::string body = transcript(expected.file);
  for (std::size_t length = 0; length < body.size(); ++length) {
    AnswerStream stream(format_of(expected.file));
    if (!stream.push(body.substr(0, length), {})) continue;
    if (!stream.end({})) continue;
    EXPECT_EQ(stream.answer().text, expected.text) << "cut after " << length;
  }
}

// One chunk is not one token, and a chunk that only names the role is none.
const std::vector<record::ToolCall> kTwoCalls{{"call_a", "add", R"({"a":1})"},
                                              {"call_b", "now", "{}"}};
const std::vector<record::ToolCall> kTwoUses{{"toolu_a", "add", R"({"a":1})"},
                                             {"toolu_b", "now", "{}"}};
const std::vector<record::ToolCall> kNameless{{"", "add", R"({"a":1})"}, {"", "now", "{}"}};

INSTANTIATE_TEST_SUITE_P(
    Formats, Transcript,
    testing::Values(
        Expected{"openai-chat.sse", kSentence, 11, 9, FinishReason::kStop, "", 4, 0, {}, 3},
        Expected{"openai-reasoning.sse",
                 "42",
                 20,
                 7,
                 FinishReason::kStop,
                 "Six times seven.",
                 0,
                 5,
                 {},
                 3},
        Expected{"openai-tools.sse", "", 60, 30, FinishReason::kToolCalls, "", 0, 0, kTwoCalls},
        Expected{"openai-logprobs.sse", "Yes.", 5, 2, FinishReason::kStop, "", 0, 0, {}, 2},
        Expected{"openai-completion.sse", " one two", 3, 2, FinishReason::kLength},
        Expected{"openai-llama-server.sse", "Hi", 30, 1, FinishReason::kStop, "", 26},
        Expected{"openai-no-usage.sse", "Nobody counted this.", {}, {}},
        Expected{"openai-filtered.sse", "I", 9, 1, FinishReason::kRefused, "", 0, 0},
        Expected{"openai-no-end.sse", "Done", 2, 1, FinishReason::kStop, "", 0, 0},
        Expected{"ollama-chat.ndjson", kSentence, 26, 5, FinishReason::kStop, "", {}, {}, {}, 3},
        Expected{"ollama-thinking.ndjson", "42", 26, 5, FinishReason::kStop, "Six times seven."},
        Expected{"ollama-tools.ndjson", "", 26, 5, FinishReason::kToolCalls, "", {}, {}, kNameless},
        Expected{"ollama-generate.ndjson", " one two", 26, 2, FinishReason::kLength},
        Expected{"ollama-cached.ndjson", "Yes", {}, 1},
        Expected{
            "anthropic-chat.sse", kSentence, 2125, 15, FinishReason::kStop, "", 2000, {}, {}, 3},
        Expected{"anthropic-thinking.sse", "42", 25, 12, FinishReason::kStop, "Six times seven."},
        Expected{"anthropic-tools.sse",
                 "I add.",
                 25,
                 40,
                 FinishReason::kToolCalls,
                 "",
                 {},
                 {},
                 kTwoUses},
        Expected{"anthropic-refusal.sse", "I", 25, 3, FinishReason::kRefused},
        Expected{"anthropic-unknown-events.sse", "Hello", 25, 2},
        Expected{"gemini-chat.sse", kSentence, 12, 10, FinishReason::kStop, "", 8, {}, {}, 3},
        Expected{
            "gemini-thinking.sse", "42", 12, 22, FinishReason::kStop, "Six times seven.", {}, 20},
        Expected{"gemini-tools.sse", "", 12, 14, FinishReason::kToolCalls, "", {}, {}, kNameless},
        Expected{"gemini-safety.sse", "I", 12, 1, FinishReason::kRefused},
        Expected{"gemini-blocked.sse", "", 12, {}, FinishReason::kRefused},
        Expected{"gemini-length.sse", "one two", 12, 2, FinishReason::kLength}),
    [](const auto& test) {
      std::string name = test.param.file;
      for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
      return name;
    });

WireResult read_all(const std::string& file, AnswerStream& stream) {
  if (WireResult pushed = stream.push(transcript(file), {}); !pushed) return pushed;
  return stream.end({});
}

struct Broken {
  const char* file;
  FailureKind kind;
  std::optional<int> status;
  const char* says;
};

class BrokenTranscript : public testing::TestWithParam<Broken> {};

TEST_P(BrokenTranscript, IsAFailureWithItsCause) {
  AnswerStream stream(format_of(GetParam().file));
  const WireResult read = read_all(GetParam().file, stream);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, GetParam().kind);
  EXPECT_EQ(read.error().status, GetParam().status);
  EXPECT_NE(read.error().message.find(GetParam().says), std::string::npos) << read.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Formats, BrokenTranscript,
    testing::Values(Broken{"openai-error-event.sse", FailureKind::kStatus, 500,
                           "ran out of memory"},
                    Broken{"openai-error-in-data.sse", FailureKind::kStatus, 429, "Rate limit"},
                    Broken{"openai-cut.sse", FailureKind::kProtocol, {}, "before its end"},
                    Broken{"ollama-error.ndjson", FailureKind::kStatus, 500, "unexpected EOF"},
                    Broken{"ollama-cut.ndjson", FailureKind::kProtocol, {}, "before its end"},
                    Broken{"anthropic-overloaded.sse", FailureKind::kStatus, 529, "Overloaded"},
                    Broken{"anthropic-cut.sse", FailureKind::kProtocol, {}, "before its end"},
                    Broken{"gemini-error.sse", FailureKind::kStatus, 503, "overloaded"},
                    Broken{"gemini-cut.sse", FailureKind::kProtocol, {}, "before its end"}));

class Whole : public testing::TestWithParam<const char*> {};

TEST_P(Whole, AnswerIsReadLikeAStream) {
  const std::string file = std::string(GetParam()) + "-whole.json";
  const auto reader = format_of(file).reader();
  Heard heard;
  const WireResult read = reader->read_whole(transcript(file), heard.sink());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(reader->answer().text, "42");
  EXPECT_EQ(heard.text, "42");
  EXPECT_TRUE(reader->end({}));
  EXPECT_GT(count(reader->answer().usage.prompt), 0);
  EXPECT_GT(count(reader->answer().usage.output), 0);
}

TEST_P(Whole, HtmlListsAndForeignObjectsAreNoAnswers) {
  const WireFormat& format = *find_wire_format(GetParam());
  for (const char* body : {"<html><body>502 Bad Gateway</body></html>", "[]", "{}", "", "null",
                           "{\"choices\":", "{\"text\":\"\xff\xfe\"}"}) {
    const auto reader = format.reader();
    const WireResult read = reader->read_whole(body, {});
    ASSERT_FALSE(read) << body;
    EXPECT_EQ(read.error().kind, FailureKind::kProtocol);
  }
}

TEST_P(Whole, TooLongPromptsAreKnownByTheirErrors) {
  const WireFormat& format = *find_wire_format(GetParam());
  EXPECT_TRUE(
      format.is_context_overflow(400, transcript(std::string(GetParam()) + "-too-long.json")));
  EXPECT_FALSE(format.is_context_overflow(400, R"({"error":{"message":"no such parameter"}})"));
  EXPECT_FALSE(format.is_context_overflow(429, "slow down"));
}

INSTANTIATE_TEST_SUITE_P(Formats, Whole,
                         testing::Values("openai", "ollama", "anthropic", "gemini"));

TEST(WireFormat, EventsOfMegabytesAndBadBytesAreReadOrRefused) {
  AnswerStream stream(*find_wire_format("openai"));
  const std::string large(10'000'000, 'x');
  ASSERT_TRUE(
      stream.push("data: {\"choices\":[{\"delta\":{\"content\":\"" + large + "\"}}]}\n\n", {}));
  EXPECT_EQ(stream.answer().text.size(), large.size());
  const WireResult broken =
      stream.push("data: {\"choices\":[{\"delta\":{\"content\":\"\xc3\"}}]}\n\n", {});
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("UTF-8"), std::string::npos);
  EXPECT_FALSE(stream.push("data: [DONE]\n\n", {}));  // the first failure stays
}

TEST(WireFormat, LogprobsBelongToTheirTokens) {
  AnswerStream stream(*find_wire_format("openai"));
  std::vector<std::optional<double>> heard;
  ASSERT_TRUE(stream.push(transcript("openai-logprobs.sse"),
                          [&](const WirePiece& piece) { heard.push_back(piece.logprob); }));
  EXPECT_EQ(stream.answer().token_logprobs, (std::vector<double>{-0.25, -0.5}));
  EXPECT_EQ(heard, (std::vector<std::optional<double>>{-0.25, -0.5}));
}

TEST(WireFormat, ServersOwnTimesAreKeptApart) {
  AnswerStream ollama(*find_wire_format("ollama"));
  ASSERT_TRUE(read_all("ollama-chat.ndjson", ollama));
  EXPECT_DOUBLE_EQ(ollama.answer().server.load->count(), 0.9);
  EXPECT_DOUBLE_EQ(ollama.answer().server.prompt->count(), 0.1);
  EXPECT_DOUBLE_EQ(ollama.answer().server.decode->count(), 0.4);
  EXPECT_DOUBLE_EQ(ollama.answer().server.total->count(), 1.5);
  AnswerStream llama(*find_wire_format("openai"));
  ASSERT_TRUE(read_all("openai-llama-server.sse", llama));
  EXPECT_DOUBLE_EQ(llama.answer().server.prompt->count(), 0.0125);
  EXPECT_FALSE(llama.answer().server.load);
}

TEST(WireFormat, CacheWritesAreCountedApart) {
  AnswerStream stream(*find_wire_format("anthropic"));
  ASSERT_TRUE(read_all("anthropic-chat.sse", stream));
  EXPECT_EQ(count(stream.answer().usage.cache_written), 100);
}

TEST(WireFormat, SaysWhereCountsContradictTheText) {
  AnswerStream stream(*find_wire_format("openai"));
  ASSERT_TRUE(read_all("openai-miscounted.sse", stream));
  EXPECT_NE(stream.answer().caution.find("0 output tokens"), std::string::npos)
      << stream.answer().caution;
  EXPECT_EQ(count(stream.answer().usage.output), std::nullopt);
}

TEST(WireFormat, EmbeddingsComeInTheOrderOfTheTexts) {
  const WireRequest request = openai_embedding_request("embed-1", {"a", "b"});
  EXPECT_EQ(request.path, "embeddings");
  EXPECT_EQ(Json::parse(request.body)["input"], Json({"a", "b"}));
  const auto embeddings = read_openai_embeddings(transcript("openai-embeddings.json"));
  ASSERT_TRUE(embeddings);
  EXPECT_EQ(embeddings->vectors, (std::vector<std::vector<float>>{{1, 0, 0.25}, {0.5, -1, 2}}));
  EXPECT_FALSE(read_openai_embeddings(R"({"data":[{"index":5,"embedding":[1]}]})"));
  EXPECT_FALSE(read_openai_embeddings(R"({"data":[{"embedding":[1]},{"embedding":[1,2]}]})"));
  EXPECT_FALSE(read_openai_embeddings("{}"));
}

Request a_request() {
  Request request;
  request.messages = {
      {.role = "system", .content = "Be brief."},
      {.role = "user", .content = "Add 1 to a."},
      {.role = "assistant", .content = "", .tool_calls = {{"id1", "add", R"({"a":1})"}}},
      {.role = "tool", .content = "2", .tool_call_id = "id1"}};
  request.tools = {{.name = "add", .description = "adds", .parameters = R"({"type":"object"})"}};
  request.json_schema = R"({"type":"object","properties":{"sum":{"type":"integer"}}})";
  request.max_tokens = 64;
  request.stop = {"END"};
  request.sampling.seed = 0xffffffff12345678ULL;
  return request;
}

Json body_of(const char* scheme, const Request& request, const WireOptions& options = {}) {
  const auto wire = find_wire_format(scheme)->write("m", request, options);
  EXPECT_TRUE(wire) << wire.error().message;
  return wire ? Json::parse(wire->body) : Json();
}

TEST(WireFormat, OpenAiRequestHasEverything) {
  const Json body = body_of("openai", a_request());
  EXPECT_EQ(body["model"], "m");
  EXPECT_EQ(body["max_tokens"], 64);
  EXPECT_EQ(body["temperature"], 0.0);
  EXPECT_EQ(body["stream_options"]["include_usage"], true);
  EXPECT_EQ(body["messages"].size(), 4);
  EXPECT_EQ(body["messages"][2]["tool_calls"][0]["function"]["arguments"], R"({"a":1})");
  EXPECT_EQ(body["messages"][3]["tool_call_id"], "id1");
  EXPECT_EQ(body["tools"][0]["function"]["name"], "add");
  EXPECT_EQ(body["response_format"]["json_schema"]["schema"]["type"], "object");
  EXPECT_LE(body["seed"].get<std::int64_t>(), 0x7fffffff);
  EXPECT_FALSE(body.contains("top_k"));
  Request plain;
  plain.raw_prompt = "Once";
  EXPECT_EQ(body_of("openai", plain)["prompt"], "Once");
  EXPECT_EQ(find_wire_format("openai")->write("m", plain, {})->path, "completions");
}

TEST(WireFormat, OpenAisOwnModelsGetWhatTheyTake) {
  WireOptions own{.stream = false, .providers_own = true, .keep_alive = {}, .extra_json = {}};
  Request request = a_request();
  request.sampling.top_k = 5;
  const auto wire = find_wire_format("openai")->write("gpt-5-mini", request, own);
  const Json body = Json::parse(wire->body);
  EXPECT_EQ(body["max_completion_tokens"], 64);
  for (const char* absent : {"max_tokens", "temperature", "seed", "top_k", "stream_options"}) {
    EXPECT_FALSE(body.contains(absent)) << absent;
  }
}

TEST(WireFormat, OllamaRequestNamesEveryOption) {
  WireOptions options;
  options.context_tokens = 2048;
  options.keep_alive = std::chrono::seconds(300);
  Request request = a_request();
  request.reasoning_effort = "none";
  const Json body = body_of("ollama", request, options);
  EXPECT_EQ(body["options"]["num_ctx"], 2048);
  EXPECT_EQ(body["options"]["num_predict"], 64);
  EXPECT_EQ(body["options"]["repeat_penalty"], 1.0);
  EXPECT_EQ(body["keep_alive"], 300);
  EXPECT_EQ(body["truncate"], false);
  EXPECT_EQ(body["think"], false);
  EXPECT_EQ(body["format"]["type"], "object");
  EXPECT_EQ(body["messages"][2]["tool_calls"][0]["function"]["arguments"]["a"], 1);
  Request plain;
  plain.raw_prompt = "Once";
  EXPECT_EQ(find_wire_format("ollama")->write("m", plain, {})->path, "api/generate");
  EXPECT_EQ(body_of("ollama", plain)["raw"], true);
}

TEST(WireFormat, AnthropicRequestHasItsOwnShape) {
  const auto wire = find_wire_format("anthropic")->write("m", a_request(), {});
  EXPECT_EQ(wire->path, "v1/messages");
  EXPECT_EQ(net::find_header(wire->headers, "anthropic-version"), "2023-06-01");
  const Json body = Json::parse(wire->body);
  EXPECT_EQ(body["system"], "Be brief.");
  EXPECT_EQ(body["messages"].size(), 3);
  EXPECT_EQ(body["messages"][1]["content"][0]["input"]["a"], 1);
  EXPECT_EQ(body["messages"][2]["content"][0]["tool_use_id"], "id1");
  EXPECT_EQ(body["tools"][0]["input_schema"]["type"], "object");
  EXPECT_EQ(body["output_config"]["format"]["type"], "json_schema");
  EXPECT_EQ(body["stop_sequences"], Json({"END"}));
  Request thinking = a_request();
  thinking.reasoning_effort = "high";
  EXPECT_FALSE(body_of("anthropic", thinking).contains("temperature"));
}

TEST(WireFormat, GeminiRequestHasItsOwnShape) {
  Request request = a_request();
  request.reasoning_effort = "medium";
  const auto wire = find_wire_format("gemini")->write("m", request, {});
  EXPECT_EQ(wire->path, "v1beta/models/m:streamGenerateContent?alt=sse");
  const Json body = Json::parse(wire->body);
  EXPECT_EQ(body["systemInstruction"]["parts"][0]["text"], "Be brief.");
  EXPECT_EQ(body["contents"][1]["role"], "model");
  EXPECT_EQ(body["contents"][1]["parts"][0]["functionCall"]["args"]["a"], 1);
  EXPECT_EQ(body["contents"][2]["parts"][0]["functionResponse"]["response"]["result"], "2");
  EXPECT_EQ(body["generationConfig"]["maxOutputTokens"], 64);
  EXPECT_EQ(body["generationConfig"]["thinkingConfig"]["thinkingBudget"], 8192);
  EXPECT_EQ(body["tools"][0]["functionDeclarations"][0]["name"], "add");
}

TEST(WireFormat, WhatAnApiLacksIsSaidBeforeAnythingIsSent) {
  Request raw;
  raw.raw_prompt = "Once";
  for (const char* scheme : {"anthropic", "gemini"}) {
    const auto wire = find_wire_format(scheme)->write("m", raw, {});
    ASSERT_FALSE(wire);
    EXPECT_EQ(wire.error().code, core::ErrorCode::kUnsupported);
  }
  Request broken = a_request();
  broken.json_schema = "{";
  for (const WireFormat* format : wire_formats()) {
    EXPECT_FALSE(format->write("m", broken, {})) << format->traits().scheme;
  }
}

TEST(WireFormat, MembersAreAddedAndTakenAway) {
  WireOptions options;
  options.extra_json = R"({"temperature":null,"service_tier":"flex"})";
  const Json body = body_of("openai", a_request(), options);
  EXPECT_FALSE(body.contains("temperature"));
  EXPECT_EQ(body["service_tier"], "flex");
  options.extra_json = "[1]";
  EXPECT_FALSE(find_wire_format("openai")->write("m", a_request(), options));
}

TEST(WireFormat, KeysGoIntoHeadersOnly) {
  for (const WireFormat* format : wire_formats()) {
    const net::Headers headers = format->key_headers("sk-secret");
    ASSERT_EQ(headers.size(), 1);
    EXPECT_NE(headers[0].value.find("sk-secret"), std::string::npos);
    const auto wire = format->write("m", a_request(), {});
    EXPECT_EQ(wire->path.find("key"), std::string::npos);
  }
}

}  // namespace
}  // namespace ipw::models
