#pragma once
// Question files that a program writes, row by row, and the set `ipw-mini`, whose combinations of
// facts stand in no training corpus.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/core/result.h"
#include "ipw/datasets/generated_tasks.h"

namespace ipw::datasets {

struct GeneratedRow {
  std::string id;  // "look-up-2-00013": task, difficulty, number
  std::string_view task;
  int difficulty = 1;
  GeneratedQuestion question;
};

/// Rows without end: of every task in turn, first all easy ones, then all harder ones, again and
/// again. The same split, seed and tasks give the same rows on every machine.
class Generator {
 public:
  /// `tasks`: names of the table, all where empty. kUsage for another name.
  [[nodiscard]] static core::Result<Generator> create(Split split, std::uint64_t seed,
                                                      const std::vector<std::string>& tasks = {});
  [[nodiscard]] GeneratedRow next();

 private:
  Generator(Split split, std::uint64_t seed) : split_(split), random_(seed) {}

  Split split_;
  core::Random random_;
  std::vector<GeneratedTask> tasks_;
  std::uint64_t number_ = 0;
};

/// One line of JSON without the line end: id, task, difficulty, prompt, choices (where there are
/// any), reference, key.
[[nodiscard]] std::string to_json_line(const GeneratedRow& row);

inline constexpr int kMiniPerCell = 60;  // questions of ipw-mini per task and difficulty

/// `ipw-mini` as JSON Lines: held-out rows only, no combination twice. Made once, at the first
/// call.
[[nodiscard]] std::string_view ipw_mini_text();

struct CorpusCheck {
  std::int64_t rows = 0;
  std::int64_t held_out = 0;        // rows that may not be trained on
  std::vector<std::int64_t> lines;  // of the first ten of them
};

/// Reads a generated corpus (JSON Lines with task and key): held out is a row of a held-out
/// combination, or with a prompt of ipw-mini. Errors of file_source(); kInvalidData for a line that
/// is no such row, or where there is none.
[[nodiscard]] core::Result<CorpusCheck> check_corpus(const std::filesystem::path& file);

}  // namespace ipw::datasets
