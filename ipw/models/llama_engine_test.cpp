// All against the real llama.cpp and models of a few hundred kilobytes.

#include "ipw/models/llama_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "ipw/core/digest.h"
#include "ipw/models/decode_loop.h"

namespace ipw::models {
namespace {

using core::ErrorCode;
using record::FinishReason;
using testing::HasSubstr;

constexpr const char* kModels = IPW_BINARY_DIR "/models/";

std::unique_ptr<LlamaEngine> open(const std::string& name, const EngineOptions& options = {}) {
  auto engine = LlamaEngine::open(std::string(kModels) + name + ".gguf", options);
  if (!engine) {
    ADD_FAILURE() << engine.error().message;
    std::abort();
  }
  return std::move(*engine);
}

Request ask(const std::string& text, int max_tokens = 32) {
  Request request;
  request.messages = {{"user", text}};
  request.max_tokens = max_tokens;
  return request;
}

record::Completion answer(LlamaEngine& engine, const Request& request) {
  auto completion = engine.generate(request, {}, {});
  EXPECT_TRUE(completion) << completion.error().message;
  return completion.value_or(record::Completion{});
}

TEST(LlamaEngine, AnswersThroughTheModelsOwnTemplate) {
  const auto engine = open("tiny");
  EXPECT_EQ(answer(*engine, ask("What is 3 + 4?")).text, "The answer is 7.\n");
  EXPECT_EQ(answer(*engine, ask("What is 8 + 8?")).text, "The answer is 9.\n");  // it cannot carry
  EXPECT_EQ(answer(*engine, ask("Which?\nA. red\nB. green\nC. blue")).finish, FinishReason::kStop);
}

TEST(LlamaEngine, TakesARawPromptAsItIs) {
  const auto engine = open("tiny");
  Request request;
  request.raw_prompt = "2+3=";
  request.max_tokens = 1;
  const auto completion = answer(*engine, request);
  EXPECT_EQ(completion.text, "5");
  EXPECT_EQ(completion.usage.prompt->count, 5);  // the begin token and four bytes
  EXPECT_EQ(completion.finish, FinishReason::kLength);
}

TEST(LlamaEngine, DescribesItsModel) {
  const auto engine = open("tiny");
  const auto description = engine->describe();
  EXPECT_EQ(description.architecture, "llama");
  EXPECT_EQ(description.quantization, "F32");
  EXPECT_EQ(description.context_tokens, 8192);
  EXPECT_EQ(description.chat_template, "gguf");
  EXPECT_EQ(description.digest, core::sha256_of_file(std::string(kModels) + "tiny.gguf").value());
  EXPECT_THAT(description.engine, HasSubstr("llama.cpp v"));
  EXPECT_EQ(engine->threads(), 1);
}

TEST(LlamaEngine, StampsOneEventPerTokenInOrder) {
  const auto engine = open("random-150k");
  std::vector<core::Instant> stamps;
  std::string text;
  Request request = ask("hello", 20);
  request.intended = core::Instant(std::chrono::seconds(1));
  const auto completion = engine->generate(request,
                                           [&](const TokenEvent& event) {
                                             stamps.push_back(event.at);
                                             text += event.piece;
                                           },
                                           {});
  ASSERT_TRUE(completion);
  EXPECT_EQ(completion->text, text);
  EXPECT_EQ(completion->usage.output->count, 20);
  ASSERT_EQ(stamps.size(), 20U);
  EXPECT_TRUE(std::ranges::is_sorted(stamps));
  const auto& timings = completion->timings;
  EXPECT_EQ(timings.intended, request.intended);
  EXPECT_LE(timings.sent, timings.started);
  EXPECT_LE(timings.started, *timings.first_token);
  EXPECT_EQ(*timings.first_token, stamps.front());
  EXPECT_EQ(timings.last_token, stamps.back());
  EXPECT_GT(completion->peak_memory_bytes, 1'000'000U);
}

TEST(LlamaEngine, CountsTwoFlopsPerParameterAndTokenPlusAttention) {
  const auto engine = open("random-150k");
  const auto completion = answer(*engine, ask("hello", 4));
  // 9 prompt tokens and 3 of the 4 generated ones are evaluated; width 64, two layers.
  const double parameters = static_cast<double>(*engine->describe().parameters);
  EXPECT_EQ(completion.usage.prompt->count, 9);
  EXPECT_DOUBLE_EQ(*completion.flops, 2 * parameters * 12 + 4 * (2 * 64) * (12.0 * 13 / 2));
}

TEST(Arithmetic, SplitsAtAnyPositionWithoutLoss) {
  const Arithmetic arithmetic{1000, 64};
  EXPECT_DOUBLE_EQ(arithmetic.flops(0, 1), 2 * 1000 + 4 * 64);
  EXPECT_DOUBLE_EQ(arithmetic.flops(0, 7) + arithmetic.flops(7, 20), arithmetic.flops(0, 20));
}

TEST(LlamaEngine, RepeatsATextWithTheSameSeed) {
  const auto engine = open("random-150k", {.reuse_prefix = false});
  const auto text = [&](std::uint64_t seed) {
    Request request = ask("hello", 40);
    request.sampling = {.temperature = 0.8, .top_p = 0.95, .top_k = 40, .seed = seed};
    return answer(*engine, request).text;
  };
  EXPECT_EQ(text(1), text(1));
  EXPECT_NE(text(1), text(2));
}

TEST(LlamaEngine, StopsBeforeAStopString) {
  const auto engine = open("tiny");
  Request request = ask("What is 3 + 4?");
  request.stop = {" is"};
  const auto completion = answer(*engine, request);
  EXPECT_EQ(completion.text, "The answer");
  EXPECT_EQ(completion.finish, FinishReason::kStop);
  EXPECT_EQ(completion.usage.output->count, 3);  // "The", " answer", " is "
}

TEST(LlamaEngine, GivesValidTextWhereTheModelWritesBrokenUtf8) {
  const auto engine = open("random-bytes");
  std::string raw;
  const auto completion =
      engine->generate(ask("hello", 64), [&](const TokenEvent& event) { raw += event.piece; }, {});
  ASSERT_TRUE(completion);
  EXPECT_EQ(raw.size(), 64U);
  EXPECT_NE(raw, completion->text);
  EXPECT_EQ(to_valid_utf8(raw), completion->text);
  EXPECT_EQ(engine->count_tokens("naïve 日本 😀"), 18);  // one per byte
}

TEST(LlamaEngine, EndsBetweenTokensWhenCancelled) {
  const auto engine = open("random-150k");
  std::stop_source cancel;
  int seen = 0;
  const auto completion = engine->generate(
      ask("hello", 1000),
      [&](const TokenEvent&) {
        if (++seen == 5) cancel.request_stop();
      },
      cancel.get_token());
  ASSERT_TRUE(completion);
  EXPECT_EQ(completion->finish, FinishReason::kCancelled);
  EXPECT_EQ(completion->usage.output->count, 5);
  EXPECT_EQ(completion->text.size(), 5U);
  EXPECT_EQ(answer(*engine, ask("hello", 3)).usage.output->count, 3);  // the slot is free again
}

TEST(LlamaEngine, GivesUpOnARequestThatIsCancelledWhileItWaits) {
  const auto engine = open("random-150k");
  std::stop_source cancel_waiting;
  std::stop_source cancel_running;
  std::atomic<bool> running = false;
  std::jthread first([&] {
    EXPECT_TRUE(engine->generate(
        ask("hello", 4000), [&](const TokenEvent&) { running = true; },
        cancel_running.get_token()));
  });
  while (!running) std::this_thread::yield();
  EXPECT_TRUE(cancel_waiting.request_stop());
  const auto completion = engine->generate(ask("late"), {}, cancel_waiting.get_token());
  cancel_running.request_stop();
  ASSERT_TRUE(completion);
  EXPECT_EQ(completion->finish, FinishReason::kCancelled);
  EXPECT_FALSE(completion->timings.first_token);
}

TEST(LlamaEngine, AnswersTheSameWhetherOrNotOtherSlotsRun) {
  // Exact as long as no two logits are nearly equal, which holds for this model by a wide margin.
  const auto alone = open("tiny");
  const auto together = open("tiny", {.slots = 4});
  std::vector<std::jthread> callers;
  callers.reserve(8);
  std::atomic<int> different = 0;
  for (int caller = 0; caller < 6; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 10; ++i) {
        const auto request =
            ask("What is " + std::to_string(caller) + " + " + std::to_string(i) + "?");
        different += answer(*together, request).text != answer(*alone, request).text;
      }
    });
  }
  callers.clear();
  EXPECT_EQ(different, 0);
}

