#pragma once
// What needs a context of its own, made for one call and given back: the probabilities of a given
// answer, and embeddings.

#include <cstddef>
#include <span>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/models/vocabulary.h"

struct llama_model;

namespace ipw::models {

/// Natural-log probability of each token of `tokens` from `answer_begin` on, given those before it.
/// 0 < answer_begin < tokens.size(). Not for use while the model decodes elsewhere on the same
/// cores.
[[nodiscard]] core::Result<std::vector<double>> answer_logprobs(llama_model* model,
                                                                std::span<const Token> tokens,
                                                                std::size_t answer_begin,
                                                                int threads);

/// The text's vector of unit length: pooled as the model says, else the mean over its tokens.
[[nodiscard]] core::Result<std::vector<float>> embedding(llama_model* model,
                                                         std::span<const Token> tokens,
                                                         int threads);

}  // namespace ipw::models
