#pragma once
// The bundled demo set, as text inside the program, so that it is there wherever the binary runs.

#include <string_view>

namespace ipw::datasets {

/// data/demo/questions.jsonl as it was at build time.
[[nodiscard]] std::string_view demo_text();

}  // namespace ipw::datasets
