#pragma once
// From the model name that a user writes to a LanguageModel: the one table of name schemes.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ipw/core/result.h"
#include "ipw/models/language_model.h"
#include "ipw/models/llama_engine.h"
#include "ipw/models/remote_model.h"
#include "ipw/net/url.h"

namespace ipw::models {

/// One way to name a model.
struct ModelScheme {
  std::string_view prefix;   // "ollama:"; empty: a file, here or bundled
  std::string_view written;  // as help shows it: "ollama:NAME"
  std::string_view meaning;
  bool works;  // false: the name is reserved, and opening it fails with kUnsupported
};

/// All schemes, for help and listings.
[[nodiscard]] std::span<const ModelScheme> model_schemes();

/// Says cheaply, without loading it or asking its server, whether the model called `name` could be
/// opened; errors as open_model.
[[nodiscard]] core::Result<void> check_model(const std::string& name,
                                             const RemoteOptions& remote = {});

/// Opens the model called `name`. kUsage where the name fits no scheme, kUnsupported where its
/// scheme does not work yet, else as LlamaEngine::open or RemoteModel::open.
[[nodiscard]] core::Result<std::unique_ptr<LanguageModel>> open_model(
    const std::string& name, const EngineOptions& options = {}, const RemoteOptions& remote = {});

/// Where the server of the model called `name` is asked; absent: it runs in this process. Errors as
/// open_model.
[[nodiscard]] core::Result<std::optional<net::Url>> server_of(const std::string& name,
                                                              const RemoteOptions& remote);

/// The server that the model called `name` runs on, where that is another machine than this one;
/// absent: it runs here. Errors as open_model.
[[nodiscard]] core::Result<std::optional<std::string>> other_machine(const std::string& name,
                                                                     const RemoteOptions& remote);

}  // namespace ipw::models
