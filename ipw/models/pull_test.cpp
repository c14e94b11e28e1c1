#include "ipw/models/pull.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "ipw/core/digest.h"
#include "ipw/models/gguf_metadata.h"
#include "ipw/models/gguf_parts.h"
#include "ipw/net/server.h"

namespace ipw::models {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string sha256(const std::string& bytes) {
  core::Sha256 digest;
  digest.update(bytes);
  return digest.hex();
}

// Answers each connection with the next of `answers`, byte by byte as they stand, and closes it.
class RawServer {
 public:
  explicit RawServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, plain, size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    EXPECT_EQ(getsockname(listener_, plain, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~RawServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/model.gguf";
  }
  [[nodiscard]] std::vector<std::string> requests() {
    const std::scoped_lock hold(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (const std::string& answer : answers_) {
      const int peer = accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t came = read(peer, buffer, sizeof(buffer));
        if (came <= 0) break;
        request.append(buffer, static_cast<std::size_t>(came));
      }
      {
        const std::scoped_lock hold(mutex_);
        requests_.push_back(request);
      }
      for (std::size_t sent = 0; sent < answer.size();) {
        const ssize_t taken = send(peer, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (taken <= 0) break;
        sent += static_cast<std::size_t>(taken);
      }
      close(peer);
    }
  }

  std::vector<std::string> answers_;
  std::vector<std::string> requests_;
  std::mutex mutex_;
  std::thread thread_;
  int listener_ = -1;
  int port_ = 0;
};

class PullTest : public testing::Test {
 protected:
  PullTest() {
    auto opened = net::HttpClient::open();
    EXPECT_TRUE(opened);
    http_ = std::move(*opened);
    options_.clock = &clock_;
    options_.retry = {.attempts = 3, .first = core::Seconds(0.001), .most = core::Seconds(0.001)};
    options_.on_note = [this](const std::string& note) { notes_.push_back(note); };
  }
  ~PullTest() override { fs::remove_all(folder_); }

  [[nodiscard]] PullRequest request(const std::string& source) const {
    PullRequest request;
    request.source = source;
    request.directory = folder_;
    return request;
  }
  [[nodiscard]] core::Result<Pulled> pull(const PullRequest& request) {
    return pull_model(*http_, request, options_, stop_.get_token());
  }
  void expect_only(const std::vector<std::string>& names) const {
    std::vector<std::string> there;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      there.push_back(entry.path().filename().string());
    }
    std::ranges::sort(there);
    EXPECT_EQ(there, names);
  }

  const std::string model_ = bytes_of(IPW_BINARY_DIR "/models/tiny.gguf");
  const std::string half_ = model_.substr(0, model_.size() / 2);
  fs::path folder_ = fs::path(testing::TempDir()) / ("pull-" + std::to_string(::getpid()));
  core::SystemClock clock_;
  std::stop_source stop_;
  std::vector<std::string> notes_;
  PullOptions options_;
  std::unique_ptr<net::HttpClient> http_;
};

// A server of one file that keeps to RFC 9110, as models' hosts do.
class FileServer {
 public:
  explicit FileServer(std::string content) : content_(std::move(content)) {
    auto opened = net::HttpServer::open(
        {}, {{"GET", "/ORG/*",
              [this](const std::shared_ptr<net::ServerExchange>& exchange) {
                seen_.push_back(exchange->request());
                exchange->send(302,
                               {{"Location", "/file.gguf?signature=s3cret"},
                                {"X-Linked-Etag", "\"" + linked_ + "\""}},
                               "");
              }},
             {"GET", "/file.gguf", [this](const std::shared_ptr<net::ServerExchange>& exchange) {
                seen_.push_back(exchange->request());
                answer(*exchange);
              }}});
    EXPECT_TRUE(opened);
    server_ = std::move(*opened);
  }

  [[nodiscard]] std::string base() const {
    return "http://127.0.0.1:" + std::to_string(server_->port());
  }
  [[nodiscard]] std::string url() const { return base() + "/file.gguf"; }
  void set_linked(std::string digest) { linked_ = std::move(digest); }
  void set_etag(std::string etag) { etag_ = std::move(etag); }
  // Of all requests so far; only while none is under way.
  [[nodiscard]] const std::vector<net::ServerRequest>& seen() const { return seen_; }

