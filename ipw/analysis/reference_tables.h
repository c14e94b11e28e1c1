#pragma once
// Published tables for the tests of this folder: ../shared/reference beside the repository. Where
// the folder is absent a test is skipped, visibly, and fails where IPW_REQUIRE_SHARED is set.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "ipw/analysis/table.h"

namespace ipw::analysis {

inline std::filesystem::path shared_folder() {
  return std::filesystem::path(IPW_SOURCE_DIR) / ".." / "shared";
}

/// Why the test cannot run here; empty where it can.
inline std::string without_shared() {
  if (std::filesystem::exists(shared_folder() / "reference")) return {};
  if (std::getenv("IPW_REQUIRE_SHARED") != nullptr) ADD_FAILURE() << "../shared is required here";
  return "no ../shared/reference beside the repository";
}

inline Table reference_table(const std::string& name) {
  core::Result<Table> table = read_table(shared_folder() / "reference" / (name + ".csv"));
  if (table) return *std::move(table);
  ADD_FAILURE() << table.error().message;
  return {};
}

inline std::vector<Table> reference_tables() {
  std::vector<Table> tables;
  for (const auto& entry : std::filesystem::directory_iterator(shared_folder() / "reference")) {
    if (entry.path().extension() == ".csv") tables.push_back(reference_table(entry.path().stem()));
  }
  return tables;
}

}  // namespace ipw::analysis
