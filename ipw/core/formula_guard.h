#pragma once
// Tables are opened in spreadsheets, which run what begins like a formula. OWASP ("CSV Injection")
// advises an apostrophe before it; here it can be taken away again.

#include <string>

namespace ipw::core {

/// `cell` with an apostrophe before it where it is no number and begins with = + - @, one of their
/// full-width forms, a tab or a line break, or with apostrophes before one of these.
[[nodiscard]] std::string guarded_cell(std::string cell);

/// What guarded_cell() was given.
[[nodiscard]] std::string unguarded_cell(std::string cell);

}  // namespace ipw::core
