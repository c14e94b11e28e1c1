// The OpenAI client against the real llama-server with a bundled model: what comes over the wire is
// what the engine in this process gives. Run by `scripts/check llama_server`.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <memory>
#include <thread>

#include <nlohmann/json.hpp>

#include "ipw/datasets/catalog.h"
#include "ipw/datasets/selection.h"
#include "ipw/models/llama_engine.h"
#include "ipw/models/remote_model.h"
#include "ipw/models/servers.h"
#include "ipw/net/url.h"

#include "process.h"

namespace ipw {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::Seconds;
using Json = nlohmann::json;
using models::Request;
using record::Completion;

constexpr const char* kModel = IPW_SOURCE_DIR "/models/ipw-s.gguf";
constexpr std::size_t kQuestions = 200;
constexpr double kAgreement = 0.95;
constexpr int kLongAnswer = 3500;  // tokens; most of the model's context

// One llama-server for all tests, started as `ipw servers start` does it.
class Server {
 public:
  explicit Server(std::vector<std::string> extra, std::uint16_t port = 0) {
    const char* program = std::getenv("IPW_LLAMA_SERVER");
    if (program == nullptr) {
      ADD_FAILURE() << "IPW_LLAMA_SERVER is not set: run `scripts/check llama_server`";
      return;
    }
    auto opened = net::HttpClient::open();
    EXPECT_TRUE(opened);
    http_ = std::move(*opened);
    auto started = models::start_server(*models::find_server_kind("llama-server"),
                                        {.name = {},
                                         .program = program,
                                         .path = {},
                                         .model = kModel,
                                         .port = port,
                                         .threads = 0,
                                         .extra = std::move(extra),
                                         .warm_up = true,
                                         .patience = Seconds(120),
                                         .directory = folder_.path() / "servers"},
                                        {.http = *http_, .clock = clock_, .stop = {}});
    if (!started) {
      ADD_FAILURE() << started.error().error.message << "\n" << started.error().log_tail;
      return;
    }
    state_ = *started;
  }
  ~Server() {
    if (state_.process.pid != 0) {
      (void)models::stop_server(folder_.path() / "servers", state_.name, Seconds(60));
    }
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] bool started() const { return state_.process.pid != 0; }
  [[nodiscard]] const models::ServerState& state() const { return state_; }
  void kill() const { EXPECT_TRUE(models::end(state_.process, Seconds(0))); }

  // The body of an answer with status 200.
  [[nodiscard]] std::string ask(const std::string& method, const std::string& path,
                                const std::string& body = {}) const {
    net::Url url = *net::parse_url(state_.base_url);
    url.target = path;
    const auto answer = http_->fetch({.method = method,
                                      .url = url,
                                      .headers = {{"Content-Type", "application/json"}},
                                      .body = body});
    EXPECT_TRUE(answer) << path;
    if (!answer) return {};
    EXPECT_EQ(answer->head.status, 200) << answer->body;
    return answer->body;
  }
  [[nodiscard]] Json slot() const { return Json::parse(ask("GET", "/slots")).at(0); }
  // Tokens that the server has generated since it started.
  [[nodiscard]] long long generated() const {
    const std::string metrics = ask("GET", "/metrics");
    const std::string name = "\nllamacpp:tokens_predicted_total ";
    const std::size_t at = metrics.find(name);
    EXPECT_NE(at, std::string::npos) << metrics;
    return at == std::string::npos ? 0 : std::stoll(metrics.substr(at + name.size()));
  }
  // Whether the only slot gets free; it is given a minute.
  [[nodiscard]] bool gets_free() const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (slot().at("is_processing").get<bool>()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  [[nodiscard]] std::unique_ptr<models::RemoteModel> model(models::WireOptions wire = {}) const {
    models::RemoteOptions options;
    options.base_url = state_.base_url;
    options.wire = std::move(wire);
    auto opened = models::RemoteModel::open(*models::find_wire_format("openai"),
                                            state_.model.substr(state_.model.find(':') + 1),
                                            std::move(options));
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }

 private:
  e2e::TemporaryDirectory folder_;
  mutable core::SystemClock clock_;
  std::unique_ptr<net::HttpClient> http_;
  models::ServerState state_;
};

class LlamaServer : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<Server>(std::vector<std::string>{"--parallel", "1", "--metrics"});
  }
  static void TearDownTestSuite() {
    server_.reset();
    engine_.reset();
  }
  void SetUp() override { ASSERT_TRUE(server_->started()); }