 private:
  void answer(net::ServerExchange& exchange) const {
    const net::Headers& asked = exchange.request().headers;
    const std::string_view range = net::find_header(asked, "Range").value_or("");
    if (range.starts_with("bytes=") && net::find_header(asked, "If-Range") == etag_) {
      std::size_t from = 0;
      std::from_chars(range.data() + 6, range.data() + range.size(), from);
      const std::string total = std::to_string(content_.size());
      if (from >= content_.size()) {
        exchange.send(416, {{"Content-Range", "bytes */" + total}}, "");
        return;
      }
      exchange.send(206,
                    {{"ETag", etag_},
                     {"Content-Range", "bytes " + std::to_string(from) + "-" +
                                           std::to_string(content_.size() - 1) + "/" + total}},
                    content_.substr(from));
      return;
    }
    exchange.send(200, {{"ETag", etag_}}, content_);
  }

  std::string content_;
  std::string etag_ = "\"v1\"";
  std::string linked_;
  std::vector<net::ServerRequest> seen_;
  std::unique_ptr<net::HttpServer> server_;
};

// The model of small pieces that gguf-split would make of it: as many files as asked, each a part.
std::string part_of_model(int number, int count) {
  std::string bytes = "GGUF";
  const auto put = [&](auto value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  const auto text = [&](const std::string& value) {
    put(std::uint64_t{value.size()});
    bytes += value;
  };
  put(std::uint32_t{3});
  put(std::uint64_t{1});                      // tensors
  put(std::uint64_t{number == 1 ? 3U : 2U});  // values
  if (number == 1) {
    text("general.architecture");
    put(std::uint32_t{8});
    text("llama");
  }
  for (const auto& [key, value] : {std::pair{"split.no", number - 1}, {"split.count", count}}) {
    text(key);
    put(std::uint32_t{2});
    put(static_cast<std::uint16_t>(value));
  }
  text("t" + std::to_string(number));
  put(std::uint32_t{1});
  put(std::uint64_t{8});  // F32
  put(std::uint32_t{0});
  put(std::uint64_t{0});
  bytes.resize((bytes.size() + 31) / 32 * 32);
  return bytes + std::string(32, static_cast<char>('0' + number));
}

// Serves the parts of a model of three files; those in `broken` are cut short.
class PartServer {
 public:
  PartServer() {
    auto opened = net::HttpServer::open(
        {}, {{"GET", "/*", [this](const std::shared_ptr<net::ServerExchange>& exchange) {
                const auto part = gguf_part(exchange->request().path);
                seen_.push_back(exchange->request().path + "?" + exchange->request().query);
                if (!part || part->number == missing_) return exchange->send(404, {}, "gone");
                std::string bytes = part_of_model(part->number, part->count);
                if (part->number == broken_) bytes.resize(bytes.size() / 2);
                exchange->send(200, {{"ETag", "\"v\""}}, bytes);
              }}});
    EXPECT_TRUE(opened);
    server_ = std::move(*opened);
  }
  [[nodiscard]] std::string url(int number) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + "/a/m-0000" +
           std::to_string(number) + "-of-00003.gguf?x=1";
  }
  void set_missing(int number) { missing_ = number; }
  void set_broken(int number) { broken_ = number; }
  [[nodiscard]] const std::vector<std::string>& seen() const { return seen_; }

 private:
  int missing_ = 0;
  int broken_ = 0;
  std::vector<std::string> seen_;
  std::unique_ptr<net::HttpServer> server_;
};

const std::string kAllParts = part_of_model(1, 3) + part_of_model(2, 3) + part_of_model(3, 3);

TEST_F(PullTest, FetchesAllPartsOfAModelThatIsSplit) {
  const PartServer server;
  std::uint64_t last = 0;
  options_.on_progress = [&](const PullProgress& progress) {
    EXPECT_GE(progress.bytes, last);
    last = progress.bytes;
  };
  const auto pulled = pull(request(server.url(2)));  // whichever is named
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->file, folder_ / "m-00001-of-00003.gguf");
  EXPECT_EQ(pulled->bytes, kAllParts.size());
  EXPECT_EQ(pulled->sha256, sha256(kAllParts));
  EXPECT_EQ(last, kAllParts.size());
  EXPECT_THAT(server.seen(),
              ElementsAre("/a/m-00001-of-00003.gguf?x=1", "/a/m-00002-of-00003.gguf?x=1",
                          "/a/m-00003-of-00003.gguf?x=1"));
  const auto model = read_gguf_metadata(pulled->file);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->tensor_count, 3U);
  const auto again = pull(request(server.url(1)));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->already_there);
  EXPECT_EQ(server.seen().size(), 3U);
}

