#include "ipw/net/listening_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace ipw::net {
namespace {

using core::ErrorCode;

// An address to listen at.
struct Place {
  sockaddr_storage address{};
  socklen_t size = 0;
  std::string shown;
};

core::Result<Place> place_of(const ServerOptions& options) {
  Place place;
  if (!options.unix_socket.empty()) {
    sockaddr_un local{};
    place.shown = options.unix_socket.string();
    if (place.shown.size() >= sizeof local.sun_path) {
      return core::fail(ErrorCode::kUsage, fmt::format("cannot listen at {}: the path is longer "
                                                       "than {} bytes",
                                                       place.shown, sizeof local.sun_path - 1));
    }
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, place.shown.c_str(), place.shown.size() + 1);
    std::memcpy(&place.address, &local, sizeof local);
    place.size = sizeof local;
    return place;
  }
  place.shown = fmt::format("{} port {}", options.address, options.port);
  sockaddr_in four{};
  sockaddr_in6 six{};
  if (inet_pton(AF_INET, options.address.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(options.port);
    std::memcpy(&place.address, &four, place.size = sizeof four);
  } else if (inet_pton(AF_INET6, options.address.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(options.port);
    std::memcpy(&place.address, &six, place.size = sizeof six);
  } else {
    return core::fail(ErrorCode::kUsage, fmt::format("cannot listen at \"{}\": it is no IP address "
                                                     "(write 127.0.0.1, ::1 or 0.0.0.0)",
                                                     options.address));
  }
  return place;
}

// Whether a socket file stands there that nobody listens at, as after a crash. Other files refuse a
// connection as well, and stay.
bool is_left_over(const Place& place) {
  struct stat file{};
  if (lstat(place.shown.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  if (descriptor < 0) return false;
  const int connected =
      connect(descriptor, reinterpret_cast<const sockaddr*>(&place.address), place.size);
  const bool refused = connected != 0 && errno == ECONNREFUSED;
  close(descriptor);
  return refused;
}

// Nobody can connect before it listens, so there is no moment at which others might.
bool restrict_socket(const Place& place, const ServerOptions& options) {
  const char* path = place.shown.c_str();
  if (options.unix_group && chown(path, static_cast<uid_t>(-1), *options.unix_group) != 0) {
    return false;
  }
  return !options.unix_mode || chmod(path, *options.unix_mode) == 0;
}

}  // namespace

core::Result<int> listen_at(const ServerOptions& options) {
  IPW_TRY(const Place place, place_of(options));
  const int family = place.address.ss_family;
  const int descriptor = socket(family, SOCK_STREAM, 0);
  const auto* address = reinterpret_cast<const sockaddr*>(&place.address);
  const int on = 1;
  if (descriptor >= 0) {
    set_not_blocking(descriptor);
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_UNIX && is_left_over(place)) unlink(place.shown.c_str());
    if (bind(descriptor, address, place.size) == 0) {
      if (family != AF_UNIX || restrict_socket(place, options)) {
        if (listen(descriptor, SOMAXCONN) == 0) return descriptor;
      } else {
        const int error = errno;
        unlink(place.shown.c_str());
        errno = error;
      }
    }
  }
  const int error = errno;
  if (descriptor >= 0) close(descriptor);
  const ErrorCode code = error == EADDRINUSE                   ? ErrorCode::kBusy
                         : error == EACCES || error == EPERM   ? ErrorCode::kPermissionDenied
                         : error == EADDRNOTAVAIL              ? ErrorCode::kUsage
                         : error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound
                                                               : ErrorCode::kUnavailable;
  return core::fail(code, fmt::format("cannot listen at {}: {}", place.shown,
                                      std::generic_category().message(error)));
}

std::uint16_t port_of(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return 0;
}

void set_not_blocking(int descriptor) {
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
}

}  // namespace ipw::net
