// Damaged runs: a sound run in whose database a few values were changed, as a bad disk, another
// program or somebody who means harm would. Whatever is read from it ends with figures or an error.

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/analysis/audit.h"
#include "ipw/analysis/coverage.h"
#include "ipw/analysis/outcomes_reader.h"
#include "ipw/energy/telemetry_blob.h"
#include "ipw/report/page.h"
#include "ipw/report/power_trace.h"
#include "ipw/report/run_comparison.h"
#include "ipw/report/run_plots.h"
#include "ipw/report/run_report.h"
#include "ipw/store/export.h"
#include "ipw/store/fuzz_bytes.h"
#include "ipw/store/run.h"
#include "ipw/store/sample_run.h"

namespace {

namespace fs = std::filesystem;
using namespace ipw;  // NOLINT(google-build-using-namespace): a program of its own

using store::FuzzBytes;

constexpr int kQuestions = 6;

/// What can be changed, and how a row is found: the tables without row numbers by part of their
/// key.
struct Column {
  const char* table;
  const char* name;
  const char* key;
};
constexpr Column kColumns[] = {
    {"meta", "value", "key"},
    {"sessions", "number", "rowid"},
    {"sessions", "wall_start", "rowid"},
    {"sessions", "wall_start_ns", "rowid"},
    {"sessions", "base_ns", "rowid"},
    {"tasks", "number", "rowid"},
    {"tasks", "name", "rowid"},
    {"questions", "number", "rowid"},
    {"questions", "id", "rowid"},
    {"questions", "task", "rowid"},
    {"questions", "external_id", "rowid"},
    {"questions", "prompt", "rowid"},
    {"questions", "choices", "rowid"},
    {"questions", "reference", "rowid"},
    {"calls", "question", "question"},
    {"calls", "repeat", "question"},
    {"calls", "attempt", "question"},
    {"calls", "session", "question"},
    {"calls", "answer", "question"},
    {"calls", "outcome", "question"},
    {"calls", "value", "question"},
    {"calls", "finish", "question"},
    {"calls", "prompt_tokens", "question"},
    {"calls", "output_tokens", "question"},
    {"calls", "cached_tokens", "question"},
    {"calls", "reasoning_tokens", "question"},
    {"calls", "intended_ns", "question"},
    {"calls", "sent_ns", "question"},
    {"calls", "started_ns", "question"},
    {"calls", "first_token_ns", "question"},
    {"calls", "last_token_ns", "question"},
    {"calls", "flops", "question"},
    {"calls", "peak_memory_bytes", "question"},
    {"answers", "id", "rowid"},
    {"answers", "text", "rowid"},
    {"answers", "extracted", "rowid"},
    {"answers", "why", "rowid"},
    {"answers", "failure", "rowid"},
    {"answers", "logprobs", "rowid"},
    {"sensors", "number", "rowid"},
    {"sensors", "id", "rowid"},
    {"sensors", "source", "rowid"},
    {"sensors", "method", "rowid"},
    {"energy", "question", "question"},
    {"energy", "attempt", "question"},
    {"energy", "sensor", "question"},
    {"energy", "active_j", "question"},
    {"energy", "loaded_idle_j", "question"},
    {"energy", "device_power_w", "question"},
    {"energy", "uncertainty_j", "question"},
    {"energy", "coverage", "question"},
    {"telemetry", "sensor", "rowid"},
    {"telemetry", "second", "rowid"},
    {"telemetry", "samples", "rowid"},
    {"idle", "session", "rowid"},
    {"idle", "phase", "rowid"},
    {"idle", "sensor", "rowid"},
    {"idle", "power_w", "rowid"},
    {"idle", "power_stderr_w", "rowid"},
    {"idle", "seconds", "rowid"},
    {"idle", "n", "rowid"},
    {"events", "number", "rowid"},
    {"events", "time", "rowid"},
    {"events", "kind", "rowid"},
    {"events", "text", "rowid"},
};

void check(const core::Result<void>& done) {
  if (!done) {
    std::fprintf(stderr, "%s\n", done.error().message.c_str());
    std::abort();
  }
}

/// Two runs of one set, with repeats, attempts, samples and idle power.
void make_run(const fs::path& place, const char* model) {
  store::HandClock clock;
  store::Manifest manifest = store::sample_manifest();
  manifest.model.name = model;
  manifest.questions.selected = kQuestions;
  manifest.load.goodput = {{"ttft", 1.0}};
  auto run = store::Run::create(place, manifest, clock);
  if (!run) std::abort();
  std::vector<record::Call> calls;
  for (int number = 0; number < kQuestions; ++number) {
    for (int repeat = 0; repeat < 2; ++repeat) {
      record::Call call = store::sample_call(number, clock.now());
      call.repeat = repeat;
      if (number == 2) {
        call.verdict = {.why = "the line broke"};
        calls.push_back(call);
        call = store::sample_call(number, clock.now());
        call.repeat = repeat;
        call.attempt = 1;
      }
      calls.push_back(std::move(call));
    }
  }
  check(run->append(calls));
  for (std::int64_t second = 0; second < 2; ++second) {
    std::vector<energy::Sample> samples;
    for (int i = 0; i < 5; ++i) {
      const core::Instant at{std::chrono::seconds(second) + std::chrono::milliseconds(200 * i)};
      samples.push_back({at, core::Joules(40.0 * core::Seconds(at.time_since_epoch()).count())});
    }
    const std::string blob = energy::encode_telemetry(samples);
    check(run->append_telemetry("rapl:package-0", second, std::as_bytes(std::span(blob))));
  }
  check(run->append_idle({.phase = store::IdlePhase::kLoadedBefore,
                          .sensor = "rapl:package-0",
                          .power = core::Watts(3.0),
                          .standard_error = core::Watts(0.1),
                          .duration = core::Seconds(2.0),
                          .n = 20}));
  check(run->append_event(clock.wall(), "started", ""));
}

class Fixture {
 public:
  Fixture() {
    std::string pattern = (fs::temp_directory_path() / "ipw-damage-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    root_ = pattern;
    make_run(root_ / "whole", "a.gguf");
    make_run(root_ / "other", "b.gguf");
    fs::create_directory(damaged());
  }
  ~Fixture() { fs::remove_all(root_); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  [[nodiscard]] fs::path damaged() const { return root_ / "damaged"; }
  [[nodiscard]] fs::path other() const { return root_ / "other"; }

  void restore() const {
    fs::remove_all(damaged());
    fs::copy(root_ / "whole", damaged());
  }

 private:
  fs::path root_;
};

std::string blob(FuzzBytes& bytes) {
  std::string text;
  for (const char byte : bytes.text()) {
    text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return "x'" + text + "'";
}

/// A value as SQL writes it.
std::string another_value(FuzzBytes& bytes) {
  switch (bytes.byte() % 14) {
    case 0: return "NULL";
    case 1: return "0";
    case 2: return "-1";
    case 3: return "9223372036854775807";
    case 4: return "-9223372036854775807 - 1";
    case 5: return fmt::format("{}", bytes.number());
    case 6: return fmt::format("{}", std::int64_t{1} << (bytes.byte() % 63));
    case 7: return fmt::format("{}", bytes.byte());
    case 8: return "9e999";
    case 9: return "-1e308";
    case 10: return "0.5";
    case 11: return "'text'";
    case 12: return blob(bytes);
    default: return fmt::format("CAST({} AS TEXT)", blob(bytes));
  }
}

std::string change(FuzzBytes& bytes) {
  const Column& column = kColumns[bytes.byte() % std::size(kColumns)];
  const std::string row = fmt::format("{0} = (SELECT {0} FROM {1} LIMIT 1 OFFSET {2})", column.key,
                                      column.table, bytes.byte() % 8);
  if (bytes.byte() % 8 == 0) return fmt::format("DELETE FROM {} WHERE {}", column.table, row);
  return fmt::format("UPDATE OR IGNORE {} SET {} = {} WHERE {}", column.table, column.name,
                     another_value(bytes), row);
}

const report::ReportOptions kOptions{.by_task = true, .resamples = 100};

void read_report(const Fixture& fixture) {
  const auto read = report::read_report(fixture.damaged(), kOptions);
  if (!read) return;
  const std::vector<report::RunReport> reports{*read};
  static_cast<void>(report::report_text(reports, true));
  static_cast<void>(report::report_csv(reports));
  static_cast<void>(report::report_json(reports).dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

void read_page(const Fixture& fixture) {
  static_cast<void>(report::make_page({fixture.damaged()}, {.report = kOptions}));
}

void read_beside_another(const Fixture& fixture) {
  if (const auto pair = report::compare_runs(fixture.damaged(), fixture.other(), 100)) {
    static_cast<void>(report::comparison_text(*pair));
  }
  const std::vector<fs::path> runs{fixture.damaged(), fixture.other()};
  if (const auto outcomes = analysis::read_outcomes(runs, {})) {
    static_cast<void>(analysis::coverage(*outcomes, {.pools = {{.name = "all", .models = {0}}}}));
  }
}

void read_records(const Fixture& fixture) {
  analysis::Audit audit;
  static_cast<void>(analysis::audit_run(fixture.damaged(), audit));
  auto run = store::Run::open(fixture.damaged());
  if (!run) return;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen("/dev/null", "w"),
                                                            std::fclose);
  static_cast<void>(store::export_records(*run, store::ExportFormat::kCsv, out.get()));
  static_cast<void>(store::export_records(*run, store::ExportFormat::kJsonl, out.get()));
}

void read_samples(const Fixture& fixture) {
  auto run = store::Run::open(fixture.damaged());
  if (!run) return;
  static_cast<void>(report::recorded_traces(*run, core::Seconds(0.1)));
  for (const report::RunFigure& figure : report::run_figures()) {
    static_cast<void>(report::run_plots(figure.name, std::vector{fixture.damaged()},
                                        {.resamples = 100, .titles = true}));
  }
}

void append_one(const Fixture& fixture) {
  const store::HandClock clock;
  auto run = store::Run::resume(fixture.damaged(), clock);
  if (!run) return;
  const record::Call call = store::sample_call(kQuestions + 1, clock.now());
  static_cast<void>(run->append({&call, 1}));
  static_cast<void>(run->done(call.question.id, 0));
}

// A page takes as long as all the others together.
constexpr void (*kReaders[])(const Fixture&) = {read_report,         read_report,  read_records,
                                                read_beside_another, read_samples, append_one,
                                                append_one,          read_page};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Fixture fixture;
  fixture.restore();
  FuzzBytes bytes(data, size);
  const auto read = kReaders[bytes.byte() % std::size(kReaders)];
  {
    auto database =
        store::Database::open(fixture.damaged() / "run.sqlite", store::Database::Mode::kAppend);
    if (!database) std::abort();
    for (int changes = 0; changes < 6 && bytes.left(); ++changes) {
      static_cast<void>(database->execute(change(bytes).c_str()));
    }
  }
  read(fixture);
  return 0;
}
