#pragma once
// Recorded loads: when requests came in somewhere, how long their prompts were and how much was
// generated for each, replayed with texts of these lengths, since traces do not publish any.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/datasets/question_set.h"
#include "ipw/scoring/scorer.h"

namespace ipw::profiling {

struct TracedRequest {
  core::Seconds at{0};  // since the first
  core::Tokens prompt;
  core::Tokens output;
};

struct LoadTrace {
  std::string name;                     // of the file
  std::string digest;                   // SHA-256 of its bytes
  std::vector<TracedRequest> requests;  // ascending in time
  std::uint64_t out_of_order = 0;       // rows that came before the row above them; sorted

  /// "8,819 requests in 3,435 s, 2,048 prompt and 28 output tokens on average"
  [[nodiscard]] std::string summary() const;
};

/// Comma-separated values with a header. Columns, by name in any order: TIMESTAMP or timestamp
/// (`2023-11-16 18:17:03.9799600`, Z or +00:00 behind it or not, or plain seconds), ContextTokens
/// or prompt_tokens, GeneratedTokens or output_tokens, as in Azure's public traces (Patel et al.
/// 2024); other columns are passed over. kInvalidData names `origin`, line and cause.
[[nodiscard]] core::Result<LoadTrace> parse_load_trace(std::string_view text,
                                                       const std::string& origin);

/// kNotFound, kPermissionDenied, and what parse_load_trace says.
[[nodiscard]] core::Result<LoadTrace> read_load_trace(const std::filesystem::path& file);

/// A text of about `tokens` tokens for row `row`: common English words, which most vocabularies
/// hold whole, different in every row, so that no cached prefix serves two rows. What it came to,
/// the model's own count says.
[[nodiscard]] std::string traced_prompt(std::uint64_t row, core::Tokens tokens);

/// One question per row of the trace, in the order of arrival; the reference is the number of
/// output tokens, which traced_length() reads back.
[[nodiscard]] std::unique_ptr<datasets::QuestionSet> traced_questions(LoadTrace trace);
[[nodiscard]] std::optional<int> traced_length(const record::Question& question);

inline constexpr const char* kTraceScorer = "answered";

/// Judges a replay, which has no right answers: whatever came to its end is correct.
[[nodiscard]] std::unique_ptr<scoring::Scorer> answered_scorer();

}  // namespace ipw::profiling
