#pragma once
// Which questions of a set a run asks: the first N, or a seeded sample that does not depend on the
// order of the file. Choosing reads the set once, so that a broken line is found before any energy
// is spent, and counts what will be asked; the chosen questions are then read again, lazily, in
// file order.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "ipw/core/result.h"
#include "ipw/datasets/question_set.h"

namespace ipw::datasets {

struct SelectionOptions {
  /// Only the first `limit` distinct questions of the file are considered; the rest is not read.
  std::optional<std::uint64_t> limit;
  /// Of these, the `sample` ones with the smallest hash of (seed, id); all, if there are fewer.
  std::optional<std::uint64_t> sample;
  std::uint64_t seed = 0;
  /// Called on every question considered; its error ends the selection (for instance a scorer that
  /// cannot judge the reference). May be empty.
  std::function<core::Result<void>(const record::Question&)> check;
  /// Ends the search for the next selected question too, which may be far, with kCancelled.
  std::stop_token stop;
};

struct Selection {
  std::unique_ptr<QuestionSet> questions;  // those selected, in file order, at the first of them
  std::uint64_t count = 0;                 // how many that are
  Reading reading;                         // what choosing them read
};

/// Takes over `set`. Memory: 16 bytes per sampled question beside what the set itself needs. kUsage
/// for a limit or sample of 0; the set's and the check's own errors.
[[nodiscard]] core::Result<Selection> select(std::unique_ptr<QuestionSet> set,
                                             const SelectionOptions& options);

/// The number by which a sample orders questions: SplitMix64 over seed and id.
[[nodiscard]] std::uint64_t sampling_key(std::uint64_t seed, std::string_view id);

}  // namespace ipw::datasets
