// Greedy decoding without a penalty skips llama.cpp's candidate array, which copies the vocabulary
// for every token.

#include "ipw/models/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "llama.h"

namespace ipw::models {
namespace {

constexpr int kPenaltyWindow = 64;  // llama.cpp's default

/// llama.cpp takes 32 bits, and reads its default seed as "draw one".
std::uint32_t fold(std::uint64_t seed) {
  const auto folded = static_cast<std::uint32_t>(seed ^ (seed >> 32U));
  return folded == LLAMA_DEFAULT_SEED ? 0 : folded;
}

}  // namespace

core::Result<void> check(const Sampling& s) {
  struct Rule {
    std::string_view name;
    double value;
    bool holds;
    std::string_view range;
  };
  const std::array rules = {
      Rule{"temperature", s.temperature, s.temperature >= 0, "0 or more"},
      Rule{"top-p", s.top_p, s.top_p > 0 && s.top_p <= 1, "above 0 and at most 1"},
      Rule{"top-k", static_cast<double>(s.top_k), s.top_k >= 0, "0 (off) or more"},
      Rule{"min-p", s.min_p, s.min_p >= 0 && s.min_p <= 1, "from 0 to 1"},
      Rule{"repetition penalty", s.repetition_penalty, s.repetition_penalty > 0, "above 0"},
  };
  for (const Rule& rule : rules) {
    if (rule.holds && std::isfinite(rule.value)) continue;
    return core::fail(core::ErrorCode::kUsage, fmt::format("cannot sample: {} is {} (give {})",
                                                           rule.name, rule.value, rule.range));
  }
  return {};
}

void Sampler::Free::operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
Sampler::~Sampler() = default;
Sampler::Sampler(Sampler&&) noexcept = default;
Sampler& Sampler::operator=(Sampler&&) noexcept = default;

Sampler::Sampler(const Sampling& s, std::int32_t vocabulary, std::span<const std::int32_t> prompt) {
  const bool penalty = s.repetition_penalty != 1.0;
  if (s.temperature <= 0 && !penalty) return;
  auto params = llama_sampler_chain_default_params();
  params.no_perf = true;
  chain_.reset(llama_sampler_chain_init(params));
  const auto add = [this](llama_sampler* next) { llama_sampler_chain_add(chain_.get(), next); };
  if (penalty) {
    add(llama_sampler_init_penalties(vocabulary, kPenaltyWindow,
                                     static_cast<float>(s.repetition_penalty), 0, 0));
  }
  if (s.temperature <= 0) {
    add(llama_sampler_init_greedy());
  } else {
    if (s.top_k > 0) add(llama_sampler_init_top_k(s.top_k));
    if (s.top_p < 1) add(llama_sampler_init_top_p(static_cast<float>(s.top_p), 1));
    if (s.min_p > 0) add(llama_sampler_init_min_p(static_cast<float>(s.min_p), 1));
    add(llama_sampler_init_temp(static_cast<float>(s.temperature)));
    add(llama_sampler_init_dist(fold(s.seed)));
  }
  const auto recent = prompt.last(std::min<std::size_t>(prompt.size(), kPenaltyWindow));
  for (const auto token : recent) llama_sampler_accept(chain_.get(), token);
}

std::int32_t Sampler::pick(std::span<const float> logits) {
  if (!chain_) return argmax(logits);
  llama_sampler* chain = chain_.get();
  const auto vocabulary = static_cast<std::int32_t>(logits.size());
  candidates_.resize(logits.size());
  for (std::int32_t id = 0; id < vocabulary; ++id) {
    candidates_[static_cast<std::size_t>(id)] = {id, logits[static_cast<std::size_t>(id)], 0.0F};
  }
  llama_token_data_array array{candidates_.data(), candidates_.size(), -1, false};
  llama_sampler_apply(chain, &array);
  const llama_token token = array.data[array.selected].id;
  llama_sampler_accept(chain, token);
  return token;
}

std::int32_t argmax(std::span<const float> logits) {
  // Sixteen running maxima side by side, which the compiler turns into vector instructions (a
  // single one it may not reorder), and then the first index that holds the largest.
  constexpr std::size_t kLanes = 16;
  std::array<float, kLanes> best{};
  best.fill(logits[0]);
  const std::size_t whole = logits.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float value = logits[i + lane];
      best[lane] = value > best[lane] ? value : best[lane];
    }
  }
  float largest = *std::ranges::max_element(best);
  for (std::size_t i = whole; i < logits.size(); ++i) largest = std::max(largest, logits[i]);
  const auto first = std::ranges::find(logits, largest);
  return first == logits.end() ? 0 : static_cast<std::int32_t>(first - logits.begin());
}

double log_probability(std::span<const float> logits, std::int32_t token) {
  const double largest = logits[static_cast<std::size_t>(argmax(logits))];
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return static_cast<double>(logits[static_cast<std::size_t>(token)]) - largest - std::log(sum);
}

}  // namespace ipw::models
