#pragma once
// Ollama's own API: /api/chat, and /api/generate for raw prompts (docs/api.md of ollama/ollama).
// Streams are JSON lines; the last one carries Ollama's counts and durations, model loading apart.

#include "ipw/models/wire_format.h"

namespace ipw::models {

[[nodiscard]] const WireFormat& ollama_format();

}  // namespace ipw::models