  static models::LlamaEngine& engine() {
    if (!engine_) {
      auto opened = models::LlamaEngine::open(kModel);
      if (!opened) throw std::runtime_error(opened.error().message);
      engine_ = std::move(*opened);
    }
    return *engine_;
  }
  static const std::vector<record::Question>& questions() {
    static const std::vector<record::Question> all = [] {
      std::vector<record::Question> read;
      auto selection =
          datasets::select(*datasets::open("ipw-mini"), {.limit = {}, .sample = kQuestions});
      while (auto next = *selection->questions->next()) read.push_back(*next);
      return read;
    }();
    return all;
  }

  static Request chat(const std::string& prompt) {
    Request request;
    request.messages = {{.role = "user", .content = prompt}};
    request.max_tokens = 32;
    return request;
  }
  static Request plain(const std::string& prompt) {
    Request request = chat(prompt);
    request.messages.clear();
    request.raw_prompt = "<|user|>" + prompt + "<|assistant|>";  // as the model's template has it
    return request;
  }

  static std::string described(const Completion& completion) {
    const auto count = [](const std::optional<core::Tokens>& tokens) {
      return tokens ? std::to_string(tokens->count) : std::string("?");
    };
    return fmt::format("{:?} ({} + {} tokens, {})", completion.text, count(completion.usage.prompt),
                       count(completion.usage.output), record::name(completion.finish));
  }
  // The server counts the end token, the engine in this process does not (record::Usage).
  static bool same(const Completion& here, const Completion& there) {
    const int end_token = here.finish == record::FinishReason::kStop ? 1 : 0;
    return here.text == there.text && here.finish == there.finish && here.usage.prompt &&
           there.usage.output && here.usage.prompt == there.usage.prompt &&
           here.usage.output->count + end_token == there.usage.output->count;
  }

  // Asks all questions of both, prints every difference, and wants few.
  static void expect_agreement(Request (*ask)(const std::string&), models::LanguageModel& remote) {
    ASSERT_EQ(questions().size(), kQuestions);
    std::size_t agreed = 0;
    std::size_t said_something = 0;
    for (const record::Question& question : questions()) {
      const auto here = engine().generate(ask(question.prompt), {}, {});
      const auto there = remote.generate(ask(question.prompt), {}, {});
      ASSERT_TRUE(here) << here.error().message;
      ASSERT_TRUE(there) << there.error().message;
      if (!here->text.empty()) ++said_something;
      if (same(*here, *there)) {
        ++agreed;
      } else {
        std::cout << "differs: " << question.task << " " << question.id << "\n  in process "
                  << described(*here) << "\n  over HTTP  " << described(*there) << "\n";
      }
    }
    std::cout << "the same text, counts and end: " << agreed << " of " << kQuestions << "\n";
    EXPECT_EQ(said_something, kQuestions);  // else it would be silence that agrees
    EXPECT_GE(static_cast<double>(agreed), kAgreement * static_cast<double>(kQuestions));
  }

  static std::unique_ptr<Server> server_;
  static std::unique_ptr<models::LlamaEngine> engine_;
};
std::unique_ptr<Server> LlamaServer::server_;
std::unique_ptr<models::LlamaEngine> LlamaServer::engine_;

TEST_F(LlamaServer, AnswersChatAsTheEngineInThisProcess) {
  expect_agreement(chat, *server_->model());
}

TEST_F(LlamaServer, CompletesPlainPromptsAsTheEngineInThisProcess) {
  expect_agreement(plain, *server_->model());
}

