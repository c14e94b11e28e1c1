#pragma once
// Where a user's files belong (XDG Base Directory Specification 0.8).

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "ipw/core/result.h"

namespace ipw::core {

/// The value of an environment variable; absent: not set.
using Variables = std::function<std::optional<std::string>(const std::string&)>;

/// Those of this process.
[[nodiscard]] std::optional<std::string> process_variable(const std::string& name);

/// $XDG_DATA_HOME/ipw, or ~/.local/share/ipw. As the specification says, a relative path counts as
/// none. kUnavailable where neither it nor HOME is set.
[[nodiscard]] Result<std::filesystem::path> data_directory(const Variables& variables);

/// $XDG_CONFIG_HOME/ipw, or ~/.config/ipw; as data_directory.
[[nodiscard]] Result<std::filesystem::path> config_directory(const Variables& variables);

/// $XDG_STATE_HOME/ipw, or ~/.local/state/ipw; as data_directory.
[[nodiscard]] Result<std::filesystem::path> state_directory(const Variables& variables);

}  // namespace ipw::core
