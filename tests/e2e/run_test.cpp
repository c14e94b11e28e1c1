// The life of a run through the real program: profile, look, interrupt, kill, resume.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "process.h"

namespace ipw::e2e {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Arguments = std::vector<std::string>;

class Run : public ::testing::Test {
 protected:
  // Questions that differ, enough of them that a run can be caught in the middle.
  std::string questions(int count) const {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      lines += "{\"question\": \"Question " + std::to_string(i) +
               ": name a letter\", \"answer\": \"" +
               std::string(1, static_cast<char>('a' + i % 26)) + "\"}\n";
    }
    return directory_.write("questions.jsonl", lines);
  }

  Arguments profile(const std::string& dataset, const Arguments& more = {}) const {
    Arguments arguments = {ipw_program(),  "profile", "--model", tiny_model(), "--dataset", dataset,
                           "--max-tokens", "16",      "--idle",  "0.05",       "--out",     out_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  static Finished finish(const Arguments& arguments) { return Process(arguments).wait(); }

  std::vector<json> records() const {
    const Finished exported = ipw({"export", out_, "--format", "jsonl"});
    EXPECT_EQ(exported.status, 0) << exported.err;
    std::vector<json> records;
    std::istringstream lines(exported.out);
    for (std::string line; std::getline(lines, line);) records.push_back(json::parse(line));
    return records;
  }

  TemporaryDirectory directory_;
  std::string out_ = (directory_.path() / "run").string();
};

// "… 12/400 …" of the last progress line that has been printed completely.
int last_done(const std::string& err) {
  int done = 0;
  std::istringstream lines(err.substr(0, err.rfind('\n') + 1));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t slash = line.find('/');
    if (!line.starts_with("asking ") || slash == std::string::npos) continue;
    done = std::stoi(line.substr(7, slash - 7));
  }
  return done;
}

TEST_F(Run, TheDemoEndsWithATableThatAgreesWithItsJson) {
  const Finished profiled = finish(profile("demo"));
  ASSERT_EQ(profiled.status, 0) << profiled.err;
  EXPECT_NE(profiled.out.find("accuracy"), std::string::npos) << profiled.out;

  const Finished reported = ipw({"report", out_, "--json"});
  ASSERT_EQ(reported.status, 0) << reported.err;
  const json report = json::parse(reported.out);
  EXPECT_TRUE(reported.out.find("\"schema_version\"") < 10);
  const json& accuracy = report.at("runs").at(0).at("figures").at("accuracy");
  const int n = accuracy.at("n").get<int>();
  int correct = 0;
  for (const json& record : records()) correct += record.at("outcome") == "correct" ? 1 : 0;
  EXPECT_EQ(n, static_cast<int>(records().size()));
  EXPECT_NEAR(accuracy.at("value").get<double>(), static_cast<double>(correct) / n, 1e-12);
  EXPECT_GT(correct, 0);
  EXPECT_LT(correct, n);
}

TEST_F(Run, TheTableFitsAHundredColumns) {
  ASSERT_EQ(finish(profile("demo")).status, 0);
  for (const Arguments& arguments :
       {Arguments{"report", out_}, Arguments{"report", out_, "--by", "task"},
        Arguments{"compare", out_, out_}, Arguments{"doctor"}}) {
    const Finished shown = ipw(arguments);
    ASSERT_EQ(shown.status, 0) << shown.err;
    std::istringstream lines(shown.out);
    for (std::string line; std::getline(lines, line);) {
      const auto columns = std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; });
      EXPECT_LE(columns, 100) << arguments[0] << ": " << line;
    }
  }
}

TEST_F(Run, EveryJouleOfTheJsonCarriesItsProvenance) {
  ASSERT_EQ(finish(profile("demo")).status, 0);
  const json report = json::parse(ipw({"report", out_, "--json"}).out);
  int seen = 0;
  for (const auto& [name, figure] : report.at("runs").at(0).at("figures").items()) {
    for (const char* key : {"value", "unit", "low", "high", "n", "provenance", "method"}) {
      EXPECT_TRUE(figure.contains(key)) << name << " lacks " << key;
    }
    if (figure.at("value").is_null()) {
      EXPECT_FALSE(figure.at("reason").get<std::string>().empty()) << name;
    }
    ++seen;
  }
  EXPECT_GT(seen, 15);
}

