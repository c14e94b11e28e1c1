// ipw compare: two runs, question by question.
#include <memory>

#include <nlohmann/json.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/report/run_comparison.h"

namespace ipw::cli {
namespace {

struct CompareFlags {
  std::string a;
  std::string b;
  bool json = false;
  int resamples = 1000;
};

core::Result<int> run_compare(const CompareFlags& flags, Context& context) {
  IPW_TRY(const report::RunComparison comparison,
          report::compare_runs(flags.a, flags.b, flags.resamples));
  if (flags.json) {
    print_json(context, report::comparison_json(comparison));
  } else {
    context.out << report::comparison_text(comparison);
  }
  return kDone;
}

}  // namespace

Action declare_compare(const Flags& app, Context& context) {
  auto flags = std::make_shared<CompareFlags>();
  app.option("A", flags->a,
             "A run folder, or a folder of runs that were made in turn with those of B")
      .required();
  app.option("B", flags->b, "What it is compared with, of the same kind").required();
  app.flag("--json", flags->json, "Print one JSON document instead of the table");
  app.option("--resamples", flags->resamples, "Bootstrap resamples behind the intervals")
      .between(100, 1'000'000)
      .shows_default();
  return [flags, &context] { return finish(context, run_compare(*flags, context)); };
}

}  // namespace ipw::cli