TEST_F(PullTest, GivesPartsTheNameThatIsAskedForAndComparesThemTogether) {
  const PartServer server;
  PullRequest named = request(server.url(1));
  named.name = "small";
  named.sha256 = sha256(part_of_model(1, 3));  // of one part: not that of the model
  const auto other = pull(named);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidData);
  expect_only({});
  named.sha256 = sha256(kAllParts);
  const auto pulled = pull(named);
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->checked, PullCheck::kGiven);
  expect_only(
      {"small-00001-of-00003.gguf", "small-00002-of-00003.gguf", "small-00003-of-00003.gguf"});
}

TEST_F(PullTest, GoesOnWithThePartThatWasMissing) {
  PartServer server;
  server.set_missing(3);
  const auto missing = pull(request(server.url(1)));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  expect_only({"m-00001-of-00003.gguf", "m-00002-of-00003.gguf"});
  server.set_missing(0);
  server.set_broken(3);
  EXPECT_EQ(pull(request(server.url(1))).error().code, ErrorCode::kInvalidData);
  server.set_broken(0);
  const auto pulled = pull(request(server.url(1)));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->sha256, sha256(kAllParts));
}

std::string head(std::size_t length, const std::string& more) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(length) + "\r\n" + more + "\r\n";
}

TEST_F(PullTest, FetchesAFileAndSaysThatNothingWasCompared) {
  const FileServer server(model_);
  std::uint64_t last = 0;
  options_.on_progress = [&](const PullProgress& progress) {
    EXPECT_EQ(progress.total, model_.size());
    EXPECT_GE(progress.bytes, last);
    last = progress.bytes;
  };
  const auto pulled = pull(request(server.url()));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->file, folder_ / "file.gguf");
  EXPECT_EQ(pulled->bytes, model_.size());
  EXPECT_EQ(pulled->sha256, sha256(model_));
  EXPECT_EQ(pulled->checked, PullCheck::kNothing);
  EXPECT_EQ(last, model_.size());
  EXPECT_EQ(bytes_of(pulled->file), model_);
  expect_only({"file.gguf"});
}

TEST_F(PullTest, ComparesTheGivenDigest) {
  const FileServer server(model_);
  PullRequest right = request(server.url());
  right.sha256 = "sha256:" + sha256(model_);
  const auto pulled = pull(right);
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->checked, PullCheck::kGiven);

  const auto again = pull(right);  // asks nobody
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->already_there);
  EXPECT_EQ(server.seen().size(), 1U);

  PullRequest other = right;
  other.sha256 = std::string(64, 'a');
  EXPECT_EQ(pull(other).error().code, ErrorCode::kAlreadyExists);
  other.name = "second";
  const auto wrong = pull(other);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidData);
  EXPECT_THAT(wrong.error().message, HasSubstr(sha256(model_)));
  other.sha256 = "abc";
  EXPECT_EQ(pull(other).error().code, ErrorCode::kUsage);
  expect_only({"file.gguf"});
}

