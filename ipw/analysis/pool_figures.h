#pragma once
// Figures of single models and of pools over one list of questions: scores turned into marks once,
// and each figure with its interval and the provenance of the verdicts behind it.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ipw/analysis/outcomes.h"
#include "ipw/metrics/coverage.h"
#include "ipw/record/figure.h"

namespace ipw::analysis {

/// Indices into Outcomes::models.
using Models = std::vector<std::size_t>;

/// A figure without value, and why.
[[nodiscard]] record::Figure absent(std::string reason);

/// Looks at `outcomes`, which must outlive it. A byte per question and model.
class PoolFigures {
 public:
  /// Scores from `adequate` on are right; above `missing_limit` missing there is no headline.
  PoolFigures(const Outcomes& outcomes, double adequate, double missing_limit);

  [[nodiscard]] std::size_t questions() const { return outcomes_.questions.size(); }
  [[nodiscard]] const ModelOutcomes& model(std::size_t m) const { return outcomes_.models[m]; }
  /// Whether any score of `models` lies between 0 and 1.
  [[nodiscard]] bool graded(const Models& models) const;

  [[nodiscard]] const std::vector<metrics::Mark>& marks(std::size_t m) const { return marks_[m]; }
  [[nodiscard]] std::vector<metrics::Marks> marks_of(const Models& models) const;
  [[nodiscard]] std::vector<metrics::Mark> covered_by(const Models& models) const;
  /// Whether the best score of `models` is at least the reference's, by question.
  [[nodiscard]] std::vector<metrics::Mark> wins_or_ties(const Models& models,
                                                        std::size_t reference) const;
  /// The model with the largest share of right answers; of several the first by name.
  [[nodiscard]] std::size_t best_single(const Models& models) const;

  /// Share of right marks, of one model or of a pool; `marks` may be of some questions only.
  [[nodiscard]] record::Figure share(metrics::Marks marks, const Models& models) const;
  /// Share of `count` questions out of all, of which `undecided` cannot be told.
  [[nodiscard]] record::Figure share(std::int64_t count, const Models& models,
                                     std::int64_t undecided = 0) const;
  [[nodiscard]] record::Figure covered(const metrics::MarkCounts& counts,
                                       const Models& models) const;
  [[nodiscard]] record::Figure win_or_tie(const Models& models, std::size_t reference) const;
  [[nodiscard]] record::Figure difference(metrics::Marks a, metrics::Marks b,
                                          const Models& models) const;
  [[nodiscard]] record::Figure mean_score(std::size_t m) const;
  /// Of so many models over `questions` (indices), or over all where it is null.
  [[nodiscard]] record::Figure chance_floor(std::size_t models,
                                            const std::vector<std::size_t>* questions) const;
  /// Absent unless every model has another repeat.
  [[nodiscard]] std::optional<record::Figure> held_out(const Models& models) const;

 private:
  [[nodiscard]] std::vector<metrics::Mark> marks_from(const std::vector<float>& scores) const;
  [[nodiscard]] record::Figure with_verdicts(record::Figure figure, const Models& models) const;

  const Outcomes& outcomes_;
  double adequate_;
  double missing_limit_;
  std::vector<std::vector<metrics::Mark>> marks_;  // by model
};

}  // namespace ipw::analysis
