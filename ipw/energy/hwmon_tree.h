#pragma once
// The chips of /sys/class/hwmon by what they are, because their numbers change from boot to boot
// and when a device returns.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/energy/sysfs_sensor.h"

namespace ipw::energy {

struct HwmonChip {
  std::filesystem::path folder;  // …/hwmonN
  std::string name;              // "amdgpu", "xe", "power_meter", …
  std::string device;  // what it sits on: a PCI address, "ACPI000D:00", "1-0040"; else "hwmonN"

  [[nodiscard]] bool on_pci() const;
  /// "amdgpu:0000:03:00.0"
  [[nodiscard]] std::string key() const { return name + ":" + device; }
  /// The attribute's path, in the chip's folder or, as old drivers have it, in its device's; empty
  /// where there is none.
  [[nodiscard]] std::filesystem::path attribute(const std::string& file) const;
};

/// Every chip that has a name, in order of its key.
[[nodiscard]] std::vector<HwmonChip> hwmon_chips(const std::filesystem::path& root);

/// Where `file` of the chip with that key is, looked for at every call.
[[nodiscard]] Locate locate_attribute(std::filesystem::path root, std::string key,
                                      std::string file);

/// Whether `text` is a PCI address as Linux writes it: "0000:03:00.0".
[[nodiscard]] bool is_pci_address(std::string_view text);

}  // namespace ipw::energy
