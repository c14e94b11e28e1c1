#include "ipw/models/pull.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <future>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "ipw/core/digest.h"
#include "ipw/core/random.h"
#include "ipw/models/gguf_metadata.h"
#include "ipw/models/gguf_parts.h"
#include "ipw/models/partial_file.h"
#include "ipw/net/failure.h"
#include "ipw/net/header.h"
#include "ipw/net/redirect.h"
#include "ipw/net/url.h"

namespace ipw::models {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::fail;

constexpr std::string_view kMagic = "GGUF";
constexpr int kOk = 200;
constexpr int kPartialContent = 206;
constexpr int kRangeNotSatisfiable = 416;
constexpr int kMostRedirects = 10;

bool is_sha256(std::string_view text) {
  constexpr std::size_t kDigits = 64;
  return text.size() == kDigits &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Content-Range (RFC 9110 §14.4): "bytes 5-9/10", "bytes 5-9/*", "bytes */10".
struct ContentRange {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> total;
};

ContentRange content_range(const net::Headers& headers) {
  constexpr std::string_view kUnit = "bytes ";
  std::string_view text = net::find_header(headers, "Content-Range").value_or("");
  if (!text.starts_with(kUnit)) return {};
  text.remove_prefix(kUnit.size());
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  return {.first = number(text.substr(0, text.find('-'))), .total = number(text.substr(slash + 1))};
}

std::string strong_etag(const net::Headers& headers) {
  const std::string_view etag = net::find_header(headers, "ETag").value_or("");
  return etag.starts_with('"') ? std::string(etag) : std::string();
}

// The SHA-256 that the hub gives for a large file, or empty.
std::string linked_digest(const net::Headers& headers) {
  std::string_view etag = net::find_header(headers, "X-Linked-Etag").value_or("");
  if (etag.size() > 2 && etag.starts_with('"')) etag = etag.substr(1, etag.size() - 2);
  return is_sha256(etag) ? lower(etag) : std::string();
}

std::string printable(std::string_view bytes) {
  constexpr std::size_t kShown = 40;
  std::string text(bytes.substr(0, kShown));
  std::ranges::replace_if(text, [](unsigned char c) { return std::isprint(c) == 0; }, '.');
  return text;
}

// One request and what of its answer goes into the file.
class Transfer {
 public:
  Transfer(PartialFile& partial, const net::Url& url, std::string source,
           const PullOptions& options, const net::SecretMask& mask)
      : partial_(partial), url_(url), source_(std::move(source)), options_(options), mask_(mask) {}

  // Blocks until the exchange is over.
  void run(net::HttpClient& http, net::HttpRequest request, const std::stop_token& stop) {
    const std::stop_callback forward(stop, [this] { given_up_.request_stop(); });
    std::promise<void> over;
    http.start(std::move(request),
               {.on_head = [this](const net::ResponseHead& head) { take_head(head); },
                .on_data = [this](std::string_view bytes, core::Instant) { take(bytes); },
                .on_done =
                    [&](const net::ExchangeEnd& end) {
                      end_ = end;
                      over.set_value();
                    }},
               std::nullopt, given_up_.get_token());
    over.get_future().wait();
  }

  [[nodiscard]] const net::ResponseHead& head() const { return head_; }
  [[nodiscard]] const std::string& body() const { return body_; }  // of what is not the file
  [[nodiscard]] const std::optional<net::Failure>& failure() const { return end_.failure; }
  [[nodiscard]] const std::optional<core::Error>& own_failure() const { return own_failure_; }
  [[nodiscard]] bool is_file() const { return is_file_; }

 private:
  void give_up(core::Error error) {
    own_failure_ = std::move(error);
    given_up_.request_stop();
  }

  void take_head(const net::ResponseHead& head) {
    head_ = head;
    is_file_ = head.status == kOk || head.status == kPartialContent;
    if (!is_file_) return;
    if (head.status == kPartialContent) {
      const ContentRange range = content_range(head.headers);
      if (range.first == partial_.size()) return;
      give_up({ErrorCode::kUnavailable,
               fmt::format("{} sent another part of the file than was asked for (try again)",
                           url_.authority())});
      return;
    }
    if (partial_.size() > 0 && options_.on_note) {
      options_.on_note(
          "the server sends the file from its beginning: it has changed, or cannot "
          "be resumed");
    }
    const std::string_view length = net::find_header(head.headers, "Content-Length").value_or("");
    if (auto begun = partial_.restart(
            {.source = source_, .etag = strong_etag(head.headers), .total = number(length)});
        !begun) {
      give_up(std::move(begun).error());
    }
  }

  void take(std::string_view bytes) {
    if (own_failure_) return;
    if (!is_file_) {
      constexpr std::size_t kMostOfAnError = 4096;
      body_.append(bytes.substr(0, kMostOfAnError - std::min(body_.size(), kMostOfAnError)));
      return;
    }
    const std::size_t compared = std::min(kMagic.size(), bytes.size());
    if (partial_.size() == 0 && bytes.substr(0, compared) != kMagic.substr(0, compared)) {
      give_up({ErrorCode::kInvalidData,
               fmt::format("what {} sent is no GGUF file: it begins with \"{}\" (is the address "
                           "that of the file, and no proxy or login in between?)",
                           url_.authority(), printable(mask_(std::string(bytes))))});
      return;
    }
    if (auto written = partial_.append(bytes); !written) return give_up(std::move(written).error());
    if (options_.on_progress) {
      options_.on_progress({.bytes = partial_.size(), .total = partial_.state().total});
    }
  }

  PartialFile& partial_;
  const net::Url& url_;
  std::string source_;
  const PullOptions& options_;
  const net::SecretMask& mask_;
  net::ResponseHead head_;
  std::string body_;
  net::ExchangeEnd end_;
  std::optional<core::Error> own_failure_;
  bool is_file_ = false;
  std::stop_source given_up_;
};

class Pull {
 public:
  Pull(net::HttpClient& http, const PullRequest& request, const PullOptions& options,
       std::stop_token stop)
      : http_(http),
        request_(request),
        options_(options),
        stop_(std::move(stop)),
        mask_(secrets(request)) {}

  // Until the partial file is whole. `what` tells it from all other files.
  core::Result<void> fetch(PartialFile& partial, const net::Url& address, const std::string& what) {
    core::Sha256 digest;
    digest.update(what);
    const std::string source = digest.hex();
    if (partial.state().source != source || partial.state().etag.empty()) {
      if (partial.size() > 0) note("the beginning that lies there cannot be resumed");
      IPW_CHECK(partial.restart({.source = source, .etag = {}, .total = std::nullopt}));
    }
    core::Random random(core::derive_seed(
        static_cast<std::uint64_t>(options_.clock->wall().time_since_epoch().count()),
        "pull-retry"));
    for (int attempt = 0;; ++attempt) {
      const std::uint64_t before = partial.size();
      IPW_TRY(const std::optional<net::Failure> failure, attempt_once(partial, address, source));
      if (!failure) return {};
      if (partial.size() > before) attempt = 0;
      const auto delay = net::retry_delay(options_.retry, *failure, attempt, random);
      if (!delay) {
        core::Error error = net::to_error(*failure);
        if (partial.size() > 0 && !partial.state().etag.empty()) {
          error.message += "; what came is kept, the same command goes on";
        }
        return std::unexpected(std::move(error));
      }
      note(fmt::format("{}; asking again in {:.1f} s", failure->message, delay->count()));
      IPW_CHECK(wait(*delay));
    }
  }

  [[nodiscard]] const std::string& linked() const { return linked_; }

 private:
  static std::vector<std::string> secrets(const PullRequest& request) {
    std::vector<std::string> all;
    if (const auto url = pull_address(request)) all = url->secrets();
    all.push_back(request.hub_token);
    return all;
  }

  void note(const std::string& text) const {
    if (options_.on_note) options_.on_note(text);
  }

  [[nodiscard]] net::HttpRequest request_to(const net::Url& url, const PartialFile& partial) const {
    net::HttpRequest request{
        .method = "GET", .url = url, .headers = {}, .body = {}, .keeps_answer = false};
    if (partial.size() > 0 && !partial.state().etag.empty()) {
      request.headers.push_back({"Range", fmt::format("bytes={}-", partial.size())});
      request.headers.push_back({"If-Range", partial.state().etag});
    }
    const auto hub = net::parse_url(request_.hub);
    if (!request_.hub_token.empty() && hub && net::same_origin(*hub, url)) {
      request.headers.push_back({"Authorization", "Bearer " + request_.hub_token});
    }
    return request;
  }

  // The failure that may be tried again, or nothing once the file is whole.
  core::Result<std::optional<net::Failure>> attempt_once(PartialFile& partial,
                                                         const net::Url& address,
                                                         const std::string& source) {
    net::Url url = address;
    for (int hop = 0; hop <= kMostRedirects; ++hop) {
      Transfer transfer(partial, url, source, options_, mask_);
      transfer.run(http_, request_to(url, partial), stop_);
      if (stop_.stop_requested()) {
        return fail(ErrorCode::kCancelled,
                    "stopped on request; what came is kept, the same command goes on");
      }
      if (transfer.own_failure()) return std::unexpected(*transfer.own_failure());
      if (transfer.failure()) return transfer.failure();
      const net::ResponseHead& head = transfer.head();
      if (std::string digest = linked_digest(head.headers); !digest.empty()) linked_ = digest;
      if (transfer.is_file()) return cut_off(partial, url);
      if (head.status == kRangeNotSatisfiable && partial.size() > 0) {
        if (content_range(head.headers).total == partial.size()) return std::nullopt;
        IPW_CHECK(partial.restart({.source = source, .etag = {}, .total = std::nullopt}));
        continue;
      }
      if (!net::is_redirect(head.status)) {
        return net::status_failure(head.status, head.headers, transfer.body(),
                                   options_.clock->wall(), mask_);
      }
      IPW_TRY(url, net::redirect_target(url, head.headers));
    }
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} redirects without end (give the address of the file itself)",
                            address.authority()));
  }

  static std::optional<net::Failure> cut_off(const PartialFile& partial, const net::Url& url) {
    const std::uint64_t total = partial.state().total.value_or(partial.size());
    if (partial.size() == total) return std::nullopt;
    return net::Failure{
        .kind = net::FailureKind::kProtocol,
        .message = fmt::format("{} sent {} of {} bytes", url.authority(), partial.size(), total),
        .status = {},
        .retry_after = {},
        .answered = true};
  }

  [[nodiscard]] core::Result<void> wait(core::Seconds time) const {
    constexpr auto kStep = std::chrono::milliseconds(100);
    const core::Instant until =
        options_.clock->now() + std::chrono::duration_cast<core::Instant::duration>(time);
    while (options_.clock->now() < until) {
      if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "stopped on request");
      options_.clock->sleep_until(std::min(until, options_.clock->now() + kStep));
    }
    return {};
  }

  net::HttpClient& http_;
  const PullRequest& request_;
  const PullOptions& options_;
  std::stop_token stop_;
  net::SecretMask mask_;
  std::string linked_;
};

