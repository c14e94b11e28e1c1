// What the load generator itself costs: how many requests a second it can send to a model that
// answers at once, in this process and behind a minimal server, through scorer and durable commit,
// and how late they leave at half that rate.
//   load_bench [SECONDS]

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <vector>

#include "ipw/metrics/interval.h"
#include "ipw/models/open_model.h"
#include "ipw/models/scripted_model.h"
#include "ipw/net/server.h"
#include "ipw/profiling/profile.h"

#include "bench/child_server.h"
#include "bench/steal.h"
#include "bench/table.h"

namespace {

namespace fs = std::filesystem;
using namespace ipw;
using bench::give_up;

// As many questions as one likes, without a file.
class Numbers final : public datasets::QuestionSet {
 public:
  [[nodiscard]] datasets::SetDescription describe() const override { return {.name = "numbers"}; }
  core::Result<std::optional<record::Question>> next() override {
    return record::Question{
        .id = fmt::format("{:032x}", next_++), .prompt = "Say 12", .reference = "12"};
  }
  core::Result<void> rewind() override {
    next_ = 0;
    return {};
  }

 private:
  std::uint64_t next_ = 0;
};

using OpenModel = std::function<core::Result<std::unique_ptr<models::LanguageModel>>()>;

OpenModel in_this_process(core::Clock& clock, core::Seconds answer_in = core::Seconds(0)) {
  return [&clock, answer_in] {
    return std::make_unique<models::ScriptedModel>(
        [answer_in](const models::Request&) -> models::ScriptedAnswer {
          return {.pieces = {"12"}, .prefill = answer_in};
        },
        clock, profiling::kMostInFlight);
  };
}

constexpr const char* kAnswer =
    R"({"choices":[{"index":0,"message":{"role":"assistant","content":"12"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":2,"completion_tokens":1}})";

std::vector<net::Route> routes() {
  return {
      {"POST", "/v1/chat/completions", [](const std::shared_ptr<net::ServerExchange>& exchange) {
         exchange->send(200, {{"Content-Type", "application/json"}}, kAnswer);
       }}};
}

OpenModel behind(std::uint16_t port) {
  return [port] {
    models::RemoteOptions remote;
    remote.base_url = fmt::format("http://127.0.0.1:{}/v1", port);
    return models::open_model("openai:numbers", {}, remote);
  };
}

store::Columns offered(const fs::path& directory, const profiling::ProfileOptions& options,
                       const OpenModel& open_model, core::Clock& clock) {
  Numbers numbers;
  const auto scorer = *scoring::make_scorer("numeric");
  const auto result = profiling::profile(
      {.open_model = open_model,
       .open_run = [&](const auto&) { return store::Run::create(directory, {}, clock); },
       .questions = numbers,
       .planned = 0,
       .scorer = *scorer,
       .sensors = {},
       .clock = clock},
      options, [](const profiling::Progress&) {}, {});
  if (!result) give_up(result.error().message);
  store::Columns columns = *store::Run::open(directory)->columns();
  fs::remove_all(directory);
  return columns;
}

// Requests per second of a closed loop.
double most_per_second(const fs::path& directory, int in_flight, double seconds,
                       const OpenModel& open_model, core::Clock& clock) {
  const store::Columns columns = offered(directory / "closed",
                                         {.concurrency = in_flight,
                                          .arrivals = {.duration = core::Seconds(seconds)},
                                          .warmup = 0,
                                          .idle = core::Seconds(0)},
                                         open_model, clock);
  const core::Seconds span =
      *std::ranges::max_element(columns.last_token) - *std::ranges::min_element(columns.intended);
  return static_cast<double>(columns.size()) / span.count();
}

struct Delay {
  double p50 = 0.0;
  double p99 = 0.0;
};

Delay delay_at(const fs::path& directory, double rate, double seconds, const OpenModel& open_model,
               core::Clock& clock) {
  const store::Columns columns = offered(directory / "open",
                                         {.arrivals = {.law = profiling::ArrivalLaw::kPoisson,
                                                       .rate = rate,
                                                       .duration = core::Seconds(seconds)},
                                          .warmup = 0,
                                          .idle = core::Seconds(0)},
                                         open_model, clock);
  std::vector<float> delays;
  delays.reserve(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    delays.push_back(static_cast<float>(columns.dispatch_delay(i).count()));
  }
  std::ranges::sort(delays);
  return {metrics::quantile(delays, .50), metrics::quantile(delays, .99)};
}

void measure(const char* where, const fs::path& directory, double seconds,
             const OpenModel& open_model, core::Clock& clock) {
  double most = 0.0;
  for (const int in_flight : {1, 8, 64}) {
    const double rate = most_per_second(directory, in_flight, seconds, open_model, clock);
    most = std::max(most, rate);
    bench::row(fmt::format("{}: questions/s, closed loop, {} in flight", where, in_flight),
               fmt::format("{:.0f} /s", rate));
  }
  for (const double share : {.1, .5}) {
    const Delay delay = delay_at(directory, share * most, seconds, open_model, clock);
    bench::row(fmt::format("{}: dispatch delay, Poisson at {:.0f} % of that", where, 100 * share),
               fmt::format("p50 {:.0f} us, p99 {:.0f} us", 1e6 * delay.p50, 1e6 * delay.p99),
               share == .5 ? "p99 < 1 ms" : "");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5.0;
  pid_t server = 0;
  const std::uint16_t port = bench::serve_in_child(routes, &server);
  std::string pattern = (fs::temp_directory_path() / "ipw-load-XXXXXX").string();
  const fs::path directory = ::mkdtemp(pattern.data());
  core::SystemClock clock;
  const bench::Steal before = bench::Steal::now();
  measure("answered in the process", directory, seconds, in_this_process(clock), clock);
  measure("answered by a server", directory, seconds, behind(port), clock);
  const Delay slow =
      delay_at(directory, 2000.0, seconds, in_this_process(clock, core::Seconds(.25)), clock);
  bench::row("dispatch delay, Poisson at 2000 /s, 500 in flight",
             fmt::format("p50 {:.0f} us, p99 {:.0f} us", 1e6 * slow.p50, 1e6 * slow.p99),
             "p99 < 1 ms");
  bench::row("processor time that the host gave to others meanwhile",
             fmt::format("{:.1f} %", 100 * bench::Steal::now().share_since(before)));
  ::kill(server, SIGTERM);
  fs::remove_all(directory);
}
