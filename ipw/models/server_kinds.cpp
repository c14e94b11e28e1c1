// Sources: llama.cpp's tools/server/README.md; docs.ollama.com (api, faq); docs.vllm.ai (vllm
// serve, OpenAI-compatible server).
#include "ipw/models/server_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "ipw/models/matrix_tiles.h"

namespace ipw::models {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kLoopback = "127.0.0.1";

void append(std::vector<std::string>& arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
}

ServerCall call_llama_server(const ServerOrder& order) {
  ServerCall call{.arguments = {"--model", order.file.string(), "--alias", order.model, "--host",
                                kLoopback, "--port", std::to_string(order.port), "--threads",
                                std::to_string(order.threads), "--threads-batch",
                                std::to_string(order.threads)},
                  .environment = {}};
  // As a variable, which servers that do not know it pass over.
  if (matrix_tiles_go_wrong()) call.environment = {{"LLAMA_ARG_REPACK", "0"}};
  append(call.arguments, order.extra);
  return call;
}

ServerCall call_ollama(const ServerOrder& order) {
  ServerCall call{.arguments = {"serve"},
                  .environment = {{"OLLAMA_HOST", fmt::format("{}:{}", kLoopback, order.port)}}};
  append(call.arguments, order.extra);
  return call;
}

ServerCall call_vllm(const ServerOrder& order) {
  ServerCall call{.arguments = {"serve", order.model, "--host", kLoopback, "--port",
                                std::to_string(order.port)},
                  .environment = {}};
  append(call.arguments, order.extra);
  return call;
}

// One token by the plain completion, which needs no chat template.
WarmUp warm_up_completion(const std::string& model) {
  return {.path = "/v1/completions",
          .body = Json{{"model", model}, {"prompt", "Hello"}, {"max_tokens", 1}}.dump()};
}

// Without a prompt, Ollama loads the model and answers.
WarmUp warm_up_ollama(const std::string& model) {
  return {.path = "/api/generate", .body = Json{{"model", model}, {"stream", false}}.dump()};
}

constexpr std::array kKinds = std::to_array<ServerKind>({
    {"llama-server", "llama-server", "a GGUF file, or a name of `ipw models list`", true, true,
     "openai:", "/v1", "/health", call_llama_server, warm_up_completion},
    {"ollama", "ollama", "a model that `ollama pull` fetched", false, false, "ollama:", "",
     "/api/version", call_ollama, warm_up_ollama},
    {"vllm", "vllm", "a folder, or a name of the Hugging Face hub", false, true, "openai:", "/v1",
     "/health", call_vllm, warm_up_completion},
});

}  // namespace

std::span<const ServerKind> server_kinds() { return kKinds; }

const ServerKind* find_server_kind(std::string_view name) {
  const auto* kind = std::ranges::find(kKinds, name, &ServerKind::name);
  return kind == kKinds.end() ? nullptr : kind;
}

}  // namespace ipw::models
