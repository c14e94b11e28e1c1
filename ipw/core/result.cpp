// The one table from error codes to the outside world.
#include "ipw/core/result.h"

namespace ipw::core {
namespace {

struct CodeRow {
  ErrorCode code;
  const char* name;
  int exit_status;
  int http_status;
};

constexpr CodeRow kCodes[] = {
    {ErrorCode::kUsage, "usage", 2, 400},
    {ErrorCode::kTooLong, "too_long", 1, 413},
    {ErrorCode::kInvalidData, "invalid_data", 1, 422},
    {ErrorCode::kNotFound, "not_found", 1, 404},
    {ErrorCode::kPermissionDenied, "permission_denied", 1, 403},
    {ErrorCode::kAlreadyExists, "already_exists", 1, 409},
    {ErrorCode::kBusy, "busy", 1, 409},
    {ErrorCode::kUnsupported, "unsupported", 1, 501},
    {ErrorCode::kOutOfSpace, "out_of_space", 1, 507},
    {ErrorCode::kUnavailable, "unavailable", 1, 503},
    {ErrorCode::kTimeout, "timeout", 1, 504},
    {ErrorCode::kCancelled, "cancelled", 1, 499},
    {ErrorCode::kInternal, "internal", 1, 500},
};

const CodeRow& row(ErrorCode code) {
  for (const CodeRow& candidate : kCodes) {
    if (candidate.code == code) return candidate;
  }
  return kCodes[std::size(kCodes) - 1];
}

}  // namespace

int exit_status(ErrorCode code) { return row(code).exit_status; }
int http_status(ErrorCode code) { return row(code).http_status; }
const char* name(ErrorCode code) { return row(code).name; }

}  // namespace ipw::core
