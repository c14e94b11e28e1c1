// RemoteModel against servers on loopback: what transcripts come to over a real connection, and
// what becomes of every way in which a server can fail.
#include "ipw/models/remote_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <latch>
#include <memory>
#include <sstream>
#include <thread>

#include "ipw/models/api_key.h"
#include "ipw/net/fault_server_test.h"

namespace ipw::models {
namespace {

using core::ErrorCode;
using net::FaultPeer;
using net::FaultServer;
using record::FinishReason;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kKey = "sk-very-secret-0123456789";

std::string transcript(const std::string& name) {
  std::ifstream file(std::string(IPW_SOURCE_DIR) + "/tests/transcripts/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string answer_with(int status, const std::string& type, const std::string& body,
                        const std::string& more = "") {
  return "HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Type: " + type + "\r\n" + more +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string events(const std::string& body) { return answer_with(200, "text/event-stream", body); }

RemoteOptions options_for(const FaultServer& server) {
  RemoteOptions options;
  options.base_url = "http://127.0.0.1:" + std::to_string(server.port()) + "/v1";
  options.retry = {.attempts = 1};
  options.environment = [](const std::string& name) {
    return name.ends_with("_API_KEY") ? std::optional<std::string>(kKey) : std::nullopt;
  };
  return options;
}

std::unique_ptr<RemoteModel> open(const std::string& scheme, RemoteOptions options) {
  auto model = RemoteModel::open(*find_wire_format(scheme), "example", std::move(options));
  EXPECT_TRUE(model) << model.error().message;
  return model ? std::move(*model) : nullptr;
}

Request ask(int max_tokens = 100) {
  Request request;
  request.messages = {{.role = "user", .content = "What is six times seven?"}};
  request.max_tokens = max_tokens;
  return request;
}

// A server that answers every request of a connection with the same bytes.
FaultServer always(std::string bytes) {
  return FaultServer([bytes = std::move(bytes)](FaultPeer& peer) {
    while (!peer.read_request().empty()) {
      if (!peer.send(bytes)) return;
    }
  });
}

core::Error failure_of(RemoteModel& model) {
  const auto answer = model.generate(ask(), {}, {});
  EXPECT_FALSE(answer) << "answered: " << answer->text;
  if (answer) return {};
  EXPECT_THAT(answer.error().message, Not(HasSubstr(kKey)));
  return answer.error();
}

core::Error failure_with(const std::string& bytes) {
  const FaultServer server([&](FaultPeer& peer) {  // and then it hangs up
    if (!peer.read_request().empty()) peer.send(bytes);
  });
  const auto model = open("openai", options_for(server));
  return failure_of(*model);
}

struct Route {
  const char* file;
  const char* type;
  const char* path;
  const char* key_header;
};

class Provider : public testing::TestWithParam<Route> {};

TEST_P(Provider, AnswersOverARealConnection) {
  const Route& route = GetParam();
  const std::string scheme(route.file, std::string(route.file).find('-'));
  std::string asked;
  FaultServer server([&](FaultPeer& peer) {
    asked = peer.read_request();
    static_cast<void>(peer.send(answer_with(200, route.type, transcript(route.file))));
    static_cast<void>(peer.read_request());
  });
  RemoteOptions options = options_for(server);
  options.base_url = options.base_url.substr(0, options.base_url.rfind('/'));
  const auto model = open(scheme, options);
  std::string heard;
  std::vector<core::Instant> times;
  const auto answer = model->generate(ask(),
                                      [&](const TokenEvent& event) {
                                        heard += event.piece;
                                        times.push_back(event.at);
                                      },
                                      {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->text, "The answer is 42, naïve or not.");
  EXPECT_EQ(heard, answer->text);
  EXPECT_EQ(answer->finish, FinishReason::kStop);
  EXPECT_EQ(answer->tries, 1);
  EXPECT_TRUE(answer->usage.prompt && answer->usage.output);
  EXPECT_EQ(answer->caution, "");
  const record::Timings& timings = answer->timings;
  EXPECT_LE(timings.sent, timings.started);
  EXPECT_LE(timings.started, *timings.first_token);
  EXPECT_EQ(timings.first_token, times.front());
  EXPECT_EQ(timings.last_token, times.back());
  EXPECT_THAT(asked, HasSubstr(std::string("POST ") + route.path + " HTTP/1.1"));
  EXPECT_THAT(asked, HasSubstr(route.key_header));
}

INSTANTIATE_TEST_SUITE_P(
    All, Provider,
    testing::Values(Route{"openai-chat.sse", "text/event-stream", "/chat/completions",
                          "Authorization: Bearer sk-very-secret"},
                    Route{"ollama-chat.ndjson", "application/x-ndjson", "/api/chat",
                          "Authorization: Bearer"},
                    Route{"anthropic-chat.sse", "text/event-stream; charset=utf-8", "/v1/messages",
                          "x-api-key: sk-very-secret"},
                    Route{"gemini-chat.sse", "text/event-stream",
                          "/v1beta/models/example:streamGenerateContent?alt=sse",
                          "x-goog-api-key: sk-very-secret"}));

TEST(RemoteModel, AnAnswerThatWasNotStreamedHasNoFirstToken) {
  const FaultServer server =
      always(answer_with(200, "application/json", transcript("openai-whole.json")));
  const auto answer = open("openai", options_for(server))->generate(ask(), {}, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->text, "42");
  EXPECT_FALSE(answer->timings.first_token);
  EXPECT_GT(answer->timings.last_token, answer->timings.sent);
}

TEST(RemoteModel, ThinkingIsTimedApartFromTheAnswer) {
  FaultServer server([](FaultPeer& peer) {
    static_cast<void>(peer.read_request());
    const std::string body = transcript("anthropic-thinking.sse");
    const std::size_t half = body.find("event: content_block_stop");
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, half));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    peer.send(body.substr(half));
    static_cast<void>(peer.read_request());
  });
  const auto answer = open("anthropic", options_for(server))->generate(ask(), {}, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->reasoning, "Six times seven.");
  EXPECT_EQ(answer->text, "42");
  EXPECT_LT(*answer->timings.first_token, *answer->timings.first_answer);
}

TEST(RemoteModel, LoadingTheModelIsNoWorkOnThePrompt) {
  const FaultServer server =
      always(answer_with(200, "application/x-ndjson", transcript("ollama-chat.ndjson")));
  const auto answer = open("ollama", options_for(server))->generate(ask(), {}, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_DOUBLE_EQ(answer->server.load->count(), 0.9);
  EXPECT_EQ(answer->timings.started, answer->timings.first_token);  // the load was longer than that
}

TEST(RemoteModel, CountsThatAreMissingOrWrongAreSaid) {
  const FaultServer none = always(events(transcript("openai-no-usage.sse")));
  const auto uncounted = open("openai", options_for(none))->generate(ask(), {}, {});
  ASSERT_TRUE(uncounted);
  EXPECT_FALSE(uncounted->usage.output);
  EXPECT_THAT(uncounted->caution, HasSubstr("did not say"));
  const FaultServer wrong = always(events(transcript("openai-miscounted.sse")));
  const auto miscounted = open("openai", options_for(wrong))->generate(ask(), {}, {});
  ASSERT_TRUE(miscounted);
  EXPECT_THAT(miscounted->caution, HasSubstr("0 output tokens"));
}

struct Fault {
  const char* name;
  std::string bytes;
  ErrorCode code;
  const char* says;
};

class Failing : public testing::TestWithParam<Fault> {};

TEST_P(Failing, IsAnErrorWithItsCause) {
  const core::Error error = failure_with(GetParam().bytes);
  EXPECT_EQ(error.code, GetParam().code) << error.message;
  EXPECT_THAT(error.message, HasSubstr(GetParam().says));
  EXPECT_THAT(error.message, HasSubstr("openai:example at 127.0.0.1"));
}

const std::string kJson = "application/json";

INSTANTIATE_TEST_SUITE_P(
    Answers, Failing,
    testing::Values(
        Fault{"html", answer_with(200, "text/html", "<html><title>Sign in</title></html>"),
              ErrorCode::kUnavailable, "web page"},
        Fault{
            "unauthorized",
            answer_with(401, kJson,
                        std::string(R"({"error":{"message":"Incorrect API key: )") + kKey + "\"}}"),
            ErrorCode::kPermissionDenied, "Incorrect API key: ***"},
        Fault{"not_found", answer_with(404, kJson, R"({"error":{"message":"no model example"}})"),
              ErrorCode::kNotFound, "no model example"},
        Fault{"too_many", answer_with(429, kJson, R"({"error":{"message":"slow down"}})"),
              ErrorCode::kUnavailable, "slow down"},
        Fault{"server_error", answer_with(500, "text/plain", "boom"), ErrorCode::kUnavailable,
              "boom"},
        Fault{"bad_gateway",
              answer_with(502, "text/html", "<html><title>Bad Gateway</title></html>"),
              ErrorCode::kUnavailable, "Bad Gateway"},
        Fault{"refused_request",
              answer_with(400, kJson, R"({"error":{"message":"unknown parameter"}})"),
              ErrorCode::kInvalidData, "unknown parameter"},
        Fault{"too_long", answer_with(400, kJson, transcript("openai-too-long.json")),
              ErrorCode::kTooLong, "maximum context length"},
        Fault{"truncated_json", answer_with(200, kJson, R"({"choices":[{"mess)"),
              ErrorCode::kUnavailable, "cannot read the answer"},
        Fault{"foreign_json", answer_with(200, kJson, R"({"hello":1})"), ErrorCode::kUnavailable,
              "choices"},
        Fault{"bad_utf8", events("data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n"),
              ErrorCode::kUnavailable, "UTF-8"},
        Fault{"no_end", events(transcript("openai-cut.sse")), ErrorCode::kUnavailable,
              "before its end"},
        Fault{"nothing", events(""), ErrorCode::kUnavailable, "before it began"},
        Fault{"error_event", events(transcript("openai-error-event.sse")), ErrorCode::kUnavailable,
              "ran out of memory"},
        Fault{"cut_off",
              "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
              "chunked\r\n\r\n40\r\ndata: {",
              ErrorCode::kUnavailable, "127.0.0.1"},
        Fault{"no_http", "SSH-2.0-OpenSSH_9.2\r\n", ErrorCode::kUnavailable, "127.0.0.1"}),
    [](const auto& test) { return test.param.name; });

TEST(RemoteModel, AConnectionThatBreaksOffFailsTheOneQuestion) {
  std::atomic<int> asked = 0;
  FaultServer server([&](FaultPeer& peer) {
    while (!peer.read_request().empty()) {
      if (asked++ == 0) {
        peer.send(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9000\r\n\r\n");
        peer.send("data: {\"choices\":[{\"delta\":{\"content\":\"The\"}}]}\n\n");
        return;
      }
      peer.send(events(transcript("openai-chat.sse")));
    }
  });
  const auto model = open("openai", options_for(server));
  EXPECT_EQ(failure_of(*model).code, ErrorCode::kUnavailable);
  const auto next = model->generate(ask(), {}, {});
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->finish, FinishReason::kStop);
}

TEST(RemoteModel, TriesAgainWhatMayPassAndCountsAllOfIt) {
  std::atomic<int> asked = 0;
  FaultServer server([&](FaultPeer& peer) {
    while (!peer.read_request().empty()) {
      const int now = asked++;
      if (now == 0) peer.send(answer_with(503, kJson, "{}"));
      if (now == 1) peer.send(events(transcript("openai-error-in-data.sse")));
      if (now > 1) peer.send(events(transcript("openai-chat.sse")));
    }
  });
  RemoteOptions options = options_for(server);
  options.retry = {.attempts = 3, .first = core::Seconds(0.001)};
  const auto answer = open("openai", options)->generate(ask(), {}, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->tries, 3);
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(answer->text, "The answer is 42, naïve or not.");

  asked = 0;
  options.retry.attempts = 2;
  const core::Error error = failure_of(*open("openai", options));
  EXPECT_THAT(error.message, HasSubstr("[tried 2 times]"));
}

TEST(RemoteModel, NeverRepeatsWhatItHasPassedOn) {
  std::atomic<int> asked = 0;
  FaultServer server([&](FaultPeer& peer) {
    while (!peer.read_request().empty()) {
      ++asked;
      peer.send(events(transcript("openai-error-event.sse")));
    }
  });
  RemoteOptions options = options_for(server);
  options.retry = {.attempts = 3, .first = core::Seconds(0.001)};
  std::string heard;
  const auto answer =
      open("openai", options)
          ->generate(ask(), [&](const TokenEvent& event) { heard += event.piece; }, {});
  EXPECT_FALSE(answer);
  EXPECT_EQ(heard, "The");
  EXPECT_EQ(asked, 1);
}

TEST(RemoteModel, ADeadlineEndsASilentServer) {
  FaultServer server([](FaultPeer& peer) {
    static_cast<void>(peer.read_request());
    static_cast<void>(peer.sees_close());
  });
  RemoteOptions options = options_for(server);
  options.deadline = core::Seconds(0.05);
  EXPECT_EQ(failure_of(*open("openai", options)).code, ErrorCode::kTimeout);
}

TEST(RemoteModel, ADeadlineBeforeTheRequestWasOutIsNotTheModelsFailure) {
  FaultServer server([](FaultPeer& peer) { static_cast<void>(peer.sees_close()); });
  RemoteOptions options = options_for(server);
  options.base_url = "https://127.0.0.1:" + std::to_string(server.port());  // no handshake comes
  options.deadline = core::Seconds(0.05);
  EXPECT_EQ(failure_of(*open("openai", options)).code, ErrorCode::kUnavailable);
}

TEST(RemoteModel, CancellingClosesTheConnectionAndKeepsWhatCame) {
  std::atomic<bool> closed = false;
  {
    FaultServer server([&](FaultPeer& peer) {
      static_cast<void>(peer.read_request());
      peer.send(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9000\r\n\r\n");
      peer.send("data: {\"choices\":[{\"delta\":{\"content\":\"The\"}}]}\n\n");
      closed = peer.sees_close();
    });
    const auto model = open("openai", options_for(server));
    std::stop_source stop;
    const auto answer =
        model->generate(ask(), [&](const TokenEvent&) { stop.request_stop(); }, stop.get_token());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->finish, FinishReason::kCancelled);
    EXPECT_EQ(answer->text, "The");
    for (int i = 0; i < 1000 && !closed; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_TRUE(closed) << "while the client still lives";
  }
}

TEST(RemoteModel, NobodyListensIsAnErrorWithTheAddress) {
  RemoteOptions options;
  options.base_url = "http://127.0.0.1:1";
  options.retry = {.attempts = 1};
  const core::Error error = failure_of(*open("ollama", options));
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("ollama:example at 127.0.0.1:1"));
}

TEST(ApiKey, FilesThatOthersMayReadAreRefused) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "api-key";
  std::ofstream(file) << "  " << kKey << " \r\n";
  chmod(file.c_str(), 0644);
  EXPECT_EQ(read_key_file(file).error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(read_key_file(file).error().message, HasSubstr("chmod 600"));
  chmod(file.c_str(), 0600);
  EXPECT_EQ(*read_key_file(file), kKey);
  std::ofstream(file) << "two words\n";
  EXPECT_EQ(read_key_file(file).error().code, ErrorCode::kInvalidData);
  std::ofstream(file) << "";
  EXPECT_EQ(read_key_file(file).error().code, ErrorCode::kInvalidData);
  std::filesystem::remove(file);
  EXPECT_EQ(read_key_file(file).error().code, ErrorCode::kNotFound);
}

TEST(ApiKey, TheProvidersOwnServersAreNotAskedWithoutOne) {
  const auto model = RemoteModel::open(*find_wire_format("anthropic"), "example", {});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(model.error().message, HasSubstr("ANTHROPIC_API_KEY"));
}

}  // namespace
}  // namespace ipw::models
