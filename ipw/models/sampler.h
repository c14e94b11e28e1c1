#pragma once
// Chooses the next token from a model's logits.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/models/language_model.h"

struct llama_sampler;     // NOLINT(readability-identifier-naming)
struct llama_token_data;  // NOLINT(readability-identifier-naming)

namespace ipw::models {

/// kUsage where a parameter is out of range or not finite.
[[nodiscard]] core::Result<void> check(const Sampling& sampling);

/// llama.cpp's sampler chain in its usual order: repetition penalty over the last 64 tokens (those
/// of the prompt included), top-k, top-p, min-p, temperature, draw. Temperature 0 takes the largest
/// logit after the penalty, the lowest id among equals. One owner at a time.
class Sampler {
 public:
  Sampler(const Sampling& sampling, std::int32_t vocabulary, std::span<const std::int32_t> prompt);
  ~Sampler();
  Sampler(Sampler&&) noexcept;
  Sampler& operator=(Sampler&&) noexcept;

  /// The chosen token's id; `logits` has one value per token of the vocabulary and is not empty.
  [[nodiscard]] std::int32_t pick(std::span<const float> logits);

 private:
  struct Free {
    void operator()(llama_sampler* sampler) const;
  };
  std::unique_ptr<llama_sampler, Free> chain_;  // null: plain greedy, which needs none
  std::vector<llama_token_data> candidates_;
};

/// Index of the first largest value.
[[nodiscard]] std::int32_t argmax(std::span<const float> logits);

/// Natural logarithm of the softmax of `logits` at `token`, in double precision.
[[nodiscard]] double log_probability(std::span<const float> logits, std::int32_t token);

}  // namespace ipw::models
