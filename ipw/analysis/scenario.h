#pragma once
// A scenario of Gross Domestic Intelligence: pools of accelerators and what reaches them, every
// number with its source or the word assumption. docs/formats.md describes the file.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/metrics/gdi.h"

namespace ipw::analysis {

/// One number of a scenario. low <= value <= high; equal where it has no range.
struct Input {
  std::string name;
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
  std::string source;      // who says so; empty: assumed
  std::string assumption;  // why it is taken to be so; empty: sourced

  [[nodiscard]] bool swept() const { return low < high; }
};

enum class PoolKind : std::uint8_t { kDevices, kDataCentre };

// Not analysis::Pool, which is one of models.
struct PowerPool {
  std::string name;
  PoolKind kind = PoolKind::kDevices;
  std::vector<Input> inputs;

  [[nodiscard]] const Input* find(std::string_view input) const;
};

/// One change of one input.
struct Change {
  std::size_t pool = 0;
  std::size_t input = 0;
  double factor = 1.0;
};

struct Intervention {
  std::string name;
  std::vector<Change> changes;
};

struct Scenario {
  std::string name;
  std::string note;
  std::vector<PowerPool> pools;
  std::vector<Intervention> interventions;
};

/// JSON text; `origin` names it in messages. kInvalidData naming pool and input where something is
/// missing, unknown, not a number, out of its range (shares in (0, 1], PUE at least 1, all else
/// above zero, and none below 1e-15 or above 1e21), low <= value <= high does not hold, or an input
/// has neither source nor assumption or both; kUnsupported for another schema_version.
[[nodiscard]] core::Result<Scenario> parse_scenario(std::string_view json,
                                                    const std::string& origin);

/// A file, or one of the scenarios that come with the program ("us", "china").
[[nodiscard]] core::Result<Scenario> read_scenario(const std::string& name_or_file);

/// The text of data/gdi/NAME.json as it was at build time; empty for other names.
[[nodiscard]] std::string_view bundled_scenario(std::string_view name);

/// What a pool comes to.
struct PoolResult {
  metrics::UsablePower power;
  double gdi = 0.0;            // IPW × W
  double answers_per_s = 0.0;  // IPJ × W
};

/// From the inputs' values in the order of `pool.inputs`.
[[nodiscard]] PoolResult compute(const PowerPool& pool, const std::vector<double>& values);

}  // namespace ipw::analysis
