#include "ipw/net/server.h"

#include <gtest/gtest.h>
#include <sys/un.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ipw/net/client.h"
#include "ipw/net/raw_client_test.h"
#include "ipw/net/sse_reader.h"

namespace ipw::net {
namespace {

namespace fs = std::filesystem;
using core::Seconds;
using Exchange = std::shared_ptr<ServerExchange>;

std::unique_ptr<HttpServer> serve(std::vector<Route> routes, ServerOptions options = {}) {
  auto server = HttpServer::open(std::move(options), std::move(routes));
  EXPECT_TRUE(server);
  return std::move(*server);
}

void say_path(const Exchange& exchange) {
  exchange->send(200, {{"Content-Type", "text/plain"}}, exchange->request().path);
}

std::string ask(const HttpServer& server, std::string_view request) {
  RawClient client(server.port());
  EXPECT_TRUE(client.send(request));
  return client.read_all();
}

constexpr std::string_view kClose = "Connection: close\r\n\r\n";

std::string get(std::string_view path, std::string_view method = "GET") {
  return std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" +
         std::string(kClose);
}

TEST(HttpServer, FindsRoutesByMethodPathAndPrefix) {
  const auto server = serve({{"GET", "/a", say_path}, {"GET", "/b/*", say_path}});
  EXPECT_TRUE(ask(*server, get("/a?x")).ends_with("\r\n\r\n/a"));
  EXPECT_TRUE(ask(*server, get("/b/c")).ends_with("\r\n\r\n/b/c"));
  EXPECT_TRUE(ask(*server, get("/c")).starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_TRUE(ask(*server, get("/a", "POST")).starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(
      ask(*server, get("/c"))
          .ends_with(
              R"({"error": {"message": "there is nothing at this path", "type": "not_found_error"}})"));
  const std::string head = ask(*server, get("/a", "HEAD"));
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  EXPECT_NE(head.find("Content-Length: 2"), std::string::npos);
}

TEST(HttpServer, AnswersRequestsThatCameTogetherInTheirOrder) {
  const auto server = serve({{"GET", "*", say_path}});
  const std::string answers =
      ask(*server, "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n" + get("/3"));
  const std::size_t one = answers.find("/1");
  const std::size_t two = answers.find("/2");
  ASSERT_NE(two, std::string::npos) << answers;
  EXPECT_LT(one, two);
  EXPECT_LT(two, answers.find("/3"));
}

TEST(HttpServer, AnswersRequestsThatCameTogetherFromOtherThreads) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  {
    const auto server = serve({{"GET", "*", [&](const Exchange& exchange) {
                                  const std::scoped_lock lock(mutex);
                                  threads.emplace_back([exchange] { say_path(exchange); });
                                }}});
    const std::string answers =
        ask(*server, "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n" + get("/3"));
    const std::size_t two = answers.find("/2");
    ASSERT_NE(two, std::string::npos) << answers;
    EXPECT_LT(answers.find("/1"), two);
    EXPECT_LT(two, answers.find("/3"));
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(HttpServer, StreamsEventsFromAnotherThreadAsTheyAreWritten) {
  std::thread writer;
  std::promise<void> first_read;
  const auto server = serve({{"GET", "/", [&](const Exchange& exchange) {
                                writer = std::thread([&, exchange] {
                                  exchange->begin(200, {{"Content-Type", "text/event-stream"}});
                                  exchange->write(format_sse("one"));
                                  first_read.get_future().wait();
                                  exchange->write(format_sse("two\nlines", "kind"));
                                  exchange->write({});
                                });
                              }}});
  RawClient client(server->port());
  ASSERT_TRUE(client.send(get("/")));
  const std::string first = client.read_until("one\n\n\r\n");
  EXPECT_NE(first.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(first.ends_with("\r\n\r\nb\r\ndata: one\n\n\r\n")) << first;
  first_read.set_value();
  EXPECT_EQ(client.read_all(), "23\r\nevent: kind\ndata: two\ndata: lines\n\n\r\n0\r\n\r\n");
  writer.join();
}

TEST(HttpServer, EndsAStreamForHttp10ByClosing) {
  const auto server = serve({{"GET", "/", [](const Exchange& exchange) {
                                exchange->begin(200, {});
                                exchange->write("text");
                                exchange->write({});
                              }}});
  EXPECT_EQ(ask(*server, "GET / HTTP/1.0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ntext");
}

TEST(HttpServer, Answers500ForWhatAHandlerForgetsAndCutsStreamsThatItDrops) {
  const auto server = serve(
      {{"GET", "/forget", [](const Exchange&) {}}, {"GET", "/drop", [](const Exchange& exchange) {
                                                      exchange->begin(200, {});
                                                      exchange->write("half");
                                                    }}});
  EXPECT_TRUE(ask(*server, get("/forget")).starts_with("HTTP/1.1 500 "));
  const std::string cut = ask(*server, get("/drop"));
  EXPECT_NE(cut.find("half"), std::string::npos);
  EXPECT_EQ(cut.find("\r\n0\r\n"), std::string::npos) << "must not look complete";
}

TEST(HttpServer, RefusesWhatIsNoRequestTooMuchOrTooSlow) {
  const auto server =
      serve({{"POST", "*", say_path}},
            {.most_head_bytes = 1000, .most_body_bytes = 100, .request_timeout = Seconds(0.1)});
  EXPECT_TRUE(ask(*server, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(ask(*server, "\x16\x03\x01 a TLS hello").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(
      ask(*server, "GET / HTTP/1.1\r\nX: " + std::string(2000, 'x')).starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(ask(*server, "POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'))
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(ask(*server, "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
                  .starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(ask(*server, "GET / HT").starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(ask(*server, ""), "") << "who says nothing is closed without a word";
}

TEST(HttpServer, RefusesARequestThatDripsInHoweverSteadily) {
  const auto server = serve({{"POST", "*", say_path}}, {.request_timeout = Seconds(0.1)});
  RawClient client(server->port());
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nX: "));
  int drops = 0;
  while (client.send("x") && drops < 1000) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ++drops;
  }
  EXPECT_LT(drops, 1000);
}

TEST(HttpServer, SaysGoOnToAClientThatAsksBeforeItsBody) {
  const auto server = serve({{"POST", "/", [](const Exchange& exchange) {
                                exchange->send(200, {}, exchange->request().body);
                              }}});
  RawClient client(server->port());
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" +
                          std::string(kClose)));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(client.send("ok"));
  EXPECT_TRUE(client.read_all().ends_with("\r\n\r\nok"));
}

TEST(HttpServer, TellsTheWriterThatTheReaderIsGone) {
  std::promise<void> gone;
  const auto server = serve({{"GET", "/", [&](const Exchange& exchange) {
                                std::thread([&, exchange] {
                                  exchange->begin(200, {});
                                  std::mutex mutex;
                                  std::condition_variable_any changed;
                                  std::unique_lock lock(mutex);
                                  changed.wait(lock, exchange->gone(), [] { return false; });
                                  gone.set_value();
                                }).detach();
                              }}});
  {
    RawClient client(server->port());
    ASSERT_TRUE(client.send(get("/")));
    client.read_until("\r\n\r\n");
  }
  EXPECT_EQ(gone.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(HttpServer, HoldsAWriterBackUntilTheReaderHasTakenMostOfIt) {
  std::mutex mutex;
  std::condition_variable changed;
  bool drained = false;
  const std::string large(8'000'000, 'x');
  const auto server = serve({{"GET", "/", [&](const Exchange& exchange) {
                                exchange->begin(200, {});
                                exchange->write(large, [&, exchange] {
                                  const std::scoped_lock lock(mutex);
                                  drained = true;
                                  exchange->write({});
                                  changed.notify_all();
                                });
                              }}});
  RawClient client(server->port());
  ASSERT_TRUE(client.send(get("/")));
  client.read_until("\r\n\r\n");
  {
    const std::scoped_lock lock(mutex);
    EXPECT_FALSE(drained) << "more than the kernel's buffers hold is still waiting";
  }
  EXPECT_GT(client.read_all().size(), large.size());
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(10), [&] { return drained; }));
}

TEST(HttpServer, CutsOffAReaderThatTakesNothing) {
  std::promise<void> cut;
  const auto server = serve({{"GET", "/",
                              [&](const Exchange& exchange) {
                                std::thread([&, exchange] {
                                  exchange->begin(200, {});
                                  std::string piece(100'000, 'x');
                                  while (!exchange->gone().stop_requested()) exchange->write(piece);
                                  cut.set_value();
                                }).detach();
                              }}},
                            {.most_queued_bytes = 1'000'000});
  RawClient client(server->port());
  ASSERT_TRUE(client.send(get("/")));
  EXPECT_EQ(cut.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(HttpServer, RefusesTheRequestThatIsTooMuchForAllTogether) {
  std::promise<Exchange> first;
  std::atomic<int> asked = 0;
  const auto server = serve({{"POST", "/",
                              [&](const Exchange& exchange) {
                                if (++asked == 1) return first.set_value(exchange);
                                exchange->send(200, {}, "taken");
                              }}},
                            {.most_body_bytes = 1000, .most_bytes_in_all = 1500});
  const std::string post =
      "POST / HTTP/1.1\r\nContent-Length: 1000\r\n" + std::string(kClose) + std::string(1000, 'x');
  RawClient holder(server->port());
  ASSERT_TRUE(holder.send(post));
  Exchange held = first.get_future().get();
  EXPECT_TRUE(ask(*server, post).starts_with("HTTP/1.1 503 "));
  held->send(200, {}, "done");
  EXPECT_TRUE(holder.read_all().ends_with("done"));
  held.reset();
  EXPECT_TRUE(ask(*server, post).ends_with("taken")) << "what was answered holds nothing any more";
}

TEST(HttpServer, CutsOffReadersThatTogetherLeaveTooMuchWaiting) {
  std::mutex mutex;
  std::vector<std::thread> writers;
  std::atomic<int> cut = 0;
  const auto server = serve({{"GET", "/",
                              [&](const Exchange& exchange) {
                                const std::scoped_lock lock(mutex);
                                writers.emplace_back([&, exchange] {
                                  exchange->begin(200, {});
                                  const std::string piece(100'000, 'x');
                                  while (!exchange->gone().stop_requested()) exchange->write(piece);
                                  ++cut;
                                });
                              }}},
                            {.most_bytes_in_all = 20'000'000});  // most_queued_bytes is 64 MiB
  std::vector<std::unique_ptr<RawClient>> readers;
  for (int i = 0; i < 3; ++i) {
    readers.push_back(std::make_unique<RawClient>(server->port()));
    ASSERT_TRUE(readers.back()->send(get("/")));
    readers.back()->read_until("\r\n\r\n");
  }
  for (int i = 0; i < 1000 && cut < 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(cut, 3);
  const std::scoped_lock lock(mutex);
  for (std::thread& writer : writers) writer.join();
}

TEST(HttpServer, LetsAnswersFinishWhenItStopsAndTakesNoNewOnes) {
  std::promise<void> begun;
  std::promise<void> go_on;
  const auto server = serve({{"GET", "/", [&](const Exchange& exchange) {
                                std::thread([&, exchange] {
                                  exchange->begin(200, {});
                                  begun.set_value();
                                  go_on.get_future().wait();
                                  exchange->write("whole");
                                  exchange->write({});
                                }).detach();
                              }}});
  RawClient idle(server->port());
  RawClient client(server->port());
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\n\r\n"));
  begun.get_future().wait();
  std::thread stopper([&] { server->stop(Seconds(30)); });
  EXPECT_EQ(idle.read_all(), "");
  go_on.set_value();
  EXPECT_TRUE(client.read_all().ends_with("5\r\nwhole\r\n0\r\n\r\n"));
  stopper.join();
  EXPECT_FALSE(RawClient(server->port()).connected());
}

TEST(HttpServer, StopsAtOnceWhereNobodyIsWaitedFor) {
  Exchange kept;
  std::promise<void> begun;
  RawClient* reader = nullptr;
  {
    const auto server = serve({{"GET", "/", [&](const Exchange& exchange) {
                                  kept = exchange;
                                  exchange->begin(200, {});
                                  begun.set_value();
                                }}});
    reader = new RawClient(server->port());
    ASSERT_TRUE(reader->send(get("/")));
    begun.get_future().wait();
  }
  EXPECT_TRUE(kept->gone().stop_requested());
  kept->write("too late");  // must do no harm
  kept.reset();
  reader->read_all();
  EXPECT_TRUE(reader->closed());
  delete reader;
}

TEST(HttpServer, TakesOverASocketFileThatWasLeftBehindAndNoOtherFile) {
  const fs::path folder = fs::temp_directory_path() / ("ipw-net-left-" + std::to_string(getpid()));
  fs::create_directories(folder);
  const std::string left = folder / "left";
  const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  left.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(descriptor);
  EXPECT_TRUE(HttpServer::open({.unix_socket = left}, {}));
  std::ofstream(folder / "file") << "text";
  const auto refused = HttpServer::open({.unix_socket = folder / "file"}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::kBusy);
  EXPECT_TRUE(fs::exists(folder / "file"));
  fs::remove_all(folder);
}

TEST(HttpServer, SaysWhyItCannotListen) {
  const auto first = serve({});
  const auto taken = HttpServer::open({.port = first->port()}, {});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, core::ErrorCode::kBusy);
  EXPECT_EQ(HttpServer::open({.address = "localhost"}, {}).error().code, core::ErrorCode::kUsage);
  EXPECT_EQ(HttpServer::open({.unix_socket = "/no/such/folder/s"}, {}).error().code,
            core::ErrorCode::kNotFound);
  EXPECT_EQ(HttpServer::open({.unix_socket = std::string(200, 'x')}, {}).error().code,
            core::ErrorCode::kUsage);
  EXPECT_EQ(HttpServer::open({.certificate = "/no/cert", .key = "/no/key"}, {}).error().code,
            core::ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ipw::net
