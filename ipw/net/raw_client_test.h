#pragma once
// For tests: a client that sends exactly the bytes it is told to. Loopback only.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace ipw::net {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const timeval ten_seconds{10, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof ten_seconds);
    connected_ = connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { close(descriptor_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }

  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t size = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }

  /// What comes until `end` has come, or the server closes, or ten seconds pass without a byte.
  std::string read_until(std::string_view end) {
    std::string text;
    char byte = 0;
    while (!text.ends_with(end) && recv(descriptor_, &byte, 1, 0) == 1) text += byte;
    return text;
  }
  /// What comes until the server closes.
  std::string read_all() {
    std::string text;
    char buffer[4096];
    ssize_t size = 0;
    while ((size = recv(descriptor_, buffer, sizeof buffer, 0)) > 0) {
      text.append(buffer, static_cast<std::size_t>(size));
    }
    closed_ = size == 0;
    return text;
  }
  /// Whether read_all() ended because the server closed.
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  int descriptor_;
  bool connected_ = false;
  bool closed_ = false;
};

}  // namespace ipw::net
