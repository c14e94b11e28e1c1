#pragma once
// The one place that touches what llama.cpp keeps per process: its list of backends and its log.

#include <filesystem>
#include <string>

#include "ipw/core/result.h"

namespace ipw::models {

/// Loads the CPU and accelerator backends, once per process; later calls return at once. Looks in
/// `directory` if given, else beside the llama.cpp library in use, else where the system keeps
/// them. Silences llama.cpp's log. Thread-safe. kUnsupported where no backend fits this machine.
[[nodiscard]] core::Result<void> load_llama_backends(const std::filesystem::path& directory);

/// The last error or warning that llama.cpp logged on this thread, in one line, and forgets it;
/// "no reason given" where it said nothing.
[[nodiscard]] std::string take_llama_complaint();

/// "llama.cpp v0.5.0".
[[nodiscard]] std::string llama_version_name();

}  // namespace ipw::models
