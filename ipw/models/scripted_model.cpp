#include "ipw/models/scripted_model.h"

#include <chrono>
#include <utility>

#include "ipw/models/text_stream.h"

namespace ipw::models {
namespace {

using record::FinishReason;

core::Instant after(core::Instant from, core::Seconds time) {
  return from + std::chrono::round<core::Instant::duration>(time);
}

}  // namespace

ScriptedModel::ScriptedModel(Script script, core::Clock& clock, int slots)
    : script_(std::move(script)), clock_(clock), free_slots_(slots) {}

ModelDescription ScriptedModel::describe() const {
  ModelDescription description;
  description.name = "scripted";
  description.engine = "script";
  description.chat_template = "none";
  return description;
}

core::Result<record::Completion> ScriptedModel::generate(const Request& request,
                                                         const TokenSink& sink,
                                                         std::stop_token cancel) {
  record::Completion completion;
  completion.timings.sent = clock_.now();
  completion.timings.intended =
      request.intended == core::Instant{} ? completion.timings.sent : request.intended;
  {
    std::unique_lock lock(mutex_);
    if (!freed_.wait(lock, cancel, [this] { return free_slots_ > 0; })) {
      completion.timings.started = completion.timings.last_token = clock_.now();
      completion.finish = FinishReason::kCancelled;
      return completion;
    }
    --free_slots_;
  }
  auto result = serve(request, sink, cancel, std::move(completion));
  {
    const std::scoped_lock lock(mutex_);
    ++free_slots_;
  }
  freed_.notify_one();
  return result;
}

core::Result<record::Completion> ScriptedModel::serve(const Request& request, const TokenSink& sink,
                                                      const std::stop_token& cancel,
                                                      record::Completion completion) {
  const ScriptedAnswer answer = script_(request);
  auto& timings = completion.timings;
  timings.started = timings.last_token = clock_.now();
  completion.usage.prompt = answer.prompt_tokens;
  completion.usage.output = core::Tokens{0};
  completion.finish = answer.finish;
  core::Instant due = after(timings.started, answer.prefill);
  clock_.sleep_until(due);
  timings.last_token = clock_.now();
  if (answer.failure) return std::unexpected(*answer.failure);

  TextStream stream(request.stop, sink);
  for (const std::string& piece : answer.pieces) {
    if (cancel.stop_requested() || completion.usage.output->count >= request.max_tokens) {
      completion.finish =
          cancel.stop_requested() ? FinishReason::kCancelled : FinishReason::kLength;
      break;
    }
    clock_.sleep_until(due);
    const core::Instant now = clock_.now();
    due = after(now, answer.per_token);
    if (!timings.first_token) timings.first_token = now;
    timings.last_token = now;
    ++completion.usage.output->count;
    std::optional<double> logprob;
    if (request.logprobs) completion.token_logprobs.push_back(logprob.emplace(0.0));
    if (stream.push(piece, now, logprob)) break;
  }
  stream.finish();
  completion.text = to_valid_utf8(stream.text());
  return completion;
}

}  // namespace ipw::models
