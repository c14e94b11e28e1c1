#pragma once
// The one HTTP/1.1 client of the house: one thread drives any number of requests over pooled
// connections, by callbacks. Stamps are taken where the bytes pass, so that a model's latency is
// that of the wire, not of a thread that was woken late.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/net/failure.h"
#include "ipw/net/header.h"
#include "ipw/net/proxy.h"
#include "ipw/net/url.h"

namespace ipw::net {

/// Host, Content-Length, Accept-Encoding (identity) and User-Agent are added where they are
/// missing.
struct HttpRequest {
  std::string method = "GET";
  Url url;
  Headers headers;
  std::string body;
  bool keeps_answer = true;  // false: its bytes go to a disk as they come, and none of the bounds
                             // on memory holds
};

struct ResponseHead {
  int status = 0;
  std::string reason;
  Headers headers;
};

/// When what passed, on the machine's monotonic clock: called <= send_begun <= sent <= first_byte
/// <= done, as far as it came.
struct ExchangeTimes {
  core::Instant called;                     // start() was called
  std::optional<core::Instant> send_begun;  // connected; the first byte goes to the kernel
  std::optional<core::Instant> sent;        // the last byte of the request was taken by the kernel
  std::optional<core::Instant> first_byte;  // of the answer's head
  core::Instant done;                       // the last byte of the answer, or the failure
};

struct ExchangeEnd {
  std::optional<Failure> failure;  // kStatus is not among them: any status is an answer here
  ExchangeTimes times;
  int status = 0;           // 0: no head came
  bool reused = false;      // sent over a connection that had served before
  std::uint64_t bytes = 0;  // of the answer's body
};

/// All are called on the client's thread, in this order: on_head once, on_data for each piece of
/// the body as it comes off the wire, on_done exactly once, whatever happens. They must not block
/// nor throw; they may call start(). Any may be empty. Bytes are valid during the call only.
struct ResponseHandlers {
  std::function<void(const ResponseHead&)> on_head;
  std::function<void(std::string_view bytes, core::Instant at)> on_data;
  std::function<void(const ExchangeEnd&)> on_done;
};

struct ClientOptions {
  core::Seconds connect_timeout{10};       // name, connection and handshakes together
  core::Seconds idle_timeout{300};         // longest silence while an answer is awaited
  core::Seconds pool_idle{50};             // an unused connection is closed after this long
  std::size_t connections_per_server = 0;  // most at once, others wait in line; 0: unbounded
  std::uint64_t most_body_bytes = std::uint64_t{1} << 30;    // of one answer
  std::uint64_t most_bytes_in_all = std::uint64_t{1} << 30;  // of all answers that are under way:
                                                             // one that brings more is given up
  std::size_t most_head_bytes = std::size_t{64} << 10;
  std::filesystem::path ca_file;  // PEM; empty: the system's certificates
  bool verify_tls = true;         // chain and name of the server's certificate
  ProxySettings proxies;
  std::string user_agent = "ipw";
};

struct HttpResponse {
  ResponseHead head;
  std::string body;
  ExchangeTimes times;
};

/// Thread-safe. A request on a pooled connection that the server had closed meanwhile is sent once
/// more on a fresh one, if not a byte of the answer had come and it is within the deadline; nothing
/// else is retried here (retry.h). Redirects are answers like others.
class HttpClient {
 public:
  /// kNotFound, kPermissionDenied or kInvalidData where `ca_file` cannot be used.
  [[nodiscard]] static core::Result<std::unique_ptr<HttpClient>> open(ClientOptions options = {});

  /// Cancels what is in flight, calling each on_done with kCancelled, and joins the thread. Not
  /// from a handler.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Sends `request` and returns at once. When `deadline` passes or `cancel` is requested, the
  /// connection is closed, which is how the server learns of it.
  void start(HttpRequest request, ResponseHandlers handlers,
             std::optional<core::Instant> deadline = std::nullopt, std::stop_token cancel = {});

  /// The same, waited for, with the whole body at once. Not from a handler. Any status is an
  /// answer; see status_failure(). Failures as to_error().
  [[nodiscard]] core::Result<HttpResponse> fetch(
      HttpRequest request, std::optional<core::Instant> deadline = std::nullopt,
      std::stop_token cancel = {});

  /// Connections that are open now, in use or pooled.
  [[nodiscard]] std::size_t open_connections() const;

 private:
  class Loop;
  explicit HttpClient(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace ipw::net