TEST(LlamaEngine, DecodesSlotsTogetherAndQueuesTheRest) {
  const auto engine = open("random-150k", {.slots = 2});
  std::vector<record::Completion> completions(5);
  std::vector<std::jthread> callers;
  callers.reserve(8);
  for (std::size_t i = 0; i < completions.size(); ++i) {
    callers.emplace_back(
        [&, i] { completions[i] = answer(*engine, ask("caller " + std::to_string(i), 200)); });
  }
  callers.clear();
  // At no time are more than two in service; at some time two are.
  int most = 0;
  for (const auto& one : completions) {
    EXPECT_EQ(one.usage.output->count, 200);
    const auto serving = std::ranges::count_if(completions, [&](const auto& other) {
      return other.timings.started <= one.timings.started &&
             one.timings.started < other.timings.last_token;
    });
    most = std::max(most, static_cast<int>(serving));
  }
  EXPECT_LE(most, 2);
}

TEST(LlamaEngine, SkipsThePrefixThatItStillHolds) {
  const auto engine = open("tiny", {.slots = 2});
  const std::string shared(300, 'x');
  EXPECT_EQ(answer(*engine, ask(shared + " 1 + 2")).usage.cached->count, 0);
  const auto again = answer(*engine, ask(shared + " 5 + 2"));
  EXPECT_EQ(again.usage.cached->count, 1 + 1 + 300 + 1);  // begin, role, text and the blank
  EXPECT_EQ(again.text, "The answer is 7.\n");
  EXPECT_EQ(answer(*engine, ask("other")).usage.cached->count, 0);  // in the other, empty slot
  EXPECT_EQ(answer(*engine, ask(shared + " 5 + 2")).usage.cached->count,
            again.usage.prompt->count - 1);
  const auto without = open("tiny", {.reuse_prefix = false});
  static_cast<void>(answer(*without, ask(shared)));
  EXPECT_EQ(answer(*without, ask(shared)).usage.cached->count, 0);
}

