#pragma once
// The engine's one thread: decodes the sequences of all requests in flight together, a token each
// at a time, and lets waiting requests in as soon as a slot is free (continuous batching).

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/models/language_model.h"
#include "ipw/models/sampler.h"
#include "ipw/models/text_stream.h"
#include "ipw/models/vocabulary.h"

struct llama_context;

namespace ipw::models {

/// One request on its way through the loop: what was asked, and what came of it. `completion`
/// enters with usage.prompt and the times intended and sent.
struct Generation {
  Generation(std::vector<Token> tokens, const Request& asked, const TokenSink& to,
             std::stop_token stop)
      : prompt(std::move(tokens)), request(asked), sink(to), cancel(std::move(stop)) {}

  std::vector<Token> prompt;  // not empty, fits the context
  const Request& request;
  const TokenSink& sink;
  std::stop_token cancel;
  record::Completion completion;
  core::Result<void> outcome;
  std::promise<void> done;
};

/// What the floating-point work of a sequence depends on.
struct Arithmetic {
  std::uint64_t active_parameters = 0;
  std::uint64_t attention_width = 0;  // layers × heads × size of a head

  /// FLOPs of evaluating the tokens at positions [begin, end) of a sequence: two per parameter and
  /// token, and two each for query·key and weight·value per attended position and unit of width.
  /// Source: PaLM (Chowdhery et al. 2022, arXiv:2204.02311), appendix B, forward part, with the
  /// causal sum over positions instead of the full length.
  [[nodiscard]] double flops(std::size_t begin, std::size_t end) const;
};

struct LoopOptions {
  int slots = 1;
  int batch_tokens = 512;  // most tokens of one call of llama_decode
  bool reuse_prefix = true;
  std::size_t context_tokens = 0;  // most that one sequence may use
  Arithmetic arithmetic;
};

class DecodeLoop {
 public:
  /// `context` has at least `slots` sequences and is used by this loop alone, as is everything that
  /// tasks touch. `clock` outlives the loop.
  DecodeLoop(llama_context* context, Vocabulary vocabulary, const LoopOptions& options,
             const core::Clock& clock);
  /// Ends what is in flight with FinishReason::kCancelled, then the thread.
  ~DecodeLoop();
  DecodeLoop(const DecodeLoop&) = delete;
  DecodeLoop& operator=(const DecodeLoop&) = delete;

  /// Blocks until the generation is done. Thread-safe.
  void run(Generation& generation);

  /// Runs `task` on the loop's thread between two batches, so that the machine's threads are never
  /// used twice at once, and waits for it. Thread-safe.
  void run(const std::function<void()>& task);

 private:
  struct Task {
    const std::function<void()>& work;
    std::promise<void> done;
  };
  struct Slot {
    std::int32_t sequence = 0;
    std::vector<Token> kept;  // the tokens whose keys and values the context holds
    Generation* work = nullptr;
    std::size_t begin = 0;  // first position that this request evaluates
    Token next = 0;         // sampled, not yet evaluated
    std::int32_t row = -1;  // of the batch whose logits this slot waits for
    std::optional<Sampler> sampler;
    std::optional<TextStream> stream;

    [[nodiscard]] bool in_prompt() const { return kept.size() < work->prompt.size(); }
  };
  class Batch;

  void loop(const std::stop_token& stop);
  void admit();
  void start(Generation& generation);
  Slot& best_free_slot(const Generation& generation);
  void fill_batch();
  void feed(Slot& slot);
  void decode();
  void take_token(Slot& slot);
  void finish(Slot& slot, record::FinishReason reason);
  void fail_all(const core::Error& error);
  void end_unstarted(Generation& generation);

  llama_context* context_;
  Vocabulary vocabulary_;
  LoopOptions options_;
  const core::Clock& clock_;

  // Of the loop's thread alone.
  std::vector<Slot> slots_;
  std::size_t busy_ = 0;
  std::unique_ptr<Batch> batch_;
  std::string piece_;

  // Shared with callers.
  std::mutex mutex_;
  std::deque<Generation*> waiting_;
  std::deque<Task*> tasks_;
  std::atomic<std::size_t> pending_ = 0;  // size of both, so that a token needs no lock
  std::counting_semaphore<> work_{0};     // wakes an idle loop
  std::jthread thread_;
};

}  // namespace ipw::models
