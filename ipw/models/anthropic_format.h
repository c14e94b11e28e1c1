#pragma once
// Anthropic's Messages API (docs.anthropic.com/en/api/messages and …/messages-streaming), version
// 2023-06-01. Raw prompts and logprobs do not exist in it.

#include "ipw/models/wire_format.h"

namespace ipw::models {

[[nodiscard]] const WireFormat& anthropic_format();

}  // namespace ipw::models
