#include "ipw/net/transport.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <system_error>

namespace ipw::net {
namespace {

using core::ErrorCode;

std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

std::string reason_of(int error) { return std::generic_category().message(error); }

core::Result<void> check_readable(const std::filesystem::path& file, std::string_view what) {
  if (access(file.c_str(), R_OK) == 0) return {};
  return core::fail(
      errno == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kNotFound,
      fmt::format("cannot read the {} {}: {}", what, file.string(), reason_of(errno)));
}

std::unexpected<core::Error> unusable(const std::filesystem::path& file, std::string_view what) {
  return core::fail(ErrorCode::kInvalidData,
                    fmt::format("cannot use {} as {}: {}", file.string(), what, openssl_reason()));
}

TlsContext new_context(const SSL_METHOD* method) {
  TlsContext context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  return context;
}

std::unexpected<core::Error> no_tls() {
  return core::fail(ErrorCode::kInternal, fmt::format("cannot set up TLS: {}", openssl_reason()));
}

// What OpenSSL was built to look for, or, where that is not there because it was built on another
// distribution, the first of the usual files.
bool trust_system(const TlsContext& context) {
  constexpr const char* kUsual[] = {"/etc/ssl/certs/ca-certificates.crt",
                                    "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
                                    "/etc/ssl/ca-bundle.pem"};
  const bool chosen = std::getenv(X509_get_default_cert_file_env()) != nullptr;
  const auto is_there = [](const char* path) { return access(path, R_OK) == 0; };
  if (!chosen && !is_there(X509_get_default_cert_dir())) {
    const auto* file = std::ranges::find_if(kUsual, is_there);
    if (file != std::end(kUsual)) return SSL_CTX_load_verify_file(context.get(), *file) == 1;
  }
  return SSL_CTX_set_default_verify_paths(context.get()) == 1;
}

IoResult socket_result(ssize_t returned, IoState when_busy) {
  if (returned > 0) return {IoState::kDone, static_cast<std::size_t>(returned)};
  if (returned == 0) return {IoState::kClosed};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {when_busy};
  return {IoState::kFailed, 0, reason_of(errno)};
}

}  // namespace

core::Result<TlsContext> client_tls(const std::filesystem::path& ca_file, bool verify) {
  TlsContext context = new_context(TLS_client_method());
  if (!context) return no_tls();
  if (!ca_file.empty()) {
    IPW_CHECK(check_readable(ca_file, "CA file"));
    if (SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1) {
      return unusable(ca_file, "CA file");
    }
  } else if (!trust_system(context)) {
    return no_tls();
  }
  SSL_CTX_set_verify(context.get(), verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  return context;
}

core::Result<TlsContext> server_tls(const std::filesystem::path& certificate,
                                    const std::filesystem::path& key) {
  IPW_CHECK(check_readable(certificate, "certificate"));
  IPW_CHECK(check_readable(key, "key"));
  TlsContext context = new_context(TLS_server_method());
  if (!context) return no_tls();
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1) {
    return unusable(certificate, "certificate");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unusable(key, "the certificate's key");
  }
  return context;
}

core::Result<void> Transport::use_client_tls(const TlsContext& context, const std::string& host) {
  ssl_.reset(SSL_new(context.get()), SSL_free);
  if (!ssl_ || SSL_set_fd(ssl_.get(), descriptor_) != 1) return no_tls();
  SSL_set_connect_state(ssl_.get());
  X509_VERIFY_PARAM* expected = SSL_get0_param(ssl_.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1) return {};
  ERR_clear_error();
  // A macro of OpenSSL casts away const.
  if (SSL_set1_host(ssl_.get(), host.c_str()) != 1 ||
      SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(host.c_str())) != 1) {
    return no_tls();
  }
  return {};
}

core::Result<void> Transport::use_server_tls(const TlsContext& context) {
  ssl_.reset(SSL_new(context.get()), SSL_free);
  if (!ssl_ || SSL_set_fd(ssl_.get(), descriptor_) != 1) return no_tls();
  SSL_set_accept_state(ssl_.get());
  return {};
}

IoResult Transport::handshake() {
  ERR_clear_error();
  errno = 0;
  const int returned = SSL_do_handshake(ssl_.get());
  if (returned == 1) return {IoState::kDone};
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK && SSL_get_error(ssl_.get(), returned) == SSL_ERROR_SSL) {
    ERR_clear_error();
    return {
        IoState::kFailed, 0,
        fmt::format("its certificate is not trusted: {}", X509_verify_cert_error_string(verified)),
        true};
  }
  return tls_result(returned);
}

IoResult Transport::tls_result(int returned) {
  if (returned > 0) return {IoState::kDone, static_cast<std::size_t>(returned)};
  const int error = errno;
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ: return {IoState::kWantRead};
    case SSL_ERROR_WANT_WRITE: return {IoState::kWantWrite};
    case SSL_ERROR_ZERO_RETURN: return {IoState::kClosed};
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      return {IoState::kFailed, 0, error == 0 ? "the connection was cut off" : reason_of(error)};
    default: return {IoState::kFailed, 0, openssl_reason(), true};
  }
}

IoResult Transport::read(std::span<char> buffer) {
  if (!ssl_) {
    return socket_result(recv(descriptor_, buffer.data(), buffer.size(), 0), IoState::kWantRead);
  }
  ERR_clear_error();
  errno = 0;
  return tls_result(SSL_read(ssl_.get(), buffer.data(),
                             static_cast<int>(std::min<std::size_t>(buffer.size(), INT_MAX))));
}

IoResult Transport::write(std::string_view first, std::string_view second) {
  if (!ssl_) {
    const auto piece = [](std::string_view bytes) {
      return iovec{const_cast<char*>(bytes.data()), bytes.size()};
    };
    std::array<iovec, 2> pieces = {piece(first), piece(second)};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    return socket_result(sendmsg(descriptor_, &message, 0), IoState::kWantWrite);
  }
  const std::string_view bytes = first.empty() ? second : first;
  ERR_clear_error();
  errno = 0;
  return tls_result(SSL_write(ssl_.get(), bytes.data(),
                              static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX))));
}

void Transport::shut_down() {
  if (!ssl_) return;
  ERR_clear_error();
  if (SSL_is_init_finished(ssl_.get()) != 0) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace ipw::net
