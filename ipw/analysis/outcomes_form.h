#pragma once
// How a table of outcomes is laid out: which column plays which part, by one visible table of parts
// and by what the caller says.

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "ipw/analysis/outcomes.h"
#include "ipw/core/result.h"

namespace ipw::analysis {

/// What a column can be. kCost: one of the parts below that carry seconds, joules, watts, dollars.
enum class Part : std::uint8_t {
  kQuestion,
  kModel,
  kHardware,
  kBatch,
  kRepeat,
  kScore,
  kAnswer,
  kCategory,
  kOptions,
  kInputTokens,
  kOutputTokens,
  kQuantity,
  kQuantityProvenance,
  kProvenance,
  kParameters,
  kActive,
  kYear,
  kMemory,
};

/// One row of the table of parts. `name` is what --columns calls it; `also` lists, separated by
/// spaces, the column names that are taken for it without being told.
struct PartRow {
  std::string_view name;
  Part part;
  std::string_view also;
  Quantity quantity = Quantity::kSeconds;  // of kQuantity and kQuantityProvenance
  double factor = 1.0;                     // to the Quantity's unit; 0: the cell names its unit
};
[[nodiscard]] std::span<const PartRow> parts();

/// Pseudo-columns: the file's name without folder and ending, and FILE:LINE.
inline constexpr std::string_view kFileColumn = "@file";
inline constexpr std::string_view kRowColumn = "@row";

struct OutcomesForm {
  std::map<std::string, std::string> columns;  // part -> column; the rest by name
  std::set<std::string> ignored;               // columns that are none of ours
  bool wide = false;  // every other column is a model, its cell the score (or, where an answer
                      // column is named, the answer given, right if equal to it)
  std::optional<record::Provenance> provenance;  // of costs that have none of their own
  bool clip_scores = false;  // scores below 0 count as 0 and above 1 as 1, which a note says
};

/// Reads `question=id,joules=energy,ignore=a+b`. kUsage names the unknown part and the known ones.
[[nodiscard]] core::Result<void> parse_columns(std::string_view text, OutcomesForm& form);

/// "measured", "estimated" or "published", with the method behind a colon: "measured:
/// nvml-counter". kInvalidData for other words.
[[nodiscard]] core::Result<record::Provenance> parse_provenance(std::string_view text);

/// A score as tables write it: a number, true/false, yes/no, correct/incorrect; absent for
/// "missing" and for nothing. kInvalidData for anything else.
[[nodiscard]] core::Result<std::optional<double>> parse_score(std::string_view text);

/// "12.5 mJ" in joules, "350 ms" in seconds, "0.02 USD" in dollars. kInvalidData, saying which
/// units there are, where the unit is missing or unknown.
[[nodiscard]] core::Result<double> parse_with_unit(Quantity quantity, std::string_view text);

}  // namespace ipw::analysis
