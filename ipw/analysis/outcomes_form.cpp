// The table of parts and the table of units.
#include "ipw/analysis/outcomes_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ipw/analysis/table_rows.h"
#include "ipw/datasets/spelling.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using enum Part;

constexpr double kUnitInCell = 0.0;

constexpr std::array kParts{
    PartRow{"question", kQuestion, "question_id id qid"},
    PartRow{"model", kModel, "model_name"},
    PartRow{"hardware", kHardware, "accelerator device"},
    PartRow{"batch", kBatch, "batch_size"},
    PartRow{"repeat", kRepeat, "sample"},
    PartRow{"score", kScore, "correct is_correct"},
    PartRow{"answer", kAnswer},
    PartRow{"category", kCategory, "task domain subject"},
    PartRow{"options", kOptions, "choices"},
    PartRow{"input_tokens", kInputTokens, "prompt_tokens"},
    PartRow{"output_tokens", kOutputTokens, "completion_tokens"},
    PartRow{"seconds", kQuantity, "latency_s service_s", Quantity::kSeconds},
    PartRow{"milliseconds", kQuantity, "latency_ms", Quantity::kSeconds, 1e-3},
    PartRow{"latency", kQuantity, "", Quantity::kSeconds, kUnitInCell},
    PartRow{"joules", kQuantity, "energy_j", Quantity::kJoules},
    PartRow{"watt_hours", kQuantity, "energy_wh", Quantity::kJoules, 3600.0},
    PartRow{"energy", kQuantity, "", Quantity::kJoules, kUnitInCell},
    PartRow{"watts", kQuantity, "power_w", Quantity::kWatts},
    PartRow{"power", kQuantity, "", Quantity::kWatts, kUnitInCell},
    PartRow{"dollars", kQuantity, "cost_usd usd", Quantity::kDollars},
    PartRow{"cost", kQuantity, "", Quantity::kDollars, kUnitInCell},
    PartRow{"seconds_provenance", kQuantityProvenance, "", Quantity::kSeconds},
    PartRow{"joules_provenance", kQuantityProvenance, "", Quantity::kJoules},
    PartRow{"watts_provenance", kQuantityProvenance, "", Quantity::kWatts},
    PartRow{"dollars_provenance", kQuantityProvenance, "", Quantity::kDollars},
    PartRow{"provenance", kProvenance},
    PartRow{"parameters_b", kParameters},
    PartRow{"active_b", kActive},
    PartRow{"year", kYear},
    PartRow{"memory_gb", kMemory},
};

struct Unit {
  Quantity quantity;
  std::string_view name;
  double factor;
};
constexpr std::array kUnits{
    Unit{Quantity::kSeconds, "s", 1.0},     Unit{Quantity::kSeconds, "ms", 1e-3},
    Unit{Quantity::kSeconds, "us", 1e-6},   Unit{Quantity::kSeconds, "min", 60.0},
    Unit{Quantity::kJoules, "J", 1.0},      Unit{Quantity::kJoules, "mJ", 1e-3},
    Unit{Quantity::kJoules, "kJ", 1e3},     Unit{Quantity::kJoules, "MJ", 1e6},
    Unit{Quantity::kJoules, "Wh", 3600.0},  Unit{Quantity::kJoules, "mWh", 3.6},
    Unit{Quantity::kJoules, "kWh", 3.6e6},  Unit{Quantity::kWatts, "W", 1.0},
    Unit{Quantity::kWatts, "mW", 1e-3},     Unit{Quantity::kWatts, "kW", 1e3},
    Unit{Quantity::kDollars, "USD", 1.0},   Unit{Quantity::kDollars, "$", 1.0},
    Unit{Quantity::kDollars, "cent", 1e-2},
};

struct Word {
  std::string_view text;
  double score;
};
constexpr std::array kScoreWords{Word{"true", 1.0},  Word{"false", 0.0},   Word{"yes", 1.0},
                                 Word{"no", 0.0},    Word{"correct", 1.0}, Word{"incorrect", 0.0},
                                 Word{"wrong", 0.0}, Word{"right", 1.0}};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::vector<std::string> part_names() {
  std::vector<std::string> names{"ignore"};
  for (const PartRow& row : kParts) names.emplace_back(row.name);
  return names;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (true) {
    const auto at = text.find(separator);
    pieces.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

}  // namespace

std::span<const PartRow> parts() { return kParts; }

core::Result<void> parse_columns(std::string_view text, OutcomesForm& form) {
  for (const std::string_view piece : split(text, ',')) {
    const auto equals = piece.find('=');
    const std::string part(trimmed(piece.substr(0, equals)));
    if (equals == std::string_view::npos) {
      return core::fail(ErrorCode::kUsage,
                        fmt::format("--columns: '{}' is not of the form part=column", piece));
    }
    const std::string column(trimmed(piece.substr(equals + 1)));
    if (part == "ignore") {
      for (const std::string_view name : split(column, '+')) form.ignored.emplace(name);
      continue;
    }
    const std::vector<std::string> names = part_names();
    if (std::ranges::find(names, part) == names.end()) {
      const std::string near = datasets::closest(part, names);
      return core::fail(
          ErrorCode::kUsage,
          fmt::format("--columns: there is no part '{}'{} (parts: {})", part,
                      near.empty() ? "" : "; did you mean " + near + "?", datasets::listed(names)));
    }
    form.columns[part] = column;
  }
  return {};
}

core::Result<record::Provenance> parse_provenance(std::string_view text) {
  const auto colon = text.find(':');
  const std::string_view word = trimmed(text.substr(0, colon));
  for (const auto source :
       {record::Source::kMeasured, record::Source::kEstimated, record::Source::kPublished}) {
    if (word != record::name(source)) continue;
    const auto method =
        colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    return record::Provenance{source, std::string(trimmed(method))};
  }
  return core::fail(ErrorCode::kInvalidData,
                    fmt::format("provenance '{}' is unknown (measured, estimated or published, "
                                "with the method behind a colon)",
                                text));
}

core::Result<std::optional<double>> parse_score(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || same_word(text, "missing")) return std::nullopt;
  if (const auto value = parse_number(text)) return value;
  for (const Word& word : kScoreWords) {
    if (same_word(text, word.text)) return word.score;
  }
  return core::fail(ErrorCode::kInvalidData,
                    fmt::format("score is '{}': expected a number, true or false, or nothing where "
                                "there is no verdict",
                                text));
}

core::Result<double> parse_with_unit(Quantity quantity, std::string_view text) {
  text = trimmed(text);
  std::string_view unit;
  std::string known;
  for (const Unit& row : kUnits) {
    if (row.quantity != quantity) continue;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
    if (!text.ends_with(row.name) || row.name.size() < unit.size()) continue;
    unit = row.name;
  }
  for (const Unit& row : kUnits) {
    if (row.quantity != quantity || row.name != unit || unit.empty()) continue;
    const auto value = parse_number(text.substr(0, text.size() - unit.size()));
    if (value) return *value * row.factor;
  }
  return core::fail(ErrorCode::kInvalidData,
                    fmt::format("'{}' is no number with a unit of {} (one of {}; or name the "
                                "column after its unit, as '{}')",
                                text, name(quantity), known, name(quantity)));
}

}  // namespace ipw::analysis
