#pragma once
// What a GGUF file says about itself, read without the engine: for listings, and to tell a broken
// file from a good one before llama.cpp maps it. The reader trusts no length that the file states,
// and lets no number pass that the engine would stop the process for.

#include <cstdint>
#include <filesystem>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ipw/core/result.h"

namespace ipw::models {

/// A scalar of the key-value part; integers are widened. Of arrays only this is kept.
struct GgufArray {
  std::uint64_t length = 0;
  std::optional<std::int64_t> least, most;  // of a short one of integers
  bool repeats = false;                     // one of texts holds a text twice
};
using GgufValue = std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArray>;

/// Of a model that is split over several files, all of them together.
struct GgufMetadata {
  std::vector<std::filesystem::path> parts;  // its files, in order; empty: read from a stream
  std::uint32_t version = 0;
  std::uint64_t tensor_count = 0;
  std::uint64_t size_bytes = 0;
  std::map<std::string, GgufValue> values;

  std::string architecture;  // "llama", …
  std::string name;          // general.name; may be empty
  std::string quantization;  // "Q4_K_M", "F32", …; empty where unknown
  /// Sum over the tensors; absent where a stream is one part of several.
  std::optional<std::uint64_t> parameters;
  /// Experts that a token does not reach left out (expert_used_count of expert_count).
  std::optional<std::uint64_t> active_parameters;
  std::optional<std::uint64_t> context_tokens;  // as trained
  bool has_chat_template = false;

  /// `architecture.key` as an unsigned number; absent where missing, negative or no number.
  [[nodiscard]] std::optional<std::uint64_t> number(const std::string& key) const;
};

/// Reads header, key-values and tensor table, and checks that every tensor lies within the file and
/// that the model can be (gguf_shape.h). Any part of a split model stands for all of them.
/// kNotFound (a part, too, which is named), kPermissionDenied, kInvalidData
/// (a directory, no GGUF, truncated, malformed, impossible, parts of different models),
/// kUnsupported (a version that is not 2 or 3, big-endian). Source: the GGUF specification (ggml,
/// docs/gguf.md).
[[nodiscard]] core::Result<GgufMetadata> read_gguf_metadata(const std::filesystem::path& path);

/// Whether one file, a part of a split model or a whole one, is sound by itself. Errors as above.
[[nodiscard]] core::Result<void> check_gguf_file(const std::filesystem::path& path);

/// The same of one file from a stream of `size_bytes` bytes; `name` stands in messages.
[[nodiscard]] core::Result<GgufMetadata> read_gguf_metadata(std::istream& stream,
                                                            std::uint64_t size_bytes,
                                                            const std::string& name);

}  // namespace ipw::models
