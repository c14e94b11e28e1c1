#pragma once
// NVIDIA GPUs by NVML's total-energy counter (Volta and later), or by their power where there is no
// counter. The library belongs to the driver
// and is loaded at run time; its few functions are declared here, so that nothing of NVIDIA's is
// needed to build.

#include <optional>
#include <string>
#include <vector>

#include "ipw/energy/sensor.h"

namespace ipw::energy {

struct NvmlOptions {
  std::vector<std::string> libraries{"libnvidia-ml.so.1"};  // tried in this order
  std::optional<std::string> cuda_visible_devices;          // absent: every GPU is billed
};

/// One sensor for each GPU, keyed by UUID ("nvml:GPU-…"): indices move when a GPU is lost. Where it
/// has no counter, its power is integrated (`nvml-power`): the instant value where the driver tells
/// it, else the average over the last second that nvmlDeviceGetPowerUsage gives since Ampere. GPUs
/// that CUDA_VISIBLE_DEVICES hides are recorded with `billed` false. With MIG on, the counter is
/// the whole board's, whatever slice did the work, and the description says so. Where
/// CUDA_VISIBLE_DEVICES names slices by UUID, each gets a sensor of its own, *estimated* as the
/// slice's share of the board's compute slices, and the board is recorded, not billed.
/// A lost GPU reads as kUnavailable and is looked up anew by its UUID; its return begins an epoch.
[[nodiscard]] Probe probe_nvml(const NvmlOptions& options);

/// Whether CUDA_VISIBLE_DEVICES shows the GPU with this NVML index and UUID. CUDA's own rules: the
/// list ends at the first entry that is neither an index nor a UUID; a UUID may be shortened; empty
/// shows none. Indices are taken in PCI order, as CUDA does with CUDA_DEVICE_ORDER=PCI_BUS_ID (and
/// in any order where all GPUs are alike). An entry "MIG-GPU-<uuid>/…" shows that GPU; "MIG-<uuid>"
/// names a slice whose board it does not tell, and shows every GPU that has MIG on.
[[nodiscard]] bool cuda_shows(const std::optional<std::string>& cuda_visible_devices,
                              unsigned index, const std::string& uuid, unsigned device_count,
                              bool mig_on = false);

}  // namespace ipw::energy
