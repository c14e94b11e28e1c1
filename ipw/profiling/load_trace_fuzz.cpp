// Traces from anywhere: whatever the bytes, reading ends, and what is read is in order and finite.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ipw/profiling/load_trace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto trace = ipw::profiling::parse_load_trace(text, "fuzz");
  if (!trace) return 0;
  double before = 0.0;
  for (const auto& request : trace->requests) {
    if (!std::isfinite(request.at.count()) || request.at.count() < before) std::abort();
    if (request.prompt.count < 0 || request.output.count < 0) std::abort();
    before = request.at.count();
  }
  return trace->summary().empty() ? 1 : 0;
}
