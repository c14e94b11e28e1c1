// What the HTTP client costs, beside wrk against the same server in the same run: the server has
// one processor to itself, and wrk and the client take turns on another. Where wrk gets no more
// than the client, the server is the limit, not the client.
//   net_bench [SECONDS]

#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ipw/net/client.h"
#include "ipw/net/server.h"
#include "ipw/net/sse_reader.h"

#include "bench/child_server.h"
#include "bench/table.h"

namespace {

using namespace ipw;
using bench::give_up;
using Clock = std::chrono::steady_clock;
using Exchange = std::shared_ptr<net::ServerExchange>;

constexpr int kEvents = 100;  // of a stream
constexpr int kOpenStreams = 10'000;

const std::string& event() {
  static const std::string text = net::format_sse(
      R"({"id":"c-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" token"},"finish_reason":null}]})");
  return text;
}

void pin(int processor) {
  if (std::thread::hardware_concurrency() < 2) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof set, &set);
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// ---- the server, a process of its own ----

void stream(const Exchange& exchange, int left) {
  if (left == 0) return exchange->write({});
  if (exchange->gone().stop_requested()) return;
  exchange->write(event(), [exchange, left] { stream(exchange, left - 1); });
}

std::vector<net::Route> routes() {
  const net::Headers events = {{"Content-Type", "text/event-stream"}};
  const auto streams = [events](int count) {
    return [events, count](const Exchange& exchange) {
      exchange->begin(200, events);
      stream(exchange, count);
    };
  };
  const auto kept = std::make_shared<std::vector<Exchange>>();
  return {{"GET", "/whole",
           [](const Exchange& exchange) {
             exchange->send(200, {{"Content-Type", "application/json"}},
                            R"({"choices":[{"message":{"content":"42"}}]})");
           }},
          {"GET", "/stream", streams(kEvents)},
          {"GET", "/short", streams(50)},
          {"GET", "/long", streams(50'000)},
          {"GET", "/open", [events, kept](const Exchange& exchange) {
             exchange->begin(200, events);
             exchange->write(event());
             kept->push_back(exchange);
           }}};
}

// ---- wrk ----

struct WrkResult {
  double per_second = 0;
  std::string median;
  std::string p99;
};

WrkResult wrk(std::uint16_t port, const char* path, int connections, int seconds) {
  const std::string pinned = std::thread::hardware_concurrency() < 2 ? "" : "taskset -c 1 ";
  const std::string command = fmt::format("{}wrk -t1 -c{} -d{}s --latency http://127.0.0.1:{}{}",
                                          pinned, connections, seconds, port, path);
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) give_up("wrk cannot be run (scripts/setup bench)");
  WrkResult result;
  char line[256];
  char word[64];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    (void)std::sscanf(line, "Requests/sec: %lf", &result.per_second);
    if (std::sscanf(line, " 50%% %63s", word) == 1) result.median = word;
    if (std::sscanf(line, " 99%% %63s", word) == 1) result.p99 = word;
  }
  if (pclose(pipe) != 0 || result.per_second == 0) give_up("wrk failed (scripts/setup bench)");
  return result;
}

// ---- our client ----

net::Url address(std::uint16_t port, std::string path) {
  return {.host = "127.0.0.1", .port = port, .target = std::move(path)};
}

// Keeps `concurrency` requests to `path` in flight for `seconds`.
class Generator {
 public:
  Generator(net::HttpClient& client, net::Url url, int concurrency, double seconds)
      : client_(client), url_(std::move(url)), lanes_(static_cast<std::size_t>(concurrency)) {
    const auto begun = Clock::now();
    until_ =
        begun + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    running_ = concurrency;
    for (Lane& lane : lanes_) start(lane);
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return running_ == 0; });
    elapsed_ = std::chrono::duration<double>(Clock::now() - begun).count();
  }

  std::uint64_t requests = 0;
  std::uint64_t events = 0;
  std::vector<double> first_us;  // from the call to the first bytes of a body

  [[nodiscard]] double elapsed() const { return elapsed_; }

 private:
  struct Lane {
    net::SseReader reader;
    bool first = true;
    core::Instant called;
  };

  void start(Lane& lane) {
    lane.first = true;
    lane.reader = net::SseReader();
    lane.called = Clock::now();
    client_.start({.url = url_},
                  {.on_data =
                       [this, &lane](std::string_view bytes, core::Instant at) {
                         if (std::exchange(lane.first, false)) {
                           first_us.push_back(
                               std::chrono::duration<double, std::micro>(at - lane.called).count());
                         }
                         if (!lane.reader.push(bytes, [this](const net::SseEvent&) { ++events; })) {
                           give_up("a stream is broken");
                         }
                       },
                   .on_done =
                       [this, &lane](const net::ExchangeEnd& end) {
                         if (end.failure) give_up(end.failure->message);
                         ++requests;
                         if (Clock::now() < until_) return start(lane);
                         const std::scoped_lock lock(mutex_);
                         if (--running_ == 0) ended_.notify_all();
                       }});
  }

  net::HttpClient& client_;
  net::Url url_;
  std::vector<Lane> lanes_;
  Clock::time_point until_;
  std::mutex mutex_;
  std::condition_variable ended_;
  int running_ = 0;
  double elapsed_ = 0;
};

