#pragma once
// What can go wrong between asking and having the whole answer, by where it went wrong: retries,
// verdicts and error messages each need another part of it.

#include <optional>
#include <string>
#include <string_view>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/net/header.h"
#include "ipw/net/secret_mask.h"

namespace ipw::net {

enum class FailureKind {
  kRequest,    // it cannot be sent like this: bad header, too large
  kDns,        // the name has no address
  kConnect,    // no connection: refused, unreachable, or the proxy would not
  kTls,        // certificate or handshake
  kTimeout,    // connecting or silence took too long
  kDeadline,   // the caller's own deadline passed
  kProtocol,   // what came back is not HTTP, is cut off, compressed or too large
  kStatus,     // the server answered with a status that is no success
  kCancelled,  // the caller stopped it
};

struct Failure {
  FailureKind kind = FailureKind::kProtocol;
  std::string message;                       // as core::Error's; no key or password in it
  std::optional<int> status;                 // where a head had come
  std::optional<core::Seconds> retry_after;  // as the server asked for
  bool answered = false;                     // a byte of the answer had come
};

/// "dns", "connect", …: stable, for records and counters.
[[nodiscard]] const char* name(FailureKind kind);

/// The same for everybody outside this room. Only the caller's deadline is kTimeout. Status 401 and
/// 403 are kPermissionDenied, 404 and 410 kNotFound, 501 kUnsupported, 408, 425, 429 and all other
/// 5xx kUnavailable, every other status kInvalidData (the request was refused); a kRequest is
/// kUsage; dns, connect, tls, timeout and protocol are kUnavailable.
[[nodiscard]] core::Error to_error(const Failure& failure);

/// What a server said, as a message may repeat it: secrets masked before anything is cut, one line
/// of valid UTF-8, at most 300 bytes.
[[nodiscard]] std::string quoted(std::string_view said, const SecretMask& mask);

/// The failure that an answer with `status` is; `body` (HTML, JSON or text; may be cut) gives its
/// reason: the "message" of a JSON error, else the text, quoted(). Absent for 2xx.
[[nodiscard]] std::optional<Failure> status_failure(int status, const Headers& headers,
                                                    std::string_view body, core::WallTime now,
                                                    const SecretMask& mask = {});

}  // namespace ipw::net
