// What the load generator itself costs: how many requests a second it can send to a model that
// answers at once, through question file, scorer and durable commit, and how late they leave at
// half that rate.
//   load_bench [SECONDS]

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "ipw/metrics/interval.h"
#include "ipw/models/scripted_model.h"
#include "ipw/profiling/profile.h"

#include "bench/table.h"

namespace {

namespace fs = std::filesystem;
using namespace ipw;

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

store::Columns offered(const fs::path& directory, const profiling::ProfileOptions& options,
                       core::Seconds answer_in) {
  core::SystemClock clock;
  Numbers numbers;
  const auto scorer = *scoring::make_scorer("numeric");
  const auto result = profiling::profile(
      {.open_model =
           [&] {
             return std::make_unique<models::ScriptedModel>(
                 [&](const models::Request&) -> models::ScriptedAnswer {
                   return {.pieces = {"12"}, .prefill = answer_in};
                 },
                 clock, profiling::kMostInFlight);
           },
       .open_run = [&](const auto&) { return store::Run::create(directory, {}, clock); },
       .questions = numbers,
       .planned = 0,
       .scorer = *scorer,
       .sensors = {},
       .clock = clock},
      options, [](const profiling::Progress&) {}, {});
  if (!result) {
    fmt::print(stderr, "load_bench: {}\n", result.error().message);
    std::exit(1);
  }
  store::Columns columns = *store::Run::open(directory)->columns();
  fs::remove_all(directory);
  return columns;
}

// Requests per second of a closed loop.
double most_per_second(const fs::path& directory, int in_flight, double seconds) {
  const store::Columns columns = offered(directory / "closed",
                                         {.concurrency = in_flight,
                                          .arrivals = {.duration = core::Seconds(seconds)},
                                          .warmup = 0,
                                          .idle = core::Seconds(0)},
                                         core::Seconds(0));
  const core::Seconds span =
      *std::ranges::max_element(columns.last_token) - *std::ranges::min_element(columns.intended);
  return static_cast<double>(columns.size()) / span.count();
}

struct Delay {
  double p50 = 0.0;
  double p99 = 0.0;
};

Delay delay_at(const fs::path& directory, double rate, double seconds, core::Seconds answer_in) {
  const store::Columns columns = offered(directory / "open",
                                         {.arrivals = {.law = profiling::ArrivalLaw::kPoisson,
                                                       .rate = rate,
                                                       .duration = core::Seconds(seconds)},
                                          .warmup = 0,
                                          .idle = core::Seconds(0)},
                                         answer_in);
  std::vector<float> delays;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    delays.push_back(static_cast<float>(columns.dispatch_delay(i).count()));
  }
  std::ranges::sort(delays);
  return {metrics::quantile(delays, .50), metrics::quantile(delays, .99)};
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5.0;
  std::string pattern = (fs::temp_directory_path() / "ipw-load-XXXXXX").string();
  const fs::path directory = ::mkdtemp(pattern.data());
  double most = 0.0;
  for (const int in_flight : {1, 2, 8, 64}) {
    const double rate = most_per_second(directory, in_flight, seconds);
    most = std::max(most, rate);
    bench::row(fmt::format("requests per second, closed loop, {} in flight", in_flight),
               fmt::format("{:.0f} /s", rate));
  }
  for (const double share : {.1, .5}) {
    const Delay delay = delay_at(directory, share * most, seconds, core::Seconds(0));
    bench::row(
        fmt::format("dispatch delay, Poisson at {:.0f} % of that, answered at once", 100 * share),
        fmt::format("p50 {:.0f} us, p99 {:.0f} us", 1e6 * delay.p50, 1e6 * delay.p99),
        share == .5 ? "p99 < 1 ms" : "");
  }
  const Delay slow = delay_at(directory, 2000.0, seconds, core::Seconds(.25));
  bench::row("dispatch delay, Poisson at 2000 /s, 500 in flight",
             fmt::format("p50 {:.0f} us, p99 {:.0f} us", 1e6 * slow.p50, 1e6 * slow.p99),
             "p99 < 1 ms");
  fs::remove_all(directory);
}
