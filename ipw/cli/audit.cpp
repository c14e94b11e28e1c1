// ipw audit: what in tables and runs does not follow.
#include "ipw/analysis/audit.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/report/audit_report.h"
#include "ipw/report/output_file.h"

namespace ipw::cli {
namespace {

struct AuditFlags {
  std::vector<std::string> paths;
  std::string claims;
  std::vector<std::string> samples;
  bool json = false;
  std::string csv;
};

// "30" for every table, "leaderboard=30" for one.
core::Result<std::map<std::string, std::int64_t>> samples_of(
    const std::vector<std::string>& texts) {
  std::map<std::string, std::int64_t> samples;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string table = equals == std::string::npos ? "" : text.substr(0, equals);
    const auto count =
        metrics::parse_printed(equals == std::string::npos ? text : text.substr(equals + 1));
    if (!count || count->value < 1.0 || count->decimals != 0) {
      return core::fail(
          core::ErrorCode::kUsage,
          fmt::format("--samples {}: not a number of samples (write 30, or TABLE=30)", text));
    }
    samples[table] = static_cast<std::int64_t>(count->value);
  }
  return samples;
}

core::Result<int> run_audit(const AuditFlags& flags, Context& context) {
  std::vector<analysis::Table> tables;
  std::vector<std::filesystem::path> runs;
  for (const std::string& path : flags.paths) {
    if (std::filesystem::is_directory(path)) {
      runs.emplace_back(path);
      continue;
    }
    IPW_TRY(analysis::Table table, analysis::read_table(path));
    tables.push_back(std::move(table));
  }
  std::optional<analysis::Claims> claims;
  if (!flags.claims.empty()) {
    IPW_TRY(analysis::Table table, analysis::read_table(flags.claims));
    claims = analysis::Claims{std::move(table)};
  }
  analysis::AuditOptions options;
  IPW_TRY(options.samples, samples_of(flags.samples));
  IPW_TRY(analysis::Audit audit, analysis::audit_tables(tables, claims, options));
  for (const auto& run : runs) IPW_CHECK(analysis::audit_run(run, audit));
  if (!flags.csv.empty()) {
    IPW_CHECK(report::write_output(flags.csv, report::audit_csv(audit)));
  }
  if (flags.json) {
    print_json(context, report::audit_json(audit));
  } else {
    context.out << report::audit_text(audit);
  }
  return audit.holds() ? kDone : kCheckFailed;
}

}  // namespace

Action declare_audit(const Flags& app, Context& context) {
  auto flags = std::make_shared<AuditFlags>();
  app.option("PATH", flags->paths, "Tables (.csv, .tsv) and run folders").required();
  app.option("--claims", flags->claims,
             "Also check claims: a table claim,published,unit,formula,rows");
  app.option("--samples", flags->samples,
             "Samples behind each share, where no column says it: N, or TABLE=N")
      .takes("[TABLE=]N")
      .one_value_each();
  app.flag("--json", flags->json, "Print one JSON document instead of the text");
  app.option("--csv", flags->csv, "Also write what was found to this file");
  return [flags, &context] { return finish(context, run_audit(*flags, context)); };
}

}  // namespace ipw::cli
