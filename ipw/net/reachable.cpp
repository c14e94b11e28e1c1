// See reachable.h.
#include "ipw/net/reachable.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

namespace ipw::net {
namespace {

using core::ErrorCode;
using core::fail;

constexpr std::chrono::milliseconds kAttempt{1000};  // longest that one address is waited for
constexpr std::chrono::milliseconds kPause{200};     // between two rounds

class Socket {
 public:
  explicit Socket(int family) : descriptor_(::socket(family, SOCK_STREAM, 0)) {
    if (descriptor_ < 0) return;
    ::fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
    ::fcntl(descriptor_, F_SETFL, O_NONBLOCK);
  }
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // 0, or the error's number.
  [[nodiscard]] int connect(const sockaddr* address, socklen_t length) const {
    if (descriptor_ < 0) return errno;
    if (::connect(descriptor_, address, length) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    pollfd event{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&event, 1, static_cast<int>(kAttempt.count()));
    if (ready == 0) return ETIMEDOUT;
    if (ready < 0) return errno;
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
  }

 private:
  int descriptor_;
};

int connect_to_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  return Socket(AF_UNIX).connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

int connect_to_any(const addrinfo* addresses) {
  int error = EADDRNOTAVAIL;
  for (const addrinfo* one = addresses; one != nullptr; one = one->ai_next) {
    error = Socket(one->ai_family).connect(one->ai_addr, one->ai_addrlen);
    if (error == 0) return 0;
  }
  return error;
}

}  // namespace

core::Result<void> reachable(const Url& url, core::Seconds patience) {
  Addresses addresses(nullptr, &::freeaddrinfo);
  if (url.socket_path.empty()) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error =
        ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &wanted, &found);
    if (error != 0) {
      return fail(ErrorCode::kNotFound, "no address of " + url.host + ": " + ::gai_strerror(error));
    }
    addresses.reset(found);
  }
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const int error =
        addresses ? connect_to_any(addresses.get()) : connect_to_socket(url.socket_path);
    if (error == 0) return {};
    if (std::chrono::steady_clock::now() + kPause >= until) {
      return fail(ErrorCode::kUnavailable, "nobody answers at " +
                                               (addresses ? url.authority() : url.socket_path) +
                                               ": " + std::generic_category().message(error));
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace ipw::net
