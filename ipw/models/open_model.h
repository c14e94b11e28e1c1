#pragma once
// From the model name that a user writes to a LanguageModel: the one table of name schemes.

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ipw/core/result.h"
#include "ipw/models/language_model.h"
#include "ipw/models/llama_engine.h"

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

/// Says cheaply, without loading it, whether the model called `name` could be opened; errors as
/// open_model.
[[nodiscard]] core::Result<void> check_model(const std::string& name);

/// Opens the model called `name`. kUsage where the name fits no scheme, kUnsupported where its
/// scheme does not work yet, else as LlamaEngine::open.
[[nodiscard]] core::Result<std::unique_ptr<LanguageModel>> open_model(
    const std::string& name, const EngineOptions& options = {});

}  // namespace ipw::models