// Whether the whole file is what was asked for; it is removed where it is not.
core::Result<Pulled> checked(PartialFile& partial, const fs::path& file, bool is_part,
                             const std::string& given, const std::string& linked) {
  const auto refuse = [&](core::Error error) {
    partial.discard();
    return std::unexpected(std::move(error));
  };
  IPW_TRY(const std::string digest, core::sha256_of_file(partial.path()));
  const std::string& expected = given.empty() ? linked : given;
  if (!expected.empty() && digest != expected) {
    return refuse({ErrorCode::kInvalidData,
                   fmt::format("{} came whole, but its SHA-256 is {} and not {} as {} (it was "
                               "removed; try again, or doubt the source)",
                               file.filename().string(), digest, expected,
                               given.empty() ? "the server says" : "given")});
  }
  if (is_part) {
    if (const auto sound = check_gguf_file(partial.path()); !sound) return refuse(sound.error());
  } else if (const auto metadata = read_gguf_metadata(partial.path()); !metadata) {
    return refuse(metadata.error());
  }
  const std::uint64_t bytes = partial.size();
  IPW_CHECK(partial.finish());
  return Pulled{.file = file,
                .bytes = bytes,
                .sha256 = digest,
                .checked = !given.empty()    ? PullCheck::kGiven
                           : !linked.empty() ? PullCheck::kServer
                                             : PullCheck::kNothing,
                .already_there = false};
}

