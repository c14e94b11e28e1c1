// ipw dataset: write generated questions, check a corpus for held-out ones, and score what guessing
// gets.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/datasets/catalog.h"
#include "ipw/datasets/generated_questions.h"
#include "ipw/profiling/controls.h"
#include "ipw/report/figure_json.h"
#include "ipw/report/text.h"

namespace ipw::cli {
namespace {

using core::ErrorCode;
using core::fail;

struct DatasetFlags {
  std::string split = "heldout";
  std::uint64_t seed = 42;
  std::uint64_t count = 1000;
  std::vector<std::string> tasks;
  std::string out = "-";
  std::string corpus;  // of check
  std::string set;     // of controls
  bool json = false;
};

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdout) std::fclose(file);
  }
};

std::unexpected<core::Error> write_failure(const std::string& out) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return fail(full ? ErrorCode::kOutOfSpace : ErrorCode::kUnavailable,
              fmt::format("cannot write {}: {} ({})", out == "-" ? "standard output" : out,
                          std::strerror(errno), full ? "free some space" : "check where it goes"));
}

core::Result<int> write_rows(datasets::Generator& generator, const DatasetFlags& flags,
                             const Context& context, std::FILE* file) {
  for (std::uint64_t i = 0; i < flags.count; ++i) {
    if (context.stop.stop_requested()) return kInterrupted;
    const std::string line = datasets::to_json_line(generator.next()) + '\n';
    if (std::fwrite(line.data(), 1, line.size(), file) != line.size()) {
      return write_failure(flags.out);
    }
  }
  if (std::fflush(file) != 0) return write_failure(flags.out);
  return kDone;
}

core::Result<int> generate(const DatasetFlags& flags, Context& context) {
  const datasets::Split split =
      flags.split == "train" ? datasets::Split::kTrain : datasets::Split::kHeldOut;
  IPW_TRY(datasets::Generator generator,
          datasets::Generator::create(split, flags.seed, flags.tasks));
  const std::unique_ptr<std::FILE, CloseFile> file(
      flags.out == "-" ? stdout : std::fopen(flags.out.c_str(), "wb"));
  if (!file) {
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("cannot write {}: {} (choose another place with --out)", flags.out,
                            std::strerror(errno)));
  }
  const std::shared_ptr<void> in_order = context.heed_stop();
  const core::Result<int> written = write_rows(generator, flags, context, file.get());
  if (flags.out == "-") return written;
  std::error_code ignored;
  const bool whole = written && *written == kDone;
  if (!whole && std::filesystem::is_regular_file(flags.out, ignored)) {
    std::filesystem::remove(flags.out, ignored);  // half a corpus must not pass for a whole one
  }
  if (whole) {
    context.err << fmt::format(
        "{} questions in {}; ask them as they stand with: ipw profile --dataset {} --scorer auto "
        "--template '{{question}}' --model …\n",
        flags.count, flags.out, flags.out);
  }
  return written;
}

core::Result<int> check(const DatasetFlags& flags, Context& context) {
  IPW_TRY(const datasets::CorpusCheck found, datasets::check_corpus(flags.corpus));
  if (flags.json) {
    print_json(context, nlohmann::ordered_json{{"schema_version", report::kJsonSchemaVersion},
                                               {"command", "dataset check"},
                                               {"rows", found.rows},
                                               {"held_out", found.held_out},
                                               {"lines", found.lines}});
  } else if (found.held_out == 0) {
    context.out << fmt::format("{}: {} rows, none of them held out\n", flags.corpus, found.rows);
  } else {
    context.out << fmt::format(
        "{}: {} of {} rows are held out, the first in line {}: a model trained on them cannot be "
        "measured on ipw-mini (make a corpus with --split train)\n",
        flags.corpus, found.held_out, found.rows, found.lines.front());
  }
  return found.held_out == 0 ? kDone : kCheckFailed;
}

