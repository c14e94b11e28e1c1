#pragma once
// Who answered which question, and at what cost: the one table that every analysis starts from,
// whether the answers were measured here or published by somebody else. By columns, a model each,
// so that a million questions times twenty models fit a laptop's memory.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/record/provenance.h"

namespace ipw::analysis {

/// What an answer can cost, each in the unit of its name.
enum class Quantity : std::uint8_t { kSeconds, kJoules, kWatts, kDollars };
inline constexpr std::size_t kQuantities = 4;

/// "seconds", "joules", "watts" or "dollars".
[[nodiscard]] const char* name(Quantity quantity);

/// One source and all methods of several provenances, joined by "+"; `mixed` where sources differ.
[[nodiscard]] record::Provenance combined(std::span<const record::Provenance> parts);

/// One quantity of one model over all questions.
struct QuantityColumn {
  std::vector<float> value;                 // by question; NaN: not known. Empty: never known
  std::vector<record::Provenance> sources;  // where the values come from, in order of appearance
  std::vector<std::uint8_t> source_of;      // by question, index into sources; empty: one source

  [[nodiscard]] bool empty() const { return value.empty(); }
  [[nodiscard]] record::Provenance provenance() const { return combined(sources); }
};

/// What is known of a model beside its answers. Absent: not told.
struct ModelProperties {
  std::optional<double> parameters_b;  // 10^9 weights in memory
  std::optional<double> active_b;      // 10^9 weights used per token; absent: all of them
  std::optional<double> year;          // calendar year of release, fractions allowed
  std::optional<double> memory_gb;     // 10^9 bytes needed to serve it
};

/// The answers of one model, on one hardware and batch size, in one repeat.
struct ModelOutcomes {
  std::string model;
  std::string hardware;      // empty: not told
  std::optional<int> batch;  // requests served together; absent: not told
  int repeat = 0;            // 0-based
  ModelProperties properties;

  record::Provenance verdicts;       // whose verdicts the scores are
  std::vector<float> score;          // by question, in [0, 1]; NaN: no verdict
  std::vector<float> input_tokens;   // by question; NaN: not known. Empty: never known
  std::vector<float> output_tokens;  // likewise
  std::array<QuantityColumn, kQuantities> quantities;

  [[nodiscard]] const QuantityColumn& of(Quantity quantity) const {
    return quantities[static_cast<std::size_t>(quantity)];
  }
  /// The model's name, with hardware, batch and repeat where they tell it from others.
  [[nodiscard]] std::string label() const;
  /// Questions without a verdict of this model.
  [[nodiscard]] std::int64_t missing() const;
};

/// Every model over one list of questions. Columns of ModelOutcomes are empty or as long as
/// `questions`; element i of each belongs to questions[i].
struct Outcomes {
  std::vector<std::string> questions;   // ids of the source, in order of appearance
  std::vector<std::uint16_t> category;  // by question, index into categories; empty: no categories
  std::vector<std::string> categories;  // "" where a question has none
  std::vector<float> options;           // by question: choices that a guesser has; NaN: not known
  std::vector<ModelOutcomes> models;    // in order of appearance
  std::vector<std::string> notes;       // what a reader of the figures must know

  /// Index into `models` of repeat 0 of the model so named or labelled; nothing: not there, or
  /// several (on different hardware) bear the name.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view model) const;
  [[nodiscard]] std::vector<std::string> labels() const;
};

/// Only the questions on which every one of `models` (indices) has a verdict; a note says how many
/// others there were.
[[nodiscard]] Outcomes complete_questions(Outcomes outcomes, std::span<const std::size_t> models);

}  // namespace ipw::analysis
