#pragma once
// The one table that all benchmarks fill, a row at a time (Markdown, so that it can be pasted).

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace ipw::bench {

inline void row(std::string_view what, std::string_view measured, std::string_view aim = "") {
  fmt::print("| {:<66} | {:<32} | {:<16} |\n", what, measured, aim);
  (void)std::fflush(stdout);
}

}  // namespace ipw::bench
