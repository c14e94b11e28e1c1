#pragma once
// A model behind a server: one wire format over one HTTP client. Retries, deadlines and
// cancellation live here, once for all providers.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/models/language_model.h"
#include "ipw/models/wire_format.h"
#include "ipw/net/client.h"
#include "ipw/net/retry.h"
#include "ipw/net/url.h"

namespace ipw::models {

/// The value of an environment variable; absent: not set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

struct RemoteOptions {
  std::string base_url;            // empty: the variable's of the format, else the provider's own
  std::filesystem::path key_file;  // empty: the variables of the format
  WireOptions wire;
  net::RetryPolicy retry;
  std::optional<core::Seconds> deadline;  // for one generate(), retries included
  std::uint64_t seed = 0;                 // of the jitter
  std::optional<bool> here;               // the server runs on this machine; absent: by its address
  net::ClientOptions client;              // proxies are added from the environment
  Environment environment;                // empty: none
  const core::Clock* clock = nullptr;     // outlives the model; null: the machine's
};

/// Where the models of `format` are asked for with these options. kUsage for a bad address.
[[nodiscard]] core::Result<net::Url> base_url(const WireFormat& format,
                                              const RemoteOptions& options);

/// Whether that server runs on this machine, as far as its address tells: a Unix socket, loopback,
/// or this machine's own name.
[[nodiscard]] bool is_this_machine(const net::Url& url);

class RemoteModel final : public LanguageModel {
 public:
  /// Nothing is sent yet. kUsage for a bad address, kNotFound and kPermissionDenied for a key file
  /// that is not there or that others may read, kPermissionDenied where the provider's own servers
  /// are to be asked without a key.
  [[nodiscard]] static core::Result<std::unique_ptr<RemoteModel>> open(const WireFormat& format,
                                                                       const std::string& model,
                                                                       RemoteOptions options);
  /// What open() would say, at less cost.
  [[nodiscard]] static core::Result<void> check(const WireFormat& format, const std::string& model,
                                                const RemoteOptions& options);
  ~RemoteModel() override;

  [[nodiscard]] ModelDescription describe() const override;
  /// As LanguageModel says. A try that failed is repeated while nothing of its answer was passed on
  /// and the retry policy allows it; all tries are within the deadline, in the timings and in
  /// Completion::tries. kTimeout where the deadline passed after the request was out, kTooLong
  /// where the prompt is too long, kPermissionDenied for a wrong key, kNotFound for a model that
  /// the server does not have, else kUnavailable or kInvalidData; the message names model, server
  /// and cause and never the key. An answer that was not streamed has no first token. `sink` is
  /// called on the client's thread.
  [[nodiscard]] core::Result<record::Completion> generate(const Request& request,
                                                          const TokenSink& sink,
                                                          std::stop_token cancel) override;

 private:
  class Connection;
  // Without its client.
  [[nodiscard]] static core::Result<std::unique_ptr<Connection>> prepare(const WireFormat& format,
                                                                         const std::string& model,
                                                                         RemoteOptions options);
  explicit RemoteModel(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace ipw::models
