#pragma once
// What a GGUF file says about itself, read without the engine: for listings, and to tell a broken
// file from a good one before llama.cpp maps it. The reader trusts no length that the file states.

#include <cstdint>
#include <filesystem>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "ipw/core/result.h"

namespace ipw::models {

/// A scalar of the key-value part; integers are widened. Arrays are skipped, except for their
/// length.
struct GgufArray {
  std::uint64_t length = 0;
};
using GgufValue = std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArray>;

struct GgufMetadata {
  std::uint32_t version = 0;
  std::uint64_t tensor_count = 0;
  std::uint64_t size_bytes = 0;  // of the file
  std::map<std::string, GgufValue> values;

  std::string architecture;  // "llama", …
  std::string name;          // general.name; may be empty
  std::string quantization;  // "Q4_K_M", "F32", …; empty where unknown
  /// Sum over the tensors of this file; absent where it is one part of several.
  std::optional<std::uint64_t> parameters;
  /// Experts that a token does not reach left out (expert_used_count of expert_count).
  std::optional<std::uint64_t> active_parameters;
  std::optional<std::uint64_t> context_tokens;  // as trained
  bool has_chat_template = false;

  /// `architecture.key` as an unsigned number; absent where missing, negative or no number.
  [[nodiscard]] std::optional<std::uint64_t> number(const std::string& key) const;
};

/// Reads header, key-values and tensor table, and checks that every tensor lies within the file.
/// kNotFound, kPermissionDenied, kInvalidData (a directory, no GGUF, truncated, malformed),
/// kUnsupported (a version that is not 2 or 3, big-endian). Source: the GGUF specification (ggml,
/// docs/gguf.md).
[[nodiscard]] core::Result<GgufMetadata> read_gguf_metadata(const std::filesystem::path& path);

/// The same from a stream of `size_bytes` bytes; `name` stands in messages.
[[nodiscard]] core::Result<GgufMetadata> read_gguf_metadata(std::istream& stream,
                                                            std::uint64_t size_bytes,
                                                            const std::string& name);

}  // namespace ipw::models
