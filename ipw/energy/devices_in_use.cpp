// Processes of the model against processes on GPUs: see devices_in_use.h.

#include "ipw/energy/devices_in_use.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>

#include "ipw/energy/model_processes.h"

namespace ipw::energy {

namespace {

bool is_billed(std::span<const SensorDescription> sensors, const std::string& id) {
  const auto sensor = std::ranges::find(sensors, id, &SensorDescription::id);
  return sensor != sensors.end() && sensor->billed;
}

DevicesInUse all_billed(const std::string& why) {
  return {.unused = {}, .finding = "every GPU that the model may use is billed: " + why};
}

core::Result<std::set<int>> model_processes(const std::filesystem::path& root,
                                            std::optional<std::uint16_t> server_port) {
  if (!server_port) return with_descendants(root, {static_cast<int>(::getpid())});
  if (*server_port == 0) {
    return core::fail(core::ErrorCode::kUnsupported,
                      "the process behind a Unix socket is not looked for");
  }
  IPW_TRY(std::set<int> servers, listeners(root, *server_port));
  return with_descendants(root, std::move(servers));
}

}  // namespace

DevicesInUse devices_in_use(std::span<const SensorDescription> sensors,
                            std::span<const GpuProcesses> gpus, const std::set<int>& model) {
  std::vector<std::string> used, unused;
  for (const GpuProcesses& gpu : gpus) {
    if (!is_billed(sensors, gpu.sensor)) continue;
    if (!gpu.pids) {
      return all_billed(fmt::format("the processes on {} cannot be read: {}", gpu.sensor,
                                    gpu.pids.error().message));
    }
    const bool runs = std::ranges::any_of(*gpu.pids, [&](int pid) { return model.contains(pid); });
    (runs ? used : unused).push_back(gpu.sensor);
  }
  if (unused.empty() || used.size() + unused.size() < 2) return {};
  if (used.empty()) {
    return all_billed(
        "no list of processes names one of the model's (it does not use them, or a container hides "
        "its process numbers)");
  }
  return {.unused = unused,
          .finding = fmt::format("recorded, not billed: {}: no process of the model runs on it; "
                                 "billed: {}",
                                 fmt::join(unused, ", "), fmt::join(used, ", "))};
}

DevicesInUse devices_in_use(const ProbeOptions& options, std::span<const SensorDescription> sensors,
                            std::optional<std::uint16_t> server_port) {
  const auto may_differ = std::ranges::count_if(sensors, [](const SensorDescription& sensor) {
    return sensor.billed && sensor.id.starts_with("nvml:GPU-");
  });
  if (may_differ < 2 || !options.devices.empty() || !options.meter_command.empty()) return {};
  const auto gpus = nvml_processes(options.nvml_libraries);
  if (!gpus) return all_billed(gpus.error().message);
  const auto model = model_processes(options.root, server_port);
  if (!model) return all_billed(model.error().message);
  return devices_in_use(sensors, *gpus, *model);
}

}  // namespace ipw::energy
