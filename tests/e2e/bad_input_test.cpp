// Bad input is ordinary: each case gets the exit status of the contract and a message that names
// the cause and the cure, and nothing is left behind that a user would have to clean up.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "process.h"

namespace ipw::e2e {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

constexpr const char* kOneQuestion = R"({"question": "Is it?", "answer": "yes"})";

class BadInput : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string good_ = directory_.write("good.jsonl", std::string(kOneQuestion) + "\n");
  std::string out_ = (directory_.path() / "run").string();

  // Profiles `model` on `dataset` and expects the status and every part of the message.
  void expect_refusal(const std::string& model, const std::string& dataset, int status,
                      const Arguments& parts, const Arguments& more = {}) {
    Arguments arguments = {"profile", "--model", model,   "--dataset", dataset,
                           "--idle",  "0",       "--out", out_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = ipw(arguments);
    EXPECT_EQ(finished.status, status) << finished.err;
    for (const std::string& part : parts) {
      EXPECT_NE(finished.err.find(part), std::string::npos) << part << " in: " << finished.err;
    }
    EXPECT_FALSE(fs::exists(out_)) << "a refused run must leave no folder";
  }
};

TEST_F(BadInput, AMissingModelIsNamed) {
  expect_refusal(directory_.path() / "nowhere.gguf", good_, 1, {"nowhere.gguf", "no such file"});
}

TEST_F(BadInput, ATruncatedModelIsSaidToBeTruncated) {
  const std::string whole = read_file(tiny_model());
  const std::string half = directory_.write("half.gguf", whole.substr(0, whole.size() / 2));
  expect_refusal(half, good_, 1, {"half.gguf", "truncated"});
}

TEST_F(BadInput, AFileThatIsNoGgufIsSaidToBeNone) {
  const std::string text = directory_.write("text.gguf", "this is not a model at all, sorry");
  expect_refusal(text, good_, 1, {"text.gguf", "GGUF"});
}

TEST_F(BadInput, ASchemeThatIsNotThereYetSaysWhatWorks) {
  expect_refusal("routed:hybrid", good_, 1, {"routed:", "GGUF file"});
  expect_refusal("ollama:", good_, 2, {"ollama:NAME"});
  expect_refusal("anthropic:claude", good_, 1, {"ANTHROPIC_API_KEY", "--api-key-file"});
}

TEST_F(BadInput, AMissingQuestionFileIsNamed) {
  expect_refusal(tiny_model(), directory_.path() / "nothing.jsonl", 1, {"nothing.jsonl"});
}

TEST_F(BadInput, AnEmptyQuestionFileIsRefused) {
  expect_refusal(tiny_model(), directory_.write("empty.jsonl", ""), 1,
                 {"empty.jsonl", "it is empty"});
}

TEST_F(BadInput, ABrokenLineSeventeenIsNamedByNumber) {
  std::string lines;
  for (int i = 1; i <= 20; ++i) {
    lines += i == 17 ? "{\"question\": \"broken\n"
                     : "{\"question\": \"What is " + std::to_string(i) + "?\", \"answer\": \"" +
                           std::to_string(i) + "\"}\n";
  }
  expect_refusal(tiny_model(), directory_.write("seventeen.jsonl", lines), 1,
                 {"seventeen.jsonl", "17", "--skip-invalid"});
}

TEST_F(BadInput, BrokenUtf8IsNamedByLine) {
  expect_refusal(
      tiny_model(),
      directory_.write("latin1.jsonl", std::string(kOneQuestion) + "\n{\"question\": \"caf\xe9?\", "
                                                                   "\"answer\": \"no\"}\n"),
      1, {"latin1.jsonl", "2", "UTF-8"});
}

TEST_F(BadInput, OneIdForTwoQuestionsIsRefused) {
  expect_refusal(tiny_model(),
                 directory_.write("ids.jsonl",
                                  "{\"id\": 7, \"question\": \"One?\", \"answer\": \"1\"}\n"
                                  "{\"id\": 7, \"question\": \"Two?\", \"answer\": \"2\"}\n"),
                 1, {"ids.jsonl", "7"});
}

TEST_F(BadInput, AWrongFieldMappingNamesTheFieldsThatExist) {
  expect_refusal(tiny_model(), good_, 2, {"questoin", "question"},
                 {"--map", "prompt=questoin,reference=answer"});
}

TEST_F(BadInput, AnUnknownScorerNamesThoseThatExist) {
  expect_refusal(tiny_model(), good_, 2, {"numeric", "choice"}, {"--scorer", "numerik"});
}

TEST_F(BadInput, AnUnknownDatasetNameNamesThoseThatExist) {
  expect_refusal(tiny_model(), "dmeo", 1, {"dmeo", "demo"});
}

TEST_F(BadInput, AnOutputFolderThatCannotBeWrittenIsSaidSo) {
  const std::string file = directory_.write("file", "x");
  const Finished finished = ipw({"profile", "--model", tiny_model(), "--dataset", good_, "--idle",
                                 "0", "--out", file + "/run"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_NE(finished.err.find(file), std::string::npos) << finished.err;
}

TEST_F(BadInput, AFolderThatHoldsSomethingIsNotOverwritten) {
  fs::create_directory(out_);
  std::ofstream(fs::path(out_) / "precious") << "data";
  const Finished finished =
      ipw({"profile", "--model", tiny_model(), "--dataset", good_, "--idle", "0", "--out", out_});
  EXPECT_EQ(finished.status, 1);
  EXPECT_NE(finished.err.find("--resume"), std::string::npos) << finished.err;
  EXPECT_EQ(read_file(fs::path(out_) / "precious"), "data");
}

TEST_F(BadInput, ATypoInACommandOrFlagGetsASuggestionAndStatusTwo) {
  const Finished command = ipw({"profil"});
  EXPECT_EQ(command.status, 2);
  EXPECT_NE(command.err.find("did you mean profile?"), std::string::npos) << command.err;
  const Finished flag = ipw({"profile", "--modle", "x"});
  EXPECT_EQ(flag.status, 2);
  EXPECT_NE(flag.err.find("did you mean --model?"), std::string::npos) << flag.err;
}

TEST_F(BadInput, NumbersThatMakeNoSenseAreWrongUsage) {
  for (const Arguments& wrong :
       {Arguments{"--limit", "-3"}, Arguments{"--limit", "many"}, Arguments{"--concurrency", "0"},
        Arguments{"--repeat", "0"}, Arguments{"--max-tokens", "0"},
        Arguments{"--temperature", "-1"}, Arguments{"--top-p", "2"}, Arguments{"--sample", "0"},
        Arguments{"--cpu-watts", "-5"}}) {
    expect_refusal(tiny_model(), good_, 2, {wrong[0]}, wrong);
  }
}

TEST_F(BadInput, ASensorOrMeterThatIsNotThereIsRefusedBeforeTheRunBegins) {
  expect_refusal(tiny_model(), good_, 1, {"nvml:GPU-nobody", "ipw doctor"},
                 {"--devices", "nvml:GPU-nobody"});
  expect_refusal(tiny_model(), good_, 1, {"no watts here", "NUMBER W"},
                 {"--meter-command", "echo no watts here"});
}

TEST_F(BadInput, APromptBeyondTheContextIsWrongAndTheRunGoesOn) {
  const std::string file =
      directory_.write("long.jsonl", "{\"question\": \"" + std::string(20'000, 'x') +
                                         "\", \"answer\": \"y\"}\n" + kOneQuestion + "\n");
  const Finished finished = ipw({"profile", "--model", tiny_model(), "--dataset", file, "--idle",
                                 "0", "--max-tokens", "8", "--out", out_});
  EXPECT_EQ(finished.status, 0) << finished.err;
  const Finished records = ipw({"export", out_, "--format", "jsonl"});
  EXPECT_NE(records.out.find("context"), std::string::npos) << records.out.substr(0, 2000);
}

TEST_F(BadInput, ARunFolderOfANewerFormatIsRefusedWithTheCure) {
  ASSERT_EQ(ipw({"profile", "--model", tiny_model(), "--dataset", good_, "--idle", "0",
                 "--max-tokens", "4", "--out", out_})
                .status,
            0);
  std::string manifest = read_file(fs::path(out_) / "run.json");
  const std::string key = "\"schema_version\": ";
  const std::size_t at = manifest.find(key);
  ASSERT_NE(at, std::string::npos);
  manifest.insert(at + key.size(), "9");
  std::ofstream(fs::path(out_) / "run.json") << manifest;
  for (const Arguments& arguments :
       {Arguments{"report", out_}, Arguments{"export", out_, "--format", "csv"},
        Arguments{"profile", "--resume", out_}}) {
    const Finished finished = ipw(arguments);
    EXPECT_EQ(finished.status, 1) << arguments[0];
    EXPECT_NE(finished.err.find("newer"), std::string::npos) << finished.err;
  }
}

// Status 2 is for the command line alone; what a file is or holds is an error, 1.
TEST_F(BadInput, OfFilesIsAnErrorForEveryCommand) {
  const std::string files[] = {
      (directory_.path() / "missing.csv").string(),
      (directory_.path() / "missing" / "x").string(),
      directory_.path().string(),
      directory_.write("empty.csv", ""),
      directory_.write("blank.jsonl", "\n\n  \n"),
      directory_.write("binary.csv", std::string("\0\x01\xff\xfe\x80garbage", 12)),
      directory_.write("packed.jsonl", "\x1f\x8b\x08garbage"),
      directory_.write("words.txt", "these are words, and no table"),
      directory_.write("list.json", "[1, 2, 3]"),
      directory_.write("deep.json", std::string(200'000, '[')),
      directory_.write("quote.csv", "question,model,score\nq,\"m,1\n"),
      "/dev/null",
  };
  const std::string picture = (directory_.path() / "x.svg").string();
  const std::vector<std::function<Arguments(const std::string&)>> commands = {
      [](const std::string& f) { return Arguments{"report", f}; },
      [&](const std::string& f) { return Arguments{"compare", f, good_}; },
      [&](const std::string& f) {
        return Arguments{"plot", f, "--figure", "power", "--out", picture};
      },
      [](const std::string& f) { return Arguments{"export", f}; },
      [](const std::string& f) { return Arguments{"coverage", f}; },
      [](const std::string& f) { return Arguments{"savings", f, "--reference", "m"}; },
      [](const std::string& f) { return Arguments{"savings", "--published", f}; },
      [](const std::string& f) { return Arguments{"audit", f}; },
      [](const std::string& f) { return Arguments{"attribute", f}; },
      [](const std::string& f) { return Arguments{"history", f}; },
      [](const std::string& f) { return Arguments{"gdp", f}; },
      [](const std::string& f) { return Arguments{"gdi", f}; },
      [](const std::string& f) { return Arguments{"dataset", "check", f}; },
      [](const std::string& f) { return Arguments{"dataset", "controls", f}; },
      [](const std::string& f) { return Arguments{"energy", "validate", "--meter", f}; },
      [&](const std::string& f) {
        return Arguments{"profile", "--model", tiny_model(), "--dataset", f, "--out", out_};
      },
      [&](const std::string& f) {
        return Arguments{"profile", "--model", f + ".gguf", "--dataset", good_, "--out", out_};
      },
      [](const std::string& f) { return Arguments{"profile", "--resume", f}; },
      [&](const std::string& f) {
        return Arguments{"profile",      "--model", tiny_model(), "--dataset", good_,
                         "--energy-map", f,         "--out",      out_};
      },
      [&](const std::string& f) {
        return Arguments{"profile", "--model", tiny_model(), "--trace", f, "--out", out_};
      },
  };
  for (const auto& command : commands) {
    for (const std::string& file : files) {
      const Arguments arguments = command(file);
      const Finished finished = ipw(arguments);
      EXPECT_EQ(finished.status, 1) << testing::PrintToString(arguments) << finished.err;
      EXPECT_TRUE(finished.err.starts_with("ipw: ")) << finished.err;
      EXPECT_FALSE(fs::exists(out_));
    }
  }
}

TEST_F(BadInput, OfTheCommandLineIsWrongUsageOfEveryCommand) {
  const Arguments lines[] = {
      {},
      {"no-such-command"},
      {"--no-such-flag"},
      {"profile"},
      {"profile", "--model", "m"},
      {"profile", "--concurrency", "many", "--model", "m", "--dataset", "demo"},
      {"profile", "--resume", "r", "--seed", "7"},
      {"profile", "--share", "everybody", "--model", "m", "--dataset", "demo"},
      {"report"},
      {"report", "r", "--by", "moon"},
      {"report", "r", "--resamples", "1"},
      {"compare", "one"},
      {"plot", "r"},
      {"plot", "r", "--figure", "moon", "--out", "x.svg"},
      {"coverage"},
      {"savings"},
      {"export"},
      {"export", "r", "--format", "xml"},
      {"dataset"},
      {"dataset", "generate", "--count", "-1"},
      {"audit"},
      {"attribute"},
      {"history"},
      {"gdp"},
      {"gdi"},
      {"energy", "--interval", "x"},
      {"energy", "slep"},
      {"energy", "validate"},
      {"energy", "daemon", "--moon"},
      {"doctor", "--moon"},
      {"models"},
      {"models", "pull"},
      {"servers"},
      {"servers", "start"},
      {"list", "moons"},
      {"completion", "tcsh"},
      {"help", "moon"},
  };
  for (const Arguments& line : lines) {
    const Finished finished = ipw(line);
    EXPECT_EQ(finished.status, 2) << testing::PrintToString(line) << finished.err;
    EXPECT_NE(finished.err, "");
  }
}

// A file of two gigabytes that takes no room on the disk, read with half of that in memory.
TEST_F(BadInput, AFolderThatIsNoRunIsSaidToBeNone) {
  const Finished finished = ipw({"report", directory_.path().string()});
  EXPECT_EQ(finished.status, 1);
  EXPECT_NE(finished.err.find("run"), std::string::npos) << finished.err;
}

}  // namespace
}  // namespace ipw::e2e
