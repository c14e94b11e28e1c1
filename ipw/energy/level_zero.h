#pragma once
// Intel GPUs by Level Zero's system management (libze_loader.so.1, "sysman"), loaded at run time.

#include <string>
#include <vector>

#include "ipw/energy/sensor.h"
#include "ipw/energy/visible_devices.h"

namespace ipw::energy {

struct LevelZeroOptions {
  std::vector<std::string> libraries;  // tried in this order
  Environment environment;
};

/// One sensor for each card, keyed by PCI address ("level-zero:0000:03:00.0"), from the counter of
/// the card's power domain, or of the first domain that is no tile's. Cards that ZE_AFFINITY_MASK
/// hides are recorded, not billed. After any error the card is looked up anew by its address; where
/// it was lost, its return begins an epoch.
[[nodiscard]] Probe probe_level_zero(const LevelZeroOptions& options);

}  // namespace ipw::energy
