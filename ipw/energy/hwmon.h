#pragma once
// Energy and power that drivers show in /sys/class/hwmon: GPUs of AMD (amdgpu) and Intel (i915,
// xe), AMD's per-socket counters (amd_energy), the ACPI power meter of servers, and, on request,
// any other chip with an energyN_input or powerN_input.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ipw/energy/sensor.h"

namespace ipw::energy {

struct HwmonOptions {
  std::filesystem::path root = "/";
  /// Whether the run may use the GPU of this driver ("amdgpu", "xe", "i915") at this PCI address;
  /// others are recorded, not billed.
  std::function<bool(const std::string& driver, const std::string& pci_address)> gpu_in_use;
  std::vector<std::string> named;  // sensors that the user asked for by id
};

/// GPUs are keyed by PCI address ("hwmon:xe:0000:03:00.0/energy1"). No joule is counted twice: of
/// xe's counters the card's is taken, which contains the package's. The `amdgpu` figure of an APU
/// (told by the missing power1_cap) is the whole chip's and is recorded, not billed. Chips of which
/// nobody knows what they cover are findings, and sensors only where `named`.
[[nodiscard]] Probe probe_hwmon(const HwmonOptions& options);

}  // namespace ipw::energy
