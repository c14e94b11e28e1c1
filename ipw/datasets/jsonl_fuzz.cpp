// JSON Lines and JSON arrays from anywhere.
#include "ipw/datasets/reading_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using ipw::datasets::Form;
  ipw::datasets::read_bytes_as({Form::kJsonl, Form::kJson}, data, size);
  return 0;
}
