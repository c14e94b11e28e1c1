#pragma once
// Google's Gemini API: generateContent and streamGenerateContent?alt=sse (ai.google.dev/api).
// Thinking tokens are billed as output and counted apart from candidatesTokenCount.

#include "ipw/models/wire_format.h"

namespace ipw::models {

[[nodiscard]] const WireFormat& gemini_format();

}  // namespace ipw::models
