#include "ipw/models/servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "ipw/models/llama_engine.h"

namespace ipw::models {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::Seconds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kTiny = IPW_BINARY_DIR "/models/tiny.gguf";

// Stands in for all three kinds; what it does is told by the arguments that ipw passes on.
constexpr const char* kFakeServer = R"(#!/usr/bin/env python3
import http.server, os, sys
mode = sys.argv[-1]
print("fake server:", *sys.argv[1:], flush=True)
if mode == "crash":
    sys.exit("no memory for the model")
asked = 0
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    def do_GET(self):
        global asked
        asked += 1
        loading = asked < 3 or mode == "never"
        self.answer(503 if loading else 200, "loading" if loading else "ok")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print("POST", self.path, body, flush=True)
        self.answer(500, '{"error":{"message":"no kernel image"}}') if mode == "refuse" \
            else self.answer(200, "{}")
    def log_message(self, *arguments):
        pass
if "OLLAMA_HOST" in os.environ and sys.argv[1] == "serve" and len(sys.argv) == 2:
    port = int(os.environ["OLLAMA_HOST"].rpartition(":")[2])
else:
    port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
)";

class ServersTest : public testing::Test {
 protected:
  ServersTest() {
    fs::create_directories(folder_);
    std::ofstream(program_) << kFakeServer;
    fs::permissions(program_, fs::perms::owner_all);
    auto opened = net::HttpClient::open();
    EXPECT_TRUE(opened);
    http_ = std::move(*opened);
  }
  ~ServersTest() override {
    for (const std::string& name : server_names(directory())) {
      (void)stop_server(directory(), name, Seconds(60));
    }
    fs::remove_all(folder_);
  }

  [[nodiscard]] fs::path directory() const { return folder_ / "servers"; }
  [[nodiscard]] ServerWorld world() {
    return {.http = *http_, .clock = clock_, .stop = stop_.get_token()};
  }
  [[nodiscard]] StartOptions options(const std::string& mode = "good") const {
    return {.name = {},
            .program = program_.string(),
            .path = {},
            .model = kTiny,
            .port = 0,
            .threads = 0,
            .extra = {mode},
            .warm_up = true,
            .patience = Seconds(60),
            .directory = directory()};
  }
  [[nodiscard]] auto start(const StartOptions& options, const char* kind = "llama-server") {
    return start_server(*find_server_kind(kind), options, world());
  }
  void expect_nothing_left() const { EXPECT_TRUE(server_names(directory()).empty()); }

  fs::path folder_ = fs::path(testing::TempDir()) / ("servers-" + std::to_string(::getpid()));
  fs::path program_ = folder_ / "fake-server";
  core::SystemClock clock_;
  std::stop_source stop_;
  std::unique_ptr<net::HttpClient> http_;
};

TEST_F(ServersTest, StartOnceHealthyAndWarmedUp) {
  const auto state = start(options());
  ASSERT_TRUE(state) << state.error().error.message;
  EXPECT_EQ(state->name, "llama-server");
  EXPECT_EQ(state->model, "openai:tiny");
  EXPECT_EQ(state->base_url, "http://127.0.0.1:" + std::to_string(state->port) + "/v1");
  const std::string log = log_tail(state->log, 100);
  EXPECT_THAT(log, HasSubstr("--alias tiny --host 127.0.0.1"));
  EXPECT_THAT(log, HasSubstr("--threads 1 --threads-batch 1 good"));  // tiny: one thread
  EXPECT_THAT(log, HasSubstr("POST /v1/completions {\"model\":\"tiny\""));

  const auto known = read_server_state(directory(), "llama-server");
  ASSERT_TRUE(known);
  const ServerStatus status = server_status(*known, world());
  EXPECT_TRUE(status.running);
  EXPECT_TRUE(status.healthy);
  ASSERT_TRUE(status.uptime);
  EXPECT_GE(status.uptime->count(), 0);

  const auto stopped = stop_server(directory(), "llama-server", Seconds(60));
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_EQ(stopped->ending, Ending::kOnRequest);
  EXPECT_FALSE(is_running(state->process));
  expect_nothing_left();
}

TEST_F(ServersTest, ThatCrashAtStartShowTheEndOfTheirLog) {
  const auto state = start(options("crash"));
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(state.error().error.message, HasSubstr("ended while it was starting"));
  EXPECT_THAT(state.error().log_tail, HasSubstr("no memory for the model"));
  expect_nothing_left();
}

TEST_F(ServersTest, ThatNeverGetReadyAreEndedAgain) {
  StartOptions asked = options("never");
  asked.patience = Seconds(0.3);
  const auto state = start(asked);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().error.code, ErrorCode::kTimeout);
  expect_nothing_left();
}

TEST_F(ServersTest, ThatRefuseTheFirstRequestAreEndedAgain) {
  const auto state = start(options("refuse"));
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(state.error().error.message, HasSubstr("no kernel image"));
  expect_nothing_left();

  StartOptions cold = options("refuse");
  cold.warm_up = false;
  EXPECT_TRUE(start(cold));
}

TEST_F(ServersTest, AreEndedWhenTheStartIsStopped) {
  stop_.request_stop();
  const auto state = start(options());
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().error.code, ErrorCode::kCancelled);
  expect_nothing_left();
}

