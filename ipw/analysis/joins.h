#pragma once
// What is known of models and questions from other tables, joined to their answers: sizes and
// years, numbers of options, published energy and prices per token. docs/formats.md, Outcomes.

#include <filesystem>
#include <optional>
#include <string>

#include "ipw/analysis/outcomes.h"
#include "ipw/analysis/outcomes_form.h"
#include "ipw/core/result.h"

namespace ipw::analysis {

/// Columns model and any of parameters_b, active_b, year, memory_gb. A model of the table that gave
/// no answers is passed over; one with answers that the table lacks is noted.
[[nodiscard]] core::Result<void> join_models(Outcomes& outcomes,
                                             const std::filesystem::path& table);

/// Columns question and any of category, options, found as in a table of outcomes or named by
/// `form.columns`.
[[nodiscard]] core::Result<void> join_questions(Outcomes& outcomes,
                                                const std::filesystem::path& table,
                                                const OutcomesForm& form);

/// Which of several rows of one model counts; absent: the model's own, or the only one.
struct EnergyConditions {
  std::optional<std::string> hardware;
  std::optional<int> batch;
};

/// Columns model, and j_per_output_token (with j_per_input_token or alone: then input costs
/// nothing, and the method says so) or j_per_query; hardware, batch and source where there are any.
/// The joules are then `published`, whatever the table says of itself. Models that have joules of
/// their own keep them. kInvalidData where several rows fit, or a figure is zero or negative.
[[nodiscard]] core::Result<void> join_energy(Outcomes& outcomes, const std::filesystem::path& table,
                                             const EnergyConditions& conditions);

/// Columns model, input_usd_per_million, output_usd_per_million: `published` dollars for models
/// that have none of their own. A price of zero is noted.
[[nodiscard]] core::Result<void> join_prices(Outcomes& outcomes,
                                             const std::filesystem::path& table);

}  // namespace ipw::analysis
