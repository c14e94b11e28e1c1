#pragma once
// Models that are split over several files, by the names that llama.cpp gives and looks for:
// NAME-00001-of-00003.gguf and so on (llama_split_path, llama.h). Pure.

#include <filesystem>
#include <optional>
#include <string>

namespace ipw::models {

/// What the name of one part says.
struct GgufPart {
  std::string prefix;  // what stands before "-00001-of-00003.gguf", folders included
  int number = 1;      // from 1
  int count = 1;
};

/// Absent: `name` is not that of a part.
[[nodiscard]] std::optional<GgufPart> gguf_part(const std::string& name);

/// The name of part `number` of `count`.
[[nodiscard]] std::string gguf_part_name(const std::string& prefix, int number, int count);

}  // namespace ipw::models
