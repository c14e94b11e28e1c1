#pragma once
// Which processes compute on which NVIDIA GPU, as the driver lists them.

#include <string>
#include <vector>

#include "ipw/core/result.h"

namespace ipw::energy {

struct GpuProcesses {
  std::string sensor;                   // id of the GPU's sensor: "nvml:GPU-…"
  core::Result<std::vector<int>> pids;  // as this machine's /proc numbers them outside containers
};

/// One for each GPU that NVML shows. Asks anew each time, beside whatever else uses the library; a
/// GPU takes milliseconds. A list can fail on its own: kPermissionDenied, kUnsupported,
/// kUnavailable, kInvalidData. kNotFound where no library loads, kUnsupported where it is too old,
/// kUnavailable or kPermissionDenied where it does not start. Thread-safe.
[[nodiscard]] core::Result<std::vector<GpuProcesses>> nvml_processes(
    const std::vector<std::string>& libraries);

}  // namespace ipw::energy
