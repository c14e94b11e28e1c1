#pragma once
// Kernels of llama.cpp that must not be used.

namespace ipw::models {

/// Whether this machine's processor has matrix tiles (Intel's AMX). llama.cpp's kernels for them
/// give other numbers than all its others: ipw-s answers 24.7 % of ipw-mini with them and 29.7 %
/// without, and with 4-bit weights their authors saw garbage (ggml-org/llama.cpp#16315). A model
/// gets them with the "extra buffer types" of its load, which the server calls repacking.
[[nodiscard]] inline bool matrix_tiles_go_wrong() {
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_cpu_supports("amx-int8") != 0;
#else
  return false;
#endif
}

}  // namespace ipw::models
