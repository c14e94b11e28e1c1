// Models behind servers through the real program: four APIs replayed from transcripts, every way to
// fail, and what may be said about joules and dollars.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "ipw/net/fault_server_test.h"

#include "process.h"

namespace ipw::e2e {
namespace {

namespace fs = std::filesystem;
using net::FaultPeer;
using net::FaultServer;
using nlohmann::json;
using Arguments = std::vector<std::string>;

constexpr const char* kKey = "sk-very-secret-0123456789";

std::string transcript(const std::string& name) {
  return read_file(fs::path(IPW_SOURCE_DIR) / "tests" / "transcripts" / name);
}

std::string answer(const std::string& status, const std::string& type, const std::string& body) {
  return net::http_answer(status, type, body);
}

std::string events(const std::string& body) { return answer("200 OK", "text/event-stream", body); }

// Answers the n-th request (from 0) with what `bytes_of` says.
FaultServer::Script numbered(std::function<std::string(int)> bytes_of) {
  auto next = std::make_shared<std::atomic<int>>(0);
  return [bytes_of = std::move(bytes_of), next](FaultPeer& peer) {
    while (!peer.read_request().empty()) {
      if (!peer.send(bytes_of((*next)++))) return;
    }
  };
}

class Server : public ::testing::Test {
 protected:
  std::string questions(int count) const {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      lines += R"({"question": "Question )" + std::to_string(i) +
               R"(: what is six times seven?", "answer": "42"})" + "\n";
    }
    return directory_.write("questions.jsonl", lines);
  }

  Finished profile(const FaultServer& server, const std::string& model, int count,
                   const Arguments& more = {}) const {
    Arguments arguments = {"profile",    "--model",   model,   "--dataset", questions(count),
                           "--base-url", url(server), "--out", out_,        "--idle",
                           "0",          "--warmup",  "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ipw(arguments, environment_);
  }

  static std::string url(const FaultServer& server) {
    return "http://127.0.0.1:" + std::to_string(server.port());
  }

  std::vector<json> records() const {
    const Finished exported = ipw({"export", out_, "--format", "jsonl"});
    EXPECT_EQ(exported.status, 0) << exported.err;
    std::vector<json> records;
    std::istringstream lines(exported.out);
    for (std::string line; std::getline(lines, line);) records.push_back(json::parse(line));
    return records;
  }

  json manifest() const { return json::parse(read_file(fs::path(out_) / "run.json")); }

  void expect_no_key(const Finished& finished) const {
    EXPECT_EQ(finished.out.find(kKey), std::string::npos);
    EXPECT_EQ(finished.err.find(kKey), std::string::npos);
    for (const auto& entry : fs::recursive_directory_iterator(out_)) {
      if (!entry.is_regular_file()) continue;
      EXPECT_EQ(read_file(entry.path()).find(kKey), std::string::npos) << entry.path();
    }
  }

  TemporaryDirectory directory_;
  std::string out_ = (directory_.path() / "run").string();
  std::map<std::string, std::string> environment_{{"OPENAI_API_KEY", kKey},
                                                  {"ANTHROPIC_API_KEY", kKey},
                                                  {"GEMINI_API_KEY", kKey},
                                                  {"XDG_CONFIG_HOME", directory_.path().string()}};
};

TEST_F(Server, FourApisAreProfiledFromTheirTranscripts) {
  for (const auto& [model, file, type] :
       {std::tuple{"openai:example", "openai-chat.sse", "text/event-stream"},
        {"ollama:example:1b", "ollama-chat.ndjson", "application/x-ndjson"},
        {"anthropic:example", "anthropic-chat.sse", "text/event-stream"},
        {"gemini:example", "gemini-chat.sse", "text/event-stream"}}) {
    fs::remove_all(out_);
    const FaultServer server(
        numbered([&](int) { return answer("200 OK", type, transcript(file)); }));
    const Finished finished = profile(server, model, 3, {"--scorer", "numeric"});
    ASSERT_EQ(finished.status, 0) << model << "\n" << finished.err;
    const std::vector<json> rows = records();
    ASSERT_EQ(rows.size(), 3U) << model;
    for (const json& row : rows) {
      EXPECT_EQ(row["outcome"], "correct") << row.dump();
      EXPECT_EQ(row["text"], "The answer is 42, naïve or not.");
      EXPECT_GT(row["output_tokens"], 0);
      EXPECT_TRUE(row["ttft_s"].is_number());
    }
    EXPECT_EQ(manifest()["model"]["name"], model);
    EXPECT_EQ(manifest()["model"]["server"], "127.0.0.1:" + std::to_string(server.port()));
    EXPECT_EQ(manifest()["model"]["elsewhere"], false);
    EXPECT_FALSE(manifest()["machine"]["hostname"].get<std::string>().empty());
    expect_no_key(finished);
  }
}

