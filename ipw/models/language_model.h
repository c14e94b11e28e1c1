#pragma once
// What every model looks like to the rest of the house, wherever it runs.

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/record/completion.h"

namespace ipw::models {

struct Message {
  std::string role;  // "system", "user", "assistant" or "tool"
  std::string content;
  std::vector<record::ToolCall> tool_calls;  // of an assistant
  std::string tool_call_id;                  // of a tool: which call this answers
};

/// A tool that the model may call. Remote models only.
struct Tool {
  std::string name;
  std::string description;
  std::string parameters = R"({"type":"object","properties":{}})";  // JSON schema
};

/// Sampling after llama.cpp's and OpenAI's conventions. The defaults are greedy and reproducible.
struct Sampling {
  double temperature = 0.0;         // 0: greedy
  double top_p = 1.0;               // 1: off
  int top_k = 0;                    // 0: off
  double min_p = 0.0;               // 0: off
  double repetition_penalty = 1.0;  // 1: off
  std::uint64_t seed = 0;
};

struct Request {
  std::vector<Message> messages;          // rendered by the model's own chat template, or
  std::optional<std::string> raw_prompt;  // taken as it is, no template; wins over messages
  Sampling sampling;
  int max_tokens = 512;
  std::vector<std::string> stop;  // generation ends before any of these
  bool logprobs = false;          // fill Completion::token_logprobs
  std::vector<Tool> tools;
  std::string json_schema;       // the answer is to be JSON of this schema; empty: any text
  std::string reasoning_effort;  // "low", "medium", "high" or "none"; empty: the model's own
  core::Instant intended;        // scheduled send time; zero: now
  bool fixed_length = false;     // generate max_tokens whatever comes, where the engine can
};

enum class PieceKind {
  kText,       // of the answer
  kReasoning,  // of the thinking before it
  kToolCall,   // of a tool call's arguments
};

/// One generated piece as it left the model: a token of an engine in this process, any number of
/// them from a server. `piece` is valid during the call only and may end inside a UTF-8 sequence.
struct TokenEvent {
  core::Instant at;
  std::string_view piece;
  std::optional<double> logprob;
  PieceKind kind = PieceKind::kText;
};
using TokenSink = std::function<void(const TokenEvent&)>;

struct ModelDescription {
  std::string name;                         // as the user wrote it: "FILE.gguf", "ollama:NAME", …
  std::string architecture;                 // "llama", …; empty where unknown
  std::string engine;                       // "llama.cpp v0.5.0", …
  std::string digest;                       // SHA-256 of the weights, all files one after another
  std::string quantization;                 // "Q8_0", …
  std::optional<std::uint64_t> parameters;  // total
  std::optional<std::uint64_t> active_parameters;  // per token; equals total for dense models
  std::optional<std::uint64_t> size_bytes;         // of the weights, all files together
  std::optional<int> context_tokens;               // most that one request may use
  std::string chat_template;                       // "gguf", "none", …: where it comes from
  std::string server;                              // host and port; empty: in this process
  bool here = true;                                // it runs on this machine
};

/// generate() is thread-safe and blocks; calls beyond what the engine decodes together wait in
/// line. Failures: kTooLong where the prompt does not fit the context and kTimeout where the model
/// did not answer in time (its own failures: judged incorrect), kCancelled, and all others for what
/// it was not given the chance to do (asked again): kUnavailable for infrastructure, kUsage for a
/// request that makes no sense, kUnsupported for what cannot be asked of it.
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;
  [[nodiscard]] virtual ModelDescription describe() const = 0;
  /// Streams to `sink` (may be empty) from the engine's thread; stops between tokens when `cancel`
  /// is requested and then returns what it has with FinishReason::kCancelled.
  [[nodiscard]] virtual core::Result<record::Completion> generate(const Request& request,
                                                                  const TokenSink& sink,
                                                                  std::stop_token cancel) = 0;
};

}  // namespace ipw::models
