// See wire_writing.h.
#include "ipw/models/wire_writing.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/core/nesting.h"

namespace ipw::models {

using core::ErrorCode;
using Json = nlohmann::ordered_json;

namespace {
constexpr int kDeepest = 128;
}

core::Result<Json> parsed(const std::string& text, const std::string& what) {
  if (core::nested_deeper_than(text,
                               kDeepest)) {  // it is merged, copied and written, level by level
    return core::fail(
        ErrorCode::kUsage,
        fmt::format("cannot write the request: {} is nested more than {} levels deep (flatten it)",
                    what, kDeepest));
  }
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_discarded()) return json;
  return core::fail(
      ErrorCode::kUsage,
      fmt::format("cannot write the request: {} is not valid JSON (correct it)", what));
}

core::Result<WireRequest> finished(std::string path, Json body, const WireOptions& options) {
  if (!options.extra_json.empty()) {
    IPW_TRY(const Json extra, parsed(options.extra_json, "what is to be added to requests"));
    if (!extra.is_object()) {
      return core::fail(ErrorCode::kUsage,
                        "cannot write the request: what is to be added to it is no JSON object "
                        "(give {\"name\": value})");
    }
    body.merge_patch(extra);
  }
  return WireRequest{.path = std::move(path),
                     .headers = {{"Content-Type", "application/json"}},
                     .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

std::int64_t short_seed(std::uint64_t seed) {
  return static_cast<std::int64_t>((seed ^ (seed >> 32)) & 0x7fffffffU);
}

std::string system_text(const Request& request) {
  std::string text;
  for (const Message& message : request.messages) {
    if (message.role != "system") continue;
    if (!text.empty()) text += "\n\n";
    text += message.content;
  }
  return text;
}

std::unexpected<core::Error> inexpressible(std::string_view format, std::string_view what) {
  return core::fail(
      ErrorCode::kUnsupported,
      fmt::format("cannot write the request: the {} API has no {} (leave it out)", format, what));
}

}  // namespace ipw::models
