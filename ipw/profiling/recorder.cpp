// Group commit: what finished since the last round goes to the disk in one transaction, so that a
// question costs the asking thread a lock and nothing else.
#include "ipw/profiling/recorder.h"

#include <utility>

namespace ipw::profiling {
namespace {

constexpr std::chrono::milliseconds kRound{10};
constexpr std::size_t kMostUnwritten = 4096;  // bounds memory where the disk is slower than models

energy::RequestWork work_of(std::uint64_t request, const record::Call& call) {
  const record::Completion& completion = call.completion;
  std::optional<core::Tokens> computed = completion.usage.prompt;
  if (computed) computed->count -= completion.usage.cached.value_or(core::Tokens{0}).count;
  return {.id = request,
          .started = completion.timings.started,
          .first_token = completion.timings.first_token,
          .ended = completion.timings.last_token,
          .prompt = computed,
          .output = completion.usage.output};
}

}  // namespace

Recorder::Recorder(Metering& metering, store::Run& run, core::Clock& clock, Progress at_start,
                   ProgressSink sink, std::function<void()> on_failure, energy::OwnWork* own)
    : metering_(metering),
      run_(run),
      clock_(clock),
      sink_(std::move(sink)),
      on_failure_(std::move(on_failure)),
      own_(own),
      progress_(std::move(at_start)),
      started_(clock.now()),
      thread_([this] { write_until_closed(); }) {}

Recorder::~Recorder() { stop(); }

std::uint64_t Recorder::begin() {
  std::unique_lock lock(mutex_);
  written_.wait(lock, [&] { return unwritten_ < kMostUnwritten || failure_; });
  const std::uint64_t request = next_request_++;
  inbox_.begun.emplace_back(request, clock_.now());
  metering_.read_edges(inbox_.edges);
  return request;
}

void Recorder::finish(std::uint64_t request, record::Call call) {
  std::vector<energy::Reading> edges;
  metering_.read_edges(edges);
  const std::lock_guard lock(mutex_);
  inbox_.edges.insert(inbox_.edges.end(), edges.begin(), edges.end());
  inbox_.finished.push_back({request, std::move(call)});
  ++unwritten_;
}

void Recorder::stop() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  arrived_.notify_one();
  if (thread_.joinable()) thread_.join();
}

core::Result<Progress> Recorder::close() {
  stop();
  if (failure_) return std::unexpected(*failure_);
  return progress_;
}

void Recorder::write_until_closed() {
  const energy::OwnWork::Aside aside(own_);
  for (bool last = false; !last;) {
    {
      std::unique_lock lock(mutex_);
      arrived_.wait_for(lock, kRound, [&] { return closing_; });
      last = closing_;
    }
    core::Result<void> round = write_round(last);
    if (round) continue;
    {
      const std::lock_guard lock(mutex_);
      failure_ = std::move(round).error();
    }
    written_.notify_all();
    on_failure_();
    return;
  }
}

core::Result<void> Recorder::write_round(bool last) {
  Inbox inbox;
  core::Instant until;
  {
    const std::lock_guard lock(mutex_);
    std::swap(inbox, inbox_);
    until = clock_.now();  // under the lock: whoever begins later starts later
  }
  take_in(std::move(inbox));
  if (last && !waiting_.empty()) {  // give the sensors the time to tell about the last requests
    clock_.sleep_until(clock_.now() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                          metering_.time_to_tell()));
  }
  IPW_CHECK(write(last ? metering_.flush() : metering_.settle(until)));
  return metering_.keep_samples(run_, last ? std::nullopt : std::optional(until));
}

void Recorder::take_in(Inbox inbox) {
  metering_.add_edges(inbox.edges);
  for (const auto& [request, not_before] : inbox.begun) metering_.begin(request, not_before);
  for (Finished& finished : inbox.finished) {
    metering_.finish(work_of(finished.request, finished.call));
    waiting_.emplace(finished.request, std::move(finished.call));
  }
}

core::Result<void> Recorder::write(std::vector<energy::Attributed> settled) {
  if (settled.empty()) return {};
  std::vector<record::Call> calls;
  calls.reserve(settled.size());
  for (energy::Attributed& attributed : settled) {
    const auto call = waiting_.find(attributed.id);
    call->second.energy = std::move(attributed.shares);
    calls.push_back(std::move(call->second));
    waiting_.erase(call);
  }
  IPW_CHECK(run_.append(calls));
  for (const record::Call& call : calls) report(call);
  progress_.elapsed = clock_.now() - started_;
  sink_(progress_);
  {
    const std::lock_guard lock(mutex_);
    unwritten_ -= calls.size();
  }
  written_.notify_all();
  return {};
}

void Recorder::report(const record::Call& call) {
  ++progress_.asked;
  if (call.verdict.outcome == record::Outcome::kMissing) {
    ++progress_.missing;
  } else {
    ++progress_.done;
    progress_.score += call.verdict.value;
  }
  // Joules of one source only: the first sensor's kind. The report shows all, split by source.
  for (const record::EnergyShare& share : call.energy) {
    if (!progress_.joules) {
      progress_.joules = core::Joules(0);
      progress_.provenance = share.provenance;
    }
    if (share.provenance == progress_.provenance) *progress_.joules += share.active;
  }
}

}  // namespace ipw::profiling
