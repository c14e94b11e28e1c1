#pragma once
// AMD GPUs by the energy counters of AMD's libraries: amd-smi (libamd_smi.so) and, where it is not
// there, its predecessor rocm-smi (librocm_smi64.so). Both are loaded at run time; their few
// functions are declared here. Where neither helps, hwmon.h does.

#include <string>
#include <vector>

#include "ipw/energy/sensor.h"
#include "ipw/energy/visible_devices.h"

namespace ipw::energy {

struct AmdOptions {
  std::vector<std::string> libraries;  // tried in this order
  Environment environment;
};

/// One sensor for each GPU, keyed by PCI address ("amd-smi:0000:03:00.0"). GPUs that the
/// environment hides are recorded, not billed. A counter that stands at 0 is broken: the second
/// half of an MI250 has none of its own, the first counts for both. A lost GPU reads as
/// kUnavailable and is looked up anew; its return begins an epoch. Some chips' counters freeze
/// (MI100, MI210); a frozen counter gives no interval and therefore no joules.
[[nodiscard]] Probe probe_amd_smi(const AmdOptions& options);
[[nodiscard]] Probe probe_rocm_smi(const AmdOptions& options);

/// Domain, bus, device and function as they stand in one integer, as Linux writes them:
/// "0000:03:00.0". amd-smi: function in bits 0–2, device 3–7, bus 8–15, domain 16–63; rocm-smi the
/// same but the domain in bits 32–63.
[[nodiscard]] std::string pci_address_of_amd_smi(unsigned long long bdf);
[[nodiscard]] std::string pci_address_of_rocm_smi(unsigned long long bdf);

}  // namespace ipw::energy