core::Result<Pulled> there_already(const fs::path& file, const std::string& given) {
  IPW_TRY(std::string digest, core::sha256_of_file(file));
  if (!given.empty() && digest != given) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("{} is there with another content, SHA-256 {} (remove it, or keep this "
                            "one under another name with --as)",
                            file.string(), digest));
  }
  std::error_code ignored;
  return Pulled{.file = file,
                .bytes = fs::file_size(file, ignored),
                .sha256 = std::move(digest),
                .checked = given.empty() ? PullCheck::kNothing : PullCheck::kGiven,
                .already_there = true};
}

// One file of a model.
struct FileOrder {
  net::Url address;
  fs::path file;
  std::string what;   // tells its bytes from all others
  std::string given;  // digest that it must have; empty: none
  bool is_part = false;
};

core::Result<Pulled> pull_file(net::HttpClient& http, const PullRequest& request,
                               const FileOrder& order, const PullOptions& options,
                               const std::stop_token& stop) {
  std::error_code ignored;
  if (fs::exists(order.file, ignored)) return there_already(order.file, order.given);
  IPW_TRY(PartialFile partial, PartialFile::open(order.file));
  Pull pull(http, request, options, stop);
  if (const auto fetched = pull.fetch(partial, order.address, order.what); !fetched) {
    // What is not worth going on with must not lie about.
    if (partial.size() == 0) partial.discard();
    return std::unexpected(fetched.error());
  }
  return checked(partial, order.file, order.is_part, order.given, pull.linked());
}

