// Tables of models from anywhere.
#include <cstddef>
#include <cstdint>

#include "ipw/models/api_catalog.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto models =
      ipw::models::parse_models({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (models && models->size() > size) __builtin_trap();
  return 0;
}
