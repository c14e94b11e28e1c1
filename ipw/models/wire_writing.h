#pragma once
// What the four formats' request bodies have in common.

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "ipw/models/wire_format.h"

namespace ipw::models {

/// `text` as JSON. kUsage, naming `what` it is, where it is none.
[[nodiscard]] core::Result<nlohmann::ordered_json> parsed(const std::string& text,
                                                          const std::string& what);

/// POST `body`, with `options.extra_json` merged into it (RFC 7396: null removes a member).
[[nodiscard]] core::Result<WireRequest> finished(std::string path, nlohmann::ordered_json body,
                                                 const WireOptions& options);

/// A seed that all servers take: 31 bits.
[[nodiscard]] std::int64_t short_seed(std::uint64_t seed);

/// The contents of all system messages, joined: for APIs that have one place for them.
[[nodiscard]] std::string system_text(const Request& request);

/// kUnsupported: the API called `format` cannot express `what`.
[[nodiscard]] std::unexpected<core::Error> inexpressible(std::string_view format,
                                                         std::string_view what);

}  // namespace ipw::models
