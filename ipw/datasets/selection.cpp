// Bottom-k sampling: the k smallest hashes are a uniform sample without replacement, whatever the
// order of the rows (Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007).
#include "ipw/datasets/selection.h"

#include <algorithm>
#include <compare>
#include <string>
#include <utility>
#include <vector>

#include "ipw/core/random.h"

namespace ipw::datasets {
namespace {

// A question's place in a sample: its hash, and its number in the file to find it again.
struct Ticket {
  std::uint64_t key = 0;
  std::uint64_t number = 0;
  auto operator<=>(const Ticket&) const = default;
};

std::unexpected<core::Error> stopped() {
  return core::fail(core::ErrorCode::kCancelled, "reading the questions was stopped");
}

class SelectedQuestions final : public QuestionSet {
 public:
  SelectedQuestions(std::unique_ptr<QuestionSet> set, std::optional<std::uint64_t> limit,
                    std::optional<std::vector<std::uint64_t>> numbers, std::string suffix,
                    std::stop_token stop)
      : set_(std::move(set)),
        limit_(limit),
        numbers_(std::move(numbers)),
        suffix_(std::move(suffix)),
        stop_(std::move(stop)) {}

  [[nodiscard]] SetDescription describe() const override {
    SetDescription description = set_->describe();
    description.reading += suffix_;
    return description;
  }
  [[nodiscard]] Reading reading() const override { return set_->reading(); }

  core::Result<std::optional<record::Question>> next() override {
    while (!finished()) {
      IPW_TRY(auto question, set_->next());
      if (!question) return std::nullopt;
      const std::uint64_t number = number_++;
      if (!numbers_) return question;
      if ((*numbers_)[taken_] != number) {
        if (stop_.stop_requested()) return stopped();
        continue;
      }
      ++taken_;
      return question;
    }
    return std::nullopt;
  }

  core::Result<void> rewind() override {
    number_ = 0;
    taken_ = 0;
    return set_->rewind();
  }

 private:
  [[nodiscard]] bool finished() const {
    return (limit_ && number_ >= *limit_) || (numbers_ && taken_ == numbers_->size());
  }

  std::unique_ptr<QuestionSet> set_;
  std::optional<std::uint64_t> limit_;
  std::optional<std::vector<std::uint64_t>> numbers_;  // of the sampled questions, ascending
  std::string suffix_;
  std::stop_token stop_;
  std::uint64_t number_ = 0;
  std::size_t taken_ = 0;
};

// Keeps the `size` smallest tickets in a heap whose top is the largest of them.
void offer(std::vector<Ticket>& heap, Ticket ticket, std::uint64_t size) {
  if (heap.size() == size) {
    if (!(ticket < heap.front())) return;
    std::ranges::pop_heap(heap);
    heap.pop_back();
  }
  heap.push_back(ticket);
  std::ranges::push_heap(heap);
}

std::string suffix_of(const SelectionOptions& options, std::uint64_t considered,
                      std::uint64_t count) {
  std::string text;
  if (options.limit) text += "; the first " + std::to_string(considered);
  if (options.sample) {
    text += "; a sample of " + std::to_string(count) + " out of " + std::to_string(considered) +
            " with seed " + std::to_string(options.seed);
  }
  return text;
}

core::Result<void> check_counts(const SelectionOptions& options) {
  if (options.limit == std::uint64_t{0} || options.sample == std::uint64_t{0}) {
    return core::fail(core::ErrorCode::kUsage,
                      "a limit or sample of 0 asks nothing: give at least 1 (or leave it out)");
  }
  return {};
}

}  // namespace

std::uint64_t sampling_key(std::uint64_t seed, std::string_view id) {
  return core::derive_seed(seed, id);
}

core::Result<Selection> select(std::unique_ptr<QuestionSet> set, const SelectionOptions& options) {
  IPW_CHECK(check_counts(options));
  std::uint64_t considered = 0;
  std::vector<Ticket> sample;
  while (!options.limit || considered < *options.limit) {
    if (options.stop.stop_requested()) return stopped();
    IPW_TRY(const auto question, set->next());
    if (!question) break;
    if (options.check) IPW_CHECK(options.check(*question));
    if (options.sample) {
      offer(sample, {sampling_key(options.seed, question->id), considered}, *options.sample);
    }
    ++considered;
  }
  Selection selection;
  selection.reading = set->reading();
  selection.count = options.sample ? sample.size() : considered;
  std::optional<std::vector<std::uint64_t>> numbers;
  if (options.sample) {
    numbers.emplace();
    for (const Ticket& ticket : sample) numbers->push_back(ticket.number);
    std::ranges::sort(*numbers);
  }
  IPW_CHECK(set->rewind());
  selection.questions = std::make_unique<SelectedQuestions>(
      std::move(set), options.limit, std::move(numbers),
      suffix_of(options, considered, selection.count), options.stop);
  return selection;
}

}  // namespace ipw::datasets
