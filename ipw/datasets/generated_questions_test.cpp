// Right by construction is only a claim until the scorer, the split and the file reader agree.
#include "ipw/datasets/generated_questions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/core/digest.h"
#include "ipw/datasets/catalog.h"

namespace ipw::datasets {
namespace {

using Json = nlohmann::json;

std::vector<Json> mini_rows() {
  std::vector<Json> rows;
  std::string_view text = ipw_mini_text();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    rows.push_back(Json::parse(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return rows;
}

std::string path_of(const std::string& name, const std::string& content) {
  const auto path = std::filesystem::temp_directory_path() /
                    (name + std::to_string(::testing::UnitTest::GetInstance()->random_seed()));
  std::ofstream(path) << content;
  return path.string();
}

TEST(IpwMini, HasSixtyQuestionsOfEveryTaskAndDifficultyAndNoneTwice) {
  std::map<std::pair<std::string, int>, int> cells;
  std::set<std::string> ids;
  std::set<std::string> prompts;
  for (const Json& row : mini_rows()) {
    ++cells[{row["task"], row["difficulty"]}];
    ids.insert(row["id"]);
    prompts.insert(row["prompt"]);
  }
  EXPECT_EQ(cells.size(), generated_tasks().size() * kDifficulties);
  for (const auto& [cell, count] : cells) EXPECT_EQ(count, kMiniPerCell) << cell.first;
  EXPECT_EQ(ids.size(), 2340U);
  EXPECT_EQ(prompts.size(), 2340U);
}

// Scores of models on ipw-mini are published: another text is another set and needs another name.
TEST(IpwMini, IsTheSameTextForEver) {
  core::Sha256 digest;
  digest.update(ipw_mini_text());
  EXPECT_EQ(digest.hex(), "50cedca357871fdf33637ba2af25924112cc88c2926d7a2f7f28315e1e8343b3");
}

// Lower case, without the punctuation of sentences and lists; signs stay.
std::string normalized(std::string_view prompt) {
  std::string text;
  for (const char c : prompt) {
    if (std::string_view(".,:?").find(c) != std::string_view::npos) continue;
    text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return text;
}

TEST(IpwMini, SharesNoCombinationAndNoPromptWithALargeCorpus) {
  std::set<std::pair<std::string, std::string>> combinations;
  std::set<std::string> prompts;
  for (const Json& row : mini_rows()) {
    EXPECT_EQ(split_of(row["task"].get<std::string>(), row["key"].get<std::string>()),
              Split::kHeldOut);
    combinations.emplace(row["task"], row["key"]);
    prompts.insert(normalized(row["prompt"].get<std::string>()));
  }
  Generator corpus = *Generator::create(Split::kTrain, 1);
  for (int i = 0; i < 200'000; ++i) {
    const GeneratedRow row = corpus.next();
    ASSERT_FALSE(combinations.contains({std::string(row.task), row.question.key})) << row.id;
    ASSERT_FALSE(prompts.contains(normalized(row.question.prompt))) << row.id;
  }
}

TEST(IpwMini, IsAskedWordForWordAsItIsWritten) {
  const auto set = open("ipw-mini");
  ASSERT_TRUE(set) << set.error().message;
  for (const Json& row : mini_rows()) {
    const auto question = (*set)->next();
    ASSERT_TRUE(question && *question);
    EXPECT_EQ((*question)->prompt, row["prompt"].get<std::string>());
    EXPECT_EQ((*question)->external_id, row["id"].get<std::string>());
    EXPECT_EQ((*question)->choices.size(), row.contains("choices") ? 4U : 0U);
  }
  EXPECT_FALSE((*set)->next()->has_value());
}

TEST(GeneratedTasks, AreWrittenAsTheJsonThatTheyAre) {
  Generator generator = *Generator::create(Split::kTrain, 5);
  for (int i = 0; i < 2000; ++i) {
    const GeneratedRow row = generator.next();
    const Json json = Json::parse(to_json_line(row));
    EXPECT_EQ(json["id"], row.id);
    EXPECT_EQ(json["task"], row.task);
    EXPECT_EQ(json["difficulty"], row.difficulty);
    EXPECT_EQ(json["prompt"], row.question.prompt);
    EXPECT_EQ(json["reference"], row.question.reference);
    EXPECT_EQ(json["key"], row.question.key);
    EXPECT_EQ(json.value("choices", std::vector<std::string>()), row.question.choices);
  }
}

TEST(GeneratedTasks, AreShortAndInPlainAscii) {
  Generator generator = *Generator::create(Split::kTrain, 6);
  for (int i = 0; i < 20'000; ++i) {
    const GeneratedQuestion question = generator.next().question;
    for (const std::string& text : {question.prompt, question.reference}) {
      EXPECT_FALSE(text.empty());
      EXPECT_TRUE(std::ranges::all_of(text, [](char c) {
        return c == '\n' || (c >= ' ' && c <= '~');
      })) << text;
    }
    EXPECT_LT(std::ranges::count(question.prompt, ' '), 80);
    EXPECT_LT(question.reference.size(), 30U);
  }
}

TEST(GeneratedTasks, HaveThousandsOfCombinations) {
  for (const GeneratedTask& task : generated_tasks()) {
    core::Random random(1);
    std::set<std::string> keys;
    for (int i = 0; i < 30'000; ++i) keys.insert(task.make(random, 1 + i % kDifficulties).key);
    EXPECT_GT(keys.size(), 4000U) << task.name;
  }
}

TEST(GeneratedTasks, AreTheSameForTheSameSeedAndOthersForAnother) {
  Generator a = *Generator::create(Split::kTrain, 3);
  Generator b = *Generator::create(Split::kTrain, 3);
  Generator c = *Generator::create(Split::kTrain, 4);
  int same = 0;
  for (int i = 0; i < 500; ++i) {
    const std::string line = to_json_line(a.next());
    EXPECT_EQ(line, to_json_line(b.next()));
    same += line == to_json_line(c.next()) ? 1 : 0;
  }
  EXPECT_LT(same, 5);
}

// What a prompt asks, in an order of its own; empty where the wording is not the one that it reads.
using Canonical = std::string (*)(const GeneratedQuestion&);

std::string sum_of(const GeneratedQuestion& question) {
  int a = 0;
  int b = 0;
  if (std::sscanf(question.prompt.c_str(), "%d + %d", &a, &b) != 2) return {};
  return std::to_string(std::min(a, b)) + " " + std::to_string(std::max(a, b));
}

std::string clauses_of(const GeneratedQuestion& question) {
  constexpr std::string_view kOpening = "Positive or negative: ";
  if (!question.prompt.starts_with(kOpening)) return {};
  const std::string text = question.prompt.substr(kOpening.size());
  const std::size_t both = text.find(" and ");
  if (both == std::string::npos) return {};
  const std::string a = text.substr(0, both);
  const std::string b = text.substr(both + 5, text.size() - both - 6);  // without " and " and "?"
  return std::min(a, b) + " " + std::max(a, b);
}

std::string few_numbers_of(const GeneratedQuestion& question) {
  constexpr std::string_view kOpening = "Sort from smallest to largest: ";
  return question.prompt.starts_with(kOpening) ? question.reference : "";
}

// 17 + 25 in one order may not be trained on while the other is held out.
TEST(GeneratedTasks, DoNotLetTheOrderOfFactsChangeTheCombination) {
  const std::map<std::string_view, Canonical> readers = {
      {"addition", sum_of}, {"sentiment", clauses_of}, {"sorting", few_numbers_of}};
  core::Random random(1);
  for (const GeneratedTask& task : generated_tasks()) {
    if (!readers.contains(task.name)) continue;
    std::map<std::string, std::string> keys;
    int again = 0;
    for (int i = 0; i < 100'000; ++i) {
      const GeneratedQuestion question = task.make(random, 1);
      const std::string canonical = readers.at(task.name)(question);
      if (canonical.empty()) continue;
      const auto [found, added] = keys.try_emplace(canonical, question.key);
      EXPECT_EQ(found->second, question.key) << question.prompt;
      again += added ? 0 : 1;
    }
    EXPECT_GT(again, 1000) << task.name;  // or nothing was compared
  }
}

TEST(GeneratedTasks, SumAmongOptionsIsTheSameCombinationInEitherOrder) {
  core::Random random(1);
  const auto& task = *std::ranges::find(generated_tasks(), "multiple-choice", &GeneratedTask::name);
  for (int i = 0; i < 1000; ++i) {
    const GeneratedQuestion question = task.make(random, 3);
    int a = 0;
    int b = 0;
    ASSERT_EQ(std::sscanf(question.key.c_str(), "What is %d plus %d?", &a, &b), 2) << question.key;
    EXPECT_GE(a, b);
  }
}

TEST(Generator, RefusesAnUnknownTaskAndSaysWhichWasMeant) {
  const auto generator = Generator::create(Split::kTrain, 1, {"adition"});
  ASSERT_FALSE(generator);
  EXPECT_EQ(generator.error().code, core::ErrorCode::kUsage);
  EXPECT_NE(generator.error().message.find("did you mean addition"), std::string::npos);
}

TEST(CorpusCheck, FindsTheHeldOutRowByItsLine) {
  Generator train = *Generator::create(Split::kTrain, 1);
  Generator held = *Generator::create(Split::kHeldOut, 1);
  const std::string clean = to_json_line(train.next()) + "\n" + to_json_line(train.next()) + "\n";
  const auto good = check_corpus(path_of("ipw-corpus-good", clean));
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->rows, 2);
  EXPECT_EQ(good->held_out, 0);
  const auto bad =
      check_corpus(path_of("ipw-corpus-bad", clean + to_json_line(held.next()) + "\n"));
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->held_out, 1);
  EXPECT_EQ(bad->lines, std::vector<std::int64_t>{3});
}

TEST(CorpusCheck, FindsAPromptOfIpwMiniUnderAnyKey) {
  const std::string row = R"({"task": "addition", "key": "KEY", "prompt": )" +
                          mini_rows().front()["prompt"].dump() + "}\n";
  int found = 0;
  for (int i = 0; i < 20; ++i) {  // seven of eight such keys may be trained on
    std::string other = row;
    other.replace(other.find("KEY"), 3, std::to_string(i));
    const auto checked = check_corpus(path_of("ipw-corpus-reworded", other));
    ASSERT_TRUE(checked) << checked.error().message;
    found += static_cast<int>(checked->held_out);
  }
  EXPECT_EQ(found, 20);
}

TEST(CorpusCheck, CountsLinesAsEditorsDo) {
  Generator held = *Generator::create(Split::kHeldOut, 1);
  const auto checked =
      check_corpus(path_of("ipw-corpus-blank", "\n\n" + to_json_line(held.next())));
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_EQ(checked->rows, 1);
  EXPECT_EQ(checked->lines, std::vector<std::int64_t>{3});
}

// Nothing read is not the same as nothing found.
TEST(CorpusCheck, RefusesAFolderAndAFileWithoutRows) {
  const auto folder = check_corpus(std::filesystem::temp_directory_path());
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find("not a file"), std::string::npos);
  for (const char* text : {"", "\n\n"}) {
    const auto empty = check_corpus(path_of("ipw-corpus-empty", text));
    ASSERT_FALSE(empty);
    EXPECT_EQ(empty.error().code, core::ErrorCode::kInvalidData);
    EXPECT_NE(empty.error().message.find("no rows"), std::string::npos) << empty.error().message;
  }
}

TEST(CorpusCheck, SaysWhichLineIsNoRow) {
  for (const char* line :
       {"{\"task\": \"addition\"}", "17", "not JSON", "{\"task\": 1, \"key\": 2}"}) {
    const auto checked = check_corpus(path_of("ipw-corpus-odd", std::string(line) + "\n"));
    ASSERT_FALSE(checked) << line;
    EXPECT_EQ(checked.error().code, core::ErrorCode::kInvalidData);
    EXPECT_NE(checked.error().message.find("line 1"), std::string::npos);
  }
  EXPECT_EQ(check_corpus("nowhere.jsonl").error().code, core::ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ipw::datasets
