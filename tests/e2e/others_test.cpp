// Folders, files and names that others made, and what others may see of ours: the real program runs
// nothing and asks nobody because a folder says so, hands no code to the terminal or the
// spreadsheet, and keeps prompts to their owner.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include <nlohmann/json.hpp>

#include "ipw/net/fault_server_test.h"

#include "process.h"

namespace ipw::e2e {
namespace {

namespace fs = std::filesystem;
using net::FaultPeer;
using net::FaultServer;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using Arguments = std::vector<std::string>;

constexpr const char* kKey = "sk-very-secret-0123456789";
constexpr const char* kAnswer =
    R"({"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"4"},)"
    R"("finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}})";

// Answers everything but what is called unanswerable, and keeps what it was asked.
class AskedServer {
 public:
  AskedServer()
      : server_([this](FaultPeer& peer) {
          for (std::string request = peer.read_request(); !request.empty();
               request = peer.read_request()) {
            ++asked_;
            const bool with_key = request.find(kKey) != std::string::npos;
            if (with_key) got_key_ = true;
            const bool fails = request.find("unanswerable") != std::string::npos;
            const std::string answer =
                fails ? net::http_answer("500 Internal Server Error", "application/json", "{}")
                      : net::http_answer("200 OK", "application/json", kAnswer);
            if (!peer.send(answer)) return;
          }
        }) {}

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + "/v1";
  }
  [[nodiscard]] int asked() const { return asked_; }
  [[nodiscard]] bool got_key() const { return got_key_; }

 private:
  std::atomic<int> asked_{0};
  std::atomic<bool> got_key_{false};
  FaultServer server_;
};

