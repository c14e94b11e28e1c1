// What a server says beside its answers: how long to wait, where to go on, why it refuses. Whatever
// it is, what comes of it keeps its bounds, and no secret stays in it.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ipw/net/failure.h"
#include "ipw/net/redirect.h"
#include "ipw/net/retry.h"
#include "ipw/net/secret_mask.h"

namespace {

using namespace ipw::net;

const std::string kKey = "sk-0123key4567that89stays2secret";

// The bytes, with the key for each byte 0x01 and its begin and end for 0x02 and 0x03.
std::string with_key(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c == 1) text += kKey;
    if (c == 2) text += kKey.substr(0, 12);
    if (c == 3) text += kKey.substr(20);
    if (c < 1 || c > 3) text += c;
  }
  return text;
}

bool in_bounds(const std::optional<ipw::core::Seconds>& wait) {
  return !wait || (wait->count() >= 0 && wait->count() <= 86400);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 6);
  if (!in_bounds(parse_retry_after(bytes, now))) std::abort();
  if (!in_bounds(retry_after_of({{"retry-after-ms", std::string(bytes)}}, bytes, now)))
    std::abort();

  const Url from = parse_url("https://hub.example/a/b?c").value_or(Url{});
  if (const auto to = redirect_target(from, {{"Location", std::string(bytes)}})) {
    if (!to->socket_path.empty() || !to->tls || is_local_host(to->host)) std::abort();
    if (!to->authorization.empty() || !to->password.empty() || !to->target.starts_with('/')) {
      std::abort();
    }
  }

  const SecretMask mask({kKey});
  const std::string said = with_key(bytes);
  const std::string masked = mask(said);
  if (masked.contains(kKey)) std::abort();
  const std::string message = quoted(said, mask);
  if (message.size() > 304 || message.contains(kKey) || message.contains('\n')) std::abort();
  for (std::size_t length = 8; length <= kKey.size(); ++length) {
    if (message.contains(std::string_view(kKey).substr(0, length))) std::abort();
  }
  const auto failure = status_failure(503, {}, said, now, mask);
  if (!failure || failure->message.contains(kKey) || failure->message.size() > 400) std::abort();
  return 0;
}