TEST_F(Run, AThousandAnswersHaveAPriceAndCarbonOnceThePlugIsKnown) {
  ASSERT_EQ(finish(profile("demo", {"--kwh-price", "0.30EUR", "--grid", "500"})).status, 0);
  const auto figures = [&](const Arguments& flags, std::map<std::string, std::string> variables) {
    Arguments arguments{"report", out_, "--json"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return json::parse(ipw(arguments, std::move(variables)).out).at("runs").at(0).at("figures");
  };
  const json unasked = figures({}, {});
  EXPECT_FALSE(unasked.contains("electricity_cost_per_1000_active"));
  EXPECT_FALSE(unasked.contains("gco2e_per_1000_active"));
  const double joules = unasked.at("j_per_query_active").at("value").get<double>();
  EXPECT_NEAR(unasked.at("wh_per_1000_active").at("value").get<double>(), joules / 3.6,
              1e-9 * joules);
  for (const json& asked :
       {figures({"--kwh-price", "0.30EUR", "--grid", "500"}, {}),
        figures({}, {{"IPW_KWH_PRICE", "0.30 EUR"}, {"IPW_GRID", "500"}}),
        figures({"--grid", "500"}, {{"IPW_KWH_PRICE", "0.3eur"}, {"IPW_GRID", "nowhere"}})}) {
    const json& price = asked.at("electricity_cost_per_1000_active");
    EXPECT_NEAR(price.at("value").get<double>(), joules / 3.6e3 * 0.3, 1e-12 * joules);
    EXPECT_EQ(price.at("unit"), "EUR");
    EXPECT_NEAR(asked.at("gco2e_per_1000_active").at("value").get<double>(), joules / 3.6e3 * 500,
                1e-9 * joules);
  }
  const Finished typo = ipw({"report", out_, "--grid", "Germny"});
  EXPECT_EQ(typo.status, 2);
  EXPECT_NE(typo.err.find("did you mean Germany?"), std::string::npos) << typo.err;
  EXPECT_EQ(ipw({"report", out_}, {{"IPW_GRID", "nowhere"}}).status, 2);
}

TEST_F(Run, ManyTimesInTurnWithAnotherModelTellsWhatOneRunDiffersFromTheNextBy) {
  const Finished measured =
      finish(profile("demo", {"--repeat-runs", "3", "--against", tiny_model(), "--json"}));
  ASSERT_EQ(measured.status, 0) << measured.err;
  const json study = json::parse(measured.out);
  ASSERT_EQ(study.at("runs").size(), 6U);
  ASSERT_EQ(study.at("run_to_run").size(), 2U);
  for (const json& group : study.at("run_to_run")) {
    EXPECT_EQ(group.at("runs").size(), 3U);
    const json& joules = group.at("figures").at("j_per_query_active").at(0);
    EXPECT_EQ(joules.at("n"), 3);
    EXPECT_LE(joules.at("low"), joules.at("value"));
    EXPECT_GE(joules.at("spread"), 0.0);
    // The same questions to the same model at temperature 0.
    EXPECT_EQ(group.at("figures").at("accuracy").at(0).at("spread"), 0.0);
  }
  EXPECT_EQ(study.at("comparison").at("runs_of_each"), 3);
  // A, B, A, B: the announcements tell the order.
  std::size_t at = 0;
  for (const char* run : {"run 1 of 3", "run 1 of 3", "run 2 of 3", "run 2 of 3", "run 3 of 3"}) {
    at = measured.err.find(run, at);
    ASSERT_NE(at, std::string::npos) << measured.err;
    at += 1;
  }

  std::vector<std::string> sides;
  for (const auto& entry : fs::directory_iterator(out_)) sides.push_back(entry.path().string());
  std::ranges::sort(sides);
  ASSERT_EQ(sides.size(), 2U);
  EXPECT_TRUE(fs::path(sides[0]).filename().string().starts_with("a-"));
  const json compared = json::parse(ipw({"compare", sides[0], sides[1], "--json"}).out);
  EXPECT_EQ(compared.at("figures"), study.at("comparison").at("figures"));
  EXPECT_EQ(json::parse(ipw({"report", out_, "--json"}).out).at("runs").size(), 6U);
  EXPECT_NE(ipw({"report", sides[0]}).out.find("3 runs of the same questions"), std::string::npos);
  fs::remove_all(fs::path(sides[1]) / "003");
  const Finished uneven = ipw({"compare", sides[0], sides[1]});
  EXPECT_EQ(uneven.status, 1);
  EXPECT_NE(uneven.err.find("3 runs and 2"), std::string::npos) << uneven.err;
}

TEST_F(Run, ThatIsToBeManyIsCheckedBeforeAnythingIsMade) {
  for (const Arguments& wrong :
       {Arguments{"--repeat-runs", "0"}, Arguments{"--repeat-runs", "2", "--sweep", "1,2"},
        Arguments{"--against", "nowhere:model"}, Arguments{"--against", "missing.gguf"}}) {
    EXPECT_NE(finish(profile("demo", wrong)).status, 0) << testing::PrintToString(wrong);
    EXPECT_FALSE(fs::exists(out_)) << testing::PrintToString(wrong);
  }
}

TEST_F(Run, TheSameSeedGivesTheSameTextTwice) {
  const Arguments sampled = {"--temperature", "0.8", "--seed", "11", "--limit", "20"};
  ASSERT_EQ(finish(profile("demo", sampled)).status, 0);
  std::map<std::string, std::string> first;
  for (const json& record : records()) first[record.at("question_id")] = record.at("text");
  out_ += "-again";
  ASSERT_EQ(finish(profile("demo", sampled)).status, 0);
  std::map<std::string, std::string> second;
  for (const json& record : records()) second[record.at("question_id")] = record.at("text");
  EXPECT_EQ(first, second);
  EXPECT_EQ(first.size(), 20U);
}

TEST_F(Run, CtrlCEndsCleanlyAndResumeAsksExactlyTheMissingQuestions) {
  const std::string file = questions(3000);
  Process process(profile(file, {"--progress", "0.05"}));
  while (process.running() && last_done(process.err_so_far()) < 20) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  process.signal(SIGINT);
  const Finished interrupted = process.wait();
  EXPECT_EQ(interrupted.status, 130) << interrupted.err;
  EXPECT_NE(interrupted.err.find("--resume"), std::string::npos) << interrupted.err;
  const std::size_t before = records().size();
  ASSERT_LT(before, 3000U) << "the run was over before it could be interrupted";

  const Finished resumed = finish({ipw_program(), "profile", "--resume", out_});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  std::set<std::string> ids;
  for (const json& record : records()) {
    EXPECT_NE(record.at("outcome"), "missing");
    ids.insert(record.at("question_id"));
  }
  EXPECT_EQ(ids.size(), 3000U);
}

TEST_F(Run, NothingReportedDoneIsLostWhenItIsKilledAtRandomMoments) {
  constexpr int kQuestions = 4000;
  const std::string file = questions(kQuestions);
  std::mt19937 random(20261121);
  std::uniform_int_distribution<int> milliseconds(30, 400);
  bool finished = false;
  int kills = 0;
  int patience = 1;  // how much slower than usual the program starts here
  for (int round = 0; round < 40 && !finished; ++round) {
    Process process(
        fs::exists(fs::path(out_) / "run.json")
            ? Arguments{ipw_program(), "profile", "--resume", out_, "--progress", "0.01"}
            : profile(file, {"--progress", "0.01", "--concurrency", "4"}));
    std::this_thread::sleep_for(patience * std::chrono::milliseconds(milliseconds(random)));
    finished = !process.running();
    process.signal(SIGKILL);
    const Finished ended = process.wait();
    if (!finished) ++kills;
    const int reported = last_done(ended.err);
    if (!fs::exists(fs::path(out_) / "run.json")) {
      fs::remove_all(out_);  // killed before the run existed; the next round starts it again
      patience *= 2;
      continue;
    }
    EXPECT_GE(static_cast<int>(records().size()), reported) << "after kill " << round;
  }
  EXPECT_GT(kills, 3) << "the run ended before it was killed often enough to prove anything";
  const Finished resumed = finish({ipw_program(), "profile", "--resume", out_});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  const std::vector<json> all = records();
  EXPECT_EQ(static_cast<int>(all.size()), kQuestions);
  const json report = json::parse(ipw({"report", out_, "--json"}).out);
  EXPECT_EQ(report.at("runs").at(0).at("figures").at("accuracy").at("n"), kQuestions);
}

TEST_F(Run, ARunBelongsToOneProcessAtATime) {
  const std::string file = questions(4000);
  Process first(profile(file, {"--progress", "0.05"}));
  while (first.running() && last_done(first.err_so_far()) < 5) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const Finished second = finish({ipw_program(), "profile", "--resume", out_});
  EXPECT_EQ(second.status, 1);
  EXPECT_NE(second.err.find("is writing to it"), std::string::npos) << second.err;
  EXPECT_EQ(ipw({"report", out_}).status, 0) << "readers may look while it runs";
  first.signal(SIGINT);
  (void)first.wait();
}

TEST_F(Run, ResumingWithAnotherQuestionFileIsRefused) {
  const std::string file = questions(30);
  ASSERT_EQ(finish(profile(file)).status, 0);
  (void)questions(31);  // the same path, one line more
  const Finished resumed = finish({ipw_program(), "profile", "--resume", out_});
  EXPECT_EQ(resumed.status, 1);
  EXPECT_NE(resumed.err.find("changed"), std::string::npos) << resumed.err;
}

// The share of right answers stands in models/README.md. Greedy answers differ a little from one
// kind of processor to the next; a kernel that computes wrongly, or a scorer's rule that changed,
// shows at once.
TEST_F(Run, TheSmallBundledModelKnowsWhatItsReadmeSays) {
  const Arguments arguments = {ipw_program(),  "profile", "--model", "ipw-s", "--dataset",
                               "ipw-mini",     "--idle",  "0",       "--out", out_,
                               "--max-tokens", "32",      "--json"};
  const Finished profiled = finish(arguments);
  ASSERT_EQ(profiled.status, 0) << profiled.err;
  const json run = json::parse(profiled.out).at("runs").at(0);
  EXPECT_NEAR(run.at("figures").at("accuracy").at("value").get<double>(), 0.297, 0.012);
  for (const auto& [task, share] : std::map<std::string, double>{{"sentiment", 1.0},
                                                                 {"date", 0.622},
                                                                 {"position", 0.578},
                                                                 {"extraction", 0.456},
                                                                 {"unit", 0.222},
                                                                 {"subtraction", 0.0}}) {
    const json& accuracy = run.at("tasks").at(task).at("accuracy").at("value");
    EXPECT_NEAR(accuracy.get<double>(), share, 0.04) << task;
  }
}

TEST_F(Run, AskedForAsNumericGoesOnWhereAFewReferencesAreNoNumbers) {
  struct Case {
    std::vector<std::string> references;
    int status;
    const char* says;
    const char* scorer;
  };
  const Case cases[] = {
      {{"1", "2", "3"}, 0, "3 of ", "numeric"},
      {{"1", "blue", "3"}, 0, "1 of 3 references are no numbers", "auto"},
      {{"1", "2", "\\\\sqrt{3}", "x"}, 0, "2 of 4 references are no numbers", "auto"},
      {{"red", "blue"}, 1, "'red' is not a number", ""},
  };
  int number = 0;
  for (const Case& c : cases) {
    std::string lines;
    for (const std::string& reference : c.references) {
      lines += "{\"question\": \"" + std::to_string(lines.size()) + "\", \"answer\": \"" +
               reference + "\"}\n";
    }
    out_ = (directory_.path() / std::to_string(number++)).string();
    const Finished profiled =
        finish(profile(directory_.write("odd.jsonl", lines), {"--scorer", "numeric"}));
    EXPECT_EQ(profiled.status, c.status) << profiled.err;
    EXPECT_NE(profiled.err.find(c.says), std::string::npos) << profiled.err;
    if (c.status != 0) continue;
    const json manifest = json::parse(read_file(fs::path(out_) / "run.json"));
    EXPECT_EQ(manifest.at("questions").at("scorer"), c.scorer);
    EXPECT_EQ(finish({ipw_program(), "profile", "--resume", out_}).status, 0) << c.says;
  }
}

// A folder of an ipw whose scorers had other rules: by its manifest, which is all that tells.
TEST_F(Run, OfEarlierRulesIsJudgedAgainWhereItIsResumed) {
  ASSERT_EQ(finish(profile("demo", {"--limit", "10"})).status, 0);
  const fs::path place = fs::path(out_) / "run.json";
  const auto rules_become = [&](int version) {
    json manifest = json::parse(read_file(place));
    EXPECT_EQ(manifest.at("questions").at("rules_version"), 2);
    manifest["questions"]["rules_version"] = version;
    std::ofstream(place) << manifest.dump(2);
  };
  const Arguments resume = {ipw_program(), "profile", "--resume", out_};
  const std::vector<json> before = records();

  rules_become(1);
  const Finished resumed = finish(resume);
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("answers judged again by version 2"), std::string::npos)
      << resumed.err;
  EXPECT_NE(resumed.err.find("0 verdicts differ"), std::string::npos) << resumed.err;
  EXPECT_EQ(records(), before);
  EXPECT_EQ(finish(resume).err.find("judged again"), std::string::npos) << "once is enough";

  rules_become(3);  // of a later ipw, whose rules are not known here
  const Finished later = finish(resume);
  EXPECT_EQ(later.status, 1);
  EXPECT_NE(later.err.find("version 3 of the scorers' rules"), std::string::npos) << later.err;
  EXPECT_EQ(records(), before);
}

