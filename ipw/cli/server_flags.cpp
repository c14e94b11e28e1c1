// See server_flags.h.
#include "ipw/cli/server_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "ipw/cli/flags.h"
#include "ipw/core/user_directories.h"
#include "ipw/models/api_catalog.h"
#include "ipw/models/wire_format.h"
#include "ipw/net/url.h"
#include "ipw/profiling/plan.h"

namespace ipw::cli {
namespace {

using core::ErrorCode;
using core::fail;

constexpr std::array kFixed{"--base-url", "--request", "--reasoning", "--keep-alive",
                            "--deadline", "--retries", "--server-is"};

}  // namespace

std::span<const char* const> server_flags_fixed_at_the_start() { return kFixed; }

void declare_server_flags(const Flags& app, ServerFlags& flags) {
  const std::string group = "Server (openai:, ollama:, anthropic:, gemini:)";
  app.option("--base-url", flags.base_url,
             "Address of the API; by default of the environment or the provider's own")
      .group(group);
  app.option("--api-key-file", flags.key_file,
             "File with the key, for its owner's eyes only; by default $…_API_KEY")
      .group(group);
  app.option("--reasoning", flags.reasoning, "Effort of models that think")
      .one_of({"none", "minimal", "low", "medium", "high"})
      .group(group);
  app.option("--request", flags.request_json,
             "JSON object merged into every request; null takes a member away")
      .group(group);
  app.option("--keep-alive", flags.keep_alive_s,
             "Seconds that Ollama keeps the model in memory; -1: for ever")
      .between(-1.0, 1e9)
      .group(group);
  app.option("--deadline", flags.deadline_s,
             "Seconds for one question, retries included; a later answer is incorrect")
      .between(0.001, 1e6)
      .shows_default()
      .group(group);
  app.option("--retries", flags.retries, "How often a request that failed is sent again")
      .between(0, 100)
      .shows_default()
      .group(group);
  app.option("--server-is", flags.place,
             "Whether the sensors here measure it; by default what the address says")
      .one_of({"here", "elsewhere"})
      .group(group);
}

core::Result<store::ManifestServer> planned(const ServerFlags& flags) {
  if (!flags.base_url.empty()) {
    IPW_TRY(const net::Url url, net::parse_url(flags.base_url));
    if (!url.authorization.empty()) {
      return fail(ErrorCode::kUsage,
                  "cannot use --base-url: it holds a password, which the manifest would repeat "
                  "(put the key into a file and name it with --api-key-file)");
    }
  }
  if (!flags.request_json.empty() &&
      !nlohmann::json::parse(flags.request_json, nullptr, false).is_object()) {
    return fail(ErrorCode::kUsage,
                "cannot use --request: it is no JSON object (write for instance "
                "'{\"top_k\": 20}')");
  }
  store::ManifestServer server{.base_url = flags.base_url,
                               .request_json = flags.request_json,
                               .reasoning = flags.reasoning,
                               .deadline = core::Seconds(flags.deadline_s),
                               .retries = flags.retries};
  if (flags.keep_alive_s) server.keep_alive = core::Seconds(*flags.keep_alive_s);
  if (!flags.place.empty()) server.here = flags.place == "here";
  return server;
}

models::RemoteOptions remote_options(const store::Manifest& plan, const ServerFlags& flags,
                                     const Context& context) {
  models::RemoteOptions options = profiling::remote_options(plan);
  options.key_file = flags.key_file;
  options.environment = context.environment;
  options.client.user_agent = "ipw/" + plan.ipw_version;
  return options;
}

core::Result<std::vector<models::ApiModel>> published_models(const Context& context) {
  if (!context.environment) return models::read_models({});
  const auto config = core::config_directory(context.environment);
  return models::read_models(config ? *config / "models.csv" : std::filesystem::path());
}

core::Result<void> add_published(store::ManifestModel& model, const Context& context) {
  const std::size_t colon = model.name.find(':');
  const models::WireFormat* format = models::find_wire_format(
      std::string_view(model.name).substr(0, std::min(colon, model.name.size())));
  if (format == nullptr) return {};
  IPW_TRY(const std::vector<models::ApiModel> rows, published_models(context));
  const models::ApiModel* row =
      models::find_model(rows, format->traits().scheme, model.name.substr(colon + 1));
  if (row == nullptr) return {};
  if (!model.parameters) model.parameters = row->parameters;
  if (!model.active_parameters) model.active_parameters = row->active_parameters;
  if (!model.context_tokens) model.context_tokens = row->context_tokens;
  IPW_TRY(const net::Url own, net::parse_url(format->traits().default_url));
  if (!row->price || (!row->own && model.server != own.authority())) return {};
  model.price = store::ManifestPrice{.input = row->price->input,
                                     .cached_input = row->price->cached_input,
                                     .output = row->price->output,
                                     .reasoning = row->price->reasoning,
                                     .up_to_prompt_tokens = row->price->up_to_prompt_tokens,
                                     .as_of = row->as_of,
                                     .source = row->source};
  return {};
}

}  // namespace ipw::cli
