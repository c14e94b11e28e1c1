// See api_key.h.
#include "ipw/models/api_key.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

namespace ipw::models {
namespace {

using core::ErrorCode;
using core::fail;

bool fits_header(std::string_view key) {
  return std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

core::Result<std::string> read_key_file(const std::filesystem::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("cannot read the API key: {} is not there (check the path)", file.string()));
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("cannot use the API key in {}: others than its owner may open the file "
                            "(chmod 600 {})",
                            file.string(), file.string()));
  }
  std::ifstream in(file);
  std::string key;
  if (!in) {
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("cannot read the API key: {} does not open (check whose it is)",
                            file.string()));
  }
  std::getline(in, key);
  const std::size_t from = std::min(key.find_first_not_of(" \t\r"), key.size());
  key = key.substr(from, key.find_last_not_of(" \t\r") + 1 - from);
  if (!key.empty() && fits_header(key)) return key;
  return fail(ErrorCode::kInvalidData,
              fmt::format("cannot use the API key in {}: its first line is {} (write the key alone "
                          "into the file)",
                          file.string(), key.empty() ? "empty" : "no key"));
}

core::Result<std::optional<std::string>> key_in(
    const std::function<std::optional<std::string>(const std::string&)>& environment,
    std::span<const std::string_view> variables) {
  for (const std::string_view variable : variables) {
    std::optional<std::string> key =
        environment ? environment(std::string(variable)) : std::nullopt;
    if (!key || key->empty()) continue;
    if (fits_header(*key)) return key;
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot use the API key in ${}: it holds blanks or bytes that no key "
                            "has (set it again)",
                            variable));
  }
  return std::nullopt;
}

}  // namespace ipw::models
