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
#include "ipw/energy/telemetry_blob.h"
#include "ipw/store/sharing.h"

namespace ipw::cli {
namespace {

struct ExportFlags {
  std::string run;
  std::string format = "csv";
  std::string out;
  bool samples = false;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// The raw samples of every sensor, at their time on the run's time line.
core::Result<int> export_samples(store::Run& run, const std::string& out) {
  IPW_TRY(SampleFile file, out.empty() ? SampleFile::standard_output() : SampleFile::create(out));
  IPW_CHECK(run.for_each_telemetry([&](const store::TelemetrySecond& second) -> core::Result<void> {
    IPW_TRY(const std::vector<energy::Sample> samples,
            energy::decode_telemetry(
                {reinterpret_cast<const char*>(second.samples.data()), second.samples.size()}));
    for (const energy::Sample& sample : samples) {
      const std::chrono::nanoseconds at = sample.at.time_since_epoch();
      file.add(second.sensor, at.count(), sample);
    }
    return {};
  }));
  IPW_CHECK(file.finish());
  return kDone;
}

core::Result<int> run_export(const ExportFlags& flags) {
  IPW_TRY(store::Run run, store::Run::open(flags.run));
  if (flags.samples) return export_samples(run, flags.out);
  const store::ExportFormat format = *store::export_format(flags.format);
  if (flags.out.empty()) {
    IPW_CHECK(store::export_records(run, format, stdout));
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
  return [flags, &context] { return finish(context, run_export(*flags)); };
}

}  // namespace ipw::cli
