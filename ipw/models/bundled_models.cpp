// Relative to the running program, so that an unpacked archive works in any folder.

#include "ipw/models/bundled_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "ipw/core/user_directories.h"

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

fs::path pulled_models_directory() {
  const auto data = core::data_directory(core::process_variable);
  return data ? *data / "models" : fs::path();
}

core::Result<fs::path> model_file(const std::string& name) {
  fs::path path(name);
  std::error_code error;
  if (!name.empty() && fs::exists(path, error)) return path;
  std::string there;
  for (const fs::path& directory : {bundled_models_directory(), pulled_models_directory()}) {
    for (const BundledModel& model : bundled_models(directory)) {
      if (model.name == name || model.path.filename() == name) return model.path;
      there += " or " + model.name;
    }
  }
  if (path.extension() == ".gguf") return path;
  return core::fail(core::ErrorCode::kUsage,
                    fmt::format("cannot open model \"{}\": it names neither a GGUF file, nor a "
                                "bundled model, nor a known scheme (write FILE.gguf{})",
                                name, there));
}

}  // namespace ipw::models