TEST_F(PullTest, TakesTheDigestOfTheHubAndKeepsTheTokenThere) {
  FileServer file(model_);
  file.set_linked(sha256(model_));
  PullRequest asked = request("hf:ORG/repo/sub folder/file.gguf@v2");
  asked.hub = file.base();
  asked.hub_token = "hf_secret";
  const auto pulled = pull(asked);
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->checked, PullCheck::kServer);
  ASSERT_EQ(file.seen().size(), 2U);
  EXPECT_EQ(file.seen()[0].path, "/ORG/repo/resolve/v2/sub%20folder/file.gguf");
  EXPECT_EQ(net::find_header(file.seen()[0].headers, "Authorization"), "Bearer hf_secret");

  fs::remove(pulled->file);
  FileServer hub(model_);  // another server than that of the file
  const auto elsewhere = [&] {
    PullRequest direct = request(file.url());
    direct.hub = hub.base();
    direct.hub_token = "hf_secret";
    return direct;
  }();
  ASSERT_TRUE(pull(elsewhere));
  EXPECT_FALSE(net::find_header(file.seen().back().headers, "Authorization"));
}

TEST_F(PullTest, RefusesWhatTheHubSaysIsAnotherFile) {
  FileServer server(model_);
  server.set_linked(std::string(64, '0'));
  PullRequest asked = request("hf:ORG/repo/file.gguf");
  asked.hub = server.base();
  const auto pulled = pull(asked);
  ASSERT_FALSE(pulled);
  EXPECT_EQ(pulled.error().code, ErrorCode::kInvalidData);
  EXPECT_THAT(pulled.error().message, HasSubstr("as the server says"));
  expect_only({});
}

TEST_F(PullTest, GoesOnWhereItBrokeOff) {
  const std::string whole = std::to_string(model_.size());
  const std::string from = std::to_string(half_.size());
  RawServer server({head(model_.size(), "ETag: \"v1\"\r\n") + half_,
                    "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes " + from +
                        "-" + std::to_string(model_.size() - 1) + "/" + whole +
                        "\r\nContent-Length: " + std::to_string(model_.size() - half_.size()) +
                        "\r\n\r\n" + model_.substr(half_.size())});
  PullRequest asked = request(server.url());
  asked.sha256 = sha256(model_);
  const auto pulled = pull(asked);
  ASSERT_TRUE(pulled) << pulled.error().message;
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_THAT(server.requests()[1], HasSubstr("Range: bytes=" + from + "-\r\n"));
  EXPECT_THAT(server.requests()[1], HasSubstr("If-Range: \"v1\"\r\n"));
  EXPECT_EQ(notes_.size(), 1U);  // that it is asking again
  expect_only({"model.gguf"});
}

TEST_F(PullTest, GoesOnInALaterRun) {
  options_.retry.attempts = 1;
  const FileServer whole(model_);
  {
    RawServer broken({head(model_.size(), "ETag: \"v1\"\r\n") + half_});
    const auto first = pull(request(broken.url()));
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(first.error().message, HasSubstr("the same command goes on"));
    expect_only({"model.gguf.part", "model.gguf.part.json"});
  }
  // The same server, mended: only what it says about itself is compared.
  PullRequest asked = request(whole.url());
  asked.name = "model.gguf";
  std::string state = bytes_of(folder_ / "model.gguf.part.json");
  const std::size_t digest = state.find("\"source\":\"") + 10;
  std::ofstream(folder_ / "model.gguf.part.json")
      << state.replace(digest, 64, sha256(asked.source));
  const auto second = pull(asked);
  ASSERT_TRUE(second) << second.error().message;
  ASSERT_EQ(whole.seen().size(), 1U);
  EXPECT_EQ(net::find_header(whole.seen()[0].headers, "Range"),
            "bytes=" + std::to_string(half_.size()) + "-");
  EXPECT_EQ(bytes_of(second->file), model_);
  EXPECT_THAT(notes_, IsEmpty());
}

class ResumeTest : public PullTest {
 protected:
  // Leaves a beginning of what `url` serves, as a run that was cut off would.
  void leave(const std::string& url, const std::string& bytes, const std::string& etag) const {
    fs::create_directories(folder_);
    std::ofstream(folder_ / "file.gguf.part", std::ios::binary) << bytes;
    std::ofstream(folder_ / "file.gguf.part.json")
        << R"({"source":")" << sha256(url) << R"(","etag":"\")" << etag << R"(\"","total_bytes":)"
        << model_.size() << "}";
  }
};

