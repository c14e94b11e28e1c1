#pragma once
// A model whose answers, timings and failures are given: for tests and examples whose figures must
// be known beforehand. It computes nothing and says so in its description.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/units.h"
#include "ipw/models/language_model.h"

namespace ipw::models {

/// What the model does with one request.
struct ScriptedAnswer {
  std::vector<std::string> pieces;  // one token each
  core::Seconds prefill{0};         // from start to the first token
  core::Seconds per_token{0};       // between tokens
  core::Tokens prompt_tokens{1};
  record::FinishReason finish = record::FinishReason::kStop;
  std::optional<core::Error> failure;  // returned after prefill, instead of an answer
};

/// Called with each request, possibly from several threads at once.
using Script = std::function<ScriptedAnswer(const Request&)>;

/// Time passes on `clock`, by sleep_until; with a clock that a test moves by hand, timings are
/// exact. At most `slots` requests are served at once, others wait. Maximum tokens, stop strings,
/// cancellation and usage behave as with a real model; logprobs are 0 (certain).
class ScriptedModel final : public LanguageModel {
 public:
  /// `clock` outlives the model.
  ScriptedModel(Script script, core::Clock& clock, int slots = 1);

  [[nodiscard]] ModelDescription describe() const override;
  [[nodiscard]] core::Result<record::Completion> generate(const Request& request,
                                                          const TokenSink& sink,
                                                          std::stop_token cancel) override;

 private:
  [[nodiscard]] core::Result<record::Completion> serve(const Request& request,
                                                       const TokenSink& sink,
                                                       const std::stop_token& cancel,
                                                       record::Completion completion);

  Script script_;
  core::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  int free_slots_;
};

}  // namespace ipw::models
