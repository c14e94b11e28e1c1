#pragma once
// What a pool of models can answer: counts over marks (right, wrong, not known) of one list of
// questions, and figures from the counts. docs/metrics.md, Coverage.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ipw/record/figure.h"

namespace ipw::metrics {

/// What is known of one answer. kUnknown: no verdict (not asked, or the infrastructure failed).
enum class Mark : std::uint8_t { kWrong, kRight, kUnknown };
using Marks = std::span<const Mark>;

struct MarkCounts {
  std::int64_t right = 0;
  std::int64_t wrong = 0;
  std::int64_t unknown = 0;

  [[nodiscard]] std::int64_t all() const { return right + wrong + unknown; }
};
[[nodiscard]] MarkCounts count(Marks marks);

/// The pool's marks: right where any model is right, else unknown where any is unknown, else wrong
/// (best-of, or oracle union; arXiv 2511.07885, section 2). All `models` are as long as the list of
/// questions; an empty pool answers nothing.
[[nodiscard]] std::vector<Mark> pooled(std::span<const Marks> models, std::size_t questions);

/// Share of right marks among those with a verdict, Wilson limits. Above `missing_limit` unknown
/// there is no value, but what it would be with all unknown wrong and all right
/// (docs/metrics.md, Verdicts).
[[nodiscard]] record::Figure share_right(const MarkCounts& counts, double missing_limit = .01);

/// The same for a pool, of which an unknown mark says that nobody was right and somebody did not
/// answer: the value is what the answers given cover, over all questions, and the upper limit is
/// Wilson's with every unknown mark right.
[[nodiscard]] record::Figure share_covered(const MarkCounts& counts, double missing_limit = .01);

/// How two lists of marks differ, over questions where both are known.
struct PairedCounts {
  std::int64_t both = 0;
  std::int64_t only_a = 0;
  std::int64_t only_b = 0;
  std::int64_t neither = 0;
  std::int64_t unknown = 0;  // in a, in b, or in both

  [[nodiscard]] std::int64_t known() const { return both + only_a + only_b + neither; }
};
[[nodiscard]] PairedCounts count_pairs(Marks a, Marks b);

/// Share of a minus share of b over questions where both are known; limits by MOVER of both Wilson
/// limits with the correlation φ of the fourfold table (Newcombe 1998, method 10 without continuity
/// correction; Zou & Donner 2008). No value above `missing_limit` unknown.
[[nodiscard]] record::Figure paired_difference(const PairedCounts& counts,
                                               double missing_limit = .01);

/// Mean over questions of 1 - (1 - 1/k)^m: what m models that guess among k options cover together
/// (docs/metrics.md: a floor, not a correction). `options` by question; NaN: not known, such
/// questions are left out and counted in the reason. No limits: it is no estimate.
[[nodiscard]] record::Figure chance_floor(std::span<const float> options, std::size_t models);

/// By question the first model of `by_size` (ascending) that is right; nothing where none is, or
/// where an unknown mark stands before it.
inline constexpr std::uint32_t kNoModel = 0xffffffff;
inline constexpr std::uint32_t kUndecided = 0xfffffffe;
[[nodiscard]] std::vector<std::uint32_t> smallest_right(std::span<const Marks> by_size,
                                                        std::size_t questions);

/// What a model adds when models join one after another, each time the one that adds most.
struct Addition {
  std::size_t model = 0;  // index into the pool
  MarkCounts covered;     // by it and all before it
  std::int64_t newly_right = 0;
};
/// All models of the pool in that order; ties go to the earlier one. O(models² × questions).
[[nodiscard]] std::vector<Addition> added_one_by_one(std::span<const Marks> models,
                                                     std::size_t questions);

/// By model: questions that it alone answers among those whose other marks are known to be wrong.
[[nodiscard]] std::vector<std::int64_t> right_alone(std::span<const Marks> models,
                                                    std::size_t questions);

/// Coverage without choosing and scoring on the same draw: in each question a model that was right
/// in `chosen_by` (equal chances among several; where none was, equal chances among all) is scored
/// in `scored_by`, the same models in another repeat. By question the chance of a right answer, NaN
/// where a mark is unknown.
[[nodiscard]] std::vector<float> held_out(std::span<const Marks> chosen_by,
                                          std::span<const Marks> scored_by, std::size_t questions);

}  // namespace ipw::metrics
