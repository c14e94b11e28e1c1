// Fuzzes the HTTP reader: any bytes in any pieces give one message like that in one piece, or are
// refused, and never pass its limits. Addresses and Retry-After dates go along.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ipw/net/message_parser.h"
#include "ipw/net/retry.h"
#include "ipw/net/url.h"

namespace {

constexpr ipw::net::MessageLimits kLimits{.head_bytes = 500, .body_bytes = 300};

struct Seen final : ipw::net::MessageSink {
  std::string text;
  std::string body;
  void on_head(ipw::net::MessageHead head) override {
    text += std::to_string(head.status) + head.method + head.target;
    for (const auto& header : head.headers) text += header.name + ":" + header.value + "\n";
  }
  void on_body(std::string_view bytes) override { body += bytes; }
};

std::string parse(ipw::net::MessageKind kind, std::string_view stream, std::size_t piece) {
  Seen seen;
  ipw::net::MessageParser parser(kind, kLimits, seen);
  for (std::size_t at = 0; at < stream.size() && !parser.done(); at += piece) {
    const std::string_view bytes = stream.substr(at, piece);
    const auto taken = parser.push(bytes);
    if (!taken) return "refused";
    if (*taken > bytes.size() || (*taken < bytes.size() && !parser.done())) __builtin_trap();
  }
  if (seen.body.size() > kLimits.body_bytes) __builtin_trap();
  const bool whole = parser.end().has_value();
  return seen.text + "|" + seen.body + (whole ? "|whole" : "|cut off");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = std::max<std::size_t>(1, data[0]);
  using ipw::net::MessageKind;
  for (const auto kind :
       {MessageKind::kRequest, MessageKind::kResponse, MessageKind::kResponseWithoutBody}) {
    parse(kind, stream, piece);
    parse(kind, stream, stream.size() + 1);
  }
  (void)ipw::net::parse_retry_after(stream, {});
  if (const auto url = ipw::net::parse_url(stream)) {
    if (url->host.empty() && url->socket_path.empty()) __builtin_trap();
    if (!url->target.starts_with('/')) __builtin_trap();
  }
  return 0;
}