class Folder : public ::testing::Test {
 protected:
  // A run whose third question went missing: resuming it asks that question again.
  void unfinished_run(const Arguments& more = {}) {
    const std::string questions =
        directory_.write("questions.jsonl", R"({"question": "2 + 2?", "answer": "4"})"
                                            "\n"
                                            R"({"question": "1 + 3?", "answer": "4"})"
                                            "\n"
                                            R"({"question": "unanswerable?", "answer": "4"})"
                                            "\n");
    Arguments arguments = {"profile",  "--model",    "openai:m",    "--dataset", questions,
                           "--idle",   "0",          "--warmup",    "0",         "--out",
                           run_,       "--base-url", server_.url(), "--retries", "0",
                           "--scorer", "numeric",    "--server-is", "here"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = ipw(arguments, environment_);
    ASSERT_EQ(finished.status, 3) << finished.err;
  }

  Finished resume(const Arguments& more = {}) const {
    Arguments arguments = {"profile", "--resume", run_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ipw(arguments, environment_);
  }

  void change_manifest(const std::function<void(json&)>& change) const {
    json manifest = json::parse(read_file(fs::path(run_) / "run.json"));
    change(manifest);
    std::ofstream(fs::path(run_) / "run.json") << manifest.dump(2);
  }

  TemporaryDirectory directory_;
  AskedServer server_, elsewhere_;
  std::string run_ = (directory_.path() / "run").string();
  std::string mark_ = (directory_.path() / "mark").string();
  std::map<std::string, std::string> environment_{
      {"OPENAI_API_KEY", kKey}, {"XDG_STATE_HOME", (directory_.path() / "state").string()}};
};

TEST_F(Folder, OfOnesOwnIsResumedWithoutAWord) {
  unfinished_run({"--meter-command", "while :; do echo 5 W; sleep 0.1; done"});
  const int asked = server_.asked();
  const Finished resumed = resume();
  EXPECT_EQ(resumed.status, 3) << resumed.err;
  EXPECT_GT(server_.asked(), asked);
  fs::rename(run_, run_ + "-moved");
  run_ += "-moved";
  EXPECT_EQ(resume().status, 3) << "it may be moved";
}

TEST_F(Folder, OfOthersRunsNothingAndAsksNobodyUnlessItIsTrusted) {
  const std::string meter = "while :; do echo 5 W; sleep 0.1; done";
  const std::string evil = "touch '" + mark_ + "'; " + meter;
  struct Case {
    const char* name;
    std::function<void(json&)> change;
  };
  const Case cases[] = {
      {"another command", [&](json& m) { m["options"]["meter_command"] = evil; }},
      {"a command behind the own one",
       [&](json& m) { m["options"]["meter_command"] = meter + "; touch '" + mark_ + "'"; }},
      {"another address", [&](json& m) { m["server"]["base_url"] = elsewhere_.url(); }},
      {"another address and command",
       [&](json& m) {
         m["server"]["base_url"] = elsewhere_.url();
         m["options"]["meter_command"] = evil;
       }},
      {"a sensor daemon",
       [&](json& m) {
         m["options"]["energy_hosts"] = {"*=" +
                                         elsewhere_.url().substr(0, elsewhere_.url().size() - 3)};
       }},
      {"no seal",
       [&](json& m) {
         m.erase("seal");
         m["options"]["meter_command"] = evil;
       }},
      {"an empty seal",
       [&](json& m) {
         m["seal"] = "";
         m["options"]["meter_command"] = evil;
       }},
      {"a made-up seal",
       [&](json& m) {
         m["seal"] = std::string(64, '0');
         m["server"]["base_url"] = elsewhere_.url();
       }},
      {"another run's id",
       [&](json& m) {
         m["run_id"] = std::string(32, '0');
         m["server"]["base_url"] = elsewhere_.url();
       }},
      {"another request", [&](json& m) { m["server"]["request"] = R"({"temperature": 2})"; }},
      {"another model", [&](json& m) { m["model"]["name"] = "anthropic:m"; }},
  };
  unfinished_run({"--meter-command", meter});
  const std::string sound = read_file(fs::path(run_) / "run.json");
  for (const Case& one : cases) {
    std::ofstream(fs::path(run_) / "run.json") << sound;
    change_manifest(one.change);
    const int asked = server_.asked();
    const Finished resumed = resume();
    EXPECT_EQ(resumed.status, 1) << one.name << resumed.err;
    EXPECT_THAT(resumed.err, HasSubstr("--trust")) << one.name;
    EXPECT_THAT(resumed.err, HasSubstr(run_)) << one.name;
    EXPECT_FALSE(fs::exists(mark_)) << one.name;
    EXPECT_EQ(elsewhere_.asked(), 0) << one.name;
    EXPECT_EQ(server_.asked(), asked) << one.name;
  }
  // Somebody else's folder, as it is: another secret.
  std::ofstream(fs::path(run_) / "run.json") << sound;
  environment_["XDG_STATE_HOME"] = (directory_.path() / "other-state").string();
  EXPECT_EQ(resume().status, 1);
  // The user's word, which is kept.
  change_manifest([&](json& m) { m["server"]["base_url"] = elsewhere_.url(); });
  const Finished trusted = resume({"--trust"});
  EXPECT_EQ(trusted.status, 3) << trusted.err;
  EXPECT_TRUE(elsewhere_.got_key());
  EXPECT_EQ(resume().status, 3) << "it was agreed to";
}

TEST_F(Folder, WithoutAPlaceForASecretAsksBeforeItIsResumed) {
  std::ofstream(directory_.path() / "file") << "x";
  environment_["XDG_STATE_HOME"] = (directory_.path() / "file").string();
  unfinished_run();
  const Finished resumed = resume();
  EXPECT_EQ(resumed.status, 1);
  EXPECT_THAT(resumed.err, HasSubstr("--trust"));
  EXPECT_EQ(resume({"--trust"}).status, 3);
  EXPECT_EQ(ipw({"profile", "--trust", "--model", tiny_model(), "--dataset", "demo"}).status, 2);
}

TEST_F(Folder, WithMistypedFieldsIsRefusedWithTheirPath) {
  unfinished_run();
  const std::string sound = read_file(fs::path(run_) / "run.json");
  struct Case {
    const char* path;
    std::function<void(json&)> change;
  };
  const Case cases[] = {
      {"seeds.sampling", [](json& m) { m["seeds"].clear(); }},
      {"seeds.run", [](json& m) { m["seeds"]["run"] = -1; }},
      {"seeds", [](json& m) { m["seeds"] = 7; }},
      {"options.concurrency", [](json& m) { m["options"]["concurrency"] = 0; }},
      {"options.concurrency", [](json& m) { m["options"]["concurrency"] = 1e300; }},
      {"options.concurrency", [](json& m) { m["options"]["concurrency"] = "two"; }},
      {"options.repeat", [](json& m) { m["options"]["repeat"] = -4; }},
      {"options.repeat", [](json& m) { m["options"]["repeat"] = std::int64_t{1} << 40; }},
      {"options.max_tokens", [](json& m) { m["options"]["max_tokens"] = 0; }},
      {"options.stop[1]", [](json& m) { m["options"]["stop"] = {"a", 7}; }},
      {"options.sampling.top_k", [](json& m) { m["options"]["sampling"]["top_k"] = 1.5; }},
      {"options.idle_s", [](json& m) { m["options"]["idle_s"] = -1; }},
      {"load.arrivals", [](json& m) { m["load"]["arrivals"] = nullptr; }},
      {"load.trace_speed", [](json& m) { m["load"]["trace_speed"] = 0; }},
      {"load.goodput_s.ttft", [](json& m) { m["load"]["goodput_s"] = {{"ttft", "fast"}}; }},
      {"questions.selected", [](json& m) { m["questions"]["selected"] = -1; }},
      {"server.retries", [](json& m) { m["server"]["retries"] = true; }},
      {"model", [](json& m) { m["model"] = json::array(); }},
      {"command_line", [](json& m) { m["command_line"] = "ipw"; }},
      {"sensors", [](json& m) { m["sensors"] = json::object(); }},
      {"sensors[0].source", [](json& m) { m["sensors"] = {{{"source", "guessed"}}}; }},
      {"nested",
       [](json& m) { m["later"] = json::parse(std::string(500, '[') + std::string(500, ']')); }},
  };
  for (const Case& one : cases) {
    std::ofstream(fs::path(run_) / "run.json") << sound;
    change_manifest(one.change);
    const Finished resumed = resume();
    EXPECT_EQ(resumed.status, 1) << one.path << resumed.err;
    EXPECT_THAT(resumed.err, HasSubstr(one.path));
  }
  // What older versions did not have.
  std::ofstream(fs::path(run_) / "run.json") << sound;
  change_manifest([](json& m) {
    m["seeds"].erase("generation");
    m.erase("machine");
    m["options"].erase("slots");
    m["questions"].erase("set_aside");
  });
  EXPECT_EQ(resume().status, 3);
}

unsigned mode_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

TEST_F(Folder, AndWhatIsWrittenOfItIsItsOwnersAlone) {
  const mode_t before = umask(0);
  unfinished_run();
  const std::string beside = (directory_.path() / "records.csv").string();
  const std::string page = (directory_.path() / "page.html").string();
  EXPECT_EQ(ipw({"export", run_, "--out", beside}).status, 0);
  EXPECT_EQ(ipw({"report", run_, "--html", page}).status, 0);
  umask(before);
  EXPECT_EQ(mode_of(run_), 0700U);
  for (const fs::directory_entry& file : fs::directory_iterator(run_)) {
    EXPECT_EQ(mode_of(file.path()), 0600U) << file.path();
  }
  EXPECT_EQ(mode_of(beside), 0600U);
  EXPECT_EQ(mode_of(page), 0600U);
  EXPECT_EQ(mode_of(directory_.path() / "state" / "ipw" / "secret"), 0600U);
  fs::remove_all(run_);
  unfinished_run({"--share", "group"});
  EXPECT_EQ(mode_of(run_), 02750U);
  EXPECT_EQ(mode_of(fs::path(run_) / "run.sqlite"), 0640U);
  EXPECT_EQ(mode_of(fs::path(run_) / "run.json"), 0640U);
}

// What a terminal obeys: ESC, BEL, CSI in one character and as a bare byte, DEL, the directions.
const std::string kObeyed[] = {
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x1b]52;c;eA==\x07",
    "\x1b[31m",
    "\xc2\x9b"
    "31m",
    "\xc2\x90q",
    "\x7f\x08\x08",
    "\u202egpj.exe",
    "\u2066x",
    "\rover",
    "\x07",
    "\x0b\x0c",
    "\x1b(0lqqk",
};

bool has_terminal_codes(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0x7f || (c < 0x20 && c != '\n' && c != '\t')) return true;
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (c == 0xc2 && next >= 0x80 && next < 0xa0) return true;
    const auto last = static_cast<unsigned char>(i + 2 < text.size() ? text[i + 2] : 0);
    const bool override_of_direction = next == 0x80 && last >= 0xaa && last <= 0xae;
    const bool isolate = next == 0x81 && last >= 0xa6 && last <= 0xa9;
    if (c == 0xe2 && (override_of_direction || isolate)) return true;
  }
  return false;
}

