#pragma once
// The flags by which a profile says on which machines and devices its model runs.

#include <optional>
#include <string>
#include <vector>

#include "ipw/cli/flags.h"
#include "ipw/core/result.h"
#include "ipw/net/url.h"

namespace ipw::cli {

struct EnergyHostFlags {
  std::vector<std::string> hosts;
  std::string map;
};

/// Adds --energy-host and --energy-map to the help's `group`; they say what is billed, and so
/// exclude --devices and --meter-command, which `app` has already.
void declare_energy_hosts(const Flags& app, EnergyHostFlags& flags, const std::string& group);

/// The lines of both that speak of `model`, which is asked at `server` (absent: in this process),
/// as energy::parse_energy_host() has them; empty where none was given. kUsage for an --energy-host
/// of another endpoint, kNotFound where the map has no line for it.
[[nodiscard]] core::Result<std::vector<std::string>> energy_hosts_of(
    const EnergyHostFlags& flags, const std::string& model, const std::optional<net::Url>& server);

}  // namespace ipw::cli
