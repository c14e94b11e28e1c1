#pragma once
// A question file behind QuestionSet: form, mapping and template settled when it is opened, rows
// turned into questions one at a time.

#include <filesystem>
#include <functional>
#include <istream>
#include <memory>
#include <string>
#include <string_view>

#include "ipw/core/result.h"
#include "ipw/datasets/prompt_template.h"
#include "ipw/datasets/question_set.h"
#include "ipw/datasets/rows.h"

namespace ipw::datasets {

/// How to read a file; every empty text means "infer it".
struct ReadingOptions {
  std::string format;           // "jsonl", "json", "csv", "tsv"
  std::string mapping;          // "prompt=question,reference=answer,…"
  std::string prompt_template;  // with {question} and {choices}
  std::string scorer;           // chooses the default template, stands in describe()
  bool skip_invalid = false;    // count and list broken rows instead of failing on the first
};

/// Where the bytes come from: a file, or text inside the program.
struct QuestionSource {
  std::string name;    // "test.jsonl"
  std::string source;  // path as given
  std::string digest;  // SHA-256 of the bytes
  Form form = Form::kJsonl;
  std::function<core::Result<std::unique_ptr<std::istream>>()> open;
};

/// The file at `path`. kNotFound, kPermissionDenied; kInvalidData where it is not a regular file;
/// kUnsupported where its form cannot be told, and for UTF-16 and packed or columnar files.
[[nodiscard]] core::Result<QuestionSource> file_source(const std::filesystem::path& path,
                                                       const std::string& format);

/// Text that lives at least as long as every set made from it.
[[nodiscard]] QuestionSource text_source(std::string name, std::string_view text, Form form);

/// Looks at the first rows, settles mapping, scorer and template, and starts over. kUsage for a
/// mapping or template that does not fit, kInvalidData for a file without questions, with a broken
/// first row, or whose fields do not tell which is which.
[[nodiscard]] core::Result<std::unique_ptr<QuestionSet>> read_questions(
    QuestionSource source, const ReadingOptions& options);

}  // namespace ipw::datasets
