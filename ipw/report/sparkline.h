#pragma once
// A row of numbers as a tiny bar chart of one character each.

#include <optional>
#include <span>
#include <string>

namespace ipw::report {

/// One of ▁▂▃▄▅▆▇█ per value, 0 to `top` (the largest of them where `top` is absent); a blank where
/// a value is absent.
[[nodiscard]] std::string sparkline(std::span<const std::optional<double>> values,
                                    std::optional<double> top = std::nullopt);

}  // namespace ipw::report
