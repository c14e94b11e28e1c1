#include "ipw/models/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "ipw/models/llama_library.h"
#include "ipw/models/sampler.h"

#include "llama.h"

namespace ipw::models {
namespace {

using core::ErrorCode;
using core::fail;
using core::Result;

struct FreeContext {
  void operator()(llama_context* context) const { llama_free(context); }
};
using Context = std::unique_ptr<llama_context, FreeContext>;

constexpr std::uint32_t kScoringBatch = 64;  // bounds the logits kept: 64 × vocabulary floats

llama_context_params parameters(std::size_t tokens, std::uint32_t batch, int threads) {
  auto params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(tokens);
  params.n_batch = params.n_ubatch = batch;
  params.n_seq_max = 1;
  params.n_threads = params.n_threads_batch = threads;
  params.no_perf = true;
  return params;
}

Result<Context> make_context(llama_model* model, const llama_context_params& params) {
  Context context(llama_init_from_model(model, params));
  if (!context) {
    return fail(ErrorCode::kOutOfSpace,
                fmt::format("cannot make a context of {} tokens: {} (shorten the text)",
                            params.n_ctx, take_llama_complaint()));
  }
  return context;
}

std::unexpected<core::Error> could_not_decode(int status) {
  return fail(ErrorCode::kInternal, fmt::format("llama.cpp could not decode: {} (status {})",
                                                take_llama_complaint(), status));
}

struct FreeBatch {
  llama_batch batch;
  ~FreeBatch() { llama_batch_free(batch); }
};

void add(llama_batch& batch, Token token, std::size_t position, bool wanted) {
  const auto row = batch.n_tokens++;
  batch.token[row] = token;
  batch.pos[row] = static_cast<llama_pos>(position);
  batch.n_seq_id[row] = 1;
  batch.seq_id[row][0] = 0;
  batch.logits[row] = wanted ? 1 : 0;
}

}  // namespace

Result<std::vector<double>> answer_logprobs(llama_model* model, std::span<const Token> tokens,
                                            std::size_t answer_begin, int threads) {
  IPW_TRY(const Context context,
          make_context(model, parameters(tokens.size(), kScoringBatch, threads)));
  const auto vocabulary =
      static_cast<std::size_t>(llama_vocab_n_tokens(llama_model_get_vocab(model)));
  FreeBatch owned{llama_batch_init(static_cast<std::int32_t>(kScoringBatch), 0, 1)};
  llama_batch& batch = owned.batch;
  std::vector<double> logprobs;
  // The last token's successor is not asked for, so it is not evaluated.
  for (std::size_t begin = 0; begin + 1 < tokens.size(); begin += kScoringBatch) {
    const std::size_t end = std::min<std::size_t>(begin + kScoringBatch, tokens.size() - 1);
    batch.n_tokens = 0;
    for (std::size_t i = begin; i < end; ++i) add(batch, tokens[i], i, i + 1 >= answer_begin);
    const int status = llama_decode(context.get(), batch);
    if (status != 0) return could_not_decode(status);
    for (std::size_t i = std::max(begin, answer_begin - 1); i < end; ++i) {
      const float* logits =
          llama_get_logits_ith(context.get(), static_cast<std::int32_t>(i - begin));
      logprobs.push_back(log_probability({logits, vocabulary}, tokens[i + 1]));
    }
  }
  return logprobs;
}

Result<std::vector<float>> embedding(llama_model* model, std::span<const Token> tokens,
                                     int threads) {
  // Pooling wants the whole text in one physical batch.
  const auto count = static_cast<std::uint32_t>(tokens.size());
  auto params = parameters(tokens.size(), count, threads);
  params.embeddings = true;
  IPW_TRY(Context context, make_context(model, params));
  if (llama_pooling_type(context.get()) == LLAMA_POOLING_TYPE_NONE) {
    params.pooling_type = LLAMA_POOLING_TYPE_MEAN;
    context.reset();
    IPW_TRY(context, make_context(model, params));
  }
  FreeBatch owned{llama_batch_init(static_cast<std::int32_t>(count), 0, 1)};
  llama_batch& batch = owned.batch;
  batch.n_tokens = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) add(batch, tokens[i], i, true);
  const int status = llama_decode(context.get(), batch);
  if (status != 0) return could_not_decode(status);
  const float* pooled = llama_get_embeddings_seq(context.get(), 0);
  if (pooled == nullptr) {
    return fail(ErrorCode::kUnsupported,
                "cannot embed: this model gives no embedding of a text (use an embedding model)");
  }
  std::vector<float> vector(pooled, pooled + llama_model_n_embd(model));
  double square = 0;
  for (const float x : vector) square += static_cast<double>(x) * static_cast<double>(x);
  const auto scale = static_cast<float>(square > 0 ? 1 / std::sqrt(square) : 0);
  for (float& x : vector) x *= scale;
  return vector;
}

}  // namespace ipw::models