TEST_F(Run, RepeatsAreRecordsOfTheirOwn) {
  ASSERT_EQ(finish(profile("demo", {"--limit", "10", "--repeat", "3"})).status, 0);
  std::map<std::string, std::set<int>> repeats;
  for (const json& record : records()) {
    repeats[record.at("question_id")].insert(record.at("repeat").get<int>());
  }
  EXPECT_EQ(repeats.size(), 10U);
  for (const auto& [id, numbers] : repeats) EXPECT_EQ(numbers, (std::set<int>{0, 1, 2})) << id;
}

TEST_F(Run, FiftyRealGsm8kQuestionsAreAskedAndJudged) {
  const std::string file = shared_data("data/gsm8k/test.jsonl");
  if (file.empty()) GTEST_SKIP() << "../shared/data/gsm8k is not here";
  const Finished finished = finish(profile(file, {"--sample", "50"}));
  ASSERT_EQ(finished.status, 0) << finished.err;
  const std::vector<json> all = records();
  ASSERT_EQ(all.size(), 50U);
  int answered = 0;
  for (const json& record : all) answered += record.at("failure").is_null() ? 1 : 0;
  EXPECT_EQ(answered, 50) << "every prompt fits";
}

TEST_F(Run, TwoHundredRealMmluProQuestionsAreAskedAndJudged) {
  const std::string file = shared_data("data/mmlu_pro/questions.jsonl");
  if (file.empty()) GTEST_SKIP() << "../shared/data/mmlu_pro is not here";
  const Finished finished = finish(profile(file, {"--sample", "200"}));
  ASSERT_EQ(finished.status, 0) << finished.err;
  const std::vector<json> all = records();
  ASSERT_EQ(all.size(), 200U);
  int answered = 0;
  for (const json& record : all) answered += record.at("failure").is_null() ? 1 : 0;
  EXPECT_GE(answered, 198) << "at least 99 % of the prompts fit and are answered";
}

