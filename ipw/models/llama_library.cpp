// llama.cpp logs from the thread that called it, so the last complaint is kept per thread.

#include "ipw/models/llama_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>

#include "llama.h"

namespace ipw::models {
namespace {

namespace fs = std::filesystem;

std::string& complaint_of_this_thread() {
  thread_local std::string complaint;
  return complaint;
}

// llama.cpp reports a failed load in several lines, the cause first: errors are kept from the first
// one on, warnings only until there is an error.
void keep_complaint(ggml_log_level level, const char* text, void* /*data*/) {
  if (level != GGML_LOG_LEVEL_ERROR) return;
  std::string& complaint = complaint_of_this_thread();
  if (complaint.empty()) complaint = text;
}

bool has_backends(const fs::path& directory) {
  std::error_code error;
  const fs::directory_iterator files(directory, error);
  return !error && std::any_of(begin(files), end(files), [](const fs::directory_entry& file) {
    return file.path().filename().string().starts_with("libggml-cpu");
  });
}

// The folder that the dynamic linker loaded llama.cpp from; the variants lie beside it, in the
// engine's npm package as in an installed ipw. Empty where a system keeps them elsewhere.
fs::path beside_library() {
  Dl_info library{};
  if (dladdr(reinterpret_cast<const void*>(&llama_backend_init), &library) == 0) return {};
  const fs::path place = fs::path(library.dli_fname).parent_path();
  return has_backends(place) ? place : fs::path();
}

}  // namespace

core::Result<void> load_llama_backends(const fs::path& directory) {
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  if (ggml_backend_dev_count() > 0) return {};
  llama_log_set(keep_complaint, nullptr);
  const fs::path place = directory.empty() ? beside_library() : directory;
  if (place.empty()) {
    ggml_backend_load_all();
  } else {
    ggml_backend_load_all_from_path(place.c_str());
  }
  if (ggml_backend_dev_count() == 0) {
    return core::fail(core::ErrorCode::kUnsupported,
                      fmt::format("cannot start llama.cpp: no backend for this processor in \"{}\" "
                                  "(run `make setup` again, or install ipw again)",
                                  place.string()));
  }
  llama_backend_init();
  return {};
}

std::string take_llama_complaint() {
  std::string complaint = std::exchange(complaint_of_this_thread(), {});
  if (complaint.empty()) return "no reason given";
  // "llama_model_load: error loading model: …": the cause is after the function's name.
  const auto colon = complaint.find(": ");
  if (colon != std::string::npos && complaint.find(' ') > colon) complaint.erase(0, colon + 2);
  while (!complaint.empty() && (complaint.back() == '\n' || complaint.back() == '.')) {
    complaint.pop_back();
  }
  std::ranges::replace(complaint, '\n', ' ');
  return complaint;
}

std::string llama_version_name() {
  const std::string_view version = llama_version();
  return fmt::format("llama.cpp {}{}", version.starts_with('v') ? "" : "v", version);
}

}  // namespace ipw::models
