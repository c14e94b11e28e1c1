#pragma once
// What a router would have done with answers that are already known: for every question it says
// which model serves, and quality and cost follow from what that model did. A real router replays
// through the same interface as the oracle. docs/metrics.md, Savings.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/analysis/outcomes.h"
#include "ipw/core/result.h"
#include "ipw/record/figure.h"
#include "ipw/record/provenance.h"

namespace ipw::analysis {

/// One cost of every candidate: joules, FLOPs of the active or of all parameters, dollars, seconds.
struct Resource {
  std::string name;  // "joules", "flops_active", "flops_total", "dollars", "seconds"
  std::string unit;
  record::Provenance provenance;
  std::vector<std::vector<float>>
      cost;         // by candidate and question; NaN: not known. Empty: see why
  std::string why;  // why there is no cost
};

/// The questions on which all candidates have a verdict. The last candidate is the reference, to
/// which the others are an alternative.
struct ReplayTable {
  std::vector<std::string> candidates;    // labels
  std::vector<std::uint32_t> questions;   // indices into Outcomes::questions
  std::vector<std::vector<float>> score;  // by candidate and question
  std::vector<Resource> resources;
  std::vector<record::Provenance> verdicts;  // by candidate
  std::vector<std::string> notes;

  [[nodiscard]] std::size_t size() const { return questions.size(); }
  [[nodiscard]] std::size_t reference() const { return candidates.size() - 1; }
  [[nodiscard]] const Resource* find(std::string_view resource) const;
};

/// kUsage where `locals` is empty or names the reference; kInvalidData where no question has a
/// verdict of all.
[[nodiscard]] core::Result<ReplayTable> replay_table(const Outcomes& outcomes,
                                                     const std::vector<std::size_t>& locals,
                                                     std::size_t reference);

/// Says who serves a question. Implementations are immutable while they replay.
class Router {
 public:
  virtual ~Router() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  /// Writes for each candidate the chance that it serves question i of the table; they add up to
  /// one. A router that has made up its mind writes a single 1.
  virtual void route(std::size_t i, std::span<double> chance) const = 0;
  /// The least and the largest chance with which a question can go to the reference.
  struct Chances {
    double least = 0.0;
    double most = 1.0;
  };
  [[nodiscard]] virtual Chances to_reference() const { return {}; }
};

/// Always the same candidate.
class FixedRouter final : public Router {
 public:
  FixedRouter(const ReplayTable& table, std::size_t candidate);
  [[nodiscard]] std::string name() const override;
  void route(std::size_t i, std::span<double> chance) const override;
  [[nodiscard]] Chances to_reference() const override;

 private:
  const ReplayTable& table_;
  std::size_t candidate_;
};

enum class Suffices {
  kAdequate,  // the score reaches the adequate one: the paper's correct answer
  kWinOrTie,  // the score reaches the reference's
};

/// Knows every score beforehand: the cheapest candidate that suffices, else the reference
/// (misroutes and hopeless questions go to the cloud: arXiv 2511.07885, figure 4).
class OracleRouter : public Router {
 public:
  /// `table` must outlive it; `by` is a resource that has costs. Where a cost is not known the
  /// candidate is passed over; of equally cheap ones the better serves, then the first by name.
  OracleRouter(const ReplayTable& table, const Resource& by, Suffices suffices,
               double adequate = 1.0);
  [[nodiscard]] std::string name() const override { return "oracle"; }
  void route(std::size_t i, std::span<double> chance) const override;
  [[nodiscard]] std::size_t choice(std::size_t i) const { return choice_[i]; }

 private:
  std::vector<std::uint32_t> choice_;
};

enum class Misroutes {
  kToReference,  // the paper's: a wrong decision costs, and never quality
  kEitherWay,    // a question for the reference may also go to the cheapest other candidate
};

/// Right with probability `accuracy`, independently of the question: chances, not draws, so that
/// what comes out is the expectation.
class ImperfectRouter final : public Router {
 public:
  ImperfectRouter(const OracleRouter& oracle, const ReplayTable& table, const Resource& by,
                  double accuracy, Misroutes misroutes);
  [[nodiscard]] std::string name() const override;
  void route(std::size_t i, std::span<double> chance) const override;
  [[nodiscard]] Chances to_reference() const override;

 private:
  const OracleRouter& oracle_;
  std::size_t reference_;
  double accuracy_;
  Misroutes misroutes_;
  std::vector<std::uint32_t> cheapest_;  // by question, of all but the reference
};

struct ReplayOptions {
  std::uint64_t seed = 0;
  int resamples = 1000;
};

struct Replay {
  record::Figure quality;             // mean score of who served
  record::Figure quality_difference;  // to the baseline
  record::Figure reference_share;     // of questions that the reference served
  std::vector<record::Figure> saved;  // by resource: 1 - Σ cost / Σ cost of the baseline
};

/// Replays `router` against `baseline`, paired by question. Limits are those of the questions'
/// choice (a router's chances are expectations): Wilson for quality and the share of the reference,
/// Newcombe for their difference; for savings metrics::student_limits() of the logarithm of the
/// ratio of costs, and where few questions go one of the ways MOVER of Wilson's limits of that
/// share and of the costs on either way (docs/metrics.md, Savings).
[[nodiscard]] Replay replay(const ReplayTable& table, const Router& router, const Router& baseline,
                            const ReplayOptions& options);

}  // namespace ipw::analysis
