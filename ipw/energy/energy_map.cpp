// The map's lines and what they bill: see energy_map.h.
#include "ipw/energy/energy_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <utility>

namespace ipw::energy {

namespace {

using core::ErrorCode;
using core::fail;

constexpr std::size_t kMostLine = 4096;
constexpr const char* kForm =
    "write ENDPOINT=unix:PATH or ENDPOINT=https://HOST:PORT, then ,device=ID ,name=NAME "
    ",key-file=FILE or ,ca=FILE";

std::unexpected<core::Error> wrong(std::string_view text, const std::string& why) {
  return fail(ErrorCode::kUsage,
              fmt::format("cannot use the energy host \"{}\": {} ({})", text, why, kForm));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

core::Result<void> set(EnergyHost& host, std::string_view option, std::string_view text) {
  const std::size_t equals = option.find('=');
  const std::string_view name = option.substr(0, equals);
  const std::string value(equals == std::string_view::npos ? "" : option.substr(equals + 1));
  if (value.empty()) return wrong(text, fmt::format("\"{}\" has no value", option));
  if (name == "device") {
    host.devices.push_back(value);
  } else if (name == "name") {
    host.address.name = value;
  } else if (name == "key-file") {
    host.address.key_file = value;
  } else if (name == "ca") {
    host.address.ca_file = value;
  } else {
    return wrong(text, fmt::format("\"{}\" is not known", name));
  }
  return {};
}

// "GPU-…" names "node1/nvml:GPU-…", and so does a beginning of either that names nothing else.
bool names(std::string_view device, std::string_view id, bool whole) {
  const auto fits = [&](std::string_view part) {
    return whole ? part == device : part.starts_with(device);
  };
  const std::size_t colon = id.find(':');
  return fits(id) || (colon != std::string_view::npos && fits(id.substr(colon + 1)));
}

core::Result<std::vector<bool>> chosen(const EnergyHost& host,
                                       const std::vector<SensorDescription>& sensors,
                                       const std::string& prefix) {
  std::vector<bool> billed(sensors.size(), false);
  for (const std::string& device : host.devices) {
    std::vector<std::size_t> fitting;
    for (const bool whole : {true, false}) {
      for (std::size_t i = 0; i < sensors.size(); ++i) {
        std::string_view id = sensors[i].id;
        if (id.starts_with(prefix)) id.remove_prefix(prefix.size());
        if (names(device, id, whole)) fitting.push_back(i);
      }
      if (!fitting.empty()) break;
    }
    if (fitting.size() != 1) {
      std::string known;
      for (const auto& sensor : sensors) known += (known.empty() ? "" : ", ") + sensor.id;
      return fail(fitting.empty() ? ErrorCode::kNotFound : ErrorCode::kUsage,
                  fmt::format("cannot bill device {} of \"{}\": it names {} sensors there (choose "
                              "from {})",
                              device, host.text, fitting.empty() ? "no" : "several",
                              known.empty() ? "none" : known));
    }
    billed[fitting.front()] = true;
  }
  return billed;
}

}  // namespace

core::Result<EnergyHost> parse_energy_host(std::string_view text) {
  EnergyHost host;
  host.text = trimmed(text);
  const std::string_view line = host.text;
  if (line.size() > kMostLine) return wrong(line.substr(0, 40), "it is too long");
  std::size_t split = std::string_view::npos;
  for (const char* scheme : {"=unix:", "=https://", "=http://"}) {
    split = std::min(split, line.find(scheme));
  }
  if (split == std::string_view::npos || split == 0) return wrong(line, "it names no address");
  host.endpoint = trimmed(line.substr(0, split));
  std::string_view rest = line.substr(split + 1);
  std::size_t comma = rest.find(',');
  auto url = net::parse_url(trimmed(rest.substr(0, comma)));
  if (!url) return wrong(line, url.error().message);
  host.address.url = std::move(*url);
  while (comma != std::string_view::npos) {
    rest = rest.substr(comma + 1);
    comma = rest.find(',');
    IPW_CHECK(set(host, trimmed(rest.substr(0, comma)), line));
  }
  const net::Url& address = host.address.url;
  if (address.socket_path.empty() && host.address.key_file.empty()) {
    return wrong(line, "a daemon that is asked over TCP wants its key (,key-file=FILE)");
  }
  return host;
}

core::Result<std::vector<EnergyHost>> read_energy_map(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) {
    return fail(
        errno == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kNotFound,
        fmt::format("cannot read the energy map {}: {}", file.string(), std::strerror(errno)));
  }
  std::vector<EnergyHost> hosts;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const std::string_view text = trimmed(line);
    if (text.empty() || text.starts_with('#')) continue;
    auto host = parse_energy_host(text);
    if (!host) {
      return fail(ErrorCode::kInvalidData,
                  fmt::format("line {} of {}: {}", number, file.string(), host.error().message));
    }
    hosts.push_back(std::move(*host));
  }
  return hosts;
}

bool serves(const EnergyHost& host, const std::string& model,
            const std::optional<net::Url>& server) {
  if (host.endpoint == "*" || host.endpoint == model) return true;
  const auto named = net::parse_url(host.endpoint);
  return named && server && named->tls == server->tls && named->host == server->host &&
         named->port == server->port && named->socket_path == server->socket_path;
}

core::Result<void> bill_hosts(ProbeReport& report, std::span<const EnergyHost> hosts) {
  if (hosts.empty()) return {};
  std::map<std::string, std::string> seen;  // sensor id to the host that has it
  for (std::unique_ptr<Sensor>& sensor : report.sensors) {
    SensorDescription description = sensor->describe();
    if (!description.billed) continue;
    description.billed = false;
    sensor = described_as(std::move(description), std::move(sensor));
  }
  for (const EnergyHost& host : hosts) {
    DaemonAddress address = host.address;
    IPW_TRY(const auto connection, DaemonConnection::open(address));
    const std::vector<SensorDescription>& described = connection->sensors();
    IPW_TRY(const std::vector<bool> billed, chosen(host, described, connection->host() + "/"));
    std::vector<std::unique_ptr<Sensor>> sensors = remote_sensors(connection);
    for (std::size_t i = 0; i < sensors.size(); ++i) {
      SensorDescription description = described[i];
      if (!host.devices.empty()) description.billed = billed[i];
      const auto [known, is_new] = seen.emplace(description.id, host.text);
      if (!is_new) {
        return fail(ErrorCode::kUsage,
                    fmt::format("cannot bill \"{}\": \"{}\" has a sensor {} too (write each host "
                                "once, with all its devices, or tell them apart with ,name=NAME)",
                                host.text, known->second, description.id));
      }
      // The same sensor, read by this process: once is enough.
      std::erase_if(report.sensors, [&](const std::unique_ptr<Sensor>& other) {
        return other->describe().id == description.id;
      });
      report.findings.push_back(
          {Finding::Status::kUsed, description.provenance.method, description.id,
           fmt::format("{}, by the sensor daemon at {}{}", description.device, connection->place(),
                       description.billed ? "" : "; recorded, not billed"),
           ""});
      report.sensors.push_back(described_as(std::move(description), std::move(sensors[i])));
    }
  }
  return {};
}

}  // namespace ipw::energy
