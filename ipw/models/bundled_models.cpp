// Relative to the running program, so that an unpacked archive works in any folder.

#include "ipw/models/bundled_models.h"

#include <algorithm>
#include <system_error>

namespace ipw::models {

namespace fs = std::filesystem;

fs::path bundled_models_directory() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return program.parent_path().parent_path() / "share" / "ipw" / "models";
}

std::vector<BundledModel> bundled_models(const fs::path& directory) {
  std::vector<BundledModel> models;
  std::error_code error;
  for (const fs::directory_entry& file : fs::directory_iterator(directory, error)) {
    if (file.path().extension() != ".gguf") continue;
    const std::uintmax_t size = file.file_size(error);
    if (!error) models.push_back({file.path().stem().string(), file.path(), size});
  }
  std::ranges::sort(models, {}, &BundledModel::name);
  return models;
}

}  // namespace ipw::models