std::string json_line(const json& object) { return object.dump() + "\n"; }

class Names : public ::testing::Test {
 protected:
  void expect_harmless(const Arguments& arguments) const {
    const Finished finished = ipw(arguments);
    EXPECT_FALSE(has_terminal_codes(finished.out)) << testing::PrintToString(arguments);
    EXPECT_FALSE(has_terminal_codes(finished.err)) << testing::PrintToString(arguments);
  }

  TemporaryDirectory directory_;
};

TEST_F(Names, OfTasksModelsAndFilesReachNoTerminal) {
  std::string lines;
  int number = 0;
  for (const std::string& code : kObeyed) {
    lines += json_line({{"id", "q" + std::to_string(number++)},
                        {"task", "task " + code + " of it"},
                        {"question", "Say " + code + std::to_string(number)},
                        {"answer", code + "x"}});
  }
  lines += json_line(
      {{"id", "qn"}, {"task", "two\nlines\tand a tab"}, {"question", "?"}, {"answer", "y"}});
  const std::string file = directory_.write("a\x1b[31m\u202e.jsonl", lines);
  const std::string run = (directory_.path() / "run").string();
  expect_harmless({"profile", "--model", tiny_model(), "--dataset", file, "--idle", "0",
                   "--max-tokens", "4", "--out", run});
  json manifest = json::parse(read_file(fs::path(run) / "run.json"));
  manifest["model"]["name"] = "m\x1b]0;t\x07\n\nforged: line";
  std::ofstream(fs::path(run) / "run.json") << manifest.dump();
  for (const Arguments& arguments :
       {Arguments{"report", run}, Arguments{"report", run, "--by", "task"},
        Arguments{"report", run, run}, Arguments{"compare", run, run}, Arguments{"audit", run},
        Arguments{"report", run, "--json"}, Arguments{"report", run + "\x1b[31m"},
        Arguments{"coverage", run}, Arguments{"\x1b[31m"}, Arguments{"report", "--\x1b[31m"},
        Arguments{"profile", "--dataset", "\x1b[31m", "--model", "\xc2\x9bm"},
        Arguments{"plot", run, "--figure", "\x1b[31m", "--out", "x.svg"},
        Arguments{"help", "\x1b[2J"}, Arguments{"models", "info", "\x1b[2J"}}) {
    expect_harmless(arguments);
  }
  const json report = json::parse(ipw({"report", run, "--json"}).out);
  EXPECT_EQ(report["runs"][0]["manifest"]["model"]["name"], manifest["model"]["name"])
      << "JSON is exact";
  for (const std::string& code : kObeyed) {
    EXPECT_TRUE(report["runs"][0]["tasks"].contains("task " + code + " of it"));
  }
  EXPECT_THAT(ipw({"report", run}).out, Not(HasSubstr("\nforged"))) << "a name is one line";
  std::istringstream rows(ipw({"report", run, "--by", "task"}).out);
  bool found = false;
  for (std::string row; std::getline(rows, row);) found |= row.starts_with("two lines and a tab");
  EXPECT_TRUE(found) << "a cell is one line";
}

