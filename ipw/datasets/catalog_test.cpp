// Named sets, real files, and the way a set is found.
#include "ipw/datasets/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "ipw/datasets/selection.h"

namespace ipw::datasets {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

fs::path shared_data() {
  const char* given = std::getenv("IPW_SHARED");
  const fs::path folder = given != nullptr ? given : fs::path(IPW_SOURCE_DIR) / "../shared";
  return folder / "data";
}

OpenOptions in_shared() {
  OpenOptions options;
  options.folders = {shared_data()};
  return options;
}

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("ipw_sets_" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(Demo, IsInsideTheProgramWithEveryAnswerInPlace) {
  const auto set = open("demo");
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ((*set)->describe().name, "demo");
  EXPECT_EQ((*set)->describe().scorer, "auto");
  std::map<std::string, int> tasks;
  while (true) {
    const auto question = (*set)->next();
    ASSERT_TRUE(question) << question.error().message;
    if (!question->has_value()) break;
    ++tasks[(*question)->task];
    EXPECT_FALSE((*question)->prompt.ends_with('\n'));
    if (!(*question)->choices.empty()) {
      EXPECT_THAT((*question)->prompt, HasSubstr("\nD. "));
    }
  }
  EXPECT_EQ((*set)->reading().questions, 84U);
  EXPECT_EQ((*set)->reading().folded, 0U);
  EXPECT_EQ(tasks["multiple-choice"], 20);
  EXPECT_EQ(tasks["addition"], 20);
}

TEST(Gsm8k, RunsAsItIs) {
  if (!fs::exists(shared_data() / "gsm8k")) GTEST_SKIP() << "no shared/data/gsm8k";
  auto named = open("gsm8k", in_shared());
  const auto file = open((shared_data() / "gsm8k/test.jsonl").string());
  ASSERT_TRUE(named) << named.error().message;
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ((*file)->describe().scorer, "numeric");
  EXPECT_EQ((*file)->describe().digest, (*named)->describe().digest);
  EXPECT_THAT((*file)->describe().reading, HasSubstr("prompt=question (inferred)"));
  const auto selection = select(std::move(*named), {});
  ASSERT_TRUE(selection) << selection.error().message;
  EXPECT_EQ(selection->count, 1319U);
  EXPECT_EQ(selection->reading.folded, 0U);
}

TEST(MmluPro, RunsAsItIsAndFoldsItsExactDuplicates) {
  if (!fs::exists(shared_data() / "mmlu_pro")) GTEST_SKIP() << "no shared/data/mmlu_pro";
  auto set = open("mmlu_pro", in_shared());
  ASSERT_TRUE(set) << set.error().message;
  std::set<std::string> tasks;
  std::size_t most = 0;
  while (true) {
    const auto question = (*set)->next();
    ASSERT_TRUE(question) << question.error().message;
    if (!question->has_value()) break;
    tasks.insert((*question)->task);
    most = std::max(most, (*question)->choices.size());
  }
  const Reading reading = (*set)->reading();
  EXPECT_EQ(reading.rows, 12032U);
  EXPECT_EQ(reading.questions, 11873U);
  EXPECT_EQ(reading.folded, 159U);
  EXPECT_EQ(reading.invalid, 0U);
  EXPECT_EQ(reading.repeats.size(), 159U);
  EXPECT_NE(reading.repeats[0].external_id, reading.repeats[0].first_external_id);
  EXPECT_EQ(tasks.size(), 14U);
  EXPECT_EQ(most, 10U);
}

TEST(Csv, OfRealModelResponsesWithLineEndsInQuotesIsReadWhole) {
  const fs::path path = shared_data() / "routellm/gsm8k/gsm8k_responses.csv";
  if (!fs::exists(path)) GTEST_SKIP() << "no shared/data/routellm";
  OpenOptions options;
  options.mapping = "reference=gpt-4-1106-preview_response";
  options.scorer = "exact";
  auto set = open(path.string(), options);
  ASSERT_TRUE(set) << set.error().message;
  const auto selection = select(std::move(*set), {});
  ASSERT_TRUE(selection) << selection.error().message;
  EXPECT_EQ(selection->reading.rows, 1319U);
}

TEST(NamedSets, ThatAreNotOnTheMachineTellWhereTheyBelong) {
  OpenOptions options;
  options.folders = {"/nowhere/a", "/nowhere/b"};
  const auto set = open("mmlu_pro", options);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, core::ErrorCode::kNotFound);
  EXPECT_THAT(set.error().message, HasSubstr("/nowhere/b/mmlu_pro/questions.jsonl"));
  EXPECT_THAT(set.error().message, HasSubstr("IPW_DATA"));
}

TEST(Open, SuggestsANameAndListsAll) {
  const auto set = open("gsmk8");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, core::ErrorCode::kNotFound);
  EXPECT_THAT(set.error().message, HasSubstr("did you mean gsm8k?"));
  EXPECT_THAT(set.error().message, HasSubstr("demo, ipw-mini, gsm8k, mmlu_pro"));
}

