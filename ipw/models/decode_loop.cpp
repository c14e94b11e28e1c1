// A step: let requests in, put one token of every generating slot and as much prompt as fits into a
// batch, decode, sample. While every slot generates and nobody waits, no lock is taken.

#include "ipw/models/decode_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "ipw/models/llama_library.h"

#include "llama.h"

namespace ipw::models {

using core::ErrorCode;
using record::FinishReason;

namespace {

std::size_t shared_prefix(const std::vector<Token>& a, const std::vector<Token>& b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

double Arithmetic::flops(std::size_t begin, std::size_t end) const {
  const auto first = static_cast<double>(begin);
  const auto last = static_cast<double>(end);
  const double attended = (last * (last + 1) - first * (first + 1)) / 2;
  return 2.0 * static_cast<double>(active_parameters) * (last - first) +
         4.0 * static_cast<double>(attention_width) * attended;
}

/// llama_batch over arrays that are allocated once.
class DecodeLoop::Batch {
 public:
  explicit Batch(std::size_t capacity)
      : tokens_(capacity),
        positions_(capacity),
        counts_(capacity, 1),
        sequences_(capacity),
        sequence_of_(capacity),
        wanted_(capacity) {
    for (std::size_t i = 0; i < capacity; ++i) sequence_of_[i] = &sequences_[i];
  }
  void clear() { size_ = 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t room() const { return tokens_.size() - size_; }
  /// Returns the row, by which the logits are asked for if `wanted`.
  std::int32_t add(Token token, std::size_t position, std::int32_t sequence, bool wanted) {
    tokens_[size_] = token;
    positions_[size_] = static_cast<llama_pos>(position);
    sequences_[size_] = sequence;
    wanted_[size_] = wanted ? 1 : 0;
    return static_cast<std::int32_t>(size_++);
  }
  [[nodiscard]] llama_batch view() {
    return {static_cast<std::int32_t>(size_),
            tokens_.data(),
            nullptr,
            positions_.data(),
            counts_.data(),
            sequence_of_.data(),
            wanted_.data()};
  }

 private:
  std::size_t size_ = 0;
  std::vector<llama_token> tokens_;
  std::vector<llama_pos> positions_;
  std::vector<std::int32_t> counts_;
  std::vector<llama_seq_id> sequences_;
  std::vector<llama_seq_id*> sequence_of_;
  std::vector<std::int8_t> wanted_;
};

DecodeLoop::DecodeLoop(llama_context* context, Vocabulary vocabulary, const LoopOptions& options,
                       const core::Clock& clock)
    : context_(context),
      vocabulary_(vocabulary),
      options_(options),
      clock_(clock),
      slots_(static_cast<std::size_t>(options.slots)),
      batch_(std::make_unique<Batch>(
          static_cast<std::size_t>(std::max(options.batch_tokens, options.slots)))) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].sequence = static_cast<std::int32_t>(i);
    slots_[i].kept.reserve(options_.context_tokens);
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

DecodeLoop::~DecodeLoop() {
  thread_.request_stop();
  work_.release();
  thread_.join();
}

void DecodeLoop::run(Generation& generation) {
  auto done = generation.done.get_future();
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(&generation);
    pending_.store(waiting_.size() + tasks_.size(), std::memory_order_release);
  }
  work_.release();
  done.wait();
}

void DecodeLoop::run(const std::function<void()>& task) {
  Task entry{task, {}};
  auto done = entry.done.get_future();
  {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(&entry);
    pending_.store(waiting_.size() + tasks_.size(), std::memory_order_release);
  }
  work_.release();
  done.wait();
}

void DecodeLoop::loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (pending_.load(std::memory_order_acquire) > 0) admit();
    if (busy_ == 0) {
      if (pending_.load(std::memory_order_acquire) == 0) work_.acquire();
      continue;
    }
    fill_batch();
    if (batch_->size() > 0) decode();
  }
  for (Slot& slot : slots_) {
    if (slot.work != nullptr) finish(slot, FinishReason::kCancelled);
  }
  const std::scoped_lock lock(mutex_);
  for (Generation* generation : waiting_) end_unstarted(*generation);
  for (Task* task : tasks_) task->done.set_value();
}