std::string controls_text(const std::vector<profiling::ControlScores>& scores) {
  std::vector<std::string> header{"task", "n"};
  for (const profiling::Control& control : profiling::controls()) {
    header.emplace_back(control.name);
  }
  report::Table table(std::move(header));
  for (const profiling::ControlScores& row : scores) {
    std::vector<std::string> cells{row.task.empty() ? "all" : row.task,
                                   std::to_string(row.accuracy.front().n)};
    for (const record::Figure& figure : row.accuracy) {
      cells.push_back(report::value_text(figure) + " " + report::interval_text(figure, 2));
    }
    table.add(std::move(cells));
  }
  std::string text =
      table.text(report::kAnyWidth) + "share that the scorer calls correct, 95 % Wilson limits\n";
  for (const profiling::Control& control : profiling::controls()) {
    text += fmt::format("  {}: answers with {}\n", control.name, control.answer);
  }
  return text;
}

nlohmann::ordered_json controls_json(const std::string& set,
                                     const std::vector<profiling::ControlScores>& scores) {
  nlohmann::ordered_json json = {{"schema_version", report::kJsonSchemaVersion},
                                 {"command", "dataset controls"},
                                 {"dataset", set}};
  auto& controls = json["controls"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < profiling::controls().size(); ++i) {
    const profiling::Control& control = profiling::controls()[i];
    auto& entry = controls.emplace_back(
        nlohmann::ordered_json{{"name", control.name}, {"answers_with", control.answer}});
    entry["accuracy"] = report::figure_json(scores.front().accuracy[i]);
    auto& tasks = entry["tasks"] = nlohmann::ordered_json::object();
    for (const profiling::ControlScores& row : scores) {
      if (&row != &scores.front()) tasks[row.task] = report::figure_json(row.accuracy[i]);
    }
  }
  return json;
}

core::Result<int> show_controls(const DatasetFlags& flags, Context& context) {
  IPW_TRY(const std::unique_ptr<datasets::QuestionSet> set, datasets::open(flags.set));
  IPW_TRY(const std::unique_ptr<scoring::Scorer> scorer,
          scoring::make_scorer(set->describe().scorer));
  IPW_TRY(const auto scores, profiling::score_controls(*set, *scorer, flags.seed));
  if (flags.json) {
    print_json(context, controls_json(set->describe().name, scores));
  } else {
    context.out << controls_text(scores);
  }
  return kDone;
}

}  // namespace

Action declare_dataset(const Flags& app, Context& context) {
  auto flags = std::make_shared<DatasetFlags>();
  const Flags generating = app.command("generate", "Write questions as JSON Lines");
  generating.option("--split", flags->split, "train, or heldout: what training never sees")
      .one_of({"train", "heldout"})
      .shows_default();
  generating.option("--count", flags->count, "How many")
      .between(std::int64_t{1}, std::int64_t{1'000'000'000})
      .shows_default();
  generating.option("--seed", flags->seed, "Other seeds give other questions").shows_default();
  generating
      .option("--tasks", flags->tasks, "Only these of `ipw list tasks`, with commas between them")
      .separated_by(',');
  generating.option("--out", flags->out, "Write to this file; - is standard output")
      .shows_default();

  const Flags checking = app.command(
      "check", "Say whether a generated corpus holds held-out questions (exit status 5)");
  checking.option("CORPUS", flags->corpus, "A file of `ipw dataset generate`").required();
  checking.flag("--json", flags->json, "Print one JSON document instead of text");

  const Flags controlling = app.command("controls", "Score answers that need no model");
  controlling.option("SET", flags->set, "A question file or a name of `ipw list datasets`")
      .required();
  controlling.option("--seed", flags->seed, "Of the random answers").shows_default();
  controlling.flag("--json", flags->json, "Print one JSON document instead of the table");

  app.require_command();
  return [=, &context] {
    if (generating.chosen()) return finish(context, generate(*flags, context));
    if (checking.chosen()) return finish(context, check(*flags, context));
    return finish(context, show_controls(*flags, context));
  };
}

}  // namespace ipw::cli