TEST_F(Run, AFullDiskIsAClearErrorAndWhatWasDoneStays) {
  const fs::path small = directory_.path() / "small";
  fs::create_directory(small);
  if (finish({"mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", small.string()}).status != 0) {
    GTEST_SKIP() << "mounting a small file system needs root";
  }
  out_ = (small / "run").string();
  const Finished full = finish(profile(questions(20000), {"--progress", "0.05"}));
  EXPECT_EQ(full.status, 1) << full.err;
  EXPECT_NE(full.err.find("disk is full"), std::string::npos) << full.err;
  const int reported = last_done(full.err);
  EXPECT_GT(reported, 0);
  EXPECT_EQ(finish({"mount", "-o", "remount,size=64m", small.string()}).status, 0);
  EXPECT_GE(static_cast<int>(records().size()), reported);
  EXPECT_EQ(finish({"umount", small.string()}).status, 0);
}

TEST(Completion, TheScriptsAreValidAndKnowEveryCommand) {
  const TemporaryDirectory directory;
  const Finished bash = ipw({"completion", "bash"});
  ASSERT_EQ(bash.status, 0) << bash.err;
  const std::string script = directory.write("ipw.bash", bash.out);
  const Finished completed =
      Process({"bash", "-c",
               "source '" + script +
                   "'; COMP_WORDS=(ipw pro); COMP_CWORD=1; _ipw; echo ${COMPREPLY[@]}; "
                   "COMP_WORDS=(ipw profile --mod); COMP_CWORD=2; _ipw; echo ${COMPREPLY[@]}"})
          .wait();
  EXPECT_EQ(completed.out, "profile\n--model\n") << completed.err;
  EXPECT_EQ(ipw({"completion", "tcsh"}).status, 2);
  for (const char* shell : {"zsh", "fish"}) {
    EXPECT_NE(ipw({"completion", shell}).out.find("doctor"), std::string::npos) << shell;
  }
}

TEST(Help, EveryCommandShowsExamples) {
  for (const char* command :
       {"profile", "report", "compare", "export", "dataset", "doctor", "list", "completion"}) {
    const Finished help = ipw({command, "--help"});
    EXPECT_EQ(help.status, 0) << command;
    EXPECT_NE(help.out.find("Examples:"), std::string::npos) << command;
  }
}

}  // namespace
}  // namespace ipw::e2e
