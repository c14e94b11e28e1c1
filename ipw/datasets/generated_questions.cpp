// Rows out of tasks: numbering, JSON, the fixed set, and the check that a corpus leaks nothing.
#include "ipw/datasets/generated_questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "ipw/datasets/spelling.h"

namespace ipw::datasets {
namespace {

using core::ErrorCode;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMiniSeed = 2026;
constexpr std::int64_t kLinesNamed = 10;

std::string write_mini() {
  std::string text;
  std::set<std::pair<std::string_view, std::string>> asked;
  Generator generator = *Generator::create(Split::kHeldOut, kMiniSeed);
  const std::size_t wanted = generated_tasks().size() * kDifficulties * kMiniPerCell;
  std::vector<int> in_cell(generated_tasks().size() * kDifficulties, 0);
  for (std::size_t i = 0; asked.size() < wanted; ++i) {
    GeneratedRow row = generator.next();
    int& count = in_cell[i % in_cell.size()];
    if (count == kMiniPerCell) continue;
    if (!asked.emplace(row.task, row.question.key).second) continue;
    row.id = fmt::format("{}-{}-{:02}", row.task, row.difficulty, count++);
    text += to_json_line(row) + '\n';
  }
  return text;
}

}  // namespace

core::Result<Generator> Generator::create(Split split, std::uint64_t seed,
                                          const std::vector<std::string>& tasks) {
  Generator generator(split, seed);
  std::vector<std::string> names;
  for (const GeneratedTask& task : generated_tasks()) {
    names.emplace_back(task.name);
    const bool wanted = tasks.empty() || std::ranges::find(tasks, task.name) != tasks.end();
    if (wanted) generator.tasks_.push_back(task);
  }
  for (const std::string& task : tasks) {
    if (std::ranges::find(names, task) != names.end()) continue;
    const std::string near = closest(task, names);
    return core::fail(
        ErrorCode::kUsage,
        fmt::format("there is no task '{}' ({}tasks are {})", task,
                    near.empty() ? "" : "did you mean " + near + "? ", listed(names)));
  }
  return generator;
}

GeneratedRow Generator::next() {
  const GeneratedTask& task = tasks_[number_ % tasks_.size()];
  const int difficulty = 1 + static_cast<int>(number_ / tasks_.size() % kDifficulties);
  return {.id = fmt::format("{}-{}-{:05}", task.name, difficulty, number_++),
          .task = task.name,
          .difficulty = difficulty,
          .question = generate(task, difficulty, split_, random_)};
}

std::string to_json_line(const GeneratedRow& row) {
  Json json = {{"id", row.id},
               {"task", row.task},
               {"difficulty", row.difficulty},
               {"prompt", row.question.prompt}};
  if (!row.question.choices.empty()) json["choices"] = row.question.choices;
  json["reference"] = row.question.reference;
  json["key"] = row.question.key;
  return json.dump();
}

std::string_view ipw_mini_text() {
  static const std::string text = write_mini();
  return text;
}

core::Result<CorpusCheck> check_corpus(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) {
    const bool absent = errno == ENOENT;
    return core::fail(absent ? ErrorCode::kNotFound : ErrorCode::kPermissionDenied,
                      fmt::format("cannot read {}: {}", file.string(),
                                  absent ? "no such file (name a corpus of `ipw dataset generate`)"
                                         : "not readable (check its permissions)"));
  }
  CorpusCheck check;
  for (std::string line; std::getline(in, line);) {
    ++check.rows;
    const Json row = Json::parse(line, nullptr, false);
    const auto text = [&](const char* key) -> const std::string* {
      const auto found = row.is_object() ? row.find(key) : row.end();
      return found == row.end() ? nullptr : found->get_ptr<const std::string*>();
    };
    if (text("task") == nullptr || text("key") == nullptr) {
      return core::fail(ErrorCode::kInvalidData,
                        fmt::format("cannot check {}: line {} has no task and key (only corpora of "
                                    "`ipw dataset generate` can be checked)",
                                    file.string(), check.rows));
    }
    if (split_of(*text("task"), *text("key")) == Split::kTrain) continue;
    if (++check.held_out <= kLinesNamed) check.lines.push_back(check.rows);
  }
  return check;
}

}  // namespace ipw::datasets
