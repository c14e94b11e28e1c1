#pragma once
// Where attribute and history take their cells from: one table of figures, or tables of answers and
// run folders.

#include <string>
#include <vector>

#include "ipw/analysis/cells.h"
#include "ipw/cli/flags.h"
#include "ipw/core/result.h"

namespace ipw::cli {

struct CellsInput {
  std::vector<std::string> paths;
  std::vector<std::string> factors = {"model", "accelerator"};
  std::string per = "watt";
  std::string columns;
  int resamples = 1000;
  std::uint64_t seed = 0;
};

/// Adds PATH, --per, --factors, --columns, --resamples and --seed. `input` must outlive the parse.
void declare_cells_input(const Flags& app, CellsInput& input);

/// One table without a question column is a table of figures; everything else answers.
[[nodiscard]] core::Result<analysis::Cells> read_cells(const CellsInput& input);

/// The same, but run folders (and folders that hold them) are one cell each, at their time.
[[nodiscard]] core::Result<analysis::Cells> read_series(const CellsInput& input);

}  // namespace ipw::cli
