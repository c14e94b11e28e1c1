#pragma once
// What every wire format is fuzzed for: whatever the bytes and however they are cut, reading ends,
// and what the sink heard is what the answer says.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ipw/models/answer_stream.h"

namespace ipw::models {

inline void read_bytes_as(const WireFormat& format, const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t step = size == 0 ? 1 : 1 + data[0];
  AnswerStream stream(format);
  std::string heard;
  const PieceSink sink = [&](const WirePiece& piece) {
    if (piece.kind == PieceKind::kText) heard += piece.text;
  };
  for (std::size_t at = 0; at < size; at += step) {
    if (!stream.push(bytes.substr(at, step), sink)) break;
  }
  if (stream.end(sink) && !stream.answer().finish) std::abort();
  if (heard != stream.answer().text) std::abort();

  const auto reader = format.reader();
  static_cast<void>(reader->read_whole(bytes, {}));
  static_cast<void>(format.is_context_overflow(400, bytes));
}

}  // namespace ipw::models
