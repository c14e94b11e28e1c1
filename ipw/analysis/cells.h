#pragma once
// Measured combinations of model, hardware, batch and whatever else varies, and what contrasts
// between them say: ratios, Shapley shares, slopes over time. The cells come from a table of
// figures with standard errors, or from answers question by question; then intervals are paired.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/analysis/outcomes.h"
#include "ipw/analysis/table.h"
#include "ipw/core/result.h"
#include "ipw/metrics/interval.h"
#include "ipw/record/figure.h"

namespace ipw::analysis {

/// What an answer costs: mean watts (IPW) or joules (IPJ).
enum class Per : std::uint8_t { kWatt, kJoule };

/// "ipw" or "ipj"; "power" or "energy".
[[nodiscard]] const char* rate_name(Per per);
[[nodiscard]] const char* cost_name(Per per);

/// A number with limits where it has any.
struct Known {
  double value = 0.0;
  std::optional<double> low;
  std::optional<double> high;
};

struct Cell {
  std::vector<std::string> levels;  // one per factor: "GPT-OSS-120B", "M4 Max"
  std::optional<double> time;       // calendar year, fractions allowed
  record::Provenance provenance;
  std::int64_t n = 0;               // questions behind it; 0: not told
  std::vector<std::size_t> models;  // of outcomes: its repeats
  // Natural logarithms; of a table. rate = accuracy / cost.
  std::optional<Known> rate;
  std::optional<Known> accuracy;
  std::optional<Known> cost;

  [[nodiscard]] std::string label() const;  // "GPT-OSS-120B, M4 Max"
};

/// Which logarithm of a cell: of the rate, or its two parts, which add up to it.
enum class Component : std::uint8_t { kRate, kAccuracy, kCost };  // kCost: −ln(cost)

/// exp(Σ weight · component), one weight per cell; or, where `whole` is not empty, the share
/// Σ weight · component / Σ whole · rate of a gain.
struct Contrast {
  std::vector<double> weights;
  Component component = Component::kRate;
  std::vector<double> whole;
};

struct Cells {
  Per per = Per::kWatt;
  std::vector<std::string> factors;  // names of the levels: "model", "accelerator"
  std::vector<Cell> cells;
  std::shared_ptr<const Outcomes> outcomes;  // null: from a table
  std::uint64_t seed = 0;
  int resamples = 1000;
  std::vector<std::string> notes;

  /// The cell with these levels; nothing where there is none.
  [[nodiscard]] std::optional<std::size_t> find(const std::vector<std::string>& levels) const;

  /// The logarithm of a cell's rate; nothing where it has none, or no right answer.
  [[nodiscard]] std::optional<double> log_rate(std::size_t cell) const;

  /// One figure per contrast, in order. Tables: MOVER over independent cells. Outcomes:
  /// metrics::contrasts() over the questions that every cell with a weight has answered, with its
  /// cost. Absent, with the reason, where a cell lacks what the contrast needs.
  [[nodiscard]] std::vector<record::Figure> figures(std::span<const Contrast> contrasts) const;
};

/// The cell with the best rate at every point in time, in order of time; cells without time or rate
/// are passed over.
[[nodiscard]] std::vector<std::size_t> best_by_time(const Cells& cells);

/// From a table with a column per factor (kInvalidData where one is missing), year or date,
/// accuracy | success_rate (or …_pct), ipw_per_w | ipw or ipj_per_j | ipj, power_w | watts or
/// energy_j | joules | j_per_query, and standard errors accuracy_pm | success_pm, ipw_pm | ipj_pm.
/// Two of rate, accuracy and cost give the third. kInvalidData naming the row where a number cannot
/// be read, is not above zero, where rate, accuracy and cost contradict each other, or two rows
/// have the same levels and time.
[[nodiscard]] core::Result<Cells> cells_of_table(const Table& table,
                                                 const std::vector<std::string>& factors, Per per);

/// From outcomes: factors model, accelerator, and batch where it is told. kInvalidData where no
/// model has the cost.
[[nodiscard]] core::Result<Cells> cells_of_outcomes(const std::shared_ptr<const Outcomes>& outcomes,
                                                    Per per);

}  // namespace ipw::analysis
