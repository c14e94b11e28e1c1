#pragma once
// Outcomes from files: tables in the documented forms, and run folders of ipw.

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ipw/analysis/outcomes.h"
#include "ipw/analysis/outcomes_builder.h"
#include "ipw/analysis/outcomes_form.h"
#include "ipw/core/result.h"
#include "ipw/datasets/row.h"

namespace ipw::analysis {

/// Adds the rows of one table. `origin` names it in messages and as @file. Errors as
/// for_each_row(); kUsage where a column that `form` names is not there, kInvalidData where a part
/// is missing and, with file and line, where a row cannot be used. Nothing is passed over: an
/// answer without verdict is a row with an empty score.
[[nodiscard]] core::Result<void> read_table(datasets::RowSource& rows, const std::string& origin,
                                            const OutcomesForm& form, OutcomesBuilder& builder);

/// Adds one run: its model, with the joules of its billed sensors (of one source: measured ones
/// before estimated ones; total where idle is known, else above idle, which the method then says),
/// their devices' power, seconds from the intended send time to the last token, and tokens.
[[nodiscard]] core::Result<void> read_run(const std::filesystem::path& directory,
                                          OutcomesBuilder& builder);

/// All of `paths`, each a run folder, a folder that holds run folders, or a table.
[[nodiscard]] core::Result<Outcomes> read_outcomes(std::span<const std::filesystem::path> paths,
                                                   const OutcomesForm& form);

}  // namespace ipw::analysis
