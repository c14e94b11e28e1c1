// Keys, handed-over sockets and users: see daemon_access.h.
#include "ipw/energy/daemon_access.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

namespace ipw::energy {

namespace {

using core::ErrorCode;
using core::fail;

constexpr std::size_t kShortestKey = 16;
constexpr int kFirstDescriptor = 3;  // SD_LISTEN_FDS_START
constexpr int kMostDescriptors = 16;

std::optional<int> number(const std::optional<std::string>& text) {
  int value = 0;
  if (!text) return std::nullopt;
  const char* end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

std::unexpected<core::Error> key_failure(ErrorCode code, const std::filesystem::path& file,
                                         const std::string& why) {
  return fail(code, fmt::format("cannot use the key in {}: {}", file.string(), why));
}

}  // namespace

core::Result<std::string> read_key(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    return key_failure(errno == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kNotFound, file,
                       std::strerror(errno));
  }
  struct stat status{};
  const bool known = ::fstat(descriptor, &status) == 0;
  char buffer[4096];
  const ssize_t size = ::read(descriptor, buffer, sizeof buffer);
  ::close(descriptor);
  if (!known || !S_ISREG(status.st_mode) || size < 0) {
    return key_failure(ErrorCode::kInvalidData, file, "it is no regular file");
  }
  if ((status.st_mode & 077) != 0) {
    return key_failure(ErrorCode::kPermissionDenied, file,
                       fmt::format("others may read it (close it: chmod 600 {})", file.string()));
  }
  std::string key(buffer, static_cast<std::size_t>(size));
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  const bool visible = std::ranges::all_of(key, [](char c) { return c > ' ' && c < 127; });
  if (key.size() < kShortestKey || key.size() == sizeof buffer || !visible) {
    return key_failure(ErrorCode::kInvalidData, file,
                       fmt::format("it must be one line of at least {} visible characters without "
                                   "blanks (make one: openssl rand -hex 32)",
                                   kShortestKey));
  }
  return key;
}

core::Result<std::vector<int>> activated_sockets(const Environment& environment, int pid) {
  std::vector<int> sockets;
  const auto meant = number(environment("LISTEN_PID"));
  const auto count = number(environment("LISTEN_FDS"));
  if (!meant || *meant != pid || !count) return sockets;
  for (int i = 0; i < std::min(*count, kMostDescriptors); ++i) {
    const int descriptor = kFirstDescriptor + i;
    int listens = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
      return fail(ErrorCode::kInvalidData,
                  fmt::format("cannot take over descriptor {} (LISTEN_FDS): it is no listening "
                              "socket (the socket unit needs ListenStream= and Accept=no)",
                              descriptor));
    }
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    sockets.push_back(descriptor);
  }
  return sockets;
}

SocketReach reach(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return SocketReach::kNetwork;
  }
  if (address.ss_family == AF_UNIX) return SocketReach::kUnix;
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&address)->sin_addr, text,
                sizeof text);
  } else if (address.ss_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr, text,
                sizeof text);
  }
  return is_loopback(text) ? SocketReach::kLoopback : SocketReach::kNetwork;
}

bool is_loopback(const std::string& address) {
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  return ::inet_pton(AF_INET6, address.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

core::Result<unsigned> group_id(const std::string& name) {
  const ::group* found = ::getgrnam(name.c_str());
  if (found == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("cannot open the socket to group {}: there is no such group (create "
                            "it: groupadd --system {})",
                            name, name));
  }
  return found->gr_gid;
}

core::Result<void> drop_root(const std::string& user) {
  if (::geteuid() != 0) return {};
  const ::passwd* found = ::getpwnam(user.c_str());
  if (found == nullptr) {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("cannot give up root: there is no user {} (choose another with --user)", user));
  }
  const uid_t uid = found->pw_uid;
  const gid_t gid = found->pw_gid;
  if (uid == 0) return {};
  if (::initgroups(user.c_str(), gid) != 0 || ::setgid(gid) != 0 || ::setuid(uid) != 0) {
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("cannot become user {}: {}", user, std::strerror(errno)));
  }
  if (::setuid(0) == 0) {
    return fail(ErrorCode::kInternal, "root could be taken back after it was given up");
  }
  return {};
}

}  // namespace ipw::energy
