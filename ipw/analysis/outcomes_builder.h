#pragma once
// Puts Outcomes together one answer at a time, in any order, and refuses what would make a figure
// wrong: an answer given twice, a score that is none, joules that are zero or negative, a model
// that is said to be two things.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/analysis/outcomes.h"
#include "ipw/core/result.h"

namespace ipw::analysis {

/// A cost as one row states it.
struct StatedQuantity {
  double value = 0.0;  // in the unit of the Quantity
  record::Provenance provenance;
};

/// One answer as one row states it.
struct OutcomeRow {
  std::string_view question;
  std::string_view model;
  std::string_view hardware;
  std::optional<int> batch;
  int repeat = 0;
  std::optional<double> score;  // absent: no verdict
  record::Provenance verdict;   // of the score; that of a model's first row counts
  std::optional<double> input_tokens;
  std::optional<double> output_tokens;
  std::array<std::optional<StatedQuantity>, kQuantities> quantities;
  bool above_idle = false;  // joules and watts are, so that noise can take one below zero
  std::optional<std::string_view> category;
  std::optional<double> options;
  ModelProperties properties;
};

/// Not thread-safe.
class OutcomesBuilder {
 public:
  OutcomesBuilder();
  ~OutcomesBuilder();
  OutcomesBuilder(OutcomesBuilder&&) noexcept;
  OutcomesBuilder& operator=(OutcomesBuilder&&) noexcept;

  /// kInvalidData with what is wrong with the row and what to do; nothing of the row is then kept.
  [[nodiscard]] core::Result<void> add(const OutcomeRow& row);
  void note(std::string text);

  /// Whether add() has already taken an answer to the same question by the same model, in the same
  /// repeat, hardware and batch.
  [[nodiscard]] bool has(const OutcomeRow& row) const;

  [[nodiscard]] std::size_t questions() const;
  /// All rows so far, the columns brought to one length. The builder is then empty.
  [[nodiscard]] Outcomes take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// kInvalidData where a value that is already told contradicts `stated`.
[[nodiscard]] core::Result<void> tell(ModelProperties& known, const ModelProperties& stated,
                                      std::string_view model);

}  // namespace ipw::analysis
