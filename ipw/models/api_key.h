#pragma once
// Where the key of an API comes from. It goes into request headers and nowhere else: no manifest,
// log or error holds it, and net::SecretMask takes it out of what servers repeat.

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ipw/core/result.h"

namespace ipw::models {

/// The first line of `file`, without blanks around it. kNotFound; kPermissionDenied where it cannot
/// be read or where anybody but its owner may; kInvalidData where it is empty or no header could
/// carry it.
[[nodiscard]] core::Result<std::string> read_key_file(const std::filesystem::path& file);

/// The first of `variables` that is set and not empty; kInvalidData where no header could carry it.
[[nodiscard]] core::Result<std::optional<std::string>> key_in(
    const std::function<std::optional<std::string>(const std::string&)>& environment,
    std::span<const std::string_view> variables);

}  // namespace ipw::models
