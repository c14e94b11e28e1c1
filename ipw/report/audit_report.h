#pragma once
// What an audit found, for people and for programs.

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "ipw/analysis/audit.h"

namespace ipw::report {

[[nodiscard]] std::string audit_text(const analysis::Audit& audit);

/// One document, `schema_version` first.
[[nodiscard]] nlohmann::ordered_json audit_json(const analysis::Audit& audit);

/// One line per finding and per check that could not be made, header first (RFC 4180).
[[nodiscard]] std::string audit_csv(const analysis::Audit& audit);

}  // namespace ipw::report
