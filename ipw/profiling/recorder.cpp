// Group commit: what finishes within a moment goes to the disk in one transaction, so that a
// question costs the asking thread a lock and nothing else. Its joules are known later, when all
// who ran beside it have ended and the sensors have told of that time; an answer does not wait for
// them.
#include "ipw/profiling/recorder.h"

#include <utility>

#include "ipw/core/caught.h"

namespace ipw::profiling {
namespace {

constexpr std::chrono::milliseconds kGathering{1};  // that an answer waits for others to be written
constexpr std::chrono::milliseconds kSettling{50};  // between two looks at what the sensors told
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
  Metering::Edges edges;
  metering_.read_edges(edges);
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    inbox_.edges.append(edges);
    first = inbox_.finished.empty();
    inbox_.finished.push_back({request, std::move(call)});
    ++unwritten_;
  }
  if (first) arrived_.notify_one();
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
      arrived_.wait_for(lock, kSettling, [&] { return closing_ || !inbox_.finished.empty(); });
      if (!closing_ && !inbox_.finished.empty()) {  // others may follow it into its transaction
        arrived_.wait_for(lock, kGathering, [&] { return closing_; });
      }
      last = closing_;
    }
    core::Result<void> round = guarded_round(last);
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

core::Result<void> Recorder::guarded_round(bool last) {
  try {
    return write_round(last);
  } catch (...) {  // a full memory ends the run in order, not the process
    return std::unexpected(core::caught_error());
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
  IPW_CHECK(write_answers(std::move(inbox)));
  if (last && !waiting_.empty()) {  // give the sensors the time to tell about the last requests
    clock_.sleep_until(clock_.now() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                          metering_.time_to_tell()));
  }
  if (!last && until < next_settling_) return {};  // answers do not wait for what can wait
  next_settling_ = until + kSettling;
  IPW_CHECK(write_energy(last ? metering_.flush() : metering_.settle(until)));
  return metering_.keep_samples(run_, last ? std::nullopt : std::optional(until));
}

core::Result<void> Recorder::write_answers(Inbox inbox) {
  metering_.add_edges(inbox.edges);
  for (const auto& [request, not_before] : inbox.begun) metering_.begin(request, not_before);
  if (inbox.finished.empty()) return {};
  std::vector<record::Call> calls;
  calls.reserve(inbox.finished.size());
  for (Finished& finished : inbox.finished) {
    metering_.finish(work_of(finished.request, finished.call));
    waiting_.emplace(finished.request, store::name_of(finished.call));
    calls.push_back(std::move(finished.call));
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

core::Result<void> Recorder::write_energy(std::vector<energy::Attributed> settled) {
  std::vector<store::CallEnergy> energy;
  energy.reserve(settled.size());
  for (energy::Attributed& attributed : settled) {
    const auto call = waiting_.find(attributed.id);
    if (!attributed.shares.empty()) {
      energy.push_back({std::move(call->second), std::move(attributed.shares)});
    }
    waiting_.erase(call);
  }
  if (energy.empty()) return {};
  IPW_CHECK(run_.append_energy(energy));
  for (const store::CallEnergy& call : energy) report(call.shares);
  progress_.elapsed = clock_.now() - started_;
  sink_(progress_);
  return {};
}

void Recorder::report(const record::Call& call) {
  ++progress_.asked;
  if (call.verdict.outcome == record::Outcome::kMissing) {
    ++progress_.missing;
    return;
  }
  ++progress_.done;
  progress_.score += call.verdict.value;
}

void Recorder::report(const std::vector<record::EnergyShare>& shares) {
  // Joules of one source only: the first sensor's kind. The report shows all, split by source.
  for (const record::EnergyShare& share : shares) {
    if (!progress_.joules) {
      progress_.joules = core::Joules(0);
      progress_.provenance = share.provenance;
    }
    if (share.provenance == progress_.provenance) *progress_.joules += share.active;
  }
}

}  // namespace ipw::profiling
