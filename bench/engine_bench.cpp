// Generation and prompt speed of our engine against llama-bench on the same model, one thread each,
// in alternating rounds, so that a change of the machine's mood hits both. llama-bench neither
// samples nor detokenizes; we do both, and stream every token to a sink.
//
//   engine_bench [MODEL.gguf [ROUNDS]]     exit status 1 if the median ratio is below 0.97

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/models/llama_engine.h"

#include "bench/table.h"

namespace {

namespace fs = std::filesystem;
using ipw::models::EngineOptions;
using ipw::models::LlamaEngine;
using ipw::models::Request;

constexpr int kPromptTokens = 256;
constexpr int kOutputTokens = 64;
constexpr int kRepeats = 10;  // per round, of each; the fastest counts: others' work only slows
constexpr double kAim = 0.97;

struct Speed {  // tokens/s
  double generate = 0;
  double prompt = 0;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Standard output of a command; ends the program where it fails.
std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  std::array<char, 4096> buffer{};
  while (pipe) {
    const std::size_t count = fread(buffer.data(), 1, buffer.size(), pipe.get());
    if (count == 0) break;
    text.append(buffer.data(), count);
  }
  if (text.empty()) {
    fmt::print(stderr, "engine_bench: no output from: {}\n", command);
    std::exit(1);
  }
  return text;
}

/// The one that was built beside this program, or the system's.
std::string llama_bench_beside(const fs::path& folder) {
  const fs::path built = folder / "llama-bench" / "llama-bench";
  return fs::exists(built) ? built.string() : "llama-bench";
}

Speed run_llama_bench(const std::string& program, const std::string& model) {
  const auto rows = nlohmann::json::parse(
      output_of(fmt::format("'{}' -m '{}' -t 1 -p {} -n {} -r {} -o json 2>/dev/null", program,
                            model, kPromptTokens, kOutputTokens, kRepeats)));
  Speed speed;
  for (const auto& row : rows) {
    const double value = std::ranges::max(row.at("samples_ts").get<std::vector<double>>());
    (row.at("n_gen").get<int>() > 0 ? speed.generate : speed.prompt) = value;
  }
  return speed;
}

/// Tokens a second of one request that evaluates `evaluated` tokens.
double run_request(LlamaEngine& engine, std::size_t prompt_bytes, int output) {
  Request request;
  request.raw_prompt = std::string(prompt_bytes, 'a');  // the begin token is added: one more
  request.max_tokens = output;
  std::size_t seen = 0;
  const auto completion =
      engine.generate(request, [&seen](const auto& event) { seen += event.piece.size(); }, {});
  if (!completion || seen == 0) {
    fmt::print(stderr, "engine_bench: {}\n", completion ? "no text" : completion.error().message);
    std::exit(1);
  }
  const double tokens = output > 1 ? output : static_cast<double>(prompt_bytes + 1);
  return tokens / completion->timings.service().count();
}

Speed run_engine(LlamaEngine& engine) {
  Speed best;
  run_request(engine, kPromptTokens - 1, 1);  // llama-bench, too, warms up before it measures
  for (int i = 0; i < kRepeats; ++i) {
    best.prompt = std::max(best.prompt, run_request(engine, kPromptTokens - 1, 1));
  }
  for (int i = 0; i < kRepeats; ++i) {
    best.generate = std::max(best.generate, run_request(engine, 0, kOutputTokens));
  }
  return best;
}

void ratio_row(const char* what, const std::vector<double>& ours, const std::vector<double>& theirs,
               const std::vector<double>& ratios, const char* aim) {
  const auto [low, high] = std::ranges::minmax(ratios);
  ipw::bench::row(
      fmt::format("{}, tokens/s of ipw / of llama-bench, median of {}", what, ours.size()),
      fmt::format("{:.3f} ({:.3f} to {:.3f}; {:.0f} / {:.0f})", median(ratios), low, high,
                  median(ours), median(theirs)),
      aim);
}

}  // namespace

int main(int count, char** arguments) {
  const fs::path folder = fs::canonical("/proc/self/exe").parent_path();
  const std::string llama_bench = llama_bench_beside(folder);
  const std::string model =
      count > 1 ? arguments[1] : (folder.parent_path() / "models" / "random-13m.gguf").string();
  const int rounds = count > 2 ? std::max(1, std::atoi(arguments[2])) : 9;
  EngineOptions options;
  options.threads = 1;
  options.reuse_prefix = false;
  const auto engine = LlamaEngine::open(model, options);
  if (!engine) {
    fmt::print(stderr, "engine_bench: {}\n", engine.error().message);
    return 1;
  }
  std::array<std::vector<double>, 3> generate;  // ours, theirs, ratio
  std::array<std::vector<double>, 3> prompt;
  for (int round = 0; round < rounds; ++round) {
    Speed ours;
    Speed theirs;
    if (round % 2 == 0) ours = run_engine(**engine);
    theirs = run_llama_bench(llama_bench, model);
    if (round % 2 == 1) ours = run_engine(**engine);
    generate[0].push_back(ours.generate);
    generate[1].push_back(theirs.generate);
    generate[2].push_back(ours.generate / theirs.generate);
    prompt[0].push_back(ours.prompt);
    prompt[1].push_back(theirs.prompt);
    prompt[2].push_back(ours.prompt / theirs.prompt);
  }
  ratio_row("generation, 64 tokens", generate[0], generate[1], generate[2], ">= 0.97");
  ratio_row("prefill, 256 tokens", prompt[0], prompt[1], prompt[2], "");
  return median(generate[2]) >= kAim ? 0 : 1;
}
