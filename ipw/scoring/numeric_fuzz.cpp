// Numbers in any bytes: ranges stay inside the text, values stay finite, equality is reflexive.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ipw/scoring/number.h"
#include "ipw/scoring/numeric.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string plain = ipw::scoring::plain_mathematics(text);
  std::size_t end = 0;
  for (const auto& number : ipw::scoring::numbers_in(plain)) {
    if (number.begin >= number.end || number.end > plain.size() || number.end < end ||
        !std::isfinite(number.value) || !ipw::scoring::equal(number, number)) {
      std::abort();
    }
    end = number.end;
  }
  const auto answer = ipw::scoring::numeric_answer(text);
  if (answer.number.has_value() == answer.text.empty()) std::abort();
  return 0;
}