void DecodeLoop::end_unstarted(Generation& generation) {
  auto& completion = generation.completion;
  completion.timings.started = completion.timings.last_token = clock_.now();
  completion.finish = FinishReason::kCancelled;
  generation.done.set_value();
}

/// Moves out what can be dealt with now: all tasks, cancelled requests, and as many others as there
/// are free slots (which start at once).
void DecodeLoop::admit() {
  std::deque<Task*> tasks;
  std::vector<Generation*> cancelled;
  std::vector<Generation*> starting;
  {
    const std::scoped_lock lock(mutex_);
    tasks.swap(tasks_);
    std::erase_if(waiting_, [&](Generation* generation) {
      const bool gone = generation->cancel.stop_requested();
      if (gone) cancelled.push_back(generation);
      return gone;
    });
    while (!waiting_.empty() && starting.size() + busy_ < slots_.size()) {
      starting.push_back(waiting_.front());
      waiting_.pop_front();
    }
    pending_.store(waiting_.size(), std::memory_order_release);
  }
  for (Task* task : tasks) {
    try {
      task->work();
      task->done.set_value();
    } catch (...) {
      task->done.set_exception(std::current_exception());
    }
  }
  for (Generation* generation : cancelled) end_unstarted(*generation);
  for (Generation* generation : starting) start(*generation);
}

/// The free slot that holds the longest beginning of the prompt, where that is at least half of it;
/// otherwise the one that loses least, so that a short prompt does not drive out a long one.
DecodeLoop::Slot& DecodeLoop::best_free_slot(const Generation& generation) {
  const auto& prompt = generation.prompt;
  Slot* best = nullptr;
  std::size_t most_spared = 0;
  std::size_t least_lost = 0;
  for (Slot& slot : slots_) {
    if (slot.work != nullptr) continue;
    const std::size_t common = shared_prefix(slot.kept, prompt);
    const std::size_t spared = 2 * common >= prompt.size() ? common : 0;
    const std::size_t lost = slot.kept.size() - common;
    if (best == nullptr || spared > most_spared || (spared == most_spared && lost < least_lost)) {
      best = &slot;
      most_spared = spared;
      least_lost = lost;
    }
  }
  return *best;
}

void DecodeLoop::start(Generation& generation) {
  generation.completion.timings.started = clock_.now();
  Slot& slot = best_free_slot(generation);
  const auto& prompt = generation.prompt;
  std::size_t common = 0;
  if (options_.reuse_prefix) {
    common = std::min(shared_prefix(slot.kept, prompt),
                      prompt.size() - 1);  // the last token must give its logits
  }
  llama_memory_t memory = llama_get_memory(context_);
  // Recurrent models cannot forget a part, and begin anew.
  if (!llama_memory_seq_rm(memory, slot.sequence, static_cast<llama_pos>(common), -1)) {
    llama_memory_seq_rm(memory, slot.sequence, -1, -1);
    common = 0;
  }
  slot.kept.resize(common);
  slot.work = &generation;
  slot.begin = common;
  slot.row = -1;
  slot.sampler.emplace(generation.request.sampling, vocabulary_.size(), prompt);
  slot.stream.emplace(generation.request.stop, generation.sink);
  generation.completion.usage.cached = core::Tokens{static_cast<std::int64_t>(common)};
  ++busy_;
}

void DecodeLoop::fill_batch() {
  batch_->clear();
  for (Slot& slot : slots_) {
    slot.row = -1;
    if (slot.work != nullptr && slot.work->cancel.stop_requested()) {
      finish(slot, FinishReason::kCancelled);
    }
  }
  for (Slot& slot : slots_) {
    if (slot.work == nullptr || slot.in_prompt()) continue;
    slot.row = batch_->add(slot.next, slot.kept.size(), slot.sequence, true);
    slot.kept.push_back(slot.next);
  }
  for (Slot& slot : slots_) {
    if (slot.work != nullptr && slot.row < 0) feed(slot);
  }
}

