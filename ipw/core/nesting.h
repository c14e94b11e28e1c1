#pragma once
// Parsers of JSON keep what is nested in a tree, and whoever walks a tree down to its leaves needs
// stack for every level: text from outside is measured before it is parsed.

#include <string_view>

namespace ipw::core {

/// Whether more than `levels` arrays and objects of the JSON `text` are open at one place. Text
/// that is no JSON is measured all the same; brackets in strings do not count. Linear, without
/// allocations.
[[nodiscard]] bool nested_deeper_than(std::string_view text, int levels);

}  // namespace ipw::core
