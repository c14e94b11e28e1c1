#include "ipw/cli/remote.h"

#include <map>
#include <string>
#include <utility>

#include "ipw/cli/program.h"
#include "ipw/net/proxy.h"

namespace ipw::cli {

core::Result<std::unique_ptr<net::HttpClient>> open_http_client(const Context& context) {
  std::map<std::string, std::string> kept;  // what the pointers below point to
  net::ClientOptions options;
  IPW_TRY(options.proxies, net::proxies_from([&](const char* name) -> const char* {
            const auto value = context.environment(name);
            return value ? kept.insert_or_assign(name, *value).first->second.c_str() : nullptr;
          }));
  options.user_agent = std::string("ipw/") + version();
  return net::HttpClient::open(std::move(options));
}

}  // namespace ipw::cli
