#pragma once
// How commands that talk over the network set their client up.

#include <memory>

#include "ipw/cli/context.h"
#include "ipw/core/result.h"
#include "ipw/net/client.h"

namespace ipw::cli {

/// A client with the proxies of the environment. As HttpClient::open and proxies_from.
[[nodiscard]] core::Result<std::unique_ptr<net::HttpClient>> open_http_client(
    const Context& context);

}  // namespace ipw::cli