TEST_F(Server, LoadingTheModelIsAnEventOfItsOwn) {
  const FaultServer server(numbered([](int) {
    return answer("200 OK", "application/x-ndjson", transcript("ollama-chat.ndjson"));
  }));
  const Finished finished =
      ipw({"profile", "--model", "ollama:example", "--dataset", questions(1), "--base-url",
           url(server), "--out", out_, "--idle", "0", "--warmup", "1"},
          environment_);
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_NE(read_file(fs::path(out_) / "run.sqlite").find("loaded the model in 0.9 s"),
            std::string::npos);
}

TEST_F(Server, EveryBadAnswerFailsOneQuestionAndTheRunGoesOn) {
  const std::string error = R"({"error":{"message":"no"}})";
  const std::vector<std::string> bad = {
      answer("200 OK", "text/html", "<html>Sign in</html>"),
      answer("401 Unauthorized", "application/json",
             std::string(R"({"error":{"message":"wrong key )") + kKey + "\"}}"),
      answer("404 Not Found", "application/json", error),
      answer("429 Too Many", "application/json", error),
      answer("500 Broken", "text/plain", "boom"),
      answer("200 OK", "application/json", R"({"choices":[{"mess)"),
      events(transcript("openai-cut.sse")),
      events(transcript("openai-error-event.sse")),
      events("data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n"),
      events(""),
      "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
  };
  const int count = static_cast<int>(bad.size());
  const FaultServer server(numbered([&](int number) {
    if (number < count) return bad[static_cast<std::size_t>(number)];
    return events(transcript(number == count ? "openai-no-usage.sse" : "openai-chat.sse"));
  }));
  const Arguments flags = {"--retries", "0", "--scorer", "numeric"};
  const Finished finished = profile(server, "openai:example", count + 3, flags);
  ASSERT_EQ(finished.status, 3) << finished.err;
  int failed = 0;
  for (const json& row : records()) {
    failed += row["outcome"] == "missing" ? 1 : 0;
    EXPECT_EQ(row["outcome"] == "missing", row["failure"].is_string()) << row.dump();
    if (!row["failure"].is_string()) continue;
    EXPECT_NE(row["failure"].get<std::string>().find("openai:example at 127.0.0.1"),
              std::string::npos)
        << row["failure"];
  }
  EXPECT_EQ(failed, count);
  EXPECT_EQ(records().size(), bad.size() + 3);
  expect_no_key(finished);

  const Finished resumed = ipw({"profile", "--resume", out_}, environment_);
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  for (const json& row : records()) EXPECT_NE(row["outcome"], "missing") << row.dump();
}

