#pragma once
// The question sets that ipw knows by name, and the one way to open a set by name or path.

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/datasets/file_questions.h"
#include "ipw/datasets/question_set.h"

namespace ipw::datasets {

struct NamedSet {
  std::string_view name;
  std::string_view summary;    // one line for `ipw list`
  std::string_view file;       // where it lies under a data folder; empty: inside the program
  std::string_view (*text)();  // the set itself, as JSON Lines, where it is inside the program
  std::string_view mapping;
  std::string_view scorer;
  std::string_view prompt_template;  // empty: the scorer's
  std::string_view origin;           // where to get the file
};

/// The table of named sets.
[[nodiscard]] std::span<const NamedSet> named_sets();

struct OpenOptions : ReadingOptions {
  /// Folders in which named sets are looked for; where absent, standard_folders().
  std::optional<std::vector<std::filesystem::path>> folders;
};

/// $IPW_DATA, then $XDG_DATA_HOME/ipw/datasets (by default ~/.local/share/ipw/datasets).
[[nodiscard]] std::vector<std::filesystem::path> standard_folders();

/// A named set or a file. A name of the table wins over a file of that name (write ./gsm8k for the
/// file). Options that are given win over what the table says. kNotFound tells where a named set's
/// file belongs, or which names there are; otherwise as file_source() and read_questions().
[[nodiscard]] core::Result<std::unique_ptr<QuestionSet>> open(std::string_view name_or_path,
                                                              const OpenOptions& options = {});

}  // namespace ipw::datasets