TEST_F(LlamaServer, AnswersTheSameStreamedAndWhole) {
  const auto streamed = server_->model();
  const auto whole = server_->model({.stream = false});
  for (std::size_t i = 0; i < 20; ++i) {
    const Request request = chat(questions()[i].prompt);
    std::string pieces;
    const auto a = streamed->generate(
        request, [&](const models::TokenEvent& event) { pieces += event.piece; }, {});
    const auto b = whole->generate(request, {}, {});
    ASSERT_TRUE(a && b);
    EXPECT_EQ(described(*a), described(*b));
    EXPECT_EQ(pieces, a->text);
    ASSERT_TRUE(a->timings.first_token);
    EXPECT_LE(*a->timings.first_token, a->timings.last_token);
    EXPECT_EQ(a->tries, 1);
    EXPECT_EQ(a->caution, "");
  }
}

TEST_F(LlamaServer, GivesTheLogProbabilitiesOfTheEngineInThisProcess) {
  const auto remote = server_->model();
  std::size_t compared = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    Request request = chat(questions()[i].prompt);
    request.logprobs = true;
    const auto here = engine().generate(request, {}, {});
    const auto there = remote->generate(request, {}, {});
    ASSERT_TRUE(here && there);
    if (here->text != there->text) continue;
    ASSERT_GE(there->token_logprobs.size(), here->token_logprobs.size());
    for (std::size_t token = 0; token < here->token_logprobs.size(); ++token, ++compared) {
      EXPECT_NEAR(there->token_logprobs[token], here->token_logprobs[token], 0.01)
          << questions()[i].id << ", token " << token;
    }
  }
  EXPECT_GT(compared, 50U);
}

TEST_F(LlamaServer, KeepsToAJsonSchema) {
  Request request = chat("What is 7 + 8?");
  request.max_tokens = 200;
  request.json_schema =
      R"({"type":"object","properties":{"sign":{"enum":["plus","minus"]},"two":{"const":2}},)"
      R"("required":["sign","two"],"additionalProperties":false})";
  const auto answer = server_->model()->generate(request, {}, {});
  ASSERT_TRUE(answer) << answer.error().message;
  const Json json = Json::parse(answer->text, nullptr, false);
  ASSERT_TRUE(json.is_object()) << answer->text;
  EXPECT_EQ(json.value("two", 0), 2) << answer->text;
}

TEST_F(LlamaServer, StopsWhenCancelledInTheMiddle) {
  const auto remote = server_->model({.extra_json = R"({"ignore_eos":true})"});
  Request request = chat("Go on.");
  request.max_tokens = kLongAnswer;
  const long long before = server_->generated();
  std::stop_source cancel;
  int pieces = 0;
  const auto answer = remote->generate(
      request,
      [&](const models::TokenEvent&) {
        if (++pieces == 3) cancel.request_stop();
      },
      cancel.get_token());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->finish, record::FinishReason::kCancelled);
  EXPECT_FALSE(answer->text.empty());
  ASSERT_TRUE(server_->gets_free());
  EXPECT_LT(server_->generated() - before, kLongAnswer);  // it went no further than it had to
}

TEST_F(LlamaServer, NeverBeginsOnWhatIsCancelledInTheQueue) {
  const auto remote = server_->model({.extra_json = R"({"ignore_eos":true})"});
  Request request = chat("Go on.");
  request.max_tokens = kLongAnswer;
  const long long before = server_->generated();
  std::stop_source first_cancel;
  std::stop_source second_cancel;
  std::promise<void> begun;
  bool told = false;
  auto first = std::async(std::launch::async, [&] {
    return remote->generate(
        request,
        [&](const models::TokenEvent&) {
          if (!std::exchange(told, true)) begun.set_value();
        },
        first_cancel.get_token());
  });
  begun.get_future().wait();
  auto second = std::async(std::launch::async, [&] {
    return remote->generate(chat("Never asked."), {}, second_cancel.get_token());
  });
  second_cancel.request_stop();
  const auto cancelled = second.get();
  EXPECT_TRUE(!cancelled ? cancelled.error().code == ErrorCode::kCancelled
                         : cancelled->finish == record::FinishReason::kCancelled &&
                               cancelled->text.empty());
  first_cancel.request_stop();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(server_->gets_free());
  EXPECT_LT(server_->generated() - before, kLongAnswer);
}

