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

struct RemoteOptions {
  std::string url;  // base address; empty: the variable's of the format, else its default
  std::filesystem::path key_file;  // empty: the format's variables
  WireOptions wire;
  net::RetryPolicy retry;
  std::optional<core::Seconds> deadline;  // for one generate(), retries included
  std::uint64_t seed = 0;                 // of the jitter
  net::ClientOptions client;
};

/// The value of an environment variable, or null, as std::getenv.
using Environment = std::function<const char*(const char*)>;

class RemoteModel final : public LanguageModel {
 public:
  /// Nothing is sent yet. `clock` outlives the model. kUsage for a bad address, kPermissionDenied
  /// where the key file is open to others or the provider's own address is to be asked without a
  /// key, kNotFound where the file is not there.
  [[nodiscard]] static core::Result<std::unique_ptr<RemoteModel>> open(
      const WireFormat& format, const std::string& model, RemoteOptions options,
      const Environment& environment, core::Clock& clock);
  ~RemoteModel() override;

  [[nodiscard]] ModelDescription describe() const override;
  /// As LanguageModel says. A try that failed is made again while no piece of its answer was passed
  /// on and the retry policy allows it; all tries are within the deadline and counted in
  /// Completion::tries. kTimeout where the deadline passed, kUsage where the prompt is too long,
  /// kPermissionDenied for a wrong key, kNotFound for a model that the server does not have; each
  /// message names server and cause and never the key.
  [[nodiscard]] core::Result<record::Completion> generate(const Request& request,
                                                          const TokenSink& sink,
                                                          std::stop_token cancel) override;

 private:
  class Connection;
  explicit RemoteModel(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace ipw::models
