#include "ipw/core/user_directories.h"

#include <cstdlib>

namespace ipw::core {
namespace {

namespace fs = std::filesystem;

Result<fs::path> below(const Variables& variables, const std::string& variable,
                       const char* in_home) {
  const fs::path named(variables(variable).value_or(""));
  if (named.is_absolute()) return named / "ipw";
  const fs::path home(variables("HOME").value_or(""));
  if (home.is_absolute()) return home / in_home / "ipw";
  return fail(ErrorCode::kUnavailable, "there is no place for files: neither " + variable +
                                           " nor HOME names a folder (set one of them)");
}

}  // namespace

std::optional<std::string> process_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

Result<fs::path> data_directory(const Variables& variables) {
  return below(variables, "XDG_DATA_HOME", ".local/share");
}

Result<fs::path> config_directory(const Variables& variables) {
  return below(variables, "XDG_CONFIG_HOME", ".config");
}

Result<fs::path> state_directory(const Variables& variables) {
  return below(variables, "XDG_STATE_HOME", ".local/state");
}

}  // namespace ipw::core