TEST_F(LlamaServer, SaysThatAPromptIsTooLong) {
  std::string prompt;
  for (int i = 0; i < 5000; ++i) prompt += "one two ";
  const auto answer = server_->model()->generate(chat(prompt), {}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kTooLong) << answer.error().message;
}

// The bundled models were never taught to call a tool, and the server forces no call on a model:
// what can be seen is that the tools arrive where its template puts them.
TEST(LlamaServerTools, ReachTheTemplateOfTheModel) {
  const e2e::TemporaryDirectory folder;
  const std::string chat_template =
      folder.write("tools.jinja",
                   "{% for tool in tools %}{{ tool | tojson }}{% endfor %}"
                   "{% for message in messages %}{{ message.content }}{% endfor %}");
  const Server server({"--parallel", "1", "--chat-template-file", chat_template});
  ASSERT_TRUE(server.started());
  Request request;
  request.messages = {{.role = "user", .content = "What is the weather?"}};
  request.max_tokens = 4;
  const auto without = server.model()->generate(request, {}, {});
  request.tools = {{.name = "weather",
                    .description = "The weather of a place",
                    .parameters = R"({"type":"object","properties":{"place":{"type":"string"}}})"}};
  const auto with = server.model()->generate(request, {}, {});
  ASSERT_TRUE(without) << without.error().message;
  ASSERT_TRUE(with) << with.error().message;
  EXPECT_GT(with->usage.prompt->count, without->usage.prompt->count + 20);
}

TEST(LlamaServerEmbeddings, AreThoseOfTheEngineInThisProcess) {
  const Server server({"--parallel", "1", "--embeddings", "--pooling", "mean"});
  ASSERT_TRUE(server.started());
  auto engine = models::LlamaEngine::open(kModel);
  ASSERT_TRUE(engine);
  for (const char* text : {"7 + 8", "What is the capital?", "Grüße"}) {
    const Json answer =
        Json::parse(server.ask("POST", "/v1/embeddings", Json{{"input", text}}.dump()));
    const auto there = answer.at("data").at(0).at("embedding").get<std::vector<double>>();
    const auto here = (*engine)->embed(text);
    ASSERT_TRUE(here);
    ASSERT_EQ(there.size(), here->size());
    double cosine = 0;
    for (std::size_t i = 0; i < there.size(); ++i) cosine += there[i] * (*here)[i];
    EXPECT_NEAR(cosine, 1.0, 1e-3) << text;
  }
}

// Reads a run's report as the program prints it.
std::size_t missing_in(const std::string& run) {
  const e2e::Finished exported = e2e::ipw({"export", run, "--format", "jsonl"});
  EXPECT_EQ(exported.status, 0) << exported.err;
  std::istringstream lines(exported.out);
  std::size_t missing = 0;
  for (std::string line; std::getline(lines, line);) {
    if (Json::parse(line).value("outcome", "") == "missing") ++missing;
  }
  return missing;
}

TEST(LlamaServerRestart, IsSurvivedByARunWhichResumeCompletes) {
  const e2e::TemporaryDirectory folder;
  const std::string run = (folder.path() / "run").string();
  std::uint16_t port = 0;
  {
    const Server server({"--parallel", "1"});
    ASSERT_TRUE(server.started());
    port = server.state().port;
    e2e::Process profile({e2e::ipw_program(), "profile", "--model", server.state().model,
                          "--base-url", server.state().base_url, "--dataset", "ipw-mini",
                          "--max-tokens", "8", "--idle", "0", "--retries", "0", "--out", run,
                          "--progress", "0.05"});
    // Some answers are there before the server goes.
    while (profile.running() && profile.err_so_far().find("asking 5") == std::string::npos) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    server.kill();
    const e2e::Finished finished = profile.wait();
    EXPECT_EQ(finished.status, 3) << finished.err;  // done, but some are missing
  }
  EXPECT_GT(missing_in(run), 0U);
  const Server again({"--parallel", "1"}, port);
  ASSERT_TRUE(again.started());
  const e2e::Finished resumed = e2e::ipw({"profile", "--resume", run});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
}

}  // namespace
}  // namespace ipw
