// Relative to the running program, so that an unpacked archive works in any folder.

#include "ipw/models/bundled_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "ipw/core/user_directories.h"
#include "ipw/models/gguf_parts.h"

namespace ipw::models {

namespace fs = std::filesystem;

namespace {

// Of those that are there.
std::uintmax_t size_of_parts(const fs::path& directory, const GgufPart& part) {
  std::uintmax_t all = 0;
  for (int number = 1; number <= part.count; ++number) {
    std::error_code missing;
    const std::uintmax_t size =
        fs::file_size(directory / gguf_part_name(part.prefix, number, part.count), missing);
    if (!missing) all += size;
  }
  return all;
}

}  // namespace

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
    if (error) continue;
    const auto part = gguf_part(file.path().filename().string());
    if (!part) {
      models.push_back({file.path().stem().string(), file.path(), size});
    } else if (part->number == 1) {
      models.push_back({part->prefix, file.path(), size_of_parts(directory, *part)});
    }
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