// What the server's word for each part is worth for all of them.
PullCheck check_of(const std::vector<Pulled>& parts) {
  const bool all = std::ranges::all_of(
      parts, [](const Pulled& part) { return part.checked == PullCheck::kServer; });
  return all ? PullCheck::kServer : PullCheck::kNothing;
}

// The parts as one model; they are removed where they are none, or not the one that was asked for.
core::Result<Pulled> together(const std::vector<Pulled>& parts, const std::string& given) {
  const auto refuse = [&](core::Error error) {
    for (const Pulled& part : parts) {
      std::error_code ignored;
      if (!part.already_there) fs::remove(part.file, ignored);
    }
    return std::unexpected(std::move(error));
  };
  Pulled all{.file = parts.front().file, .checked = check_of(parts), .already_there = true};
  std::vector<fs::path> files;
  for (const Pulled& part : parts) {
    all.bytes += part.bytes;
    all.already_there = all.already_there && part.already_there;
    files.push_back(part.file);
  }
  if (const auto metadata = read_gguf_metadata(all.file); !metadata) {
    return refuse(metadata.error());
  }
  IPW_TRY(all.sha256, core::sha256_of_files(files));
  if (given.empty()) return all;
  all.checked = PullCheck::kGiven;
  if (all.sha256 == given) return all;
  return refuse(
      {all.already_there ? ErrorCode::kAlreadyExists : ErrorCode::kInvalidData,
       fmt::format("the {} parts of {} came whole, but their SHA-256 one after another is "
                   "{} and not {} as given (what was fetched was removed; try again, or "
                   "doubt the source)",
                   parts.size(), all.file.filename().string(), all.sha256, given)});
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  if (text.ends_with(separator)) parts.emplace_back();
  return parts;
}

std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr ==
                            text.data() + i + 3;
    result += escape ? static_cast<char>(value) : text[i];
    if (escape) i += 2;
  }
  return result;
}

}  // namespace

core::Result<net::Url> pull_address(const PullRequest& request) {
  constexpr std::string_view kHub = "hf:";
  if (!request.source.starts_with(kHub)) return net::parse_url(request.source);
  std::string path = request.source.substr(kHub.size());
  std::string revision = "main";
  if (const std::size_t at = path.rfind('@'); at != std::string::npos) {
    revision = path.substr(at + 1);
    path.resize(at);
  }
  const std::vector<std::string> parts = split(path, '/');
  const bool whole = parts.size() >= 3 && std::ranges::none_of(parts, &std::string::empty);
  if (!whole || revision.empty()) {
    return fail(ErrorCode::kUsage,
                fmt::format("\"{}\" names no file of the hub (write hf:ORG/REPO/FILE.gguf, with "
                            "@REVISION behind it where it is not main)",
                            request.source));
  }
  IPW_TRY(const net::Url hub, net::parse_url(request.hub));
  std::string target = fmt::format("{}/{}/resolve/{}", net::percent_encode(parts[0]),
                                   net::percent_encode(parts[1]), net::percent_encode(revision));
  for (std::size_t i = 2; i < parts.size(); ++i) target += "/" + net::percent_encode(parts[i]);
  return hub.join(target);
}

