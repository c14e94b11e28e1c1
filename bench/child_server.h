#pragma once
// A server in a process of its own, so that a benchmark does not share its threads with it.

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "ipw/net/server.h"

namespace ipw::bench {

[[noreturn]] inline void give_up(const std::string& why) {
  fmt::print(stderr, "bench: {}\n", why);
  std::exit(1);
}

/// Returns the port of a server of these routes, made in the child; to be called before this
/// process has threads. The child ends with this process, or when it is told to. Gives up where it
/// cannot.
inline std::uint16_t serve_in_child(const std::function<std::vector<net::Route>()>& routes,
                                    pid_t* child) {
  int ports[2];
  if (::pipe(ports) != 0) give_up("no pipe");
  *child = ::fork();
  if (*child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it must not outlive a benchmark that gives up
    const auto server = net::HttpServer::open({}, routes());
    if (!server) give_up(server.error().message);
    const std::uint16_t port = (*server)->port();
    if (::write(ports[1], &port, sizeof port) != sizeof port) std::exit(1);
    while (true) ::pause();
  }
  std::uint16_t port = 0;
  if (::read(ports[0], &port, sizeof port) != sizeof port) give_up("no server");
  return port;
}

}  // namespace ipw::bench