TEST_F(Names, OfCellsReachNoTerminal) {
  for (const std::string& code : kObeyed) {
    if (code.find('\r') != std::string::npos) continue;  // it would end the row
    const std::string table = directory_.write(
        "table.csv", "question,model,score\nq" + code + ",large,1\nq" + code + ",small" + code +
                         ",0\nq2,large,1\nq2,small" + code + ",many" + code + "\n");
    expect_harmless({"coverage", table, "--reference", "large"});
    expect_harmless({"savings", table, "--reference", "large"});
    const std::string sound =
        directory_.write("sound.csv", "question,model,score\nq,large,1\nq,small" + code + ",0\n");
    expect_harmless({"coverage", sound, "--reference", "large"});
    expect_harmless({"coverage", sound, "--reference", "nobody"});
    expect_harmless({"coverage", sound, "--columns", "score=" + code});
    expect_harmless({"audit", directory_.write("audit.csv", "model,accuracy" + code + "\nm,1\n")});
    expect_harmless({"gdi", directory_.write("scenario.json", "{\"name\": \"" + code + "\"")});
  }
}

// `script` gives the program a terminal and copies what reaches it.
TEST_F(Names, InAnExportReachNoTerminalAndEveryPipe) {
  std::string lines;
  for (const std::string& code : kObeyed) {
    lines += json_line({{"question", "Say " + code}, {"answer", code + "x"}, {"task", code}});
  }
  const std::string run = (directory_.path() / "run").string();
  ASSERT_EQ(
      ipw({"profile", "--model", tiny_model(), "--dataset", directory_.write("codes.jsonl", lines),
           "--idle", "0", "--max-tokens", "4", "--out", run})
          .status,
      0);
  for (const char* more : {"--format csv", "--format jsonl", "--samples"}) {
    const std::string command = "'" + ipw_program() + "' export '" + run + "' " + more;
    std::string seen = Process({"script", "-qec", command, "/dev/null"}).wait().out;
    std::erase(seen, '\r');  // the terminal's own
    EXPECT_FALSE(has_terminal_codes(seen)) << more;
    EXPECT_GT(seen.size(), 100U) << seen;
  }
  const std::string piped = ipw({"export", run}).out;
  for (const std::string& code : kObeyed) EXPECT_THAT(piped, HasSubstr(code)) << "a pipe is exact";
}

