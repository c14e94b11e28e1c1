// What a daemon says is another machine's word: read or refused, never worse. What is read must
// come back from what would be written of it.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ipw/energy/daemon_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ipw::energy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_clock(text);
  if (const auto sensors = parse_sensors(text)) {
    const auto again = parse_sensors(format_sensors(*sensors));
    if (!again || again->sensors.size() != sensors->sensors.size()) std::abort();
  }
  const auto line = parse_stream_line(text);
  if (line && line->kind == StreamLine::Kind::kSamples) {
    const auto again = parse_stream_line(format_samples(line->sensor, line->samples));
    if (!again || again->samples.size() != line->samples.size()) std::abort();
    for (std::size_t i = 0; i < line->samples.size(); ++i) {
      if (again->samples[i].counter != line->samples[i].counter) std::abort();
    }
  }
  return 0;
}
