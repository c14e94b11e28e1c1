#include "ipw/models/open_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include "ipw/models/bundled_models.h"
#include "ipw/models/gguf_metadata.h"

namespace ipw::models {
namespace {

using core::ErrorCode;
using core::fail;

constexpr std::array kSchemes = std::to_array<ModelScheme>({
    {"", "FILE.gguf", "a GGUF file, run in this process by llama.cpp", true},
    {"", "NAME", "a model that came with ipw, if one is called so", true},
    {"ollama:", "ollama:NAME", "a model of an Ollama server", false},
    {"openai:", "openai:NAME", "a model behind an OpenAI-compatible server", false},
    {"anthropic:", "anthropic:NAME", "a model of Anthropic's API", false},
    {"gemini:", "gemini:NAME", "a model of Google's Gemini API", false},
    {"routed:", "routed:CONFIG", "a router over several models", false},
});

// The file that a name without a scheme stands for; a file of that name goes before a bundled one.
core::Result<std::filesystem::path> file_of(const std::string& name) {
  std::filesystem::path path(name);
  std::error_code error;
  if (path.extension() == ".gguf" || (!name.empty() && std::filesystem::exists(path, error))) {
    return path;
  }
  std::string there;
  for (const BundledModel& model : bundled_models()) {
    if (model.name == name) return model.path;
    there += " or " + model.name;
  }
  return fail(ErrorCode::kUsage,
              fmt::format("cannot open model \"{}\": it names neither a GGUF file, nor a bundled "
                          "model, nor a known scheme (write FILE.gguf{})",
                          name, there));
}

// Where the model called `name` is, once all that can be said without loading it is well.
core::Result<std::filesystem::path> checked_file(const std::string& name) {
  const auto* scheme = std::ranges::find_if(kSchemes, [&](const ModelScheme& candidate) {
    return !candidate.prefix.empty() && name.starts_with(candidate.prefix);
  });
  if (scheme != kSchemes.end()) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("cannot open model \"{}\": {} is not supported by this version (name a "
                            "GGUF file)",
                            name, scheme->written));
  }
  IPW_TRY(std::filesystem::path path, file_of(name));
  IPW_CHECK(read_gguf_metadata(path));
  return path;
}

}  // namespace

std::span<const ModelScheme> model_schemes() { return kSchemes; }

core::Result<void> check_model(const std::string& name) {
  IPW_CHECK(checked_file(name));
  return {};
}

core::Result<std::unique_ptr<LanguageModel>> open_model(const std::string& name,
                                                        const EngineOptions& options) {
  IPW_TRY(const std::filesystem::path path, checked_file(name));
  EngineOptions named = options;
  named.model_name = name;
  IPW_TRY(auto engine, LlamaEngine::open(path, named));
  return std::unique_ptr<LanguageModel>(std::move(engine));
}

}  // namespace ipw::models
