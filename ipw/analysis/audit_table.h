#pragma once
// The checks of an audit that look at one table alone, and at what two tables say of one
// accelerator.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "ipw/analysis/audit.h"

namespace ipw::analysis {

/// By accelerator ("" where the table has none): the one power that all its models imply.
using PowerConstants = std::map<std::string, metrics::Range>;

/// Adds what does not follow within the table to `audit`; `samples` behind each share where no
/// column says it.
PowerConstants audit_table(const Table& table, std::optional<std::int64_t> samples, Audit& audit);

/// Adds the rows whose accuracy and IPW imply another power than `constants`, those of the table
/// `other`, have for the same accelerator.
void audit_against(const Table& table, const std::string& other, const PowerConstants& constants,
                   Audit& audit);

}  // namespace ipw::analysis