TEST_F(ServersTest, HaveNamesAndPortsOfTheirOwn) {
  const auto first = start(options());
  ASSERT_TRUE(first) << first.error().error.message;
  const auto same_name = start(options());
  ASSERT_FALSE(same_name);
  EXPECT_EQ(same_name.error().error.code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(same_name.error().error.message, HasSubstr(first->base_url));

  StartOptions second = options();
  second.name = "second";
  second.port = first->port;
  const auto same_port = start(second);
  ASSERT_FALSE(same_port);
  EXPECT_EQ(same_port.error().error.code, ErrorCode::kBusy);

  second.port = 0;
  const auto started = start(second);
  ASSERT_TRUE(started) << started.error().error.message;
  EXPECT_NE(started->port, first->port);
  EXPECT_EQ(server_names(directory()).size(), 2U);
}

TEST_F(ServersTest, ThatEndedOnTheirOwnAreShownAndForgotten) {
  const auto state = start(options());
  ASSERT_TRUE(state);
  ASSERT_TRUE(end(state->process, Seconds(60)));
  const ServerStatus status = server_status(*state, world());
  EXPECT_FALSE(status.running);
  EXPECT_FALSE(status.healthy);
  EXPECT_FALSE(status.uptime);

  const auto again = start(options());  // the name is free
  ASSERT_TRUE(again) << again.error().error.message;
  ASSERT_TRUE(end(again->process, Seconds(60)));
  const auto stopped = stop_server(directory(), "llama-server", Seconds(60));
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->ending, Ending::kWasGone);
  expect_nothing_left();
}

TEST_F(ServersTest, OfOllamaAreToldTheirPortByTheEnvironment) {
  StartOptions asked = options();
  asked.model = "qwen3:0.6b";
  asked.extra = {};
  const auto state = start(asked, "ollama");
  ASSERT_TRUE(state) << state.error().error.message;
  EXPECT_EQ(state->model, "ollama:qwen3:0.6b");
  EXPECT_EQ(state->base_url, "http://127.0.0.1:" + std::to_string(state->port));
  EXPECT_THAT(log_tail(state->log, 100),
              HasSubstr(R"(POST /api/generate {"model":"qwen3:0.6b","stream":false})"));
}

TEST_F(ServersTest, OfOllamaNeedNoModel) {
  StartOptions asked = options();
  asked.model.clear();
  asked.extra = {};
  const auto state = start(asked, "ollama");
  ASSERT_TRUE(state) << state.error().error.message;
  EXPECT_EQ(state->model, "");
  EXPECT_THAT(log_tail(state->log, 100), Not(HasSubstr("POST")));
}

TEST_F(ServersTest, OfVllmTakeAModelByItsName) {
  StartOptions asked = options();
  asked.model = "Qwen/Qwen3-0.6B";
  const auto state = start(asked, "vllm");
  ASSERT_TRUE(state) << state.error().error.message;
  EXPECT_EQ(state->model, "openai:Qwen/Qwen3-0.6B");
  EXPECT_THAT(log_tail(state->log, 100), HasSubstr("serve Qwen/Qwen3-0.6B --host 127.0.0.1"));
}

TEST_F(ServersTest, SayWhatIsMissingBeforeAnythingStarts) {
  StartOptions no_model = options();
  no_model.model.clear();
  EXPECT_EQ(start(no_model).error().error.code, ErrorCode::kUsage);
  StartOptions no_file = options();
  no_file.model = "/nowhere/model.gguf";
  EXPECT_EQ(start(no_file).error().error.code, ErrorCode::kNotFound);
  StartOptions no_gguf = options();
  no_gguf.model = program_.string();
  EXPECT_EQ(start(no_gguf).error().error.code, ErrorCode::kInvalidData);
  StartOptions no_program = options();
  no_program.program = "no-such-server";
  EXPECT_EQ(start(no_program).error().error.code, ErrorCode::kNotFound);
  StartOptions threads = options();
  threads.threads = 2;
  EXPECT_EQ(start(threads, "vllm").error().error.code, ErrorCode::kUsage);
  EXPECT_EQ(stop_server(directory(), "nobody", Seconds(1)).error().code, ErrorCode::kNotFound);
  expect_nothing_left();
}

TEST(Threads, AreOneForSmallModelsAndNeverMoreThanCores) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  EXPECT_EQ(threads_for(0, 1'000'000), 1);
  EXPECT_EQ(threads_for(0, 8'000'000'000), cores);
  EXPECT_EQ(threads_for(0, std::nullopt), cores);
  EXPECT_EQ(threads_for(1'000'000, 1'000'000), cores);
}

TEST(LogTail, IsTheLastLinesAndNoMoreThanAScreen) {
  const fs::path log = fs::path(testing::TempDir()) / ("tail-" + std::to_string(::getpid()));
  std::ofstream(log) << "one\ntwo\nthree\n";
  EXPECT_EQ(log_tail(log, 2), "two\nthree\n");
  EXPECT_EQ(log_tail(log, 5), "one\ntwo\nthree\n");
  std::ofstream(log) << std::string(100'000, 'x');
  EXPECT_EQ(log_tail(log, 5).size(), 16U << 10);
  fs::remove(log);
  EXPECT_EQ(log_tail(log, 5), "");
}

}  // namespace
}  // namespace ipw::models
