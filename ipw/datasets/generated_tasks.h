#pragma once
// Short questions that a program writes: thirteen kinds of task of three difficulties, each
// question with its right answer and with the combination of facts that it asks about. The
// combination, not the wording, decides whether a question may be trained on or is held out.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/random.h"

namespace ipw::datasets {

inline constexpr int kDifficulties = 3;

struct GeneratedQuestion {
  std::string prompt;  // all that a model is sent, options included
  std::string reference;
  std::string key;  // the combination, the same for every wording and every irrelevant order
  std::vector<std::string> choices;  // texts of A, B, C, D; empty but in multiple choice
};

struct GeneratedTask {
  std::string_view name;
  std::string_view summary;
  /// Difficulty 1 to kDifficulties. Never fails; the same random state gives the same question.
  GeneratedQuestion (*make)(core::Random& random, int difficulty);
};

/// The table of tasks, in the order of reports.
[[nodiscard]] std::span<const GeneratedTask> generated_tasks();

enum class Split {
  kTrain,    // seven eighths of all combinations
  kHeldOut,  // the others
};

/// Which part a combination belongs to, for ever: SHA-256 of task and key, modulo eight.
[[nodiscard]] Split split_of(std::string_view task, std::string_view key);

/// A question of `split`: draws until one belongs there.
[[nodiscard]] GeneratedQuestion generate(const GeneratedTask& task, int difficulty, Split split,
                                         core::Random& random);

}  // namespace ipw::datasets