TEST(LlamaEngine, EvaluatesPromptsLongerThanABatch) {
  const auto small = open("tiny", {.slots = 2, .batch_tokens = 16});
  EXPECT_EQ(answer(*small, ask(std::string(500, ' ') + "What is 4 + 4?")).text,
            "The answer is 8.\n");
}

TEST(LlamaEngine, ScoresAnAnswerAsItWouldHaveWrittenIt) {
  const auto engine = open("random-150k");
  Request request = ask("hello", 24);
  request.logprobs = true;
  const auto written = answer(*engine, request);
  ASSERT_EQ(written.token_logprobs.size(), 24U);
  const auto score = engine->score(request, written.text);
  ASSERT_TRUE(score) << score.error().message;
  ASSERT_EQ(score->token_logprobs.size(), 24U);
  for (std::size_t i = 0; i < 24; ++i) {
    // Not equal to the last bit: a batch of tokens is summed in another order than one.
    EXPECT_NEAR(score->token_logprobs[i], written.token_logprobs[i], 2e-3) << i;
  }
  EXPECT_DOUBLE_EQ(score->perplexity(), std::exp(-score->total() / 24));
  // Greedy text is likelier than other text of the same length.
  EXPECT_GT(score->total(), engine->score(request, std::string(24, 'q'))->total());
}

