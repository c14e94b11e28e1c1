#pragma once
// A vendor's library that is loaded at run time, so that ipw is built and runs without it.

#include <dlfcn.h>

#include <string>
#include <utility>
#include <vector>

#include "ipw/core/result.h"

namespace ipw::energy {

/// Closed at its end. Movable.
class SharedLibrary {
 public:
  /// The first of `names` that loads. kNotFound with the loader's reason for the last one.
  [[nodiscard]] static core::Result<SharedLibrary> open(const std::vector<std::string>& names,
                                                        const std::string& title) {
    std::string why = "no library name was given";
    for (const std::string& name : names) {
      if (void* handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {
        return SharedLibrary(handle, title);
      }
      const char* error = ::dlerror();
      why = error ? error : name;
    }
    return core::fail(core::ErrorCode::kNotFound, "cannot load " + title + ": " + why);
  }
  ~SharedLibrary() {
    if (handle_) ::dlclose(handle_);
  }
  SharedLibrary(SharedLibrary&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), title_(std::move(other.title_)) {}
  SharedLibrary& operator=(SharedLibrary&&) = delete;

  /// Points `function` to the symbol; kUnsupported where the library is too old to have it.
  template <class Function>
  [[nodiscard]] core::Result<void> bind(const char* symbol, Function*& function) const {
    function = reinterpret_cast<Function*>(::dlsym(handle_, symbol));
    if (function) return {};
    return core::fail(
        core::ErrorCode::kUnsupported,
        "cannot use " + title_ + ": the library has no " + symbol + " (update the driver)");
  }

 private:
  SharedLibrary(void* handle, std::string title) : handle_(handle), title_(std::move(title)) {}
  void* handle_;
  std::string title_;
};

}  // namespace ipw::energy
