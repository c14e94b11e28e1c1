#pragma once
// What every form of question file is fuzzed for: whatever the bytes, reading ends, and counts add
// up.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

#include "ipw/datasets/file_questions.h"

namespace ipw::datasets {

inline void read_bytes_as(std::initializer_list<Form> forms, const std::uint8_t* data,
                          std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Form form : forms) {
    for (const bool skip : {false, true}) {
      ReadingOptions options;
      options.skip_invalid = skip;
      auto set = read_questions(text_source("fuzz", text, form), options);
      if (!set) continue;
      std::uint64_t questions = 0;
      auto question = (*set)->next();
      for (; question && question->has_value(); question = (*set)->next()) {
        if ((*question)->id.size() != 32 || (*question)->reference.empty()) std::abort();
        ++questions;
      }
      const auto reading = (*set)->reading();
      if (reading.questions != questions) std::abort();
      const bool adds_up = reading.rows == questions + reading.folded + reading.invalid;
      if (question && !adds_up) std::abort();
    }
  }
}

}  // namespace ipw::datasets
