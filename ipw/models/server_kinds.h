#pragma once
// The model servers that ipw can start: how each is called, when it is ready, and how a first
// request makes it load its model. One visible table.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::models {

/// What a server is to serve, and where.
struct ServerOrder {
  std::string model;           // as it serves it: "ipw-s", "qwen3:8b"; empty: none
  std::filesystem::path file;  // of the model, where the kind takes files
  std::uint16_t port = 0;
  int threads = 1;                 // of an engine on the CPU
  std::vector<std::string> extra;  // passed on unchanged
};

struct ServerCall {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
};

struct WarmUp {
  std::string path;
  std::string body;  // JSON
};

struct ServerKind {
  std::string_view name;     // "llama-server"
  std::string_view program;  // looked for on the PATH
  std::string_view takes;    // as model: "a GGUF file"
  bool takes_file;           // a GGUF file, or a name that open_model knows as one
  bool needs_model;          // else it starts without
  std::string_view scheme;   // that profiles it: "openai:"
  std::string_view base;     // path of its API, which clients take as their base
  std::string_view health;   // answers 200 once requests are taken
  ServerCall (*call)(const ServerOrder& order);
  WarmUp (*warm_up)(const std::string& model);
};

[[nodiscard]] std::span<const ServerKind> server_kinds();

/// Null where there is none of that name.
[[nodiscard]] const ServerKind* find_server_kind(std::string_view name);

}  // namespace ipw::models