// A hundred requests a second, one at a time, to a server that stalls once for a second: those
// behind it were meant to leave, and their waiting counts from the schedule only.
TEST_F(Server, AStallIsInTheP99FromTheScheduleAndNotInThatFromSending) {
  const FaultServer server(numbered([](int number) {
    if (number == 50) std::this_thread::sleep_for(std::chrono::seconds(1));
    return events(transcript("openai-chat.sse"));
  }));
  const Finished finished = profile(server, "openai:example", 200,
                                    {"--rate", "100", "--arrivals", "constant", "--concurrency",
                                     "1", "--scorer", "numeric", "--json"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  const json report = json::parse(finished.out);
  const json& figures = report.at("runs").at(0).at("figures");
  const double scheduled = figures.at("latency_p99").at("value").get<double>();
  const double sent = figures.at("latency_sent_p99").at("value").get<double>();
  EXPECT_GT(scheduled, .9) << "the second, and less by 10 ms for each request behind it";
  EXPECT_LT(sent, scheduled / 2) << "one request in two hundred";
}

TEST_F(Server, UncountedTokensAreAbsentAndPromptsThatAreTooLongAreWrong) {
  const FaultServer server(numbered([](int number) {
    if (number == 0) return events(transcript("openai-no-usage.sse"));
    return answer("400 Bad Request", "application/json", transcript("openai-too-long.json"));
  }));
  const Finished finished = profile(server, "openai:example", 2, {"--scorer", "numeric"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  std::map<bool, json> by_failure;
  for (const json& row : records()) {
    EXPECT_EQ(row["outcome"], "incorrect");
    by_failure[row["failure"].is_string()] = row;
  }
  EXPECT_TRUE(by_failure[false]["output_tokens"].is_null());
  EXPECT_NE(by_failure[false]["why"].get<std::string>().find("did not say how many tokens"),
            std::string::npos);
  EXPECT_NE(by_failure[true]["failure"].get<std::string>().find("maximum context length"),
            std::string::npos);
}

TEST_F(Server, AModelElsewhereHasNoMeasuredJoules) {
  const FaultServer server(numbered([](int) { return events(transcript("openai-chat.sse")); }));
  const Finished finished =
      profile(server, "openai:example", 2, {"--scorer", "numeric", "--server-is", "elsewhere"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_NE(finished.err.find("energy: not measured: the model runs at 127.0.0.1"),
            std::string::npos)
      << finished.err;
  EXPECT_NE(finished.out.find("were not measured"), std::string::npos) << finished.out;
  EXPECT_NE(finished.out.find("no price is known"), std::string::npos) << finished.out;
  EXPECT_EQ(manifest()["model"]["elsewhere"], true);
  EXPECT_TRUE(manifest()["sensors"].empty());
  EXPECT_TRUE(manifest()["model"]["price"].is_null());
  for (const json& row : records()) EXPECT_TRUE(row["energy"].empty()) << row.dump();
}

TEST_F(Server, AMeterThatTheUserNamesIsBilledForAModelElsewhere) {
  const FaultServer server(numbered([](int) {
    // Longer than what a busy machine may leave unsampled.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return events(transcript("openai-chat.sse"));
  }));
  const Finished finished = profile(server, "openai:example", 2,
                                    {"--scorer", "numeric", "--server-is", "elsewhere",
                                     "--meter-command", "while echo 40 W; do sleep 0.01; done"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(finished.err.find("not measured"), std::string::npos) << finished.err;
  EXPECT_EQ(finished.out.find("were not measured"), std::string::npos) << finished.out;
  EXPECT_EQ(manifest()["model"]["elsewhere"], true);
  ASSERT_EQ(manifest()["sensors"].size(), 1U) << "none of this machine's own";
  EXPECT_EQ(manifest()["sensors"][0]["id"], "meter:command");
  for (const json& row : records()) {
    ASSERT_EQ(row["energy"].size(), 1U) << row.dump();
    EXPECT_EQ(row["energy"][0]["sensor"], "meter:command");
  }
  out_ += "2";
  const Finished other =
      profile(server, "openai:example", 2, {"--server-is", "elsewhere", "--devices", "rapl"});
  EXPECT_EQ(other.status, 1) << "sensors here say nothing about a model elsewhere";
  EXPECT_NE(other.err.find("names no sensors"), std::string::npos) << other.err;
}

TEST_F(Server, DollarsComeFromUsageAndTheUsersOwnPrice) {
  fs::create_directories(directory_.path() / "ipw");
  static_cast<void>(directory_.write(
      "ipw/models.csv",
      "provider,model,input,cached_input,output,reasoning,up_to_prompt,context_tokens,parameters,"
      "active_parameters,as_of,source\nopenai,example,2,0.5,10,,,,,,2026-11,a contract\n"));
  const FaultServer server(numbered([](int) { return events(transcript("openai-chat.sse")); }));
  const Finished finished = profile(server, "openai:example", 2, {"--scorer", "numeric", "--json"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(manifest()["model"]["price"]["as_of"], "2026-11");
  const json report = json::parse(finished.out);
  const json& dollars = report.at("runs").at(0).at("figures").at("usd_per_query");
  // 11 prompt tokens, 4 of them cached, and 9 output tokens: 7 × 2 + 4 × 0.5 + 9 × 10 = 106.
  EXPECT_NEAR(dollars.at("value").get<double>(), 106e-6, 1e-11) << "single precision";
  EXPECT_EQ(dollars.at("provenance"), "published");
}

TEST_F(Server, KeysAreNotTakenFromWhereOthersSeeThem) {
  const FaultServer server(numbered([](int) { return events(transcript("openai-chat.sse")); }));
  const Finished in_url = ipw({"profile", "--model", "openai:m", "--dataset", "demo", "--base-url",
                               std::string("http://me:") + kKey + "@127.0.0.1:1/v1"});
  EXPECT_EQ(in_url.status, 2);
  EXPECT_NE(in_url.err.find("--api-key-file"), std::string::npos) << in_url.err;
  EXPECT_EQ(in_url.err.find(kKey), std::string::npos);

  const std::string file = directory_.write("key", kKey);
  chmod(file.c_str(), 0644);
  const Finished open_file = profile(server, "openai:m", 1, {"--api-key-file", file});
  EXPECT_EQ(open_file.status, 1);
  EXPECT_NE(open_file.err.find("chmod 600"), std::string::npos) << open_file.err;
  chmod(file.c_str(), 0600);
  const Finished closed_file =
      profile(server, "openai:m", 1, {"--api-key-file", file, "--scorer", "numeric"});
  EXPECT_EQ(closed_file.status, 0) << closed_file.err;
  expect_no_key(closed_file);

  const Finished none =
      ipw({"profile", "--model", "anthropic:m", "--dataset", "demo"}, {{"ANTHROPIC_API_KEY", ""}});
  EXPECT_EQ(none.status, 1);
  EXPECT_NE(none.err.find("ANTHROPIC_API_KEY"), std::string::npos) << none.err;
}

}  // namespace
}  // namespace ipw::e2e
