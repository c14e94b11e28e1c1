#include "ipw/net/message_parser.h"

#include <optional>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace ipw::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

std::string_view view(string_view text) { return {text.data(), text.size()}; }

// Beast's parser with its events as ours.
template <bool kIsRequest>
class Events final : public http::basic_parser<kIsRequest> {
 public:
  Events(const MessageLimits& limits, bool skip_body, MessageSink& sink) : sink_(sink) {
    this->header_limit(static_cast<std::uint32_t>(limits.head_bytes));
    this->body_limit(limits.body_bytes);
    this->eager(true);
    if (skip_body) this->skip(true);
  }

  [[nodiscard]] bool interim() const { return head_.status >= 100 && head_.status < 200; }

 private:
  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    head_.method = view(method);
    head_.target = view(target);
    head_.http_1_1 = version >= 11;
  }
  void on_response_impl(int status, string_view reason, int version, error_code&) override {
    head_.status = status;
    head_.reason = view(reason);
    head_.http_1_1 = version >= 11;
  }
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    head_.headers.push_back({std::string(view(name)), std::string(view(value))});
  }
  void on_header_impl(error_code&) override {
    if (interim()) return;
    head_.keep_alive = this->keep_alive();
    sink_.on_head(std::move(head_));
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override {
    sink_.on_body(view(body));
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    if (!body.empty()) sink_.on_body(view(body));
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  MessageSink& sink_;
  MessageHead head_;
};

MessageError error_of(const error_code& code) {
  using Cause = MessageError::Cause;
  const Cause cause = code == http::error::header_limit      ? Cause::kHeadTooLarge
                      : code == http::error::body_limit      ? Cause::kBodyTooLarge
                      : code == http::error::partial_message ? Cause::kCutOff
                                                             : Cause::kMalformed;
  return {cause, code.message()};
}

}  // namespace

struct MessageParser::State {
  MessageKind kind;
  MessageLimits limits;
  MessageSink& sink;
  std::optional<Events<true>> request;
  std::optional<Events<false>> response;
  std::string rest;  // what the grammar cannot take before more has come

  void restart() {
    if (kind == MessageKind::kRequest) {
      request.emplace(limits, false, sink);
    } else {
      response.emplace(limits, kind == MessageKind::kResponseWithoutBody, sink);
    }
  }
  [[nodiscard]] bool done() const { return request ? request->is_done() : response->is_done(); }
  std::size_t put(std::string_view bytes, error_code& code) {
    const boost::asio::const_buffer buffer(bytes.data(), bytes.size());
    return request ? request->put(buffer, code) : response->put(buffer, code);
  }
};

MessageParser::MessageParser(MessageKind kind, MessageLimits limits, MessageSink& sink)
    : state_(new State{.kind = kind, .limits = limits, .sink = sink}) {
  state_->restart();
}
MessageParser::~MessageParser() = default;
MessageParser::MessageParser(MessageParser&&) noexcept = default;
MessageParser& MessageParser::operator=(MessageParser&&) noexcept = default;

std::expected<std::size_t, MessageError> MessageParser::push(std::string_view bytes) {
  State& state = *state_;
  const bool joined = !state.rest.empty();
  if (joined) state.rest += bytes;
  std::string_view input = joined ? std::string_view(state.rest) : bytes;
  while (!input.empty() && !state.done()) {
    error_code code;
    input.remove_prefix(state.put(input, code));
    if (code == http::error::need_more) break;
    if (code) return std::unexpected(error_of(code));
    if (state.done() && state.response && state.response->interim()) state.restart();
  }
  if (state.done()) {
    const std::size_t taken = bytes.size() - input.size();
    state.rest.clear();
    return taken;
  }
  if (input.size() > state.limits.head_bytes) {  // a chunk's size line without end
    return std::unexpected(
        MessageError{MessageError::Cause::kHeadTooLarge, "a line of the framing is too long"});
  }
  if (joined) {
    state.rest.erase(0, state.rest.size() - input.size());
  } else {
    state.rest = input;
  }
  return bytes.size();
}

std::expected<void, MessageError> MessageParser::end() {
  State& state = *state_;
  if (done()) return {};
  if (!state.response || !begun() || !state.rest.empty()) {
    return std::unexpected(error_of(http::error::partial_message));
  }
  error_code code;
  state.response->put_eof(code);
  if (code) return std::unexpected(error_of(code));
  return {};
}

bool MessageParser::done() const { return state_->done(); }

bool MessageParser::begun() const {
  const State& state = *state_;
  return !state.rest.empty() ||
         (state.request ? state.request->got_some() : state.response->got_some());
}

}  // namespace ipw::net
