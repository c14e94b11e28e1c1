#include "ipw/net/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "ipw/net/retry.h"

namespace ipw::net {
namespace {

using core::ErrorCode;

struct KindRow {
  FailureKind kind;
  const char* name;
  ErrorCode code;
};

constexpr KindRow kKinds[] = {
    {FailureKind::kRequest, "request", ErrorCode::kUsage},
    {FailureKind::kDns, "dns", ErrorCode::kUnavailable},
    {FailureKind::kConnect, "connect", ErrorCode::kUnavailable},
    {FailureKind::kTls, "tls", ErrorCode::kUnavailable},
    {FailureKind::kTimeout, "timeout", ErrorCode::kUnavailable},
    {FailureKind::kDeadline, "deadline", ErrorCode::kTimeout},
    {FailureKind::kProtocol, "protocol", ErrorCode::kUnavailable},
    {FailureKind::kStatus, "status", ErrorCode::kUnavailable},  // by its status, below
    {FailureKind::kCancelled, "cancelled", ErrorCode::kCancelled},
};

const KindRow& row(FailureKind kind) { return *std::ranges::find(kKinds, kind, &KindRow::kind); }

struct StatusRow {
  int status;
  ErrorCode code;
  const char* advice;
};

constexpr StatusRow kStatuses[] = {
    {401, ErrorCode::kPermissionDenied, " (check the API key)"},
    {403, ErrorCode::kPermissionDenied, " (check what the API key may do)"},
    {404, ErrorCode::kNotFound, " (check the address and the model's name)"},
    {407, ErrorCode::kPermissionDenied, " (the proxy wants a user and a password)"},
    {408, ErrorCode::kUnavailable, ""},
    {410, ErrorCode::kNotFound, ""},
    {425, ErrorCode::kUnavailable, ""},
    {429, ErrorCode::kUnavailable, " (ask more slowly, or with fewer at a time)"},
    {501, ErrorCode::kUnsupported, ""},
};

StatusRow status_row(int status) {
  const auto* found = std::ranges::find(kStatuses, status, &StatusRow::status);
  if (found != std::end(kStatuses)) return *found;
  if (status >= 500) return {status, ErrorCode::kUnavailable, ""};
  if (status >= 300 && status < 400) {
    return {status, ErrorCode::kInvalidData, " (name the address that it leads to)"};
  }
  return {status, ErrorCode::kInvalidData, ""};
}

// The bytes of the UTF-8 sequence at the beginning of `text`; 0: none is there.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = byte(0) < 0x80                      ? 1
                             : byte(0) >= 0xC2 && byte(0) < 0xE0 ? 2
                             : byte(0) >= 0xE0 && byte(0) < 0xF0 ? 3
                             : byte(0) >= 0xF0 && byte(0) < 0xF5 ? 4
                                                                 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  // Overlong forms, surrogates, beyond U+10FFFF.
  if (length == 3 && ((byte(0) == 0xE0 && byte(1) < 0xA0) || (byte(0) == 0xED && byte(1) > 0x9F))) {
    return 0;
  }
  if (length == 4 && ((byte(0) == 0xF0 && byte(1) < 0x90) || (byte(0) == 0xF4 && byte(1) > 0x8F))) {
    return 0;
  }
  return length;
}

// One line of valid UTF-8, cut to what a message has room for.
std::string one_line(std::string_view text) {
  constexpr std::size_t kMost = 300;
  std::string line;
  while (!text.empty() && line.size() < kMost) {
    const std::size_t length = sequence_length(text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      line += '?';
    } else if (first <= 0x20 || first == 0x7F) {
      if (!line.empty() && !line.ends_with(' ')) line += ' ';
    } else {
      line += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  while (line.ends_with(' ') || line.ends_with('.')) line.pop_back();
  return text.empty() ? line : line + "…";
}

std::string reason_in(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_object()) {
    const nlohmann::json& inner = json.contains("error") ? json["error"] : json;
    if (inner.is_string()) return inner.get<std::string>();
    for (const char* key : {"message", "detail"}) {
      if (inner.is_object() && inner.contains(key) && inner[key].is_string()) {
        return inner[key].get<std::string>();
      }
    }
  }
  const std::size_t title = body.find("<title>");
  if (title != std::string_view::npos) {
    const std::string_view rest = body.substr(title + 7);
    return "a page called \"" + std::string(rest.substr(0, rest.find('<'))) + "\"";
  }
  return std::string(body);
}

}  // namespace

const char* name(FailureKind kind) { return row(kind).name; }

core::Error to_error(const Failure& failure) {
  const ErrorCode code = failure.kind == FailureKind::kStatus && failure.status
                             ? status_row(*failure.status).code
                             : row(failure.kind).code;
  return {code, failure.message};
}

std::string quoted(std::string_view said, const SecretMask& mask) {
  return one_line(mask(std::string(said)));
}

std::optional<Failure> status_failure(int status, const Headers& headers, std::string_view body,
                                      core::WallTime now, const SecretMask& mask) {
  if (status >= 200 && status < 300) return std::nullopt;
  Failure failure{.kind = FailureKind::kStatus, .status = status, .answered = true};
  failure.retry_after = retry_after_of(headers, body, now);
  const std::string reason = quoted(reason_in(body), mask);
  failure.message = fmt::format("the server answered with status {}{}{}{}", status,
                                reason.empty() ? "" : ": ", reason, status_row(status).advice);
  return failure;
}

}  // namespace ipw::net
