#pragma once
// Which GPUs a program started now may use, by the variables that the vendors' runtimes obey. Only
// those are billed.

#include <functional>
#include <optional>
#include <span>
#include <string>

namespace ipw::energy {

using Environment = std::function<std::optional<std::string>(const std::string& variable)>;

/// One AMD GPU as the ROCm libraries list it.
struct HipDevice {
  std::string pci_address;
  std::string uuid;  // "GPU-" and 16 hex digits; may be empty
};

/// Whether ROCR_VISIBLE_DEVICES (indices or UUIDs) and after it HIP_VISIBLE_DEVICES, or
/// CUDA_VISIBLE_DEVICES where that is absent, show devices[index]. The second list counts in what
/// the first one left. Lists end at the first entry that is no device. GPU_DEVICE_ORDINAL is not
/// looked at. Source: ROCm documentation, "GPU isolation techniques".
[[nodiscard]] bool hip_shows(const Environment& environment, std::span<const HipDevice> devices,
                             std::size_t index);

/// Whether ZE_AFFINITY_MASK shows the Intel GPU number `card`, where tiles[i] is the number of
/// tiles of GPU i. Entries are "GPU" or "GPU.TILE"; with ZE_FLAT_DEVICE_HIERARCHY FLAT (the default
/// since 2023) or COMBINED every tile counts as a GPU. One tile shown bills its whole card. Source:
/// Level Zero specification, "Environment Variables".
[[nodiscard]] bool level_zero_shows(const Environment& environment, std::span<const unsigned> tiles,
                                    std::size_t card);

}  // namespace ipw::energy
