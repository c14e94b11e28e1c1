#pragma once
// OpenAI's Chat Completions and Completions, as vLLM, llama.cpp's server, LM Studio, SGLang and
// most others speak them (platform.openai.com/docs/api-reference/chat), with the extensions that
// are common: `reasoning_content` or `reasoning` for thinking, `timings` of llama.cpp, top_k,
// min_p and repetition penalty where a request sets them.

#include <string>
#include <string_view>
#include <vector>

#include "ipw/models/wire_format.h"

namespace ipw::models {

[[nodiscard]] const WireFormat& openai_format();

/// POST embeddings, and its answer: one vector per text, in the order of the texts, all of one
/// length.
[[nodiscard]] WireRequest openai_embedding_request(const std::string& model,
                                                   const std::vector<std::string>& texts);
struct Embeddings {
  std::vector<std::vector<float>> vectors;
  record::Usage usage;
};
[[nodiscard]] std::expected<Embeddings, net::Failure> read_openai_embeddings(std::string_view body);

}  // namespace ipw::models
