#pragma once
// The models that come with ipw: every GGUF file of share/ipw/models, next to the program.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ipw::models {

/// One file of the folder; `name` is the file's without ".gguf".
struct BundledModel {
  std::string name;
  std::filesystem::path path;
  std::uint64_t size_bytes = 0;
};

/// PREFIX/share/ipw/models of a program that runs as PREFIX/bin/ipw, wherever it was moved to; the
/// build tree links that place to models/ of the sources. Need not exist.
[[nodiscard]] std::filesystem::path bundled_models_directory();

/// The GGUF files of `directory`, by name; none where it does not exist.
[[nodiscard]] std::vector<BundledModel> bundled_models(
    const std::filesystem::path& directory = bundled_models_directory());

}  // namespace ipw::models
