#pragma once
// The one HTTP/1.1 server of the house: one thread, a flat table of routes, whole or streamed
// answers that any thread may write.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/net/header.h"

namespace ipw::net {

struct ServerRequest {
  std::string method;
  std::string path;   // as it was sent, without the query
  std::string query;  // without '?'
  Headers headers;
  std::string body;
};

/// One request and the way to answer it. Thread-safe. Dropping it unanswered answers 500.
class ServerExchange {
 public:
  virtual ~ServerExchange() = default;
  [[nodiscard]] virtual const ServerRequest& request() const = 0;
  /// Requested when the other side has closed the connection or the server stops.
  [[nodiscard]] virtual std::stop_token gone() const = 0;
  /// Answers whole.
  virtual void send(int status, const Headers& headers, std::string_view body) = 0;
  /// Begins a streamed answer (chunked).
  virtual void begin(int status, const Headers& headers) = 0;
  /// Adds bytes to a streamed answer, or, empty, ends it. `drained`, if given, is called on the
  /// server's thread once fewer than ServerOptions::low_water bytes are waiting: whoever writes
  /// much waits for it. Bytes for one that is gone are dropped, and `drained` is called all the
  /// same.
  virtual void write(std::string_view bytes, std::function<void()> drained = {}) = 0;
};

/// Called on the server's thread: must not block. What takes long keeps the exchange and answers
/// from elsewhere.
using RouteHandler = std::function<void(std::shared_ptr<ServerExchange>)>;

struct Route {
  std::string method;  // "GET", …
  std::string path;    // the whole path, or a prefix where it ends in '*'
  RouteHandler handler;
};

struct ServerOptions {
  std::string address = "127.0.0.1";   // or IPv6 without brackets
  std::uint16_t port = 0;              // 0: a free one
  std::filesystem::path unix_socket;   // instead of address and port
  std::optional<unsigned> unix_mode;   // who may connect to it, as chmod has it; else the umask's
  std::optional<unsigned> unix_group;  // the group that the socket is given
  std::optional<int> listener;         // a socket that listens already, instead of all of these;
                                       // taken over
  std::filesystem::path certificate;   // PEM chain; with `key`, the server speaks TLS
  std::filesystem::path key;
  std::size_t most_head_bytes = std::size_t{16} << 10;
  std::uint64_t most_body_bytes = std::uint64_t{64} << 20;
  core::Seconds request_timeout{30};  // for head and body to come in whole, and a byte to be taken
  core::Seconds pool_idle{120};       // for the next request on an open connection
  std::size_t low_water = std::size_t{64} << 10;
  std::size_t most_queued_bytes = std::size_t{64} << 20;  // a reader slower than that is cut off
  std::uint64_t most_bytes_in_all = std::uint64_t{512} << 20;  // bodies of requests and what waits
                                                               // to be read, of all connections;
                                                               // heads are beside it
  std::size_t most_connections = 0;  // at once, others are closed unheard; 0: unbounded
};

/// Unknown paths are answered 404, known ones with another method 405, what is no HTTP 400, too
/// much 413 or 431, too slow 408, what would bring all connections together beyond their bound 503;
/// errors as {"error": {"message", "type"}}. An answer that would is cut off.
class HttpServer {
 public:
  /// Listens when it returns. kUsage for an address that is none, kBusy where the port is taken,
  /// kPermissionDenied, kNotFound or kInvalidData for the files.
  [[nodiscard]] static core::Result<std::unique_ptr<HttpServer>> open(ServerOptions options,
                                                                      std::vector<Route> routes);
  /// stop(0 s).
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The port that it listens on; 0 for a Unix socket.
  [[nodiscard]] std::uint16_t port() const;

  /// Takes no new requests, lets those at work finish for up to `grace`, then closes. Not from a
  /// handler; a second call does nothing.
  void stop(core::Seconds grace);

  [[nodiscard]] std::size_t open_connections() const;

 private:
  class Loop;
  explicit HttpServer(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace ipw::net
