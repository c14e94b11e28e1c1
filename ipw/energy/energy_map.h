#pragma once
// Which machines and devices do the work of an endpoint: what a server in a container, behind a
// port or spread over several nodes cannot be asked, the user says once.

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/energy/remote_sensor.h"
#include "ipw/energy/sensors.h"
#include "ipw/net/url.h"

namespace ipw::energy {

/// One line of the map: ENDPOINT=ADDRESS[,device=ID]…[,name=NAME][,key-file=FILE][,ca=FILE].
struct EnergyHost {
  std::string endpoint;  // base URL or name of a model; "*": every one
  DaemonAddress address;
  std::vector<std::string> devices;  // sensors to bill, as `ipw doctor` names them there, a GPU
                                     // also by its UUID alone; empty: all that the daemon bills
  std::string text;                  // as it was written
};

/// kUsage, saying which part is wrong.
[[nodiscard]] core::Result<EnergyHost> parse_energy_host(std::string_view text);
/// A file with one of these a line; blank lines and those that begin with '#' are left out.
/// kNotFound, kPermissionDenied; kInvalidData naming the line.
[[nodiscard]] core::Result<std::vector<EnergyHost>> read_energy_map(
    const std::filesystem::path& file);

/// Whether the line speaks of the model called `model`, which is asked at `server` (absent: in this
/// process): by the model's name, or by the server's address, whatever path follows it.
[[nodiscard]] bool serves(const EnergyHost& host, const std::string& model,
                          const std::optional<net::Url>& server);

/// Connects to every host of `hosts` and adds its sensors to `report`, billed as the map says; what
/// `report` had before is recorded only, since the work is done there. Nothing happens where
/// `hosts` is empty. Errors as DaemonConnection::open(); kNotFound or kUsage where a device names
/// no sensor or several.
[[nodiscard]] core::Result<void> bill_hosts(ProbeReport& report, std::span<const EnergyHost> hosts);

}  // namespace ipw::energy
