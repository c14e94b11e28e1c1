#pragma once
// For tests: a server that says exactly the bytes that a script tells it to, when it is told to,
// and breaks off where it is told to. Loopback only.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "ipw/net/url.h"

namespace ipw::net {

/// One connection, seen from the server.
class FaultPeer {
 public:
  explicit FaultPeer(int descriptor) : descriptor_(descriptor) {}

  /// Head and body of the next request; empty: the other side has closed.
  std::string read_request() {
    while (true) {
      const std::size_t head = received_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t whole = head + 4 + content_length(received_.substr(0, head));
        if (received_.size() >= whole) {
          std::string request = received_.substr(0, whole);
          received_.erase(0, whole);
          return request;
        }
      }
      char buffer[4096];
      const ssize_t size = recv(descriptor_, buffer, sizeof buffer, 0);
      if (size <= 0) return {};
      received_.append(buffer, static_cast<std::size_t>(size));
    }
  }

  /// false: the other side has closed.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t size = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }

  /// Waits until the other side closes, for up to ten seconds.
  [[nodiscard]] bool sees_close() const {
    pollfd watched{descriptor_, POLLIN, 0};
    char byte = 0;
    while (poll(&watched, 1, 10'000) == 1) {
      if (recv(descriptor_, &byte, 1, 0) <= 0) return true;
    }
    return false;
  }

  /// The connection ends with RST instead of FIN.
  void reset_on_close() const {
    const linger at_once{1, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

  /// Carries bytes between this peer and a server on loopback until either closes.
  void join(std::uint16_t port) const {
    const int other = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (connect(other, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      carry(other);
    }
    close(other);
  }

 private:
  void carry(int other) const {
    pollfd watched[] = {{descriptor_, POLLIN, 0}, {other, POLLIN, 0}};
    char buffer[4096];
    while (poll(watched, 2, -1) > 0) {
      for (const int from : {0, 1}) {
        if (watched[from].revents == 0) continue;
        const ssize_t size = recv(watched[from].fd, buffer, sizeof buffer, 0);
        if (size <= 0) return;
        ::send(watched[1 - from].fd, buffer, static_cast<std::size_t>(size), MSG_NOSIGNAL);
      }
    }
  }

  static std::size_t content_length(const std::string& head) {
    const std::size_t field = head.find("Content-Length: ");
    return field == std::string::npos ? 0 : std::stoul(head.substr(field + 16));
  }

  int descriptor_;
  std::string received_;
};

class FaultServer {
 public:
  /// Called for each connection on a thread of its own; when it returns the connection is closed.
  using Script = std::function<void(FaultPeer&)>;

  explicit FaultServer(Script script, std::uint16_t port = 0) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, SOMAXCONN);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~FaultServer() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    {
      const std::scoped_lock lock(mutex_);
      for (const int descriptor : open_) shutdown(descriptor, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  FaultServer(const FaultServer&) = delete;
  FaultServer& operator=(const FaultServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] Url url(const std::string& target = "/") const {
    return {.host = "127.0.0.1", .port = port_, .target = target};
  }

 private:
  void accept_all() {
    while (!stopping_) {
      const int descriptor = accept(listener_, nullptr, nullptr);
      if (descriptor < 0) continue;
      ++connections_;
      {
        const std::scoped_lock lock(mutex_);
        open_.push_back(descriptor);
      }
      threads_.emplace_back([this, descriptor] {
        FaultPeer peer(descriptor);
        script_(peer);
        const std::scoped_lock lock(mutex_);
        std::erase(open_, descriptor);
        close(descriptor);
      });
    }
  }

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;  // of the acceptor until that is joined
  std::thread acceptor_;
};

/// A whole answer with its length.
inline std::string http_answer(std::string_view status, std::string_view type,
                               std::string_view body, std::string_view more_headers = {}) {
  std::string answer = "HTTP/1.1 ";
  answer.append(status).append("\r\nContent-Type: ").append(type).append("\r\n");
  answer.append(more_headers);
  answer.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  return answer.append(body);
}

/// The head of a stream in chunks.
constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// `bytes` as one chunk; empty: the last one.
inline std::string http_chunk(std::string_view bytes) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return std::string(size).append(bytes).append("\r\n");
}

}  // namespace ipw::net
