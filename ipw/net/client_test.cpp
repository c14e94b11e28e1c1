#include "ipw/net/client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "ipw/net/fault_server_test.h"
#include "ipw/net/server.h"

namespace ipw::net {
namespace {

using core::ErrorCode;
using core::Seconds;

std::unique_ptr<HttpClient> client(ClientOptions options = {}) {
  auto opened = HttpClient::open(std::move(options));
  EXPECT_TRUE(opened);
  return std::move(*opened);
}

// What one exchange brought, waited for.
struct Record {
  std::mutex mutex;
  std::condition_variable changed;
  int status = 0;
  std::string body;
  std::vector<core::Instant> stamps;
  std::optional<ExchangeEnd> end;
  int ends = 0;

  ResponseHandlers handlers() {
    return {.on_head =
                [this](const ResponseHead& head) {
                  const std::scoped_lock lock(mutex);
                  status = head.status;
                  changed.notify_all();
                },
            .on_data =
                [this](std::string_view bytes, core::Instant at) {
                  const std::scoped_lock lock(mutex);
                  body += bytes;
                  stamps.push_back(at);
                  changed.notify_all();
                },
            .on_done =
                [this](const ExchangeEnd& ended) {
                  const std::scoped_lock lock(mutex);
                  end = ended;
                  ++ends;
                  changed.notify_all();
                }};
  }
  // Up to ten seconds, until `holds`.
  template <class Condition>
  bool wait(Condition holds) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10), holds);
  }
  const ExchangeEnd& wait_end() {
    EXPECT_TRUE(wait([this] { return end.has_value(); }));
    if (!end) end.emplace();
    return *end;
  }
  [[nodiscard]] FailureKind kind() {
    const auto& failure = wait_end().failure;
    EXPECT_TRUE(failure);
    return failure ? failure->kind : FailureKind::kRequest;
  }
  [[nodiscard]] std::string why() {
    const auto& failure = wait_end().failure;
    return failure ? failure->message : "no failure";
  }
};

std::unique_ptr<HttpServer> echo_server(ServerOptions options = {}) {
  const RouteHandler echo = [](const std::shared_ptr<ServerExchange>& exchange) {
    const ServerRequest& request = exchange->request();
    std::string text = request.method + " " + request.path + "?" + request.query + "\n";
    for (const Header& header : request.headers) text += header.name + ": " + header.value + "\n";
    exchange->send(200, {{"Content-Type", "text/plain"}}, text + "\n" + request.body);
  };
  auto server = HttpServer::open(std::move(options), {{"GET", "*", echo}, {"POST", "*", echo}});
  EXPECT_TRUE(server);
  return std::move(*server);
}

Url url_of(const HttpServer& server, std::string target = "/") {
  return {.host = "127.0.0.1", .port = server.port(), .target = std::move(target)};
}

