#pragma once
// Does a table, or a run, follow from itself? Every derivable cell is recomputed, shares are tested
// for granularity, quantities that should vary for being constant, claims against their tables.
// Ranges of rounding decide: what can be true of unrounded numbers is never reported.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/analysis/table.h"
#include "ipw/core/result.h"
#include "ipw/metrics/printed.h"

namespace ipw::analysis {

/// Something that does not follow.
struct Finding {
  std::string check;  // "granularity", "constant", "identity", "mean", "product", "range", …
  std::string where;  // table:line, table, claim or run
  std::string what;   // one line that a person can check
  std::optional<metrics::Range> recomputed;
};

/// A check that this material does not allow.
struct Unchecked {
  std::string check;
  std::string where;
  std::string why;
};

struct Audit {
  std::vector<std::string> audited;             // tables and runs
  std::map<std::string, std::int64_t> checked;  // by check: how many cells, rows, columns, claims
  std::vector<Finding> findings;
  std::vector<Unchecked> unchecked;

  [[nodiscard]] bool holds() const { return findings.empty(); }
};

/// What a check file says: `claim,published,unit,formula,rows`, the formula as in claims.h. `rows`
/// (may be empty) is how many cells the claim speaks of. The formula samples(TABLE) gives the
/// number of samples behind each share of that table.
struct Claims {
  Table table;
};

struct AuditOptions {
  std::map<std::string, std::int64_t> samples;  // by table; "" for all others
};

/// The checks on tables; docs/metrics.md lists columns and checks. Errors where a number cannot be
/// read or a claim is broken, naming row and column. Pure.
[[nodiscard]] core::Result<Audit> audit_tables(std::span<const Table> tables,
                                               const std::optional<Claims>& claims,
                                               const AuditOptions& options);

/// The checks on the records of a run, added to `audit`. Errors as store::Run::open.
[[nodiscard]] core::Result<void> audit_run(const std::filesystem::path& directory, Audit& audit);

}  // namespace ipw::analysis
