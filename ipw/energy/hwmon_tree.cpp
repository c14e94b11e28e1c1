// Chips and their attributes: see hwmon_tree.h.

#include "ipw/energy/hwmon_tree.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace ipw::energy {

namespace {

namespace fs = std::filesystem;

std::string device_of(const fs::path& chip) {
  std::error_code error;
  const fs::path device = fs::canonical(chip / "device", error);
  // A folder that is called "device" and no link to one tells nothing.
  if (error || device.filename() == "device") return chip.filename().string();
  return device.filename().string();
}

}  // namespace

bool is_pci_address(std::string_view text) {
  constexpr std::string_view kForm = "hhhh:hh:hh.h";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool fits = kForm[i] == 'h' ? std::isxdigit(static_cast<unsigned char>(text[i])) != 0
                                      : text[i] == kForm[i];
    if (!fits) return false;
  }
  return true;
}

bool HwmonChip::on_pci() const { return is_pci_address(device); }

fs::path HwmonChip::attribute(const std::string& file) const {
  std::error_code ignored;
  for (const fs::path& path : {folder / file, folder / "device" / file}) {
    if (fs::exists(path, ignored)) return path;
  }
  return {};
}

std::vector<HwmonChip> hwmon_chips(const fs::path& root) {
  const fs::path tree = root / "sys/class/hwmon";
  std::vector<HwmonChip> chips;
  for (const std::string& folder : names_in(tree)) {
    HwmonChip chip{tree / folder, "", ""};
    const fs::path name = chip.attribute("name");
    if (!name.empty()) chip.name = read_line(name).value_or("");
    if (chip.name.empty()) continue;
    chip.device = device_of(chip.folder);
    chips.push_back(std::move(chip));
  }
  std::ranges::sort(
      chips, {}, [](const HwmonChip& chip) { return std::pair(chip.key(), chip.folder.string()); });
  return chips;
}

Locate locate_attribute(fs::path root, std::string key, std::string file) {
  return [root = std::move(root), key = std::move(key), file = std::move(file)] {
    for (const HwmonChip& chip : hwmon_chips(root)) {
      if (chip.key() == key) return chip.attribute(file);
    }
    return fs::path();
  };
}

}  // namespace ipw::energy
