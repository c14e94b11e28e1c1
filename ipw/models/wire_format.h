#pragma once
// How a provider's API puts a request and an answer into bytes, without any I/O: what is sent for
// a request, what an answer's events mean, and whose failure a refusal is. RemoteModel speaks all
// of them over one HTTP client; the gateway reads and writes one of them.

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/models/language_model.h"
#include "ipw/net/failure.h"
#include "ipw/net/header.h"
#include "ipw/net/secret_mask.h"
#include "ipw/record/completion.h"

namespace ipw::models {

/// How a streamed answer is cut into events.
enum class Framing { kServerSentEvents, kJsonLines };

/// What is the same for all requests of a format.
struct WireTraits {
  std::string_view scheme;                          // "openai", as in openai:NAME
  std::string_view default_url;                     // with the API's version, if it is in the path
  std::string_view url_variable;                    // environment variable that replaces it
  std::span<const std::string_view> key_variables;  // environment variables that may hold the key
  Framing framing = Framing::kServerSentEvents;
  bool needs_key = false;  // the provider's own address answers nobody without one
};

/// What a caller sets for a model, beyond what each Request says.
struct WireOptions {
  bool stream = true;
  bool providers_own = false;  // the provider's own servers, not ones that speak like them
  int context_tokens = 0;      // asked of the server where its API can; 0: not
  std::optional<std::chrono::seconds> keep_alive;  // how long the server keeps the model in memory
  std::string extra_json;  // an object whose members are merged into the body (RFC 7396)
};

struct WireRequest {
  std::string path;      // joined to the base address; may have a query
  net::Headers headers;  // without the key
  std::string body;      // JSON
};

/// What an event or a whole answer brought, in its order. Valid during the call only.
struct WirePiece {
  PieceKind kind = PieceKind::kText;
  std::string_view text;          // never empty, but in a tool call's first piece
  std::optional<double> logprob;  // of a single token
};
using PieceSink = std::function<void(const WirePiece&)>;

/// What an answer came to.
struct WireAnswer {
  std::string text;
  std::string reasoning;
  std::vector<record::ToolCall> tool_calls;
  record::Usage usage;
  record::ServerTimings server;
  std::optional<record::FinishReason> finish;  // absent: the answer has not ended yet
  std::string served_by;
  std::vector<double> token_logprobs;
  std::string caution;  // what does not fit together in it; empty: nothing
};

/// Failure{kStatus, …} is an error that the server reported, with the status that it would have had
/// outside a stream; kProtocol an answer that cannot be read.
using WireResult = std::expected<void, net::Failure>;

/// Reads one answer. One owner at a time. Events that bring nothing (role, ping, heartbeats, words
/// that are no JSON, unknown ones) call no sink and lose nothing.
class AnswerReader {
 public:
  virtual ~AnswerReader() = default;
  /// The next event of a stream: the name and data of a server-sent event, or a line. Data of any
  /// size and any bytes. After a failure the reader is of no more use.
  [[nodiscard]] virtual WireResult read_event(std::string_view event, std::string_view data,
                                              const PieceSink& sink) = 0;
  /// A whole answer that was not streamed, or the events of a stream in one JSON array or as lines.
  [[nodiscard]] virtual WireResult read_whole(std::string_view body, const PieceSink& sink) = 0;
  /// To be called once when the body has ended: kProtocol where the answer had not. What was
  /// counted is settled (token_claims.h), and secrets that the server repeated are masked.
  [[nodiscard]] virtual WireResult end(const PieceSink& sink) = 0;
  /// Whole after end().
  [[nodiscard]] const WireAnswer& answer() const { return answer_; }

 protected:
  WireAnswer answer_;
};

/// Stateless; thread-safe.
class WireFormat {
 public:
  virtual ~WireFormat() = default;
  [[nodiscard]] virtual const WireTraits& traits() const = 0;
  [[nodiscard]] virtual net::Headers key_headers(const std::string& key) const = 0;
  /// The request to the model called `model`. kUnsupported where the API cannot express it,
  /// kUsage where a schema is no JSON.
  [[nodiscard]] virtual core::Result<WireRequest> write(const std::string& model,
                                                        const Request& request,
                                                        const WireOptions& options) const = 0;
  /// `mask` knows what the answer and its failures must not repeat. Pieces are handed on as they
  /// come, unmasked: what is to be kept is the answer.
  [[nodiscard]] virtual std::unique_ptr<AnswerReader> reader(net::SecretMask mask = {}) const = 0;
  /// Whether an error with this status and body says that the prompt does not fit the context: the
  /// model's own failure, where all other errors are the infrastructure's or the request's.
  [[nodiscard]] virtual bool is_context_overflow(int status, std::string_view body) const = 0;
};

/// The one table of formats.
[[nodiscard]] std::span<const WireFormat* const> wire_formats();
/// The format called `scheme`; null: there is none.
[[nodiscard]] const WireFormat* find_wire_format(std::string_view scheme);

}  // namespace ipw::models
