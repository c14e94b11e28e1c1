#include "ipw/models/open_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include "ipw/models/gguf_metadata.h"

namespace ipw::models {
namespace {

using core::ErrorCode;
using core::fail;

constexpr std::array kSchemes = std::to_array<ModelScheme>({
    {"", "FILE.gguf", "a GGUF file, run in this process by llama.cpp", true},
    {"ollama:", "ollama:NAME", "a model of an Ollama server", false},
    {"openai:", "openai:NAME", "a model behind an OpenAI-compatible server", false},
    {"anthropic:", "anthropic:NAME", "a model of Anthropic's API", false},
    {"gemini:", "gemini:NAME", "a model of Google's Gemini API", false},
    {"routed:", "routed:CONFIG", "a router over several models", false},
});

}  // namespace

std::span<const ModelScheme> model_schemes() { return kSchemes; }

core::Result<void> check_model(const std::string& name) {
  const auto* scheme = std::ranges::find_if(kSchemes, [&](const ModelScheme& candidate) {
    return !candidate.prefix.empty() && name.starts_with(candidate.prefix);
  });
  if (scheme != kSchemes.end()) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("cannot open model \"{}\": {} is not supported by this version (name a "
                            "GGUF file)",
                            name, scheme->written));
  }
  std::error_code error;
  const std::filesystem::path path(name);
  if (name.empty() || (path.extension() != ".gguf" && !std::filesystem::exists(path, error))) {
    return fail(ErrorCode::kUsage,
                fmt::format("cannot open model \"{}\": it names neither a GGUF file nor a known "
                            "scheme (write FILE.gguf)",
                            name));
  }
  IPW_CHECK(read_gguf_metadata(path));
  return {};
}

core::Result<std::unique_ptr<LanguageModel>> open_model(const std::string& name,
                                                        const EngineOptions& options) {
  IPW_CHECK(check_model(name));
  IPW_TRY(auto engine, LlamaEngine::open(name, options));
  return std::unique_ptr<LanguageModel>(std::move(engine));
}

}  // namespace ipw::models