namespace {

// The last segment of its path.
std::string_view file_of(const net::Url& address) {
  const std::string_view path =
      std::string_view(address.target).substr(0, address.target.find('?'));
  return path.substr(path.rfind('/') + 1);
}

// The part that an address names, of several; absent: it names a whole model.
std::optional<GgufPart> part_of(const net::Url& address) {
  auto part = gguf_part(std::string(file_of(address)));
  return part && part->count > 1 ? part : std::nullopt;
}

// The same address with another file.
net::Url with_file(const net::Url& address, const std::string& name) {
  net::Url url = address;
  const std::string_view file = file_of(address);
  url.target.replace(static_cast<std::size_t>(file.data() - address.target.data()), file.size(),
                     name);
  return url;
}

core::Result<Pulled> pull_parts(net::HttpClient& http, const PullRequest& request,
                                const net::Url& address, const GgufPart& named,
                                const fs::path& first, const PullOptions& options,
                                const std::string& given, const std::stop_token& stop) {
  const auto local = gguf_part(first.string());  // as pull_file_name() says, a part's
  std::vector<Pulled> parts;
  std::uint64_t before = 0;
  PullOptions of_part = options;
  if (options.on_progress) {
    of_part.on_progress = [&](const PullProgress& progress) {
      options.on_progress({.bytes = before + progress.bytes, .total = std::nullopt});
    };
  }
  for (int number = 1; number <= named.count; ++number) {
    if (options.on_note) options.on_note(fmt::format("part {} of {}", number, named.count));
    const std::string name = gguf_part_name(named.prefix, number, named.count);
    IPW_TRY(Pulled part, pull_file(http, request,
                                   {.address = with_file(address, name),
                                    .file = gguf_part_name(local->prefix, number, named.count),
                                    .what = fmt::format("{}#{}", request.source, number),
                                    .given = {},
                                    .is_part = true},
                                   of_part, stop));
    before += part.bytes;
    parts.push_back(std::move(part));
  }
  return together(parts, given);
}

}  // namespace

core::Result<std::string> pull_file_name(const PullRequest& request, const net::Url& address) {
  std::string name = request.name;
  const auto part = part_of(address);
  if (name.empty()) {
    name = unescaped(part ? gguf_part_name(part->prefix, 1, part->count)
                          : std::string(file_of(address)));
  } else if (part) {
    if (name.ends_with(".gguf")) name.resize(name.size() - std::string_view(".gguf").size());
    name = gguf_part_name(name, 1, part->count);
  } else if (!name.ends_with(".gguf")) {
    name += ".gguf";
  }
  const bool good =
      name.ends_with(".gguf") && name.front() != '.' && name.find('/') == std::string::npos &&
      std::ranges::none_of(name, [](unsigned char c) { return std::iscntrl(c) != 0; }) &&
      (!part || gguf_part(name));
  if (good) return name;
  return fail(
      ErrorCode::kUsage,
      fmt::format("\"{}\" is no name for a model's file: it has to end in .gguf and to name "
                  "no folder (give one with --as)",
                  printable(name)));
}

core::Result<Pulled> pull_model(net::HttpClient& http, const PullRequest& request,
                                const PullOptions& options, std::stop_token stop) {
  std::string given = lower(request.sha256);
  constexpr std::string_view kPrefix = "sha256:";
  if (given.starts_with(kPrefix)) given.erase(0, kPrefix.size());
  if (!given.empty() && !is_sha256(given)) {
    return fail(ErrorCode::kUsage, fmt::format("\"{}\" is no SHA-256 (give its 64 hexadecimal "
                                               "digits)",
                                               printable(request.sha256)));
  }
  IPW_TRY(const net::Url address, pull_address(request));
  IPW_TRY(const std::string name, pull_file_name(request, address));
  const fs::path file = request.directory / name;
  if (const auto part = part_of(address)) {
    return pull_parts(http, request, address, *part, file, options, given, stop);
  }
  return pull_file(
      http, request,
      {.address = address, .file = file, .what = request.source, .given = given, .is_part = false},
      options, stop);
}

}  // namespace ipw::models