TEST(Open, RefusesFoldersForeignFormsAndUnknownOnes) {
  const Folder folder;
  const auto error = [](const fs::path& path, const char* format = "") {
    OpenOptions options;
    options.format = format;
    const auto set = open(path.string(), options);
    return set ? core::Error{} : set.error();
  };
  EXPECT_EQ(error(folder.path()).code, core::ErrorCode::kInvalidData);
  EXPECT_EQ(error(folder.write("notes.txt", "hello")).code, core::ErrorCode::kUnsupported);
  EXPECT_EQ(error(folder.write("packed.jsonl", "\x1f\x8b\x08")).code,
            core::ErrorCode::kUnsupported);
  EXPECT_EQ(error(folder.write("wide.csv", "\xff\xfeq\0")).code, core::ErrorCode::kUnsupported);
  EXPECT_EQ(error(folder.write("table.parquet", "PAR1....")).code, core::ErrorCode::kUnsupported);
  EXPECT_EQ(error(folder.write("empty.jsonl", "")).code, core::ErrorCode::kInvalidData);
  EXPECT_EQ(error(folder.write("a.jsonl", "{}"), "xml").code, core::ErrorCode::kUsage);
  EXPECT_EQ(error(folder.write("lines.json", "{\"question\":\"q\",\"answer\":\"1\"}\n{}\n")).code,
            core::ErrorCode::kInvalidData);
}

TEST(Open, ReadsAFileOfEveryFormToTheSameQuestions) {
  const Folder folder;
  std::set<std::string> ids;
  for (const auto& path : {
           folder.write("a.jsonl", "{\"question\":\"q, \\\"x\\\"\",\"answer\":\"yes\"}"),
           folder.write("a.json",
                        "{\"data\":[{\"question\":\"q, \\\"x\\\"\",\"answer\":\"yes\"}]}"),
           folder.write("a.csv", "question,answer\n\"q, \"\"x\"\"\",yes\n"),
           folder.write("a.tsv", "question\tanswer\nq, \"x\"\tyes\n"),
           folder.write("untold", "[{\"question\":\"q, \\\"x\\\"\",\"answer\":\"yes\"}]"),
       }) {
    const auto set = open(path.string());
    ASSERT_TRUE(set) << set.error().message;
    const auto question = (*set)->next();
    ASSERT_TRUE(question && question->has_value());
    ids.insert((*question)->id);
  }
  EXPECT_EQ(ids.size(), 1U);
}

TEST(StandardFolders, FollowTheEnvironment) {
  ::setenv("IPW_DATA", "/data/own", 1);
  ::setenv("XDG_DATA_HOME", "/data/home", 1);
  EXPECT_EQ(standard_folders(), (std::vector<fs::path>{"/data/own", "/data/home/ipw/datasets"}));
  ::unsetenv("IPW_DATA");
  ::unsetenv("XDG_DATA_HOME");
}

}  // namespace
}  // namespace ipw::datasets