TEST(HttpClient, SendsWhatItIsGivenAndAddsWhatIsMissing) {
  const auto server = echo_server();
  const auto http = client();
  const auto answer = http->fetch({.method = "POST",
                                   .url = url_of(*server, "/a/b?c=d"),
                                   .headers = {{"Content-Type", "application/json"}},
                                   .body = "{}"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->head.status, 200);
  EXPECT_EQ(answer->body, "POST /a/b?c=d\nHost: 127.0.0.1:" + std::to_string(server->port()) +
                              "\nUser-Agent: ipw\nAccept-Encoding: identity\nContent-Length: "
                              "2\nContent-Type: application/json\n\n{}");
}

TEST(HttpClient, StampsInTheOrderInWhichThingsHappen) {
  const auto server = echo_server();
  const auto http = client();
  const auto before = std::chrono::steady_clock::now();
  const auto answer = http->fetch({.url = url_of(*server)});
  ASSERT_TRUE(answer);
  const ExchangeTimes& times = answer->times;
  EXPECT_LE(before, times.called);
  EXPECT_LE(times.called, times.send_begun);
  EXPECT_LE(times.send_begun, times.sent);
  EXPECT_LE(times.sent, times.first_byte);
  EXPECT_LE(times.first_byte, times.done);
  EXPECT_LE(times.done, std::chrono::steady_clock::now());
}

TEST(HttpClient, UsesAConnectionAgain) {
  const auto server = echo_server();
  const auto http = client();
  Record first;
  http->start({.url = url_of(*server)}, first.handlers());
  EXPECT_FALSE(first.wait_end().reused);
  Record second;
  http->start({.url = url_of(*server)}, second.handlers());
  EXPECT_TRUE(second.wait_end().reused);
  EXPECT_EQ(http->open_connections(), 1U);
}

TEST(HttpClient, HoldsTheLimitOfConnectionsAndServesTheLineInTurn) {
  const auto server = echo_server();
  const auto http = client({.connections_per_server = 2});
  std::vector<Record> records(50);
  for (std::size_t i = 0; i < records.size(); ++i) {
    http->start({.url = url_of(*server, "/" + std::to_string(i))}, records[i].handlers());
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_FALSE(records[i].wait_end().failure);
    EXPECT_TRUE(records[i].body.starts_with("GET /" + std::to_string(i) + "?"));
  }
  EXPECT_EQ(http->open_connections(), 2U);
}

TEST(HttpClient, LetsNobodyPassWhoComesWhileALineStands) {
  std::promise<void> go_on;
  const auto going = go_on.get_future().share();
  std::mutex mutex;
  std::vector<std::string> order;
  FaultServer server([&](FaultPeer& peer) {
    for (std::string request = peer.read_request(); !request.empty();
         request = peer.read_request()) {
      {
        const std::scoped_lock lock(mutex);
        order.push_back(request.substr(0, request.find(" HTTP")));
      }
      going.wait();
      peer.send(http_answer("200 OK", "text/plain", "x"));
    }
  });
  const auto http = client({.connections_per_server = 1});
  Record waits;
  Record comes;
  // Started while the connection is about to be free again and `waits` stands in line for it.
  http->start({.url = server.url("/1")}, {.on_data = [&](std::string_view, core::Instant) {
                http->start({.url = server.url("/3")}, comes.handlers());
              }});
  http->start({.url = server.url("/2")}, waits.handlers());
  go_on.set_value();
  EXPECT_FALSE(waits.wait_end().failure);
  EXPECT_FALSE(comes.wait_end().failure);
  EXPECT_EQ(order, (std::vector<std::string>{"GET /1", "GET /2", "GET /3"}));
}

TEST(HttpClient, StartsTheNextRequestFromAHandler) {
  const auto server = echo_server();
  const auto http = client();
  std::atomic<int> left = 100;
  Record last;
  std::function<void(const ExchangeEnd&)> next = [&](const ExchangeEnd&) {
    if (--left > 0) {
      http->start({.url = url_of(*server)}, {.on_done = next});
    } else {
      http->start({.url = url_of(*server)}, last.handlers());
    }
  };
  http->start({.url = url_of(*server)}, {.on_done = next});
  EXPECT_TRUE(last.wait_end().reused);
  EXPECT_EQ(http->open_connections(), 1U);
}

TEST(HttpClient, RefusesRequestsThatWouldBreakTheirLines) {
  const auto http = client();
  const HttpRequest bad[] = {
      {.url = {.host = "127.0.0.1", .port = 1, .target = "/a b"}},
      {.url = {.host = "127.0.0.1", .port = 1, .target = "/\r\nX: y"}},
      {.url = {.host = "127.0.0.1", .port = 1}, .headers = {{"A", "b\r\nC"}}},
      {.url = {.host = "127.0.0.1", .port = 1}, .headers = {{"A b", "c"}}},
      {.url = {.host = "a\r\nX: y", .port = 1}},
      {.method = "GET /", .url = {.host = "127.0.0.1", .port = 1}},
      {}};
  for (const HttpRequest& request : bad) {
    const auto answer = http->fetch(request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kUsage);
  }
}

TEST(HttpClient, CallsOnDoneOnceForEachRequestWhenItIsClosed) {
  FaultServer silent([](FaultPeer& peer) { EXPECT_TRUE(peer.sees_close()); });
  std::vector<Record> records(20);
  {
    const auto http = client({.connections_per_server = 5});
    for (Record& record : records) http->start({.url = silent.url()}, record.handlers());
  }
  for (Record& record : records) {
    EXPECT_EQ(record.kind(), FailureKind::kCancelled);
    EXPECT_EQ(record.ends, 1);
  }
}

TEST(HttpClient, ReachesAUnixSocket) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("ipw-net-" + std::to_string(getpid()));
  {
    const auto server = echo_server({.unix_socket = path});
    EXPECT_EQ(HttpServer::open({.unix_socket = path}, {}).error().code, ErrorCode::kBusy);
    const auto http = client();
    const auto answer = http->fetch({.url = {.target = "/x", .socket_path = path}});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer->body.starts_with("GET /x?\nHost: localhost\n"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(HttpClient, SendsAndReadsBodiesLargerThanAnyBuffer) {
  const auto server = echo_server();
  const auto http = client();
  std::string body(20'000'000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i % 23);
  const auto answer = http->fetch({.method = "POST", .url = url_of(*server), .body = body});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->body.ends_with("\n\n" + body));
}

// ---- proxies ----

TEST(HttpClient, AsksAPlainProxyForTheWholeAddress) {
  FaultServer proxy([](FaultPeer& peer) {
    const std::string request = peer.read_request();
    peer.send(http_answer("200 OK", "text/plain", request));
  });
  ClientOptions options;
  options.proxies.http = proxy.url();
  options.proxies.http->authorization = "Basic abc";
  const auto answer =
      client(options)->fetch({.url = {.host = "far.invalid", .port = 80, .target = "/x"}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(
      answer->body.starts_with("GET http://far.invalid/x HTTP/1.1\r\nHost: far.invalid\r\n"));
  EXPECT_NE(answer->body.find("Proxy-Authorization: Basic abc\r\n"), std::string::npos);
}

TEST(HttpClient, SaysWhatAProxyAnsweredThatWouldNotConnect) {
  FaultServer proxy([](FaultPeer& peer) {
    EXPECT_TRUE(peer.read_request().starts_with("CONNECT far.invalid:443 HTTP/1.1\r\n"));
    peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  });
  ClientOptions options;
  options.proxies.https = proxy.url();
  Record record;
  const auto http = client(options);
  http->start({.url = {.tls = true, .host = "far.invalid", .port = 443}}, record.handlers());
  EXPECT_EQ(record.kind(), FailureKind::kConnect);
  EXPECT_NE(record.why().find("407"), std::string::npos);
}

// ---- everything that goes wrong ----

// The outcome of one GET to a server that follows `script`.
void fetch_from(const FaultServer::Script& script, Record& record, ClientOptions options = {}) {
  FaultServer server(script);
  const auto http = client(std::move(options));
  http->start({.url = server.url()}, record.handlers());
  record.wait_end();
}

FaultServer::Script says(std::string bytes) {
  return [bytes = std::move(bytes)](FaultPeer& peer) {
    peer.read_request();
    peer.send(bytes);
  };
}

TEST(HttpFaults, AreNamedByWhereTheyHappened) {
  const std::string chunked = std::string(kStreamHead);
  const struct {
    const char* name;
    std::string bytes;
    FailureKind kind;
    const char* why;
  } cases[] = {
      {"no answer", "", FailureKind::kProtocol, "no answer"},
      {"no HTTP", "<html>captive portal</html>\r\n\r\n", FailureKind::kProtocol, "cannot read"},
      {"half a head", "HTTP/1.1 200 OK\r\nContent-", FailureKind::kProtocol, "cut off"},
      {"length too long", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
       FailureKind::kProtocol, "cut off after 4 bytes"},
      {"502 half-way", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 10\r\n\r\nhalf",
       FailureKind::kProtocol, "cut off after 4 bytes"},
      {"stream without end", chunked + http_chunk("data: a\n\n"), FailureKind::kProtocol,
       "cut off after 9 bytes"},
      {"broken chunk", chunked + "zz\r\n", FailureKind::kProtocol, "cannot read"},
      {"gzip", http_answer("200 OK", "text/plain", "\x1f\x8b", "Content-Encoding: gzip\r\n"),
       FailureKind::kProtocol, "compressed (gzip)"},
      {"endless head", "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'), FailureKind::kProtocol,
       "cannot read"},
  };
  for (const auto& fault : cases) {
    Record record;
    fetch_from(says(fault.bytes), record);
    EXPECT_EQ(record.kind(), fault.kind) << fault.name;
    EXPECT_NE(record.why().find(fault.why), std::string::npos) << fault.name << record.why();
    EXPECT_EQ(record.ends, 1);
  }
}

TEST(HttpFaults, LeaveWhatHadComeAndTheStatus) {
  Record record;
  fetch_from(says(std::string(kStreamHead) + http_chunk("data: a\n\n")), record);
  EXPECT_EQ(record.body, "data: a\n\n");
  EXPECT_EQ(record.wait_end().status, 200);
  EXPECT_EQ(record.wait_end().failure->status, 200);
  EXPECT_TRUE(record.wait_end().failure->answered);
  EXPECT_EQ(record.wait_end().bytes, 9U);
}

TEST(HttpFaults, OfStatusAreAnswersWithTheirHeadersAndBody) {
  for (const char* status : {"401 Unauthorized", "404 Not Found", "429 Too Many Requests",
                             "500 Internal Server Error"}) {
    Record record;
    fetch_from(
        says(http_answer(status, "application/json", "{\"error\": \"x\"}", "Retry-After: 3\r\n")),
        record);
    EXPECT_FALSE(record.wait_end().failure);
    EXPECT_EQ(record.status, std::atoi(status));
    EXPECT_EQ(record.body, "{\"error\": \"x\"}");
  }
}

TEST(HttpFaults, OfAServerThatResetsAreFailuresOfThatRequest) {
  Record record;
  fetch_from(
      [](FaultPeer& peer) {
        peer.read_request();
        peer.reset_on_close();
      },
      record);
  EXPECT_EQ(record.kind(), FailureKind::kProtocol);
}

TEST(HttpFaults, OfSilenceEndWithTheIdleTimeoutHoweverSlowlyBytesHadCome) {
  Record record;
  fetch_from(
      [](FaultPeer& peer) {
        peer.read_request();
        peer.send(std::string(kStreamHead) + "5\r\nhe");
        EXPECT_TRUE(peer.sees_close());
      },
      record, {.idle_timeout = Seconds(0.1)});
  EXPECT_EQ(record.kind(), FailureKind::kTimeout);
  EXPECT_NE(record.why().find("silent"), std::string::npos);
}

TEST(HttpFaults, OfAStreamThatNeverStopsEndWithTheDeadline) {
  FaultServer endless([](FaultPeer& peer) {
    peer.read_request();
    peer.send(kStreamHead);
    while (peer.send(http_chunk("data: more\n\n")))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  const auto http = client();
  Record record;
  http->start({.url = endless.url()}, record.handlers(),
              std::chrono::steady_clock::now() + std::chrono::milliseconds(100));
  EXPECT_EQ(record.kind(), FailureKind::kDeadline);
  EXPECT_EQ(to_error(*record.wait_end().failure).code, ErrorCode::kTimeout);
  EXPECT_TRUE(record.body.starts_with("data: more\n\n"));
}

TEST(HttpFaults, OfABodyWithoutBoundEndAtTheBound) {
  Record record;
  fetch_from(
      [](FaultPeer& peer) {
        peer.read_request();
        peer.send(kStreamHead);
        while (peer.send(http_chunk(std::string(10'000, 'x')))) {
        }
      },
      record, {.most_body_bytes = 1'000'000});
  EXPECT_EQ(record.kind(), FailureKind::kProtocol);
  EXPECT_LE(record.body.size(), 1'000'000U);
}

// Each is well within its own bound.
TEST(HttpFaults, OfManyAnswersTogetherEndAtTheBoundOfAll) {
  std::promise<void> go_on;
  const auto going = go_on.get_future().share();
  FaultServer server([&](FaultPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" + std::string(30'000, 'x'));
    going.wait();
    peer.send(std::string(10'000, 'x'));
  });
  std::vector<Record> records(3);
  std::promise<void> first_end;
  std::atomic<int> ends = 0;
  const auto http = client({.most_body_bytes = 100'000, .most_bytes_in_all = 80'000});
  for (Record& record : records) {
    ResponseHandlers handlers = record.handlers();
    handlers.on_done = [&, on_done = handlers.on_done](const ExchangeEnd& end) {
      on_done(end);
      if (++ends == 1) first_end.set_value();
    };
    http->start({.url = server.url()}, std::move(handlers));
  }
  first_end.get_future().wait();  // the one that brought more than 80,000
  go_on.set_value();
  int whole = 0;
  for (Record& record : records) {
    const auto& failure = record.wait_end().failure;
    whole += failure ? 0 : 1;
    if (!failure) continue;
    EXPECT_EQ(failure->kind, FailureKind::kProtocol);
    EXPECT_NE(failure->message.find("more than 80000 bytes together"), std::string::npos);
  }
  EXPECT_EQ(whole, 2);
  const auto later = http->fetch({.url = server.url()});  // what has ended holds nothing any more
  EXPECT_TRUE(later);
}

TEST(HttpClient, BoundsNoAnswerThatIsNotKept) {
  FaultServer server([](FaultPeer& peer) {
    peer.read_request();
    peer.send(http_answer("200 OK", "text/plain", std::string(100'000, 'x')));
  });
  const auto http = client({.most_body_bytes = 1000});
  Record record;
  http->start({.url = server.url(), .keeps_answer = false}, record.handlers());
  EXPECT_FALSE(record.wait_end().failure);
  EXPECT_EQ(record.body.size(), 100'000U);
}

TEST(HttpFaults, OfAServerThatReadsNothingEndWithTheIdleTimeout) {
  std::mutex held;
  held.lock();
  FaultServer deaf([&](FaultPeer&) { const std::scoped_lock wait(held); });
  const auto http = client({.idle_timeout = Seconds(0.2)});
  Record record;
  http->start({.method = "POST", .url = deaf.url(), .body = std::string(50'000'000, 'x')},
              record.handlers());
  EXPECT_EQ(record.kind(), FailureKind::kTimeout);
  EXPECT_FALSE(record.wait_end().times.sent);
  held.unlock();
}

TEST(HttpFaults, OfANameWithoutAddressAndAPortWithoutServerSayWhich) {
  const auto http = client();
  const auto dns = http->fetch({.url = {.host = "nowhere.invalid", .port = 80}});
  ASSERT_FALSE(dns);
  EXPECT_EQ(dns.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(dns.error().message.find("nowhere.invalid"), std::string::npos);
  Url gone;
  {
    FaultServer server([](FaultPeer&) {});
    gone = server.url();
  }
  Record record;
  http->start({.url = gone}, record.handlers());
  EXPECT_EQ(record.kind(), FailureKind::kConnect);
  EXPECT_NE(record.why().find("is the server running?"), std::string::npos);
}

TEST(HttpFaults, OfARefusedLineOfThousandsEndEachOfThem) {
  Url gone;
  {
    FaultServer server([](FaultPeer&) {});
    gone = server.url();
  }
  const auto http = client({.connections_per_server = 1});
  std::atomic<int> refused = 0;
  Record last;
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i) {
    http->start({.url = gone}, {.on_done = [&](const ExchangeEnd& end) {
                  refused += end.failure && end.failure->kind == FailureKind::kConnect ? 1 : 0;
                }});
  }
  http->start({.url = gone}, last.handlers());
  EXPECT_EQ(last.kind(), FailureKind::kConnect);
  EXPECT_EQ(refused, kCount);
}

TEST(HttpFaults, OfARestartedServerAreHiddenWherePooledConnectionsHadDied) {
  const auto answer_once = [](FaultPeer& peer) {
    if (peer.read_request().empty()) return;
    peer.send(http_answer("200 OK", "text/plain", "yes"));
    peer.read_request();  // and then closes without a word
  };
  FaultServer server(answer_once);
  const auto http = client();
  for (int i = 0; i < 5; ++i) {
    const auto answer = http->fetch({.url = server.url()});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "yes");
  }
  EXPECT_EQ(server.connections(), 5);
}

TEST(HttpFaults, OfARestartAreFailuresOnceTheAnswerHadBegun) {
  FaultServer server([](FaultPeer& peer) {
    peer.read_request();
    peer.send(http_answer("200 OK", "text/plain", "yes"));
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  const auto http = client();
  ASSERT_TRUE(http->fetch({.url = server.url()}));
  const auto cut = http->fetch({.url = server.url()});
  ASSERT_FALSE(cut);
  EXPECT_EQ(server.connections(), 1);
}

// ---- cancelling ----

TEST(HttpCancel, ReachesTheServerBeforeTheFirstByteAndInTheMiddle) {
  for (const bool streaming : {false, true}) {
    std::atomic<bool> seen = false;
    {
      std::promise<void> asked;
      FaultServer server([&](FaultPeer& peer) {
        peer.read_request();
        asked.set_value();
        if (streaming) peer.send(std::string(kStreamHead) + http_chunk("data: a\n\n"));
        seen = peer.sees_close();
      });
      const auto http = client();
      Record record;
      std::stop_source stop;
      http->start({.url = server.url()}, record.handlers(), std::nullopt, stop.get_token());
      asked.get_future().wait();
      if (streaming) {
        EXPECT_TRUE(record.wait([&] { return !record.body.empty(); }));
      }
      stop.request_stop();
      EXPECT_EQ(record.kind(), FailureKind::kCancelled);
      EXPECT_EQ(record.ends, 1);
    }
    EXPECT_TRUE(seen);
  }
}

TEST(HttpCancel, EndsWhatStandsInLineAndWhatHadNotBegun) {
  FaultServer silent([](FaultPeer& peer) { EXPECT_TRUE(peer.sees_close()); });
  Record busy;  // still told of its end when the client goes
  Record waiting;
  Record stopped;
  Record late;
  const auto http = client({.connections_per_server = 1});
  std::stop_source stop;
  http->start({.url = silent.url()}, busy.handlers());
  http->start({.url = silent.url()}, waiting.handlers(), std::nullopt, stop.get_token());
  http->start({.url = silent.url()}, late.handlers(),
              std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
  stop.request_stop();
  EXPECT_EQ(waiting.kind(), FailureKind::kCancelled);
  http->start({.url = silent.url()}, stopped.handlers(), std::nullopt, stop.get_token());
  EXPECT_EQ(stopped.kind(), FailureKind::kCancelled);
  EXPECT_EQ(late.kind(), FailureKind::kDeadline);
  EXPECT_FALSE(busy.end);
}

}  // namespace
}  // namespace ipw::net
