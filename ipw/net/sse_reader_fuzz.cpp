// Fuzzes the stream readers: any bytes in any pieces give the same events as in one piece, or the
// same refusal.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ipw/net/line_reader.h"
#include "ipw/net/sse_reader.h"

namespace {

constexpr std::size_t kMost = 200;

// All events of `stream`, given in pieces of `piece` bytes, as one text.
std::string events(std::string_view stream, std::size_t piece) {
  ipw::net::SseReader reader(kMost);
  std::string seen;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const auto pushed = reader.push(stream.substr(at, piece), [&](const auto& event) {
      if (event.data.size() > kMost) __builtin_trap();
      seen.append(event.event).append("|").append(event.data).append("|").append(event.id) += '#';
    });
    if (!pushed) return seen + "refused";
  }
  seen += reader.pending() ? "pending" : "";
  reader.finish([&](const auto& event) { seen.append(event.data) += '$'; });
  if (reader.pending()) __builtin_trap();
  return seen;
}

std::string lines(std::string_view stream, std::size_t piece) {
  ipw::net::LineReader reader(kMost);
  std::string seen;
  const ipw::net::LineSink sink = [&](std::string_view line) { seen.append(line) += '\n'; };
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    if (!reader.push(stream.substr(at, piece), sink)) return seen + "refused";
  }
  reader.finish(sink);
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = std::max<std::size_t>(1, data[0]);
  if (events(stream, piece) != events(stream, std::max<std::size_t>(1, stream.size()))) {
    __builtin_trap();
  }
  if (lines(stream, piece) != lines(stream, std::max<std::size_t>(1, stream.size()))) {
    __builtin_trap();
  }
  return 0;
}
