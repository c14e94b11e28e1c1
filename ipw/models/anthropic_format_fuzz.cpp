// Answers of anthropic's format from anywhere.
#include "ipw/models/anthropic_format.h"
#include "ipw/models/wire_format_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ipw::models::read_bytes_as(ipw::models::anthropic_format(), data, size);
  return 0;
}
