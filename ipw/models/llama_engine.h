#pragma once
// llama.cpp in this process: any GGUF model behind LanguageModel, and what only logits can give.

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/models/language_model.h"

namespace ipw::models {

struct EngineOptions {
  int threads = 0;      // 0: one below 100 M parameters, else every core; never more than there are
  int gpu_layers = -1;  // offloaded, where there is an accelerator; -1: all
  int context_tokens = 0;    // most that one request may use; 0: as trained, at most 8,192
  int slots = 1;             // sequences decoded together; each has its own context
  int batch_tokens = 512;    // most tokens that one step evaluates, all slots together
  bool reuse_prefix = true;  // keep the last prompt of a slot and skip what the next one shares
  std::string model_name;    // as the user wrote it; empty: the path
  std::filesystem::path library_directory;  // of llama.cpp's backends; empty: found
  const core::Clock* clock = nullptr;       // outlives the engine; null: the machine's
};

/// Threads of an engine on the CPU: `asked`, or, where it is 0, one below 100 M parameters (more
/// only spin on so little work) and every core above. Never more than there are cores.
[[nodiscard]] int threads_for(int asked, std::optional<std::uint64_t> parameters);

/// How likely a given answer is.
struct AnswerScore {
  std::vector<double> token_logprobs;  // natural log, one per token of the answer

  [[nodiscard]] double total() const {
    double sum = 0;
    for (const double logprob : token_logprobs) sum += logprob;
    return sum;
  }
  /// exp(-mean of token_logprobs); the answer has at least one token.
  [[nodiscard]] double perplexity() const {
    return std::exp(-total() / static_cast<double>(token_logprobs.size()));
  }
};

/// Same seed, same text: for the same requests in the same order, with one slot. With several
/// slots, or after another prefix was reused, the same numbers are summed in another order, so that
/// logits differ in their last bits and a near tie may fall the other way. Timings are those of the
/// engine's thread; peak memory is the process's high-water mark (VmHWM).
class LlamaEngine final : public LanguageModel {
 public:
  /// Loads the model and starts the engine's thread. Any part of a split model stands for all. What
  /// would keep every question from being asked is found here: a chat template or a tokenizer that
  /// cannot be run is kUnsupported. kNotFound, kPermissionDenied, kInvalidData and
  /// kUnsupported for the file, kUsage for the options, kOutOfSpace where memory does not suffice.
  [[nodiscard]] static core::Result<std::unique_ptr<LlamaEngine>> open(
      const std::filesystem::path& path, const EngineOptions& options = {});
  ~LlamaEngine() override;
  LlamaEngine(const LlamaEngine&) = delete;
  LlamaEngine& operator=(const LlamaEngine&) = delete;

  /// The first call reads the whole model for its digest, over all its files. Thread-safe.
  [[nodiscard]] ModelDescription describe() const override;

  /// As LanguageModel says. A sink that is slow holds up all slots; it must not throw. Broken UTF-8
  /// of the model is U+FFFD in Completion::text and as it came in the pieces.
  [[nodiscard]] core::Result<record::Completion> generate(const Request& request,
                                                          const TokenSink& sink,
                                                          std::stop_token cancel) override;

  /// Log-probabilities of `answer` as the model's continuation of the request's prompt (sampling
  /// and limits are ignored). kUsage where the answer is empty, kTooLong where both do not fit the
  /// context.
  /// Thread-safe.
  [[nodiscard]] core::Result<AnswerScore> score(const Request& request, std::string_view answer);

  /// The text's embedding, of unit length, pooled as the model says, else the mean over its tokens.
  /// kUsage where the text has no token, kTooLong where it does not fit the context. Thread-safe.
  [[nodiscard]] core::Result<std::vector<float>> embed(std::string_view text);

  /// Tokens of `text` as plain text. Thread-safe.
  [[nodiscard]] std::int64_t count_tokens(std::string_view text) const;

  /// Threads in use.
  [[nodiscard]] int threads() const;

 private:
  struct Loaded;
  explicit LlamaEngine(std::unique_ptr<Loaded> loaded);
  [[nodiscard]] core::Result<std::vector<std::int32_t>> prompt_tokens(const Request& request) const;
  [[nodiscard]] core::Result<void> fits(std::size_t tokens, std::string_view what) const;

  std::unique_ptr<Loaded> loaded_;
};

}  // namespace ipw::models
