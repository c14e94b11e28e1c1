#pragma once
// Whether what a GGUF file says of its model can be: llama.cpp asserts much of it, aborts where it
// is not so, and reserves memory by what it reads. Nothing of the kind is to reach it.

#include <cstdint>
#include <optional>
#include <string>

namespace ipw::models {

struct GgufMetadata;

/// Of the table of tensors, what the metadata has to agree with.
struct GgufTensors {
  bool attention = false;                        // some layer has attention
  std::optional<std::uint64_t> vocabulary_rows;  // of token_embd.weight
};

/// Why the model of `metadata` cannot be, in one clause; empty: it can.
[[nodiscard]] std::string impossible_shape(const GgufMetadata& metadata,
                                           const GgufTensors& tensors);

}  // namespace ipw::models
