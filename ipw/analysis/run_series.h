#pragma once
// A series of runs as cells through time: each run is a cell of its own at the time when it was
// made, also where model and machine are those of another run.

#include <filesystem>
#include <span>

#include "ipw/analysis/cells.h"
#include "ipw/core/result.h"

namespace ipw::analysis {

/// Factors model and accelerator, time from the manifest (calendar year with fraction), in order of
/// time. `paths` are run folders, or folders that hold run folders (a study). Questions are matched
/// by content. kNotFound where a folder holds no run; errors as read_run() and cells_of_outcomes().
[[nodiscard]] core::Result<Cells> cells_of_runs(std::span<const std::filesystem::path> paths,
                                                Per per);

/// "2026-11-21T09:30:00Z" or "2026-11-21" as a calendar year with fraction, 2026.888; nothing for
/// other text or a day that is none.
[[nodiscard]] std::optional<double> calendar_year(const std::string& date);

/// The way back: "2026-11-21 09:30", or "2026-11-21" at midnight.
[[nodiscard]] std::string calendar_text(double year);

}  // namespace ipw::analysis
