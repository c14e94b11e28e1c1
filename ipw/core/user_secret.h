#pragma once
// What only this user's ipw knows: it tells the folders that it made from those of others.

#include <string>

#include "ipw/core/result.h"
#include "ipw/core/user_directories.h"

namespace ipw::core {

/// 64 hexadecimal characters, kept in the file `secret` of state_directory() for its owner's eyes
/// only; made at the first call. One thread at a time, any number of processes. kPermissionDenied
/// where the file belongs to somebody else or others may read it, kInvalidData where it holds
/// something else; kPermissionDenied, kOutOfSpace or kUnavailable where there is no place
/// for it.
[[nodiscard]] Result<std::string> user_secret(const Variables& variables);

}  // namespace ipw::core
