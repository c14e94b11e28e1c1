#pragma once
// Lines as they arrive, for NDJSON streams (Ollama's): bytes in whatever pieces, whole lines out.
// Pure: no I/O.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "ipw/core/result.h"

namespace ipw::net {

/// Called with a line without its LF or CRLF; valid during the call only.
using LineSink = std::function<void(std::string_view)>;

/// One stream and one thread at a time. Blank lines are left out.
class LineReader {
 public:
  explicit LineReader(std::size_t most_bytes = kMostBytes) : most_bytes_(most_bytes) {}

  /// Calls `sink` for each line that ends within `bytes`. kInvalidData where a line is longer than
  /// the bound: the stream is lost.
  [[nodiscard]] core::Result<void> push(std::string_view bytes, const LineSink& sink);

  /// At the end of a stream: what stands after the last LF is a line, too.
  void finish(const LineSink& sink);

  static constexpr std::size_t kMostBytes = std::size_t{64} << 20;

 private:
  std::size_t most_bytes_;
  std::string line_;  // of the line that is not ended yet, what earlier pieces brought
  bool lost_ = false;
};

}  // namespace ipw::net
