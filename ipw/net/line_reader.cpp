#include "ipw/net/line_reader.h"

#include <fmt/format.h>

namespace ipw::net {
namespace {

void pass_on(std::string_view line, const LineSink& sink) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!line.empty() && sink) sink(line);
}

}  // namespace

core::Result<void> LineReader::push(std::string_view bytes, const LineSink& sink) {
  while (true) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (lost_ || line_.size() + part.size() > most_bytes_) {
      lost_ = true;
      return core::fail(
          core::ErrorCode::kInvalidData,
          fmt::format("cannot read the stream: a line is longer than {} bytes", most_bytes_));
    }
    if (end == std::string_view::npos) {
      line_ += part;
      return {};
    }
    if (line_.empty()) {
      pass_on(part, sink);
    } else {
      line_ += part;
      pass_on(line_, sink);
      line_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
}

void LineReader::finish(const LineSink& sink) {
  if (!lost_) pass_on(line_, sink);
  line_.clear();
}

}  // namespace ipw::net