double quantile(std::vector<double>& values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// ---- the rows ----

void measure_requests(net::HttpClient& client, std::uint16_t port, int seconds) {
  const WrkResult ceiling = wrk(port, "/whole", 64, seconds);
  const Generator ours(client, address(port, "/whole"), 64, seconds);
  const double rate = static_cast<double>(ours.requests) / ours.elapsed();
  bench::row(
      "HTTP: whole answers/s, 64 in flight: ours (wrk on the same core)",
      fmt::format("{:.0f} ({:.0f}): {:.2f}", rate, ceiling.per_second, rate / ceiling.per_second),
      ">= 0.5 of wrk");
}

void measure_events(net::HttpClient& client, std::uint16_t port, int seconds) {
  const WrkResult ceiling = wrk(port, "/stream", 256, seconds);
  const Generator ours(client, address(port, "/stream"), 256, seconds);
  const double rate = static_cast<double>(ours.events) / ours.elapsed();
  const double most = ceiling.per_second * kEvents;
  bench::row("HTTP: events/s over 256 streams: ours, parsed (wrk, not parsed)",
             fmt::format("{:.0f} ({:.0f}): {:.2f}", rate, most, rate / most), ">= 0.5 of wrk");
}

void measure_first_event(net::HttpClient& client, std::uint16_t port, int seconds) {
  const WrkResult beside = wrk(port, "/whole", 1, seconds);
  Generator ours(client, address(port, "/short"), 1, seconds);
  bench::row("HTTP: call to first event, one stream at a time: p50, p99",
             fmt::format("{:.0f} us, {:.0f} us", quantile(ours.first_us, 0.5),
                         quantile(ours.first_us, 0.99)),
             "");
  bench::row("  beside it: wrk's whole answer, one at a time: p50, p99",
             beside.median + ", " + beside.p99);
}

void measure_length(net::HttpClient& client, std::uint16_t port, int seconds) {
  const auto cost_us = [&](const char* path) {
    const double before = cpu_seconds();
    const Generator ours(client, address(port, path), 8, seconds);
    return (cpu_seconds() - before) * 1e6 / static_cast<double>(ours.events);
  };
  const double shorter = cost_us("/short");
  const double longer = cost_us("/long");
  bench::row("HTTP: CPU per event, answers of 50,000 events (of 50)",
             fmt::format("{:.2f} us ({:.2f} us)", longer, shorter), "not more");
}

void measure_memory(std::uint16_t port) {
  auto client = net::HttpClient::open({.idle_timeout = core::Seconds(600)});
  if (!client) give_up(client.error().message);
  const double before = resident_bytes();
  std::atomic<int> open = 0;
  std::atomic<int> failed = 0;
  for (int i = 0; i < kOpenStreams; ++i) {
    (*client)->start({.url = address(port, "/open")},
                     {.on_data = [&](std::string_view, core::Instant) { ++open; },
                      .on_done = [&](const net::ExchangeEnd&) { ++failed; }});
  }
  for (int i = 0; i < 600 && open < kOpenStreams && failed == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (open < kOpenStreams) {
    bench::row(fmt::format("HTTP: memory with {} open streams", kOpenStreams),
               fmt::format("only {} opened (ulimit -n)", open.load()));
  } else {
    const double bytes = resident_bytes() - before;
    bench::row(fmt::format("HTTP: memory with {} open streams", kOpenStreams),
               fmt::format("{:.0f} MB, {:.1f} kB each", bytes / 1e6, bytes / 1e3 / kOpenStreams));
  }
  client->reset();
}

}  // namespace

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 3;
  raise_descriptor_limit();
  pid_t child = 0;
  const auto pinned = [] {
    pin(0);
    return routes();
  };
  const std::uint16_t port = bench::serve_in_child(pinned, &child);
  pin(1);
  {
    const auto client = net::HttpClient::open();
    if (!client) give_up(client.error().message);
    measure_requests(**client, port, seconds);
    measure_events(**client, port, seconds);
    measure_first_event(**client, port, seconds);
    measure_length(**client, port, seconds);
  }
  measure_memory(port);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}
