#pragma once
// Which of several GPUs a model really runs on, told by the processes that compute there. A program
// may see eight and use one.

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/energy/nvml_processes.h"
#include "ipw/energy/sensor.h"
#include "ipw/energy/sensors.h"

namespace ipw::energy {

struct DevicesInUse {
  std::vector<std::string> unused;  // ids of billed sensors whose GPU runs none of the model
  std::string finding;              // one line; empty: there is nothing to tell apart
};

/// Compares the processes on each billed GPU with those of the model. Only where every list can be
/// read and some of several GPUs, but not all, run the model, are the others unused. A container
/// with process numbers of its own sees none of its processes listed: then all stay in use, and
/// the finding says so. Pure.
[[nodiscard]] DevicesInUse devices_in_use(std::span<const SensorDescription> sensors,
                                          std::span<const GpuProcesses> gpus,
                                          const std::set<int>& model);

/// The same for the model of a run: this process and what it started or, where the model is behind
/// a server of this machine, the server that listens on `server_port` (0: a Unix socket, whose
/// server is not looked for). To be asked once the model is loaded. Where the user chose devices or
/// a meter there is nothing to find.
[[nodiscard]] DevicesInUse devices_in_use(const ProbeOptions& options,
                                          std::span<const SensorDescription> sensors,
                                          std::optional<std::uint16_t> server_port);

}  // namespace ipw::energy
