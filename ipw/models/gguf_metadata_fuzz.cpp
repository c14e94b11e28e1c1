// Fuzzes the GGUF reader: any bytes give a value or an error, in memory bounded by the input.

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "ipw/models/gguf_metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream stream(std::string(reinterpret_cast<const char*>(data), size));
  const auto metadata = ipw::models::read_gguf_metadata(stream, size, "fuzz");
  if (metadata && metadata->size_bytes != size) __builtin_trap();
  return 0;
}
