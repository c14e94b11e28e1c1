#pragma once
// From a row to a question: mapping, template, the reference's letter, and the content id.

#include <array>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/datasets/field_mapping.h"
#include "ipw/datasets/prompt_template.h"
#include "ipw/datasets/row.h"
#include "ipw/record/question.h"

namespace ipw::datasets {

inline constexpr std::size_t kMostChoices = 26;

/// The first 32 hexadecimal characters of the SHA-256 over prompt, choices and reference, each with
/// its length before it: the same wherever and in whatever order the question stands.
[[nodiscard]] std::string question_id(std::string_view prompt,
                                      const std::vector<std::string>& choices,
                                      std::string_view reference);

/// What the question asks for: what the scorer that fits it reads (scoring::scorer_for).
[[nodiscard]] AnswerKind kind_of(const record::Question& question);

/// Everything that shapes the questions of a file.
class QuestionForm {
 public:
  /// `templates` are indexed by AnswerKind. Where `choices_required`, a row without options is a
  /// fault; elsewhere it is an open question.
  QuestionForm(FieldMapping mapping, std::array<PromptTemplate, 3> templates, bool choices_required)
      : mapping_(std::move(mapping)),
        templates_(std::move(templates)),
        choices_required_(choices_required) {}

  /// The question in `row`, or why there is none: a missing or empty field, an answer outside the
  /// options, …
  [[nodiscard]] std::expected<record::Question, std::string> fill(const Row& row) const;

  [[nodiscard]] const FieldMapping& mapping() const { return mapping_; }
  [[nodiscard]] const std::array<PromptTemplate, 3>& templates() const { return templates_; }

 private:
  FieldMapping mapping_;
  std::array<PromptTemplate, 3> templates_;
  bool choices_required_;
};

}  // namespace ipw::datasets
