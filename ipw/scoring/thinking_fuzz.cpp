// Thinking in any bytes and in any order of its marks: nothing is made up, nothing is lost
// uncounted.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ipw/scoring/answer_fuzz.h"
#include "ipw/scoring/thinking.h"

namespace {

constexpr std::string_view kWords[] = {
    "<think>",
    "</think>",
    "<think/>",
    "<thinking>",
    "</thinking>",
    "< think a=\"b\" >",
    "[THINK]",
    "[/THINK]",
    "◁think▷",
    "◁/think▷",
    "<plan>",
    "</plan>",
    "<analysis>",
    "</analysis>",
    "<|channel>thought",
    "<channel|>",
    "<|channel|>",
    "analysis",
    "final",
    "<|message|>",
    "<|end|>",
    "<|start|>",
    "assistantfinal",
    "<answer>",
    "</answer>",
    "Here is my thought process:",
    "Here is my response:",
    "<details type=\"reasoning\"",
    "</details>",
    "`",
    "\n```\n",
    "\n```python\n",
    "\n",
    " ",
    "\"",
    "<",
    "18",
    "<|im_end|>",
    "&lt;think&gt;",
};

void check(std::string_view text) {
  const auto spoken = ipw::scoring::without_thinking(text);
  if (spoken.cut > text.size() || spoken.form.empty() != (spoken.cut == 0)) std::abort();
  if (spoken.answer.size() > text.size() + spoken.cut) std::abort();
  if (!ipw::scoring::names_thinking(text) && spoken.cut > 0 &&
      text.find("assistantfinal") == std::string_view::npos) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check(ipw::scoring::text_of(data, size));
  check(ipw::scoring::words_of({data, size}, kWords));
  return 0;
}
