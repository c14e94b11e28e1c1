#pragma once
// A run folder says what to run and whom to ask when it is resumed, and anybody can write such a
// folder. Those of this user's ipw bear a seal over exactly these lines; what bears none, or
// another, waits for the user's word.

#include <string>
#include <string_view>
#include <vector>

#include "ipw/store/manifest.h"

namespace ipw::store {

/// What resuming the run does outside of its folder because its manifest says so, one phrase each:
/// "runs the meter command `…`", "asks MODEL at URL, with your key". Empty: nothing, and no seal is
/// needed.
[[nodiscard]] std::vector<std::string> doors(const Manifest& manifest);

/// The seal of the doors of this run, for whoever knows `secret` (core::user_secret): HMAC-SHA-256
/// over its run_id and them. It holds wherever the folder lies, until one of them is changed.
[[nodiscard]] std::string seal_of(const Manifest& manifest, std::string_view secret);

}  // namespace ipw::store
