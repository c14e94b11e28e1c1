// The vendors' lists: see visible_devices.h.

#include "ipw/energy/visible_devices.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <string_view>
#include <vector>

namespace ipw::energy {

namespace {

std::vector<std::string_view> entries_of(std::string_view list) {
  std::vector<std::string_view> entries;
  while (!list.empty()) {
    const auto comma = list.find(',');
    std::string_view entry = list.substr(0, comma);
    list = comma == std::string_view::npos ? "" : list.substr(comma + 1);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    entries.push_back(entry);
  }
  return entries;
}

std::optional<std::size_t> index_of(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The devices among `shown` that a list leaves, in its order.
std::vector<std::size_t> select(std::string_view list, std::span<const HipDevice> devices,
                                const std::vector<std::size_t>& shown) {
  std::vector<std::size_t> left;
  for (const std::string_view entry : entries_of(list)) {
    std::optional<std::size_t> chosen;
    if (entry.starts_with("GPU-")) {
      const auto found = std::ranges::find_if(
          shown, [&](std::size_t device) { return devices[device].uuid == entry; });
      if (found != shown.end()) chosen = *found;
    } else if (const auto index = index_of(entry); index && *index < shown.size()) {
      chosen = shown[*index];
    }
    if (!chosen) break;
    left.push_back(*chosen);
  }
  return left;
}

}  // namespace

bool hip_shows(const Environment& environment, std::span<const HipDevice> devices,
               std::size_t index) {
  std::vector<std::size_t> shown(devices.size());
  std::iota(shown.begin(), shown.end(), std::size_t{0});
  if (const auto rocr = environment("ROCR_VISIBLE_DEVICES")) shown = select(*rocr, devices, shown);
  std::optional<std::string> hip = environment("HIP_VISIBLE_DEVICES");
  if (!hip) hip = environment("CUDA_VISIBLE_DEVICES");
  if (hip) shown = select(*hip, devices, shown);
  return std::ranges::find(shown, index) != shown.end();
}

bool level_zero_shows(const Environment& environment, std::span<const unsigned> tiles,
                      std::size_t card) {
  const std::optional<std::string> mask = environment("ZE_AFFINITY_MASK");
  if (!mask || mask->empty()) return true;
  const bool composite = environment("ZE_FLAT_DEVICE_HIERARCHY").value_or("FLAT") == "COMPOSITE";
  std::size_t first = card;
  std::size_t count = 1;
  if (!composite) {
    first = std::accumulate(tiles.begin(), tiles.begin() + static_cast<std::ptrdiff_t>(card),
                            std::size_t{0},
                            [](std::size_t sum, unsigned n) { return sum + std::max(n, 1U); });
    count = std::max(tiles[card], 1U);
  }
  return std::ranges::any_of(entries_of(*mask), [&](std::string_view entry) {
    const auto index = index_of(entry.substr(0, entry.find('.')));
    return index && *index >= first && *index < first + count;
  });
}

}  // namespace ipw::energy
