// What a question costs outside the model: a model that answers at once, profiled through
// everything else: the question file, the scorer, the sampler and attribution, the durable commit.
//   overhead_bench [QUESTIONS]

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "ipw/datasets/catalog.h"
#include "ipw/datasets/selection.h"
#include "ipw/energy/sensors.h"
#include "ipw/models/scripted_model.h"
#include "ipw/profiling/profile.h"

#include "bench/table.h"

namespace {

namespace fs = std::filesystem;
using namespace ipw;

fs::path write_questions(const fs::path& directory, int count) {
  const fs::path path = directory / "questions.jsonl";
  std::ofstream file(path);
  for (int i = 0; i < count; ++i) {
    file << fmt::format(R"({{"question": "What is {} plus {}?", "answer": "{}"}})", i, i + 1,
                        2 * i + 1)
         << "\n";
  }
  return path;
}

// Microseconds of wall time per question.
double profile_once(const fs::path& directory, int count, int concurrency, bool metered) {
  core::SystemClock clock;
  auto selection = *datasets::select(*datasets::open((directory / "questions.jsonl").string()), {});
  const auto scorer = *scoring::make_scorer("numeric");
  profiling::ProfileParts parts{
      .open_model =
          [&] {
            return std::make_unique<models::ScriptedModel>(
                [](const models::Request&) -> models::ScriptedAnswer {
                  return {.pieces = {"#### ", "12"}, .prompt_tokens = core::Tokens{20}};
                },
                clock, concurrency);
          },
      .open_run =
          [&](const models::ModelDescription&) {
            return store::Run::create(directory / fmt::format("run-{}-{}", concurrency, metered),
                                      {}, clock);
          },
      .questions = *selection.questions,
      .planned = count,
      .scorer = *scorer,
      .sensors = {},
      .clock = clock};
  if (metered) parts.sensors = energy::probe_sensors({}).sensors;
  const auto result = profiling::profile(
      std::move(parts),
      {.concurrency = concurrency, .warmup = 0, .max_tokens = 8, .idle = core::Seconds(0)},
      [](const profiling::Progress&) {}, {});
  if (!result || result->progress.done != count) {
    fmt::print(stderr, "overhead_bench: {}\n",
               result ? "questions are missing" : result.error().message);
    std::exit(1);
  }
  return result->progress.elapsed.count() / count * 1e6;
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 20'000;
  std::string pattern = (fs::temp_directory_path() / "ipw-overhead-XXXXXX").string();
  const fs::path directory = ::mkdtemp(pattern.data());
  write_questions(directory, count);
  for (const int concurrency : {1, 8}) {
    for (const bool metered : {false, true}) {
      bench::row(fmt::format("a question outside the model, {} in flight, {} sensors", concurrency,
                             metered ? "with" : "no"),
                 fmt::format("{:.1f} us", profile_once(directory, count, concurrency, metered)),
                 "< 50 us");
    }
  }
  fs::remove_all(directory);
}
