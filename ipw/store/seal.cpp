// See seal.h.
#include "ipw/store/seal.h"

#include <fmt/format.h>

#include "ipw/core/digest.h"

namespace ipw::store {

std::vector<std::string> doors(const Manifest& manifest) {
  std::vector<std::string> found;
  if (const std::string& command = manifest.options.meter_command; !command.empty()) {
    found.push_back(fmt::format("runs the meter command `{}`", command));
  }
  if (const std::string& url = manifest.server.base_url; !url.empty()) {
    found.push_back(fmt::format("asks {} at {}, with your key", manifest.model.name, url));
  }
  for (const std::string& host : manifest.options.energy_hosts) {
    found.push_back(fmt::format("reads the sensor daemon of `{}`", host));
  }
  return found;
}

std::string seal_of(const Manifest& manifest, std::string_view secret) {
  core::Sha256 lines;  // as fields, that none runs into the next
  for (const std::string* field :
       {&manifest.run_id, &manifest.model.name, &manifest.server.base_url,
        &manifest.server.request_json, &manifest.options.meter_command}) {
    lines.update_field(*field);
  }
  for (const std::string& host : manifest.options.energy_hosts) lines.update_field(host);
  return core::hmac_sha256(secret, "ipw run 1 " + lines.hex());
}

}  // namespace ipw::store
