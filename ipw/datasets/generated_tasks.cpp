// The table of tasks, and which combinations may be trained on.
#include "ipw/datasets/generated_tasks.h"

#include "ipw/core/digest.h"
#include "ipw/datasets/task_makers.h"

namespace ipw::datasets {
namespace {

constexpr GeneratedTask kTasks[] = {
    {"look-up", "the number beside a name in a list of records", look_up},
    {"position", "the n-th word of a list", position},
    {"extraction", "who, when, from where, to where or how, out of sentences", extraction},
    {"comparison", "the largest or smallest of numbers, or who has it", comparison},
    {"addition", "sums of whole numbers of up to three digits", addition},
    {"subtraction", "differences of whole numbers of up to three digits", subtraction},
    {"sorting", "three to five numbers in order", sorting},
    {"counting", "how often a word occurs", counting},
    {"sentiment", "is a review positive or negative, with negation and contrast", sentiment},
    {"multiple-choice", "one of four: a kind, the odd one out, a sum", multiple_choice},
    {"date", "dates in another form, or some days later", date},
    {"unit", "units of length, mass, money and time converted", unit},
    {"two-steps", "two records added, or a chain of more and fewer", two_steps},
};

}  // namespace

std::span<const GeneratedTask> generated_tasks() { return kTasks; }

Split split_of(std::string_view task, std::string_view key) {
  core::Sha256 digest;
  digest.update(task);
  digest.update("\n");
  digest.update(key);
  const char first = digest.hex().front();
  return first == '0' || first == '8' ? Split::kHeldOut : Split::kTrain;
}

GeneratedQuestion generate(const GeneratedTask& task, int difficulty, Split split,
                           core::Random& random) {
  for (;;) {
    GeneratedQuestion question = task.make(random, difficulty);
    if (split_of(task.name, question.key) == split) return question;
  }
}

}  // namespace ipw::datasets
