#pragma once
// The options of `ipw profile` that only models behind servers have.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/core/result.h"
#include "ipw/models/api_catalog.h"
#include "ipw/models/remote_model.h"
#include "ipw/store/manifest.h"

namespace ipw::cli {

struct ServerFlags {
  std::string base_url;
  std::string request_json;
  std::string reasoning;
  std::string place;
  std::string key_file;  // not in the manifest: where a key lies is nobody else's business
  std::optional<double> keep_alive_s;
  double deadline_s = 1800.0;
  int retries = 3;
};

/// Names of the flags that a resumed run may not change.
[[nodiscard]] std::span<const char* const> server_flags_fixed_at_the_start();

void declare_server_flags(const Flags& app, ServerFlags& flags);

/// What the flags ask for. kUsage for a base URL with a user's name or password in it, and where
/// what is to be merged into requests is no JSON object.
[[nodiscard]] core::Result<store::ManifestServer> planned(const ServerFlags& flags);

/// How `plan`'s model is to be asked.
[[nodiscard]] models::RemoteOptions remote_options(const store::Manifest& plan,
                                                   const ServerFlags& flags,
                                                   const Context& context);

/// The price list that comes with ipw, and before it the user's own rows, models.csv of
/// core::config_directory(). As models::read_models.
[[nodiscard]] core::Result<std::vector<models::ApiModel>> published_models(const Context& context);

/// Adds what is published about the model, by the row of its name: parameters, context, and a
/// price, ipw's own for the provider's own servers, the user's for any. Errors as
/// models::read_models.
[[nodiscard]] core::Result<void> add_published(store::ManifestModel& model, const Context& context);

}  // namespace ipw::cli
