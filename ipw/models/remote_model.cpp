// The tries of one generate(), and what opening a remote model takes from the world around it.
#include "ipw/models/remote_model.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/models/api_key.h"
#include "ipw/models/remote_try.h"

namespace ipw::models {
namespace {

using core::ErrorCode;
using core::fail;
using net::FailureKind;
using record::FinishReason;

// An answer may hold this many bytes per token that was asked for, logprobs and framing included,
// and this many beyond, for thinking that the limit does not count.
constexpr std::size_t kMostBytesPerToken = 16 << 10;
constexpr std::size_t kMostBytesBeyond = std::size_t{64} << 20;

// OLLAMA_HOST is an address to listen on as well: host, host:port, :port or an URL.
std::string ollama_url(std::string host) {
  if (!host.starts_with("http://") && !host.starts_with("https://")) host = "http://" + host;
  const std::size_t begin = host.find("://") + 3;
  const std::size_t path = std::min(host.find('/', begin), host.size());
  std::string server = host.substr(begin, path - begin);
  const bool has_port = server.rfind(':') != std::string::npos && !server.ends_with(']');
  if (server.starts_with(':')) server = "127.0.0.1" + server;
  if (!has_port && host.starts_with("http://")) server += ":11434";
  if (server.starts_with("0.0.0.0:")) server.replace(0, 7, "127.0.0.1");
  return host.substr(0, begin) + server + host.substr(path);
}

FinishReason finish_of(const WireAnswer& answer) {
  return answer.finish.value_or(FinishReason::kCancelled);
}

std::string caution_of(const WireAnswer& answer) {
  if (!answer.caution.empty() || answer.usage.output) return answer.caution;
  return "the server did not say how many tokens there were";
}

}  // namespace

core::Result<net::Url> base_url(const WireFormat& format, const RemoteOptions& options) {
  const WireTraits& traits = format.traits();
  std::string text = options.base_url;
  if (text.empty() && options.environment) {
    text = options.environment(std::string(traits.url_variable)).value_or("");
    if (!text.empty() && traits.scheme == "ollama") text = ollama_url(text);
  }
  if (text.empty()) text = traits.default_url;
  return net::parse_url(text);
}

bool is_this_machine(const net::Url& url) {
  if (!url.socket_path.empty() || url.host == "localhost" || url.host == "::1" ||
      url.host.starts_with("127.")) {
    return true;
  }
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && url.host == name;
}

class RemoteModel::Connection {
 public:
  const WireFormat& format;
  std::string model;
  RemoteOptions options;
  net::Url base;
  std::string key;
  net::SecretMask mask;
  std::unique_ptr<net::HttpClient> client;
  core::SystemClock machine_clock;
  std::atomic<std::uint64_t> requests = 0;

  Connection(const WireFormat& wire_format, std::string name, RemoteOptions remote)
      : format(wire_format), model(std::move(name)), options(std::move(remote)) {}

  [[nodiscard]] const core::Clock& clock() const {
    return options.clock != nullptr ? *options.clock : machine_clock;
  }

  [[nodiscard]] std::string title() const {
    return fmt::format("{}:{}", format.traits().scheme, model);
  }

  core::Result<void> find_key() {
    if (!options.key_file.empty()) {
      IPW_TRY(key, read_key_file(options.key_file));
    } else {
      IPW_TRY(const std::optional<std::string> found,
              key_in(options.environment, format.traits().key_variables));
      key = found.value_or("");
    }
    if (!key.empty() || !format.traits().needs_key || !options.wire.providers_own) return {};
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("cannot ask {}: {} wants an API key (set {}, or name a file with "
                            "--api-key-file)",
                            title(), base.authority(), format.traits().key_variables.front()));
  }

  // What none of the servers on the way may bring into a record by repeating it.
  [[nodiscard]] std::vector<std::string> secrets() const {
    std::vector<std::string> all = base.secrets();
    all.push_back(key);
    for (const auto& proxy : {options.client.proxies.http, options.client.proxies.https}) {
      if (!proxy) continue;
      for (std::string& secret : proxy->secrets()) all.push_back(std::move(secret));
    }
    return all;
  }

  [[nodiscard]] core::Error error_of(const net::Failure& failure, const RemoteTry& one,
                                     int tries) const {
    core::Error error = net::to_error(failure);
    // A model that was never asked has missed nothing.
    if (failure.kind == FailureKind::kDeadline && !one.times().sent) {
      error.code = ErrorCode::kUnavailable;
    }
    if (failure.kind == FailureKind::kStatus &&
        format.is_context_overflow(failure.status.value_or(0),
                                   failure.message + one.error_body())) {
      error.code = ErrorCode::kTooLong;
    }
    error.message = fmt::format("{} at {}: {}{}", title(), base.authority(), error.message,
                                tries > 1 ? fmt::format(" [tried {} times]", tries) : "");
    error.message = mask(std::move(error.message));
    return error;
  }

  [[nodiscard]] core::Result<net::HttpRequest> http_request(const Request& request) const {
    IPW_TRY(WireRequest wire, format.write(model, request, options.wire));
    net::HttpRequest http{.method = "POST",
                          .url = base.join(wire.path),
                          .headers = std::move(wire.headers),
                          .body = std::move(wire.body)};
    if (!key.empty()) {
      for (net::Header& header : format.key_headers(key)) {
        http.headers.push_back(std::move(header));
      }
    }
    return http;
  }

