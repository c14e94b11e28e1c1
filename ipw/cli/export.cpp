// ipw export: the records of a run for other tools.
#include "ipw/store/export.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <CLI/CLI.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/program.h"

namespace ipw::cli {
namespace {

struct ExportFlags {
  std::string run;
  std::string format = "csv";
  std::string out;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

core::Result<int> run_export(const ExportFlags& flags) {
  IPW_TRY(store::Run run, store::Run::open(flags.run));
  const store::ExportFormat format = *store::export_format(flags.format);
  if (flags.out.empty()) {
    IPW_CHECK(store::export_records(run, format, stdout));
    return kDone;
  }
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(flags.out.c_str(), "wb"));
  if (!file) {
    return core::fail(core::ErrorCode::kPermissionDenied, "cannot write " + flags.out + ": " +
                                                              std::strerror(errno) +
                                                              " (choose another place with --out)");
  }
  IPW_CHECK(store::export_records(run, format, file.get()));
  return kDone;
}

}  // namespace

Action declare_export(CLI::App& app, Context& context) {
  auto flags = std::make_shared<ExportFlags>();
  app.add_option("RUN", flags->run, "A run folder")->required();
  app.add_option("--format", flags->format, "csv or jsonl")
      ->check(CLI::IsMember({"csv", "jsonl"}))
      ->capture_default_str();
  app.add_option("--out", flags->out, "Write to this file instead of standard output");
  return [flags, &context] { return finish(context, run_export(*flags)); };
}

}  // namespace ipw::cli
