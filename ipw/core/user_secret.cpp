// The file is written beside its place and linked to it: of two processes that make it at the same
// time both read the one that came first, and neither reads half of it.
#include "ipw/core/user_secret.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

#include "ipw/core/digest.h"

namespace ipw::core {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLength = 64;
constexpr const char* kCure = " (set XDG_STATE_HOME to a folder of your own)";

std::unexpected<Error> refused(const std::string& doing, int reason) {
  const bool forbidden = reason == EACCES || reason == EPERM || reason == EROFS;
  const bool full = reason == ENOSPC || reason == EDQUOT;
  return fail(full        ? ErrorCode::kOutOfSpace
              : forbidden ? ErrorCode::kPermissionDenied
                          : ErrorCode::kUnavailable,
              doing + ": " + std::generic_category().message(reason) + kCure);
}

// Absent: there is no such file.
Result<std::optional<std::string>> read_secret(const fs::path& file) {
  const std::string doing = "cannot read " + file.string();
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0 && errno == ENOENT) return std::nullopt;
  if (descriptor < 0) return refused(doing, errno);
  struct stat status{};
  std::array<char, kLength + 1> text{};
  const bool known = fstat(descriptor, &status) == 0;
  const ssize_t size = read(descriptor, text.data(), text.size());
  close(descriptor);
  if (!known || status.st_uid != geteuid() || (status.st_mode & 077) != 0) {
    return fail(ErrorCode::kPermissionDenied,
                doing + ": it is not for its owner's eyes only (remove it, and a new one is made)");
  }
  const std::string_view secret(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  if (secret.size() != kLength ||
      secret.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return fail(ErrorCode::kInvalidData,
                doing + ": it is no secret of ipw's (remove it, and a new one is made)");
  }
  return std::string(secret);
}

Result<void> make_secret(const fs::path& file) {
  const std::string doing = "cannot make " + file.string();
  std::array<char, 32> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return refused(doing, errno);
  }
  Sha256 digest;
  digest.update({bytes.data(), bytes.size()});
  const std::string secret = digest.hex();
  const fs::path draft = fs::path(file) += "." + std::to_string(getpid());
  const int descriptor = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return refused(doing, errno);
  int reason = fchmod(descriptor, 0600) == 0 ? 0 : errno;
  if (reason == 0 &&
      write(descriptor, secret.data(), secret.size()) != static_cast<ssize_t>(secret.size())) {
    reason = errno;
  }
  close(descriptor);
  if (reason == 0 && link(draft.c_str(), file.c_str()) != 0 && errno != EEXIST) reason = errno;
  unlink(draft.c_str());
  if (reason != 0) return refused(doing, reason);
  return {};
}

}  // namespace

Result<std::string> user_secret(const Variables& variables) {
  IPW_TRY(const fs::path directory, state_directory(variables));
  const fs::path file = directory / "secret";
  IPW_TRY(std::optional<std::string> secret, read_secret(file));
  if (secret) return *std::move(secret);
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return refused("cannot make " + directory.string(), error.value());
  IPW_CHECK(make_secret(file));
  IPW_TRY(secret, read_secret(file));
  if (secret) return *std::move(secret);
  return fail(ErrorCode::kUnavailable, "cannot keep " + file.string() + kCure);
}

}  // namespace ipw::core