TEST(LlamaEngine, ScoresAcrossItsScoringBatches) {
  const auto engine = open("tiny");
  Request request;
  request.raw_prompt = std::string(100, 'x');
  const auto long_answer = engine->score(request, std::string(150, 'y'));
  ASSERT_TRUE(long_answer);
  EXPECT_EQ(long_answer->token_logprobs.size(), 150U);
  // After "=" the sum is likeliest; the softmax of -(k - 5)^2 over the digits gives it .564.
  request.raw_prompt = "2+3=";
  EXPECT_NEAR(std::exp(engine->score(request, "5")->total()), 0.564, 0.005);
  EXPECT_NEAR(std::exp(engine->score(request, "6")->total()), 0.564 * std::exp(-1), 0.005);
}

TEST(LlamaEngine, EmbedsTextsAsUnitVectors) {
  const auto engine = open("random-150k");
  const auto dot = [](const std::vector<float>& a, const std::vector<float>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  const auto cat = engine->embed("the cat sat on the mat");
  ASSERT_TRUE(cat) << cat.error().message;
  const auto cats = engine->embed("the cat sat on the mats").value();
  const auto other = engine->embed("1234567890").value();
  EXPECT_EQ(cat->size(), 64U);
  EXPECT_NEAR(dot(*cat, *cat), 1.0, 1e-5);
  EXPECT_GT(dot(*cat, cats), dot(*cat, other));
  EXPECT_EQ(engine->embed("").error().code, ErrorCode::kUsage);
}

TEST(LlamaEngine, SaysTokensAndLimitWhereAPromptDoesNotFit) {
  const auto engine = open("tiny", {.context_tokens = 256});
  const auto result = engine->generate(ask(std::string(300, 'x')), {}, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTooLong);
  EXPECT_THAT(result.error().message, HasSubstr("304 tokens"));
  EXPECT_THAT(result.error().message, HasSubstr("256"));
  EXPECT_EQ(engine->score(ask("short"), std::string(300, 'x')).error().code, ErrorCode::kTooLong);
  EXPECT_EQ(engine->embed(std::string(300, 'x')).error().code, ErrorCode::kTooLong);
}

TEST(LlamaEngine, EndsForLengthWhenTheContextIsFull) {
  const auto engine = open("random-150k", {.context_tokens = 256});
  const auto completion = answer(*engine, ask(std::string(246, 'x'), 100));
  EXPECT_EQ(completion.finish, FinishReason::kLength);
  EXPECT_EQ(completion.usage.prompt->count, 250);
  EXPECT_EQ(completion.usage.output->count, 7);  // the last one is not evaluated
}

TEST(LlamaEngine, RefusesWhatMakesNoSense) {
  EXPECT_EQ(LlamaEngine::open(std::string(kModels) + "tiny.gguf", {.slots = 0}).error().code,
            ErrorCode::kUsage);
  EXPECT_EQ(LlamaEngine::open(std::string(kModels) + "tiny.gguf", {.threads = -1}).error().code,
            ErrorCode::kUsage);
  const auto engine = open("tiny", {.threads = 1000});
  EXPECT_LE(engine->threads(), static_cast<int>(std::thread::hardware_concurrency()));
  EXPECT_EQ(engine->generate(ask("x", 0), {}, {}).error().code, ErrorCode::kUsage);
  Request request = ask("x");
  request.sampling.top_p = 2;
  EXPECT_EQ(engine->generate(request, {}, {}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(engine->score(ask("x"), "").error().code, ErrorCode::kUsage);
}

TEST(LlamaEngine, TurnsAThrowingSinkIntoAnError) {
  const auto engine = open("tiny");
  const auto result = engine->generate(
      ask("1 + 1"), [](const TokenEvent&) { throw std::runtime_error("sink broke"); }, {});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("sink broke"));
  EXPECT_EQ(answer(*engine, ask("1 + 1")).text, "The answer is 2.\n");
}

}  // namespace
}  // namespace ipw::models
