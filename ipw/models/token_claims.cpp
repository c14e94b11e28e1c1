// See token_claims.h.
#include "ipw/models/token_claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace ipw::models {
namespace {

using Count = std::optional<std::int64_t>;

Count count_of(const std::optional<core::Tokens>& tokens) {
  if (!tokens || tokens->count < 0 || tokens->count > kMostTokens) return std::nullopt;
  return tokens->count;
}

std::optional<core::Tokens> tokens_of(Count count) {
  return count ? std::optional(core::Tokens{*count}) : std::nullopt;
}

class Settling {
 public:
  Settling(const TokenClaims& claims, CountingHabit habit, bool something_came)
      : prompt_(count_of(claims.prompt)),
        output_(count_of(claims.output)),
        total_(count_of(claims.total)),
        cached_(count_of(claims.cached)),
        written_(count_of(claims.cache_written)),
        reasoning_(count_of(claims.reasoning)),
        habit_(habit),
        something_came_(something_came) {}

  SettledUsage settle() {
    drop_unknown();
    choose_reading();
    fill_from_total();
    take_the_rest_for_thinking();
    bound_parts();
    return {.usage = {.prompt = tokens_of(prompt_),
                      .output = tokens_of(output_),
                      .cached = tokens_of(cached_),
                      .reasoning = tokens_of(reasoning_),
                      .cache_written = tokens_of(written_)},
            .caution = std::move(caution_)};
  }

 private:
  [[nodiscard]] std::int64_t kept() const { return cached_.value_or(0) + written_.value_or(0); }

  void note(const std::string& text) {
    if (!caution_.empty()) caution_ += "; ";
    caution_ += text;
  }

  // Zeros that say that nobody counted.
  void drop_unknown() {
    if (total_ == 0 && (prompt_.value_or(0) > 0 || output_.value_or(0) > 0)) total_.reset();
    if (prompt_ == 0 && kept() == 0) {
      prompt_.reset();
      note("the server counted 0 prompt tokens, which are taken for not counted");
    }
    if (!output_ && reasoning_.value_or(0) > 0 && habit_.thinking_beside_output) output_ = 0;
    if (output_ == 0 && something_came_ && reasoning_.value_or(0) == 0) {
      output_.reset();
      note("the server counted 0 output tokens, which are taken for not counted");
    }
  }

  [[nodiscard]] bool possible(CountingHabit reading) const {
    const bool thinking =
        reading.thinking_beside_output || !output_ || reasoning_.value_or(0) <= *output_;
    return thinking && (reading.cached_beside_prompt || !prompt_ || kept() <= *prompt_);
  }
  [[nodiscard]] std::int64_t prompt_by(CountingHabit reading) const {
    return prompt_.value_or(0) + (reading.cached_beside_prompt ? kept() : 0);
  }
  [[nodiscard]] std::int64_t output_by(CountingHabit reading) const {
    return output_.value_or(0) + (reading.thinking_beside_output ? reasoning_.value_or(0) : 0);
  }

  // Sets prompt and output as they are meant.
  void choose_reading() {
    const bool thinking = habit_.thinking_beside_output;
    const bool cached = habit_.cached_beside_prompt;
    const std::array readings = {CountingHabit{thinking, cached}, CountingHabit{!thinking, cached},
                                 CountingHabit{thinking, !cached},
                                 CountingHabit{!thinking, !cached}};
    const auto is_possible = [&](CountingHabit reading) { return possible(reading); };
    const auto agrees = [&](CountingHabit reading) {
      return possible(reading) && prompt_by(reading) + output_by(reading) == total_;
    };
    const auto* chosen = readings.end();
    if (prompt_ && output_ && total_) chosen = std::ranges::find_if(readings, agrees);
    if (chosen == readings.end()) chosen = std::ranges::find_if(readings, is_possible);
    if (prompt_) prompt_ = prompt_by(*chosen);
    if (output_) output_ = output_by(*chosen);
  }

  void fill_from_total() {
    if (!total_ || prompt_.has_value() == output_.has_value()) return;
    const bool lacks_output = prompt_.has_value();
    const std::int64_t rest = *total_ - (lacks_output ? *prompt_ : *output_);
    if (rest <= 0) return;
    (lacks_output ? output_ : prompt_) = rest;
    note(fmt::format("{} tokens are what the server's total leaves",
                     lacks_output ? "output" : "prompt"));
  }

  void take_the_rest_for_thinking() {
    if (!total_ || !prompt_ || !output_ || *total_ == *prompt_ + *output_) return;
    const std::int64_t rest = *total_ - *prompt_ - *output_;
    if (rest < 0 || reasoning_) {
      return note(fmt::format("the server's total of {} tokens is not that of its parts, {} and {}",
                              *total_, *prompt_, *output_));
    }
    note(
        fmt::format("the server's total has {} tokens more than prompt and output, which are taken "
                    "for thinking",
                    rest));
    reasoning_ = rest;
    *output_ += rest;
  }

  void bound_parts() {
    if (prompt_ && kept() > *prompt_) {
      note("the server counted more cached tokens than prompt tokens");
      cached_.reset();
      written_.reset();
    }
    if (output_ && reasoning_.value_or(0) > *output_) {
      note("the server counted more thinking than output tokens");
      reasoning_.reset();
    }
  }

  Count prompt_, output_, total_, cached_, written_, reasoning_;
  CountingHabit habit_;
  bool something_came_;
  std::string caution_;
};

}  // namespace

SettledUsage settled(const TokenClaims& claims, CountingHabit habit, bool something_came) {
  return Settling(claims, habit, something_came).settle();
}

}  // namespace ipw::models
