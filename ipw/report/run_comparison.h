#pragma once
// Two runs, question by question: what differs between them, and how sure that is.

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ipw/core/result.h"
#include "ipw/metrics/comparison.h"
#include "ipw/store/manifest.h"

namespace ipw::report {

struct RunComparison {
  store::Manifest a;  // of the first run of each side
  store::Manifest b;
  std::size_t runs = 1;               // of each side
  bool same_devices = false;          // the same sensors on the same host: systematic errors cancel
  std::vector<std::string> warnings;  // what else differs between the runs
  metrics::Comparison comparison;
};

/// Pairs the records by question id. `a` and `b` are run folders, or folders of runs that were made
/// in turn: the first of one side is compared with the first of the other and so on, and what they
/// say together holds for other moments, too (metrics::combined). Errors as store::Run::open and
/// store::run_folders; kUnsupported where runs share no question or the sides differ in number.
[[nodiscard]] core::Result<RunComparison> compare_runs(const std::filesystem::path& a,
                                                       const std::filesystem::path& b,
                                                       int resamples);

/// What else than the model differs between two runs, one line each; empty: nothing.
[[nodiscard]] std::vector<std::string> differences(const store::Manifest& a,
                                                   const store::Manifest& b);

/// "the joules of A are disturbed: …", of each side beside which others worked.
[[nodiscard]] std::vector<std::string> disturbed_sides(const store::Manifest& a,
                                                       const store::Manifest& b);

[[nodiscard]] std::string comparison_text(const RunComparison& comparison);
[[nodiscard]] nlohmann::ordered_json comparison_json(const RunComparison& comparison);

}  // namespace ipw::report
