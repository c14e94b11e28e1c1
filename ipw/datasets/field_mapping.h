#pragma once
// Which field of a file plays which part in a question: given by the user, or inferred from the
// names of the first record by one visible table.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/datasets/row.h"

namespace ipw::datasets {

enum class Part { kPrompt, kReference, kChoices, kTask, kId };
inline constexpr std::size_t kParts = 5;

/// "prompt", "reference", "choices", "task" or "id".
[[nodiscard]] const char* name(Part part);

/// What the user said: for each part a field name, "" (no field plays it), or nothing (infer it).
using GivenMapping = std::array<std::optional<std::string>, kParts>;

/// Reads `prompt=question,reference=answer,choices=A+B+C+D,task=,id=question_id`. Several columns
/// of options are joined with '+'. kUsage names an unknown part and the known ones.
[[nodiscard]] core::Result<GivenMapping> parse_mapping(std::string_view text);

/// The fields that play each part; empty where none does. Only choices can have several.
struct FieldMapping {
  std::array<std::vector<std::string>, kParts> fields;
  std::array<bool, kParts> inferred{};

  [[nodiscard]] const std::vector<std::string>& of(Part part) const {
    return fields[static_cast<std::size_t>(part)];
  }
  /// "prompt=question, reference=answer (inferred), …", and the fields of `first` that no part
  /// uses.
  [[nodiscard]] std::string reading(const Row& first) const;
};

/// Completes `given` by the table of known names. kUsage names the field that is not there, the
/// fields that are, and a suggestion; kInvalidData where no field can be inferred.
[[nodiscard]] core::Result<FieldMapping> resolve(const GivenMapping& given, const Row& first);

}  // namespace ipw::datasets
