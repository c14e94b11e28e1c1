#pragma once
// What is published about models behind APIs: prices with their date, context, parameters. The
// table comes with ipw (data/models.csv) and a user's own rows go before it. What is not in it has
// no price, which is not a price of 0.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"

namespace ipw::models {

/// USD per million tokens, as the provider published them.
struct Price {
  double input = 0.0;
  std::optional<double> cached_input;  // absent: as input
  double output = 0.0;
  std::optional<double> reasoning;                  // absent: as output
  std::optional<std::int64_t> up_to_prompt_tokens;  // longer prompts cost more than this says
};

struct ApiModel {
  std::string provider;  // scheme of the model's name: "openai", "anthropic", "gemini", "ollama"
  std::string model;
  std::optional<Price> price;
  std::optional<int> context_tokens;
  std::optional<std::uint64_t> parameters;
  std::optional<std::uint64_t> active_parameters;
  std::string as_of;  // "2026-11"
  std::string source;
  bool own = false;  // from the user's file
};

/// The table that comes with ipw.
[[nodiscard]] std::string_view built_in_models();

/// Rows of a table like data/models.csv: a header, then one model a line, '#' begins a comment.
/// kInvalidData naming `origin` and line.
[[nodiscard]] core::Result<std::vector<ApiModel>> parse_models(std::string_view csv,
                                                               const std::string& origin);

/// The built-in table, and before it the rows of `own` where that file exists.
[[nodiscard]] core::Result<std::vector<ApiModel>> read_models(const std::filesystem::path& own);

/// The row of exactly this model; null: there is none. Nothing is guessed from similar names.
[[nodiscard]] const ApiModel* find_model(std::span<const ApiModel> models,
                                         std::string_view provider, std::string_view model);

}  // namespace ipw::models