/// Puts as much of the slot's prompt into the batch as there is room for.
void DecodeLoop::feed(Slot& slot) {
  const auto& prompt = slot.work->prompt;
  while (slot.kept.size() < prompt.size() && batch_->room() > 0) {
    const Token token = prompt[slot.kept.size()];
    const bool last = slot.kept.size() + 1 == prompt.size();
    const std::int32_t row = batch_->add(token, slot.kept.size(), slot.sequence, last);
    if (last) slot.row = row;
    slot.kept.push_back(token);
  }
}

void DecodeLoop::decode() {
  int status = 0;
  try {
    status = llama_decode(context_, batch_->view());
  } catch (const std::exception& error) {  // out of memory, of the device or here
    return fail_all({ErrorCode::kOutOfSpace,
                     fmt::format("llama.cpp could not decode: {} (ask for fewer slots or a smaller "
                                 "context)",
                                 error.what())});
  }
  if (status != 0) {
    fail_all({status == 1 ? ErrorCode::kOutOfSpace : ErrorCode::kInternal,
              fmt::format("llama.cpp could not decode: {} (status {})", take_llama_complaint(),
                          status)});
    return;
  }
  for (Slot& slot : slots_) {
    if (slot.work == nullptr || slot.row < 0) continue;
    try {
      take_token(slot);
    } catch (const std::exception& error) {  // out of memory, or the caller's sink threw
      slot.work->outcome =
          core::fail(ErrorCode::kInternal,
                     fmt::format("generation stopped: {} (repair the token sink)", error.what()));
      finish(slot, FinishReason::kCancelled);
    }
  }
}

void DecodeLoop::take_token(Slot& slot) {
  Generation& work = *slot.work;
  auto& completion = work.completion;
  const std::span<const float> logits(llama_get_logits_ith(context_, slot.row),
                                      static_cast<std::size_t>(vocabulary_.size()));
  const Token token = slot.sampler->pick(logits);
  const core::Instant now = clock_.now();
  completion.timings.last_token = now;
  if (!work.request.fixed_length && vocabulary_.ends_generation(token)) {
    return finish(slot, FinishReason::kStop);
  }

  if (!completion.timings.first_token) completion.timings.first_token = now;
  ++completion.usage.output->count;
  std::optional<double> logprob;
  if (work.request.logprobs) {
    logprob = log_probability(logits, token);
    completion.token_logprobs.push_back(*logprob);
  }
  piece_.clear();
  vocabulary_.append_piece(token, piece_);
  if (slot.stream->push(piece_, now, logprob)) return finish(slot, FinishReason::kStop);
  if (completion.usage.output->count >= work.request.max_tokens ||
      slot.kept.size() >= options_.context_tokens) {
    return finish(slot, FinishReason::kLength);
  }
  slot.next = token;
}

void DecodeLoop::finish(Slot& slot, FinishReason reason) {
  Generation& work = *slot.work;
  auto& completion = work.completion;
  if (reason == FinishReason::kCancelled) completion.timings.last_token = clock_.now();
  completion.finish = reason;
  completion.flops = options_.arithmetic.flops(slot.begin, slot.kept.size());
  try {
    slot.stream->finish();
    completion.text = to_valid_utf8(slot.stream->text());
  } catch (const std::exception& error) {
    work.outcome =
        core::fail(ErrorCode::kInternal,
                   fmt::format("generation stopped: {} (repair the token sink)", error.what()));
  }
  slot.work = nullptr;
  --busy_;
  work.done.set_value();  // from here on `work` belongs to its caller
}

/// After a failed decode nobody knows what the context holds: all start anew.
void DecodeLoop::fail_all(const core::Error& error) {
  for (Slot& slot : slots_) {
    if (slot.work != nullptr) {
      slot.work->outcome = std::unexpected(error);
      finish(slot, FinishReason::kCancelled);
    }
    slot.kept.clear();
  }
  llama_memory_clear(llama_get_memory(context_), true);
}

}  // namespace ipw::models
