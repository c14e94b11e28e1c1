#include "ipw/models/open_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "ipw/models/bundled_models.h"
#include "ipw/models/gguf_metadata.h"

namespace ipw::models {
namespace {

using core::ErrorCode;
using core::fail;

constexpr std::array kSchemes = std::to_array<ModelScheme>({
    {"", "FILE.gguf", "a GGUF file, run in this process by llama.cpp", true},
    {"", "NAME", "a model that came with ipw or was pulled, if one is called so", true},
    {"ollama:", "ollama:NAME", "a model of an Ollama server", true},
    {"openai:", "openai:NAME", "a model behind an OpenAI-compatible server (--base-url)", true},
    {"anthropic:", "anthropic:NAME", "a model of Anthropic's API", true},
    {"gemini:", "gemini:NAME", "a model of Google's Gemini API", true},
    {"routed:", "routed:CONFIG", "a router over several models", false},
});

// The row of `name`'s prefix; null: it has none.
const ModelScheme* scheme_of(const std::string& name) {
  const auto* scheme = std::ranges::find_if(kSchemes, [&](const ModelScheme& candidate) {
    return !candidate.prefix.empty() && name.starts_with(candidate.prefix);
  });
  return scheme == kSchemes.end() ? nullptr : &*scheme;
}

// The format of a remote model's API; null: the model runs in this process.
const WireFormat* format_of(const std::string& name) {
  const ModelScheme* scheme = scheme_of(name);
  return scheme == nullptr ? nullptr
                           : find_wire_format(scheme->prefix.substr(0, scheme->prefix.size() - 1));
}

// The name that the server knows the model by.
std::string served_name(const WireFormat& format, const std::string& name) {
  return name.substr(format.traits().scheme.size() + 1);
}

// Where the model called `name` is, once all that can be said without loading it is well.
core::Result<std::filesystem::path> checked_file(const std::string& name) {
  if (const ModelScheme* scheme = scheme_of(name)) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("cannot open model \"{}\": {} is not supported by this version (name a "
                            "GGUF file)",
                            name, scheme->written));
  }
  IPW_TRY(std::filesystem::path path, model_file(name));
  IPW_CHECK(read_gguf_metadata(path));
  return path;
}

}  // namespace

std::span<const ModelScheme> model_schemes() { return kSchemes; }

core::Result<void> check_model(const std::string& name, const RemoteOptions& remote) {
  if (const WireFormat* format = format_of(name)) {
    return RemoteModel::check(*format, served_name(*format, name), remote);
  }
  IPW_CHECK(checked_file(name));
  return {};
}

core::Result<std::unique_ptr<LanguageModel>> open_model(const std::string& name,
                                                        const EngineOptions& options,
                                                        const RemoteOptions& remote) {
  if (const WireFormat* format = format_of(name)) {
    RemoteOptions asked = remote;
    if (asked.wire.context_tokens == 0) asked.wire.context_tokens = options.context_tokens;
    IPW_TRY(auto model, RemoteModel::open(*format, served_name(*format, name), asked));
    return std::unique_ptr<LanguageModel>(std::move(model));
  }
  IPW_TRY(const std::filesystem::path path, checked_file(name));
  EngineOptions named = options;
  named.model_name = name;
  IPW_TRY(auto engine, LlamaEngine::open(path, named));
  return std::unique_ptr<LanguageModel>(std::move(engine));
}

core::Result<std::optional<net::Url>> server_of(const std::string& name,
                                                const RemoteOptions& remote) {
  const WireFormat* format = format_of(name);
  if (format == nullptr) return std::nullopt;
  IPW_TRY(net::Url url, base_url(*format, remote));
  return std::optional(std::move(url));
}

core::Result<std::optional<std::string>> other_machine(const std::string& name,
                                                       const RemoteOptions& remote) {
  IPW_TRY(const std::optional<net::Url> url, server_of(name, remote));
  if (!url || remote.here.value_or(is_this_machine(*url))) return std::nullopt;
  return url->authority();
}

}  // namespace ipw::models
