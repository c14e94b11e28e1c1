// The table of known field names and its use.
#include "ipw/datasets/field_mapping.h"

#include <algorithm>
#include <cctype>
#include <span>
#include <utility>

#include "ipw/datasets/spelling.h"

namespace ipw::datasets {
namespace {

using core::ErrorCode;

// Known names, the most telling first, compared without case. Sources: GSM8K (question, answer),
// MMLU-Pro (question_id, question, options, answer, category), MMLU (question, subject, choices,
// answer), ARC (id, question, choices, answerKey), Alpaca (instruction, output), OpenAI evals
// (input, ideal).
constexpr std::string_view kPromptNames[] = {"prompt",      "question", "problem", "query",
                                             "instruction", "input",    "text"};
constexpr std::string_view kReferenceNames[] = {
    "reference", "answer",          "answerkey", "target",       "output",
    "expected",  "expected_answer", "ideal",     "final_answer", "gold",
    "label",     "correct_answer",  "solution"};
constexpr std::string_view kChoicesNames[] = {"choices", "options"};
constexpr std::string_view kTaskNames[] = {"task", "subject", "category", "topic", "domain"};
constexpr std::string_view kIdNames[] = {"id", "question_id", "qid", "uid", "unique_id"};

struct PartRow {
  Part part;
  const char* name;
  std::span<const std::string_view> known;
  bool required;
};

constexpr PartRow kPartTable[kParts] = {
    {Part::kPrompt, "prompt", kPromptNames, true},
    {Part::kReference, "reference", kReferenceNames, true},
    {Part::kChoices, "choices", kChoicesNames, false},
    {Part::kTask, "task", kTaskNames, false},
    {Part::kId, "id", kIdNames, false},
};

// Without case; `known` is in small letters.
bool is_called(std::string_view name, std::string_view known) {
  return std::ranges::equal(
      name, known, {}, [](unsigned char c) { return std::tolower(c); },
      [](unsigned char c) { return int{c}; });
}

std::vector<std::string> names_of(const Row& row) {
  std::vector<std::string> names;
  names.reserve(row.fields.size());
  for (const Field& field : row.fields) names.push_back(field.name);
  return names;
}

std::string trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return std::string(text.substr(start, text.find_last_not_of(" \t") - start + 1));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Options in columns of their own: A, B, C, … as far as they go, at least A and B.
std::vector<std::string> lettered_columns(const Row& first) {
  std::vector<std::string> columns;
  for (char letter = 'A'; letter <= 'Z'; ++letter) {
    std::string column(1, letter);
    if (first.find(column) == nullptr) break;
    columns.push_back(std::move(column));
  }
  if (columns.size() < 2) columns.clear();
  return columns;
}

std::vector<std::string> infer(const PartRow& row, const Row& first) {
  for (const std::string_view known : row.known) {
    for (const Field& field : first.fields) {
      if (is_called(field.name, known)) return {field.name};
    }
  }
  if (row.part == Part::kChoices) return lettered_columns(first);
  return {};
}

core::Result<std::vector<std::string>> named_fields(const PartRow& row, const std::string& given,
                                                    const Row& first) {
  if (given.empty()) return std::vector<std::string>{};
  if (first.find(given) != nullptr) return std::vector<std::string>{given};
  std::vector<std::string> fields =
      row.part == Part::kChoices ? split(given, '+') : std::vector<std::string>{given};
  for (const std::string& field : fields) {
    if (first.find(field) != nullptr) continue;
    const std::vector<std::string> names = names_of(first);
    const std::string near = closest(field, names);
    return core::fail(ErrorCode::kUsage,
                      "cannot map " + std::string(row.name) + " to field '" + field +
                          "': the records have the fields " + listed_briefly(names) +
                          (near.empty() ? " (name one of them)" : " (did you mean " + near + "?)"));
  }
  return fields;
}

core::Error not_inferred(const PartRow& row, const Row& first) {
  return {ErrorCode::kInvalidData,
          "cannot tell which field holds the " + std::string(row.name) +
              ": the records have the fields " + listed_briefly(names_of(first)) +
              " (give a mapping such as " + row.name + "=" +
              (first.fields.empty() ? "FIELD" : first.fields[0].name) + ")"};
}

}  // namespace

const char* name(Part part) { return kPartTable[static_cast<std::size_t>(part)].name; }

core::Result<GivenMapping> parse_mapping(std::string_view text) {
  GivenMapping given;
  if (trimmed(text).empty()) return given;
  for (const std::string& pair : split(text, ',')) {
    const std::size_t equals = pair.find('=');
    const std::string part = trimmed(std::string_view(pair).substr(0, equals));
    const auto* row = std::ranges::find_if(
        kPartTable, [&](const PartRow& candidate) { return candidate.name == part; });
    if (equals == std::string::npos || row == std::end(kPartTable)) {
      return core::fail(ErrorCode::kUsage,
                        "field mapping '" + pair +
                            "' is not understood: it maps prompt, reference, choices, task or id "
                            "(write PART=FIELD, such as prompt=question)");
    }
    auto& field = given[static_cast<std::size_t>(row->part)];
    if (field.has_value()) {
      return core::fail(ErrorCode::kUsage, "field mapping names " + part + " twice (keep one)");
    }
    field = trimmed(std::string_view(pair).substr(equals + 1));
    if (field->empty() && row->required) {
      return core::fail(ErrorCode::kUsage,
                        "field mapping leaves " + part + " empty (name the field that holds it)");
    }
  }
  return given;
}

core::Result<FieldMapping> resolve(const GivenMapping& given, const Row& first) {
  FieldMapping mapping;
  for (const PartRow& row : kPartTable) {
    const auto index = static_cast<std::size_t>(row.part);
    if (given[index].has_value()) {
      IPW_TRY(mapping.fields[index], named_fields(row, *given[index], first));
      continue;
    }
    mapping.fields[index] = infer(row, first);
    mapping.inferred[index] = true;
    if (row.required && mapping.fields[index].empty()) {
      return std::unexpected(not_inferred(row, first));
    }
  }
  return mapping;
}

std::string FieldMapping::reading(const Row& first) const {
  std::vector<std::string> parts;
  for (const PartRow& row : kPartTable) {
    const auto index = static_cast<std::size_t>(row.part);
    if (fields[index].empty()) continue;
    std::string joined;
    for (const std::string& field : fields[index]) joined += (joined.empty() ? "" : "+") + field;
    parts.push_back(std::string(row.name) + "=" + joined + (inferred[index] ? " (inferred)" : ""));
  }
  std::vector<std::string> unused;
  for (const Field& field : first.fields) {
    const bool used = std::ranges::any_of(fields, [&](const std::vector<std::string>& part) {
      return std::ranges::find(part, field.name) != part.end();
    });
    if (!used) unused.push_back(field.name);
  }
  return listed(parts) + (unused.empty() ? "" : "; not used: " + listed_briefly(unused));
}

}  // namespace ipw::datasets
