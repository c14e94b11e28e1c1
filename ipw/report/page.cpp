// See page.h.
#include "ipw/report/page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/report/html_text.h"
#include "ipw/report/page_assets.h"
#include "ipw/report/page_data.h"
#include "ipw/report/script_json.h"

namespace ipw::report {
namespace {

namespace fs = std::filesystem;

// For readers without script: what the terminal shows, which is plain text.
std::string without_script(const std::vector<RunReport>& reports) {
  return html_text(report_text(reports, true));
}

// Escaped.
std::string title_of(const std::vector<RunReport>& reports) {
  std::string title;
  for (const std::string& label : run_labels(reports)) title += (title.empty() ? "" : ", ") + label;
  if (title.size() > 120) title = fmt::format("{} runs", reports.size());
  return html_text(title);
}

// The policy admits the page's own script and style and nothing else: no connection, no image, no
// frame, no form.
std::string head(const std::vector<RunReport>& reports) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<title>{} – ipw report</title>\n<style>{}</style>\n</head>\n",
      page_script().sha256, page_style().sha256, title_of(reports), page_style().text);
}

core::Result<std::vector<PairedRun>> pair_runs(const std::vector<fs::path>& runs, int resamples) {
  std::vector<PairedRun> paired;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    PairedRun pair{i, compare_runs(runs[i], runs.front(), resamples)};
    // Runs that do not compare can stand on one page; what cannot be read cannot.
    if (!pair.comparison && pair.comparison.error().code != core::ErrorCode::kUnsupported) {
      return std::unexpected(pair.comparison.error());
    }
    paired.push_back(std::move(pair));
  }
  return paired;
}

}  // namespace

core::Result<Page> make_page(const std::vector<fs::path>& runs, const PageOptions& options) {
  Page page;
  std::vector<RunCharts> charts;
  QuestionSheet sheet(runs.size(), options.sheet);
  for (const fs::path& directory : runs) {
    IPW_TRY(store::Run run, store::Run::open(directory));
    IPW_TRY(RunReading reading, read_run(run, options.report));
    IPW_TRY(RunCharts drawn, read_charts(run, reading.sample.view()));
    const bool above_idle = drawn.tokens && drawn.tokens->basis.above_idle;
    IPW_CHECK(sheet.add(run, reading.report.records, above_idle));
    page.reports.push_back(std::move(reading.report));
    charts.push_back(std::move(drawn));
  }
  IPW_TRY(const std::vector<PairedRun> paired, pair_runs(runs, options.report.resamples));
  page.html = head(page.reports);
  page.html += "<body>\n<noscript><p>Charts need JavaScript. The figures:</p><pre>" +
               without_script(page.reports) + "</pre></noscript>\n";
  page.html += "<script type=\"application/json\" id=\"report\">" +
               script_json(page_json({.reports = page.reports,
                                      .charts = charts,
                                      .paired = paired,
                                      .ipw_version = options.ipw_version,
                                      .made = options.made})) +
               "</script>\n<script type=\"application/json\" id=\"sheet\">";
  page.html += std::move(sheet).json();
  page.html += "</script>\n<script>";
  page.html += page_script().text;
  page.html += "</script>\n</body>\n</html>\n";
  return page;
}

}  // namespace ipw::report