  core::Result<record::Completion> generate(const Request& request, const TokenSink& sink,
                                            const std::stop_token& cancel) {
    record::Completion completion;
    record::Timings& timings = completion.timings;
    timings.sent = timings.started = clock().now();
    timings.intended = request.intended == core::Instant{} ? timings.sent : request.intended;
    IPW_TRY(const net::HttpRequest http, http_request(request));
    const std::optional<core::Instant> deadline =
        options.deadline
            ? std::optional(timings.sent +
                            std::chrono::round<core::Instant::duration>(*options.deadline))
            : std::nullopt;
    const std::size_t most_bytes =
        static_cast<std::size_t>(std::max(request.max_tokens, 0)) * kMostBytesPerToken +
        kMostBytesBeyond;
    core::Random random(core::derive_seed(options.seed, fmt::format("retry/{}", requests++)));
    for (int attempt = 0;; ++attempt) {
      RemoteTry one(format, sink, most_bytes, mask);
      one.run(*client, http, deadline, cancel);
      if (attempt == 0) timings.started = one.times().send_begun.value_or(timings.sent);
      completion.tries = attempt + 1;
      const std::optional<net::Failure> failure = one.failure(clock().wall());
      if (!failure || cancel.stop_requested()) return filled(std::move(completion), one);
      const auto wait = one.passed_on()
                            ? std::nullopt
                            : net::retry_delay(options.retry, *failure, attempt, random);
      if (!wait || !waited(*wait, deadline, cancel)) {
        if (cancel.stop_requested()) return filled(std::move(completion), one);
        return std::unexpected(error_of(*failure, one, attempt + 1));
      }
    }
  }

  static record::Completion filled(record::Completion completion, const RemoteTry& one) {
    const WireAnswer& answer = one.answer();
    completion.text = answer.text;
    completion.reasoning = answer.reasoning;
    completion.tool_calls = answer.tool_calls;
    completion.usage = answer.usage;
    completion.finish = finish_of(answer);
    completion.token_logprobs = answer.token_logprobs;
    completion.server = answer.server;
    completion.served_by = answer.served_by;
    completion.caution = caution_of(answer);
    completion.timings.first_token = one.first_token();
    completion.timings.first_answer = one.first_answer();
    completion.timings.last_token = one.last_token().value_or(one.times().done);
    // A model that had to be loaded first began only then: its loading is no work on this prompt.
    if (answer.server.load) {
      const auto load = std::chrono::round<core::Instant::duration>(*answer.server.load);
      completion.timings.started =
          std::min(completion.timings.started + load,
                   one.first_token().value_or(completion.timings.last_token));
    }
    return completion;
  }

  // false: the time is up or somebody asked to stop.
  static bool waited(core::Seconds time, const std::optional<core::Instant>& deadline,
                     const std::stop_token& cancel) {
    const core::Instant until =
        core::SystemClock().now() + std::chrono::round<core::Instant::duration>(time);
    if (deadline && until >= *deadline) return false;
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_until(lock, cancel, until, [] { return false; });
    return !cancel.stop_requested();
  }
};

core::Result<std::unique_ptr<RemoteModel::Connection>> RemoteModel::prepare(
    const WireFormat& format, const std::string& model, RemoteOptions options) {
  if (model.empty()) {
    return fail(ErrorCode::kUsage, fmt::format("cannot open a model: none is named (write {}:NAME)",
                                               format.traits().scheme));
  }
  auto connection = std::make_unique<Connection>(format, model, std::move(options));
  Connection& opened = *connection;
  IPW_TRY(opened.base, base_url(format, opened.options));
  IPW_TRY(const net::Url own, net::parse_url(format.traits().default_url));
  opened.options.wire.providers_own = opened.base.authority() == own.authority();
  IPW_CHECK(opened.find_key());
  if (opened.options.deadline) {  // a slow model may be silent for as long as it has time
    opened.options.client.idle_timeout = *opened.options.deadline;
  }
  if (opened.options.environment) {
    std::deque<std::string> values;  // whose addresses stay
    IPW_TRY(opened.options.client.proxies, net::proxies_from([&](const char* name) -> const char* {
              const auto found = opened.options.environment(name);
              return found ? values.emplace_back(*found).c_str() : nullptr;
            }));
  }
  opened.mask = net::SecretMask(opened.secrets());
  return connection;
}

core::Result<void> RemoteModel::check(const WireFormat& format, const std::string& model,
                                      const RemoteOptions& options) {
  IPW_CHECK(prepare(format, model, options));
  return {};
}

core::Result<std::unique_ptr<RemoteModel>> RemoteModel::open(const WireFormat& format,
                                                             const std::string& model,
                                                             RemoteOptions options) {
  IPW_TRY(std::unique_ptr<Connection> connection, prepare(format, model, std::move(options)));
  IPW_TRY(connection->client, net::HttpClient::open(connection->options.client));
  return std::unique_ptr<RemoteModel>(new RemoteModel(std::move(connection)));
}

RemoteModel::RemoteModel(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}
RemoteModel::~RemoteModel() = default;

ModelDescription RemoteModel::describe() const {
  ModelDescription description;
  description.name = connection_->title();
  description.engine = fmt::format("{} API", connection_->format.traits().scheme);
  description.server = connection_->base.authority();
  description.here = connection_->options.here.value_or(is_this_machine(connection_->base));
  description.chat_template = "the server's";
  return description;
}

core::Result<record::Completion> RemoteModel::generate(const Request& request,
                                                       const TokenSink& sink,
                                                       std::stop_token cancel) {
  return connection_->generate(request, sink, cancel);
}

}  // namespace ipw::models
