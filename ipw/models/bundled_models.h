#pragma once
// The models that a name without a scheme can mean: those that came with ipw, every GGUF file of
// share/ipw/models next to the program, and those that `ipw models pull` fetched.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ipw/core/result.h"

namespace ipw::models {

/// One model of a folder; `name` is its file's without ".gguf", of a split one without the numbers
/// of its parts, too, of which `path` is the first.
struct BundledModel {
  std::string name;
  std::filesystem::path path;
  std::uint64_t size_bytes = 0;
};

/// PREFIX/share/ipw/models of a program that runs as PREFIX/bin/ipw, wherever it was moved to; the
/// build tree links that place to models/ of the sources. Need not exist.
[[nodiscard]] std::filesystem::path bundled_models_directory();

/// The models of `directory`, by name; none where it does not exist.
[[nodiscard]] std::vector<BundledModel> bundled_models(
    const std::filesystem::path& directory = bundled_models_directory());

/// The folder of `ipw models pull`: models/ of core::data_directory(). Need not exist; empty where
/// the environment names no place.
[[nodiscard]] std::filesystem::path pulled_models_directory();

/// The file that a name without a scheme means: a file of that name, else a bundled model, else a
/// pulled one. A path that ends in ".gguf" is taken as it is. kUsage where it means none.
[[nodiscard]] core::Result<std::filesystem::path> model_file(const std::string& name);

}  // namespace ipw::models
