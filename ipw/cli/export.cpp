// ipw export: the records of a run for other tools.
#include "ipw/store/export.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/energy_samples.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/cli/terminal_stream.h"
#include "ipw/report/recorded_samples.h"
#include "ipw/store/sharing.h"

namespace ipw::cli {
namespace {

struct ExportFlags {
  std::string run;
  std::string format = "csv";
  std::string out;
  bool samples = false;
};

// The raw samples of every sensor, at their time on the run's time line.
core::Result<int> export_samples(store::Run& run, const std::string& out, std::FILE* shown) {
  IPW_TRY(SampleFile file, out.empty() ? SampleFile::onto(shown) : SampleFile::create(out));
  IPW_CHECK(run.for_each_telemetry([&](const store::TelemetrySecond& second) -> core::Result<void> {
    IPW_TRY(const std::vector<energy::Sample> samples, report::recorded_samples(second));
    for (const energy::Sample& sample : samples) {
      const std::chrono::nanoseconds at = sample.at.time_since_epoch();
      file.add(second.sensor, at.count(), sample);
    }
    return {};
  }));
  IPW_CHECK(file.finish());
  return kDone;
}

core::Result<int> run_export(const ExportFlags& flags, Context& context) {
  IPW_TRY(store::Run run, store::Run::open(flags.run));
  // Exact for a pipe or a file; what a person looks at goes where nothing obeys it.
  const auto terminal = context.out_is_terminal ? file_onto(context.out) : nullptr;
  std::FILE* const shown = terminal ? terminal.get() : stdout;
  if (flags.samples) return export_samples(run, flags.out, shown);
  const store::ExportFormat format = *store::export_format(flags.format);
  if (flags.out.empty()) {
    IPW_CHECK(store::export_records(run, format, shown));
    return kDone;
  }
  // There are prompts in it: a new file is its owner's alone.
  const int descriptor = ::open(flags.out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                                store::file_mode(store::Sharing::kPrivate));
  const std::unique_ptr<std::FILE, CloseFile> file(descriptor < 0 ? nullptr
                                                                  : ::fdopen(descriptor, "wb"));
  if (!file) {
    return core::fail(core::ErrorCode::kPermissionDenied, "cannot write " + flags.out + ": " +
                                                              std::strerror(errno) +
                                                              " (choose another place with --out)");
  }
  IPW_CHECK(store::export_records(run, format, file.get()));
  return kDone;
}

}  // namespace

Action declare_export(const Flags& app, Context& context) {
  auto flags = std::make_shared<ExportFlags>();
  app.option("RUN", flags->run, "A run folder").required();
  app.option("--format", flags->format, "csv or jsonl").one_of({"csv", "jsonl"}).shows_default();
  app.flag("--samples", flags->samples,
           "Write the raw samples of every energy sensor instead, as CSV: sensor, seconds on the "
           "run's time line, counter, epoch");
  app.option("--out", flags->out, "Write to this file instead of standard output");
  return [flags, &context] { return finish(context, run_export(*flags, context)); };
}

}  // namespace ipw::cli