TEST_F(ResumeTest, BeginsAgainWhenTheFileHasChanged) {
  FileServer server(model_);
  leave(server.url(), half_, "v0");
  const auto pulled = pull(request(server.url()));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(bytes_of(pulled->file), model_);
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_THAT(notes_[0], HasSubstr("from its beginning"));
}

TEST_F(ResumeTest, IsDoneWhenEverythingHadCome) {
  const FileServer server(model_);
  leave(server.url(), model_, "v1");
  const auto pulled = pull(request(server.url()));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(server.seen().size(), 1U);
  EXPECT_EQ(bytes_of(pulled->file), model_);
}

TEST_F(ResumeTest, BeginsAgainWhereMoreLiesThereThanTheServerHas) {
  const FileServer server(model_);
  leave(server.url(), model_ + "more", "v1");
  const auto pulled = pull(request(server.url()));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(bytes_of(pulled->file), model_);
}

TEST_F(ResumeTest, BeginsAgainWhereTheBeginningIsOfSomethingElse) {
  const FileServer server(model_);
  leave("http://127.0.0.1/other.gguf", half_, "v1");
  const auto pulled = pull(request(server.url()));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_FALSE(net::find_header(server.seen()[0].headers, "Range"));
  EXPECT_EQ(bytes_of(pulled->file), model_);
}

TEST_F(ResumeTest, RefusesAnotherPartThanItAskedFor) {
  RawServer server(
      {"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/9\r\nContent-Length: "
       "4\r\n\r\nGGUF"});
  fs::create_directories(folder_);
  leave(server.url(), half_, "v1");
  PullRequest asked = request(server.url());
  asked.name = "file.gguf";
  const auto pulled = pull(asked);
  ASSERT_FALSE(pulled);
  EXPECT_THAT(pulled.error().message, HasSubstr("another part"));
  EXPECT_EQ(bytes_of(folder_ / "file.gguf.part"), half_);
}

TEST_F(PullTest, SaysWhenAProxyAnsweredInstead) {
  RawServer server(
      {head(36, "Content-Type: text/html\r\n") + "<!DOCTYPE html><html>Sign in</html>\n"});
  const auto pulled = pull(request(server.url()));
  ASSERT_FALSE(pulled);
  EXPECT_EQ(pulled.error().code, ErrorCode::kInvalidData);
  EXPECT_THAT(pulled.error().message, HasSubstr("<!DOCTYPE html>"));
  expect_only({});
}

