// CSV and TSV from anywhere.
#include "ipw/datasets/reading_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using ipw::datasets::Form;
  ipw::datasets::read_bytes_as({Form::kCsv, Form::kTsv}, data, size);
  return 0;
}