TEST_F(Names, ThatBeginLikeFormulasAreTextsInASpreadsheetAndComeBack) {
  const std::string texts[] = {"=1+1",      "+1+1",  "-1+1",   "@SUM(A1)", "\t=1",  "\r=1",
                               "=cmd|'/C'", "-",     "'=1",    "''+x",     "＝1+1", "-5",
                               "+7.5",      "plain", "it's =", "-1e3"};
  std::string lines;
  for (const std::string& text : texts) {
    lines +=
        json_line({{"question", "Echo " + text}, {"answer", text}, {"task", text}, {"id", text}});
  }
  const std::string run = (directory_.path() / "run").string();
  const std::string file = directory_.write("formulas.jsonl", lines);
  ASSERT_EQ(
      ipw({"profile", "--model", tiny_model(), "--dataset", file, "--idle", "0", "--max-tokens",
           "4", "--template", "{question}", "--scorer", "exact", "--out", run})
          .status,
      0);
  const std::string exported = directory_.write("run.csv", ipw({"export", run}).out);
  const std::string again = (directory_.path() / "again").string();
  const Finished read =
      ipw({"profile", "--model", tiny_model(), "--dataset", exported, "--idle", "0", "--max-tokens",
           "4", "--template", "{question}", "--scorer", "exact", "--map",
           "prompt=prompt,reference=reference,choices=,task=task,id=external_id", "--out", again});
  ASSERT_EQ(read.status, 0) << read.err;
  const auto records = [](const std::string& folder) {
    std::map<std::string, json> found;
    std::istringstream rows(ipw({"export", folder, "--format", "jsonl"}).out);
    for (std::string row; std::getline(rows, row);) {
      const json record = json::parse(row);
      found[record["question_id"]] = {record["prompt"], record["reference"], record["task"],
                                      record["external_id"]};
    }
    return found;
  };
  EXPECT_EQ(records(again), records(run));
  EXPECT_EQ(records(run).size(), std::size(texts));
}

}  // namespace
}  // namespace ipw::e2e
