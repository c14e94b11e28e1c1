#pragma once
// Bytes through a socket that never blocks, with or without TLS: what the client's and the server's
// connections have in common. Which socket is ready is the event loop's to know.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ipw/core/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace ipw::net {

/// Certificates and settings, shared by many connections. Thread-safe.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

/// For clients: `ca_file` in PEM, empty: the system's. kNotFound, kPermissionDenied, kInvalidData.
[[nodiscard]] core::Result<TlsContext> client_tls(const std::filesystem::path& ca_file,
                                                  bool verify);
/// For servers, from PEM files. kNotFound, kPermissionDenied, kInvalidData.
[[nodiscard]] core::Result<TlsContext> server_tls(const std::filesystem::path& certificate,
                                                  const std::filesystem::path& key);

enum class IoState { kDone, kWantRead, kWantWrite, kClosed, kFailed };

struct IoResult {
  IoState state = IoState::kDone;
  std::size_t bytes = 0;  // with kDone: more than none
  std::string why;        // with kFailed
  bool tls = false;       // with kFailed: TLS's doing, not the network's
};

/// One thread at a time; SIGPIPE is blocked there (block_sigpipe).
class Transport {
 public:
  /// `descriptor` is borrowed and does not block.
  explicit Transport(int descriptor = -1) : descriptor_(descriptor) {}

  /// From here on everything is encrypted, after handshake(). `host` is what the certificate must
  /// name; a name also goes out as SNI.
  [[nodiscard]] core::Result<void> use_client_tls(const TlsContext& context,
                                                  const std::string& host);
  [[nodiscard]] core::Result<void> use_server_tls(const TlsContext& context);
  /// kDone with 0 bytes when the handshake is complete.
  [[nodiscard]] IoResult handshake();

  [[nodiscard]] IoResult read(std::span<char> buffer);
  /// `first` and then `second`, as much of them as the kernel takes.
  [[nodiscard]] IoResult write(std::string_view first, std::string_view second = {});
  /// Says goodbye, without waiting for an answer.
  void shut_down();

  [[nodiscard]] bool encrypted() const { return ssl_ != nullptr; }

 private:
  [[nodiscard]] IoResult tls_result(int returned);

  int descriptor_;
  std::shared_ptr<ssl_st> ssl_;
};

/// A write to a socket that the other side has closed must not end the program. For the calling
/// thread only.
void block_sigpipe();

}  // namespace ipw::net
