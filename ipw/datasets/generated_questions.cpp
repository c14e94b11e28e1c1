// Rows out of tasks: numbering, JSON, the fixed set, and the check that a corpus leaks nothing.
#include "ipw/datasets/generated_questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "ipw/datasets/file_questions.h"
#include "ipw/datasets/rows.h"
#include "ipw/datasets/spelling.h"

namespace ipw::datasets {
namespace {

using core::ErrorCode;

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

// `before` and the text as a JSON string. Generated text is ASCII without control characters but
// line ends.
void add_text(std::string& line, std::string_view before, std::string_view text) {
  line += before;
  line += '"';
  for (const char c : text) {
    if (c == '\n') {
      line += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  line += '"';
}

std::set<std::string, std::less<>> mini_prompts() {
  std::set<std::string, std::less<>> prompts;
  const auto rows = jsonl_rows(std::make_unique<std::istringstream>(std::string(ipw_mini_text())));
  for (auto row = rows->next(); row && *row; row = rows->next()) {
    prompts.insert((*row)->find("prompt")->text);
  }
  return prompts;
}

bool is_text(const Field* field) { return field != nullptr && field->kind == Field::Kind::kText; }

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
  const GeneratedQuestion& question = row.question;
  std::string line =
      fmt::format(R"({{"id":"{}","task":"{}","difficulty":{})", row.id, row.task, row.difficulty);
  add_text(line, R"(,"prompt":)", question.prompt);
  std::string_view before = R"(,"choices":[)";
  for (const std::string& choice : question.choices) {
    add_text(line, before, choice);
    before = ",";
  }
  if (!question.choices.empty()) line += ']';
  add_text(line, R"(,"reference":)", question.reference);
  add_text(line, R"(,"key":)", question.key);
  line += '}';
  return line;
}

std::string_view ipw_mini_text() {
  static const std::string text = write_mini();
  return text;
}

core::Result<CorpusCheck> check_corpus(const std::filesystem::path& file) {
  IPW_TRY(const QuestionSource source, file_source(file, "jsonl"));
  IPW_TRY(std::unique_ptr<std::istream> stream, source.open());
  const auto rows = jsonl_rows(std::move(stream));
  const std::set<std::string, std::less<>> asked = mini_prompts();
  CorpusCheck check;
  for (;;) {
    IPW_TRY(const std::optional<Row> row, rows->next());
    if (!row) break;
    const Field* task = row->find("task");
    const Field* key = row->find("key");
    if (!is_text(task) || !is_text(key)) {
      return core::fail(
          ErrorCode::kInvalidData,
          fmt::format("cannot check {}: line {} {} (only corpora of `ipw dataset generate` can be "
                      "checked)",
                      file.string(), row->line,
                      row->fault.empty() ? "has no task and key" : row->fault));
    }
    ++check.rows;
    const Field* prompt = row->find("prompt");
    const bool held_out = split_of(task->text, key->text) == Split::kHeldOut ||
                          (is_text(prompt) && asked.contains(prompt->text));
    if (held_out && ++check.held_out <= kLinesNamed) {
      check.lines.push_back(static_cast<std::int64_t>(row->line));
    }
  }
  if (check.rows == 0) {
    return core::fail(ErrorCode::kInvalidData,
                      fmt::format("cannot check {}: it has no rows (make them with `ipw dataset "
                                  "generate --split train`)",
                                  file.string()));
  }
  return check;
}

}  // namespace ipw::datasets
