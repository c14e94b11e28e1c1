// Any bytes at the daemon's socket: whatever one client says, the next one is answered.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "ipw/energy/daemon.h"

namespace {

using namespace ipw;

struct Serving {
  Serving() : socket("/tmp/ipw-fuzz-" + std::to_string(::getpid()) + ".sock") {
    energy::DaemonListener listener;
    listener.server.unix_socket = socket;
    energy::DaemonOptions options;
    options.listeners.push_back(listener);
    auto opened = energy::SensorDaemon::open({}, std::move(options), clock);
    if (!opened) std::abort();
    daemon = std::move(*opened);
  }

  [[nodiscard]] int connect() const {
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      std::abort();
    }
    return descriptor;
  }

  std::string socket;
  core::SystemClock clock;
  std::unique_ptr<energy::SensorDaemon> daemon;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Serving serving;
  const int bad = serving.connect();
  (void)::send(bad, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  const int good = serving.connect();
  constexpr std::string_view kQuestion =
      "GET /v1/clock HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  (void)::send(good, kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL);
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 1; got > 0;) {
    do {  // the fuzzer's own alarm interrupts
      got = ::recv(good, buffer, sizeof buffer, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) answer.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(good);
  ::close(bad);
  if (!answer.starts_with("HTTP/1.1 200 ") || answer.find("monotonic_ns") == std::string::npos) {
    std::abort();
  }
  return 0;
}