TEST_F(PullTest, SaysWhatTheServerSaid) {
  RawServer missing({"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nno such 1"});
  EXPECT_EQ(pull(request(missing.url())).error().code, ErrorCode::kNotFound);
  RawServer closed({"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"});
  EXPECT_EQ(pull(request(closed.url())).error().code, ErrorCode::kPermissionDenied);
  const std::string busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
  RawServer tired({busy, busy, busy});
  EXPECT_EQ(pull(request(tired.url())).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(tired.requests().size(), 3U);  // asked again, as often as it may
  expect_only({});
}

TEST_F(PullTest, FollowsNoRedirectIntoASocketOrAnotherScheme) {
  for (const char* location :
       {"unix:/run/docker.sock", "file:///etc/passwd", "ftp://127.0.0.1/f"}) {
    RawServer server({"HTTP/1.1 302 Found\r\nLocation: " + std::string(location) +
                      "\r\nContent-Length: 0\r\n\r\n"});
    const auto pulled = pull(request(server.url()));
    ASSERT_FALSE(pulled);
    EXPECT_THAT(pulled.error().message, HasSubstr("neither http nor https")) << location;
    expect_only({});
  }
}

TEST_F(PullTest, FollowsNoEndlessRedirect) {
  const std::string loop =
      "HTTP/1.1 302 Found\r\nLocation: /model.gguf\r\nContent-Length: 0\r\n\r\n";
  RawServer server(std::vector<std::string>(20, loop));
  const auto pulled = pull(request(server.url()));
  ASSERT_FALSE(pulled);
  EXPECT_THAT(pulled.error().message, HasSubstr("without end"));
}

TEST_F(PullTest, RefusesAModelThatIsCutShort) {
  RawServer server({head(half_.size(), "") + half_});  // whole as HTTP, half as a model
  const auto pulled = pull(request(server.url()));
  ASSERT_FALSE(pulled);
  EXPECT_EQ(pulled.error().code, ErrorCode::kInvalidData);
  expect_only({});
}

TEST_F(PullTest, SaysBeforehandWhenTheDiskIsTooSmall) {
  RawServer server({head(std::size_t{1} << 60, "") + half_});
  http_ = *net::HttpClient::open({.most_body_bytes = ~std::uint64_t{0}});
  const auto pulled = pull(request(server.url()));
  ASSERT_FALSE(pulled);
  EXPECT_EQ(pulled.error().code, ErrorCode::kOutOfSpace);
  EXPECT_THAT(pulled.error().message, HasSubstr("make room"));
  expect_only({});
}

TEST_F(PullTest, SaysWhenTheDiskFillsUp) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  const FileServer server(model_);
  fs::create_directories(folder_);
  fs::create_symlink("/dev/full", folder_ / "file.gguf.part");
  const auto pulled = pull(request(server.url()));
  ASSERT_FALSE(pulled);
  EXPECT_EQ(pulled.error().code, ErrorCode::kOutOfSpace);
  EXPECT_FALSE(fs::exists(folder_ / "file.gguf"));
}

TEST_F(PullTest, StopsOnRequestAndKeepsWhatCame) {
  RawServer server({head(model_.size(), "ETag: \"v1\"\r\n") + half_});
  options_.on_progress = [&](const PullProgress&) { stop_.request_stop(); };
  const auto pulled = pull(request(server.url()));
  ASSERT_FALSE(pulled);
  EXPECT_EQ(pulled.error().code, ErrorCode::kCancelled);
  EXPECT_GT(fs::file_size(folder_ / "model.gguf.part"), 0U);
}

TEST_F(PullTest, IsDoneByOneProcessAtATime) {
  RawServer server({head(model_.size(), "") + model_});
  core::Result<Pulled> second;
  options_.on_progress = [&](const PullProgress& progress) {
    if (progress.bytes < model_.size()) return;
    PullOptions quiet = options_;
    quiet.on_progress = {};
    second = pull_model(*http_, request(server.url()), quiet, {});
  };
  EXPECT_TRUE(pull(request(server.url())));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
}

TEST_F(PullTest, TakesNoNameThatLeavesItsFolder) {
  const auto name_of = [&](const std::string& source, const std::string& as) {
    PullRequest asked = request(source);
    asked.name = as;
    const auto address = pull_address(asked);
    EXPECT_TRUE(address) << source;
    return pull_file_name(asked, *address);
  };
  const std::string host = "http://h";
  EXPECT_EQ(*name_of(host + "/a/b%20c.gguf?x=y", ""), "b c.gguf");
  EXPECT_EQ(*name_of(host + "/download", "mine"), "mine.gguf");
  for (const char* path :
       {"/", "/model.bin", "/..%2f..%2fx.gguf", "/.gguf", "/%00.gguf", "/%2.gguf/"}) {
    EXPECT_EQ(name_of(host + path, "").error().code, ErrorCode::kUsage) << path;
  }
  EXPECT_EQ(name_of(host + "/x.gguf", "../x").error().code, ErrorCode::kUsage);
  for (const char* source : {"hf:", "hf:a", "hf:a/b", "hf:a/b/", "hf:/b/c.gguf", "hf:a/b/c.gguf@",
                             "hf:a//c.gguf", "ftp://h/x.gguf", "model.gguf"}) {
    EXPECT_EQ(pull_address(request(source)).error().code, ErrorCode::kUsage) << source;
  }
}

}  // namespace
}  // namespace ipw::models
