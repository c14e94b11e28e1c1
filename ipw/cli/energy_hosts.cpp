// See energy_hosts.h.
#include "ipw/cli/energy_hosts.h"

#include <fmt/format.h>

#include "ipw/cli/flags.h"
#include "ipw/energy/energy_map.h"

namespace ipw::cli {

void declare_energy_hosts(const Flags& app, EnergyHostFlags& flags, const std::string& group) {
  Flag hosts =
      app.option("--energy-host", flags.hosts,
                 "The machine that does an endpoint's work, by its sensor daemon: "
                 "ENDPOINT=unix:PATH or ENDPOINT=https://HOST:PORT, then ,device=ID for each "
                 "device to bill, ,key-file=FILE, ,ca=FILE, ,name=NAME; once for each machine")
          .one_value_each()
          .group(group);
  Flag map = app.option("--energy-map", flags.map, "A file with such lines").group(group);
  for (const char* other : {"--devices", "--meter-command"}) {
    hosts.excludes(app[other]);
    map.excludes(app[other]);
  }
}

core::Result<std::vector<std::string>> energy_hosts_of(const EnergyHostFlags& flags,
                                                       const std::string& model,
                                                       const std::optional<net::Url>& server) {
  const std::string endpoint = server ? model + " at " + server->authority() : model;
  std::vector<std::string> lines;
  for (const std::string& text : flags.hosts) {
    IPW_TRY(const energy::EnergyHost host, energy::parse_energy_host(text));
    if (!energy::serves(host, model, server)) {
      return core::fail(core::ErrorCode::kUsage,
                        fmt::format("--energy-host names the endpoint {}, but the model is {}",
                                    host.endpoint, endpoint));
    }
    lines.push_back(host.text);
  }
  if (flags.map.empty()) return lines;
  IPW_TRY(const auto hosts, energy::read_energy_map(flags.map));
  const std::size_t given = lines.size();
  for (const energy::EnergyHost& host : hosts) {
    if (energy::serves(host, model, server)) lines.push_back(host.text);
  }
  if (lines.size() == given) {
    return core::fail(core::ErrorCode::kNotFound,
                      fmt::format("the energy map {} has no line for {} (add one, or use * for "
                                  "every endpoint)",
                                  flags.map, endpoint));
  }
  return lines;
}

}  // namespace ipw::cli
