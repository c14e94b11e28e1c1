// The table of formats.
#include "ipw/models/wire_format.h"

#include <algorithm>
#include <array>

#include "ipw/models/anthropic_format.h"
#include "ipw/models/gemini_format.h"
#include "ipw/models/ollama_format.h"
#include "ipw/models/openai_format.h"

namespace ipw::models {

std::span<const WireFormat* const> wire_formats() {
  static const std::array formats{&ollama_format(), &openai_format(), &anthropic_format(),
                                  &gemini_format()};
  return formats;
}

const WireFormat* find_wire_format(std::string_view scheme) {
  const auto formats = wire_formats();
  const auto found = std::ranges::find_if(
      formats, [&](const WireFormat* format) { return format->traits().scheme == scheme; });
  return found == formats.end() ? nullptr : *found;
}

}  // namespace ipw::models
