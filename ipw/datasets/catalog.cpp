// The table of named sets and the search for their files.
#include "ipw/datasets/catalog.h"

#include <algorithm>
#include <utility>

#include "ipw/core/user_directories.h"
#include "ipw/datasets/demo_text.h"
#include "ipw/datasets/generated_questions.h"
#include "ipw/datasets/spelling.h"

namespace ipw::datasets {
namespace {

using core::ErrorCode;

constexpr NamedSet kSets[] = {
    {"demo", "84 short questions that come with ipw: sums, copying, multiple choice", "", demo_text,
     "prompt=prompt,reference=reference,choices=choices,task=task,id=id", "auto",
     "{question}\n{choices}", ""},
    {"ipw-mini",
     "2,340 short questions of thirteen kinds, easy to hard, that ipw writes itself; no model of "
     "ours was trained on their facts",
     "", ipw_mini_text, "prompt=prompt,reference=reference,choices=choices,task=task,id=id", "auto",
     "{question}", ""},
    {"gsm8k", "1,319 grade-school word problems with a whole number as answer (test split)",
     "gsm8k/test.jsonl", nullptr, "prompt=question,reference=answer", "numeric", "",
     "test.jsonl of openai/grade-school-math on GitHub"},
    {"mmlu_pro", "12,032 questions of 14 subjects with up to ten options (test split)",
     "mmlu_pro/questions.jsonl", nullptr,
     "prompt=question,reference=answer,choices=options,task=category,id=question_id", "choice", "",
     "the test split of TIGER-Lab/MMLU-Pro, as JSON Lines"},
};

ReadingOptions completed(const NamedSet& set, ReadingOptions options) {
  const auto complete = [](std::string& option, std::string_view preset) {
    if (option.empty()) option = preset;
  };
  complete(options.mapping, set.mapping);
  complete(options.scorer, set.scorer);
  complete(options.prompt_template, set.prompt_template);
  return options;
}

core::Result<QuestionSource> source_of(const NamedSet& set, const OpenOptions& options) {
  if (set.text != nullptr) return text_source(std::string(set.name), set.text(), Form::kJsonl);
  const auto folders = options.folders ? *options.folders : standard_folders();
  for (const std::filesystem::path& folder : folders) {
    std::error_code ignored;
    if (std::filesystem::exists(folder / set.file, ignored)) {
      return file_source(folder / set.file, options.format);
    }
  }
  std::vector<std::string> places;
  places.reserve(folders.size());
  for (const auto& folder : folders) places.push_back((folder / set.file).string());
  return core::fail(ErrorCode::kNotFound, "the question set " + std::string(set.name) +
                                              " is not on this machine: looked "
                                              "for " +
                                              listed(places) + " (put " + std::string(set.origin) +
                                              " there, or set IPW_DATA to the folder that holds " +
                                              std::string(set.file) + ")");
}

}  // namespace

std::span<const NamedSet> named_sets() { return kSets; }

std::vector<std::filesystem::path> standard_folders() {
  std::vector<std::filesystem::path> folders;
  if (const auto own = core::process_variable("IPW_DATA"); own && !own->empty()) {
    folders.emplace_back(*own);
  }
  if (const auto data = core::data_directory(core::process_variable); data) {
    folders.push_back(*data / "datasets");
  }
  return folders;
}

core::Result<std::unique_ptr<QuestionSet>> open(std::string_view name_or_path,
                                                const OpenOptions& options) {
  const auto* named = std::ranges::find(kSets, name_or_path, &NamedSet::name);
  if (named != std::end(kSets)) {
    IPW_TRY(QuestionSource source, source_of(*named, options));
    source.name = named->name;
    return read_questions(std::move(source), completed(*named, options));
  }
  const std::filesystem::path path(name_or_path);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    std::vector<std::string> names;
    for (const NamedSet& set : kSets) names.emplace_back(set.name);
    const std::string near = closest(name_or_path, names);
    return core::fail(ErrorCode::kNotFound,
                      "there is no question set or file '" + std::string(name_or_path) + "' (" +
                          (near.empty() ? "" : "did you mean " + near + "? ") + "named sets are " +
                          listed(names) + ")");
  }
  IPW_TRY(QuestionSource source, file_source(path, options.format));
  return read_questions(std::move(source), options);
}

}  // namespace ipw::datasets
