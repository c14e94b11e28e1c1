#pragma once
// One request on its way through the client, from start() to on_done.

#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "ipw/net/byte_budget.h"
#include "ipw/net/client.h"

namespace ipw::net {

class ClientConnection;

struct Exchange {
  HttpRequest request;
  ResponseHandlers handlers;
  std::optional<core::Instant> deadline;
  std::stop_token cancel;
  std::optional<std::stop_callback<std::function<void()>>> on_cancel;
  ExchangeEnd end;
  HeldBytes held;                          // of its answer's body, by whoever keeps it
  bool resent = false;                     // once is enough
  bool ended = false;                      // on_done was called
  ClientConnection* connection = nullptr;  // null: waiting in line, or ended
};

}  // namespace ipw::net
