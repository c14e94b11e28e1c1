#pragma once
// NVML as it is loaded at run time: what its sensors and its lists of processes have in common.
// Declarations after NVIDIA's nvml.h (API version 2 symbols).

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/energy/quiet_streams.h"
#include "ipw/energy/shared_library.h"

namespace ipw::energy::nvml {

using Device = struct nvmlDevice_st*;
using Return = int;
constexpr Return kSuccess = 0;
constexpr Return kNotSupported = 3;
constexpr Return kNoPermission = 4;
constexpr Return kGpuLost = 15;

/// What a failed call means to whoever asked.
[[nodiscard]] inline core::ErrorCode error_code(Return code) {
  return code == kNoPermission   ? core::ErrorCode::kPermissionDenied
         : code == kNotSupported ? core::ErrorCode::kUnsupported
                                 : core::ErrorCode::kUnavailable;
}

/// Shut down and closed at its end. Not to be copied or moved; a derived library binds what else it
/// needs before start().
class Library {
 public:
  const char* (*error_string)(Return) = nullptr;
  Return (*count)(unsigned*) = nullptr;
  Return (*by_index)(unsigned, Device*) = nullptr;
  Return (*uuid)(Device, char*, unsigned) = nullptr;

  explicit Library(SharedLibrary shared) : shared_(std::move(shared)) {}
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    const QuietStreams quiet;
    if (started_) shutdown_();
  }

  /// Binds the functions above. kUnsupported where the library is too old.
  [[nodiscard]] core::Result<void> bind_common() {
    IPW_CHECK(shared_.bind("nvmlInit_v2", init_));
    IPW_CHECK(shared_.bind("nvmlShutdown", shutdown_));
    IPW_CHECK(shared_.bind("nvmlErrorString", error_string));
    IPW_CHECK(shared_.bind("nvmlDeviceGetCount_v2", count));
    IPW_CHECK(shared_.bind("nvmlDeviceGetHandleByIndex_v2", by_index));
    return shared_.bind("nvmlDeviceGetUUID", uuid);
  }
  /// kPermissionDenied, kUnavailable.
  [[nodiscard]] core::Result<void> start() {
    if (const Return code = init_(); code != kSuccess) {
      return core::fail(code == kNoPermission ? core::ErrorCode::kPermissionDenied
                                              : core::ErrorCode::kUnavailable,
                        fmt::format("cannot start NVML: {}", error_string(code)));
    }
    started_ = true;
    return {};
  }

 protected:
  [[nodiscard]] const SharedLibrary& shared() const { return shared_; }

 private:
  Return (*init_)() = nullptr;
  Return (*shutdown_)() = nullptr;
  SharedLibrary shared_;
  bool started_ = false;
};

}  // namespace ipw::energy::nvml
