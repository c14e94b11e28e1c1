#pragma once
// Runs with known truth, for the tests and benchmarks of the intervals: Bernoulli answers, and
// log-normal joules that are half as high again where the answer is wrong.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/metrics/sample.h"

namespace ipw::metrics {

struct SimulationOptions {
  std::size_t questions = 100;
  std::uint16_t repeats = 1;
  double accuracy = 0.5;
  double difficulty_spread = 0.0;  // half the questions are this much easier, half this much harder
  double sigma = 1.0;              // of ln joules
  double question_share = 0.0;     // of the variance of ln joules that belongs to the question
  double repeat_sigma = 0.0;       // of a factor that all joules of one repeat share
  double runaway_share = 0.0;      // of the answers, which are kRunaway times as long
  std::uint16_t tasks = 0;

  static constexpr double kRunaway = 50.0;
};

/// The columns of a simulated run; `sample()` views them.
class SimulatedRun {
 public:
  SimulatedRun(const SimulationOptions& options, std::uint64_t seed) : random_(seed) {
    const double own = options.sigma * std::sqrt(1.0 - options.question_share);
    const double shared = options.sigma * std::sqrt(options.question_share);
    std::vector<double> question_factor;
    std::vector<double> question_ease;
    for (std::size_t q = 0; q < options.questions; ++q) {
      question_factor.push_back(shared > 0.0 ? std::exp(shared * normal()) : 1.0);
      question_ease.push_back(random_.below(2) == 0 ? options.difficulty_spread
                                                    : -options.difficulty_spread);
    }
    const std::size_t records = options.questions * options.repeats;
    for (auto* column : {&score_, &active_, &total_, &power_, &latency_, &tokens_}) {
      column->reserve(records);
    }
    started_.reserve(records);
    ended_.reserve(records);
    double clock = 0.0;
    for (std::uint16_t repeat = 0; repeat < options.repeats; ++repeat) {
      const double factor =
          options.repeat_sigma > 0.0 ? std::exp(options.repeat_sigma * normal()) : 1.0;
      for (std::size_t q = 0; q < options.questions; ++q) {
        const bool right = random_.unit() < options.accuracy + question_ease[q];
        const bool runaway = options.runaway_share > 0.0 && random_.unit() < options.runaway_share;
        const double joules = factor * question_factor[q] * std::exp(own * normal()) *
                              (right ? 1.0 : kWrong) *
                              (runaway ? SimulationOptions::kRunaway : 1.0);
        const double seconds = joules / kWatts;
        score_.push_back(right ? 1.0F : 0.0F);
        cluster_.push_back(static_cast<std::uint32_t>(q));
        repeat_.push_back(repeat);
        if (options.tasks > 0) task_.push_back(static_cast<std::uint16_t>(q % options.tasks));
        active_.push_back(static_cast<float>(joules));
        total_.push_back(static_cast<float>(joules + 0.2 * seconds));
        power_.push_back(static_cast<float>(kWatts * (0.9 + 0.2 * random_.unit())));
        started_.push_back(clock);
        clock += seconds;
        ended_.push_back(clock);
        latency_.push_back(static_cast<float>(seconds));
        tokens_.push_back(static_cast<float>(1.0 + std::floor(10.0 * seconds)));
      }
    }
  }

  /// Only what accuracy and joules need.
  [[nodiscard]] Sample energy_sample() const {
    Sample sample;
    sample.score = score_;
    sample.cluster = cluster_;
    sample.repeat = repeat_;
    EnergyColumns energy;
    energy.provenance = {record::Source::kMeasured, "rapl-powercap"};
    energy.active_j = active_;
    sample.energy.push_back(energy);
    return sample;
  }

  /// All columns.
  [[nodiscard]] Sample sample() const {
    Sample sample = energy_sample();
    sample.task = task_;
    sample.started = started_;
    sample.ended = ended_;
    sample.latency = sample.latency_sent = sample.ttft = sample.tpot = latency_;
    sample.prompt_tokens = sample.output_tokens = tokens_;
    sample.energy[0].total_j = total_;
    sample.energy[0].power_w = power_;
    return sample;
  }

  /// The expectation of a record's active joules.
  static double mean_joules(const SimulationOptions& options) {
    const double sigma2 =
        options.sigma * options.sigma + options.repeat_sigma * options.repeat_sigma;
    const double longer = 1.0 + options.runaway_share * (SimulationOptions::kRunaway - 1.0);
    return longer * std::exp(sigma2 / 2.0) * (options.accuracy + kWrong * (1.0 - options.accuracy));
  }

 private:
  static constexpr double kWrong = 1.5;
  static constexpr double kWatts = 50.0;

  /// Standard normal, by Box and Muller.
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - random_.unit()));
    return radius * std::cos(2.0 * std::numbers::pi * random_.unit());
  }

  core::Random random_;
  std::vector<float> score_, active_, total_, power_, latency_, tokens_;
  std::vector<std::uint32_t> cluster_;
  std::vector<std::uint16_t> repeat_, task_;
  std::vector<double> started_, ended_;
};

}  // namespace ipw::metrics
