// See script_json.h.
#include "ipw/report/script_json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace ipw::report {
namespace {

using Json = nlohmann::ordered_json;

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// The nearest boundary at or before `at`; bytes that are no UTF-8 have one within four steps.
std::size_t boundary_before(std::string_view text, std::size_t at) {
  for (int step = 0; step < 3 && at > 0 && continues(text[at]); ++step) --at;
  return at;
}

}  // namespace

std::string script_json(const Json& json) {
  const std::string plain = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(plain.size() + plain.size() / 64);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const std::string_view rest = std::string_view(plain).substr(i, 3);
    if (rest[0] == '<') {
      safe += "\\u003c";
    } else if (rest == "\xe2\x80\xa8" || rest == "\xe2\x80\xa9") {
      safe += rest[2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      safe += rest[0];
    }
  }
  return safe;
}

Json cut_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  const std::size_t head = boundary_before(text, limit - limit / 3);
  const std::size_t tail = std::max(head, boundary_before(text, text.size() - limit / 3));
  return {{"head", std::string(text.substr(0, head))},
          {"tail", std::string(text.substr(tail))},
          {"cut", tail - head}};
}

}  // namespace ipw::report
