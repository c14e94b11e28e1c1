// See finish_words.h. The words are those of the APIs' own documentation: OpenAI, Anthropic,
// Gemini, Ollama, vLLM, SGLang, TGI, Mistral, Cohere, DeepSeek, GLM, Qwen, Baidu, Bedrock, watsonx,
// xAI.
#include "ipw/models/finish_words.h"

#include <algorithm>
#include <array>
#include <string>

namespace ipw::models {
namespace {

using record::FinishReason;
using Says = FinishWord::Says;

constexpr FinishWord kStop{Says::kEnded, FinishReason::kStop};
constexpr FinishWord kLength{Says::kEnded, FinishReason::kLength};
constexpr FinishWord kTools{Says::kEnded, FinishReason::kToolCalls};
constexpr FinishWord kRefused{Says::kEnded, FinishReason::kRefused};
constexpr FinishWord kNothing{Says::kNothing, {}};
constexpr FinishWord kBroken{Says::kBrokenOff, {}};

struct Row {
  std::string_view word;
  FinishWord meaning;
};

constexpr auto kWords = std::to_array<Row>({
    {"stop", kStop},
    {"stopped", kStop},
    {"stop_sequence", kStop},
    {"stop_token", kStop},
    {"eos", kStop},
    {"eos_token", kStop},
    {"end", kStop},
    {"end_turn", kStop},
    {"end_of_text", kStop},
    {"complete", kStop},
    {"completed", kStop},
    {"finished", kStop},
    {"done", kStop},
    {"normal", kStop},
    {"length", kLength},
    {"max_length", kLength},
    {"max_tokens", kLength},
    {"max_new_tokens", kLength},
    {"max_output_tokens", kLength},
    {"max_completion_tokens", kLength},
    {"model_length", kLength},
    {"token_limit", kLength},
    {"limit", kLength},
    {"error_limit", kLength},
    {"context_length", kLength},
    {"context_length_exceeded", kLength},
    {"model_context_window_exceeded", kLength},
    {"repetition", kLength},
    {"tool_calls", kTools},
    {"tool_call", kTools},
    {"tool_use", kTools},
    {"function_call", kTools},
    {"malformed_function_call", kTools},
    {"unexpected_tool_call", kTools},
    {"too_many_tool_calls", kTools},
    {"content_filter", kRefused},
    {"content_filtered", kRefused},
    {"refusal", kRefused},
    {"safety", kRefused},
    {"recitation", kRefused},
    {"language", kRefused},
    {"blocklist", kRefused},
    {"prohibited_content", kRefused},
    {"spii", kRefused},
    {"image_safety", kRefused},
    {"sensitive", kRefused},
    {"guardrail_intervened", kRefused},
    {"error_toxic", kRefused},
    {"", kNothing},
    {"null", kNothing},
    {"none", kNothing},
    {"nil", kNothing},
    {"undefined", kNothing},
    {"unspecified", kNothing},
    {"finish_reason_unspecified", kNothing},
    {"not_finished", kNothing},
    {"in_progress", kNothing},
    {"error", kBroken},
    {"server_error", kBroken},
    {"internal_error", kBroken},
    {"engine_error", kBroken},
    {"network_error", kBroken},
    {"overloaded", kBroken},
    {"insufficient_system_resource", kBroken},
    {"abort", kBroken},
    {"aborted", kBroken},
    {"cancel", kBroken},
    {"canceled", kBroken},
    {"cancelled", kBroken},
    {"user_cancel", kBroken},
    {"interrupted", kBroken},
    {"timeout", kBroken},
    {"time_limit", kBroken},
    {"failed", kBroken},
    {"incomplete", kBroken},
});

char folded(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '-' || c == ' ' ? '_' : c;
}

}  // namespace

FinishWord finish_word(std::string_view word) {
  std::string name(word);
  std::ranges::transform(name, name.begin(), folded);
  const auto* row = std::ranges::find(kWords, name, &Row::word);
  return row == kWords.end() ? FinishWord{} : row->meaning;
}

}  // namespace ipw::models
