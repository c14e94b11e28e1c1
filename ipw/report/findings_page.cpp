// The same style as the report page's, and a policy that admits it and the pictures inside the
// page, nothing else.
#include "ipw/report/findings_page.h"

#include <fmt/format.h>

#include <map>

#include <nlohmann/json.hpp>

#include "ipw/report/figure_table.h"
#include "ipw/report/findings_view.h"
#include "ipw/report/html_text.h"
#include "ipw/report/page_assets.h"
#include "ipw/report/text.h"
#include "ipw/store/manifest.h"

namespace ipw::report {
namespace {

constexpr double kPictureWidthMm = 180.0;

std::string link(const std::string& file, std::string_view type, std::string_view bytes) {
  return fmt::format(R"(<a download="{}" href="{}">{}</a>)", html_text(file), data_uri(type, bytes),
                     html_text(file));
}

std::string head(const FindingsPage& page) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<title>ipw {}</title>\n<style>{}</style>\n</head>\n",
      page_style().sha256, html_text(page.command), page_style().text);
}

core::Result<std::string> picture(const Plot& plot, const std::string& stem) {
  IPW_TRY(const std::string svg, plots_svg({&plot, 1}, {.width_mm = kPictureWidthMm}));
  constexpr std::string_view kSvg = "image/svg+xml";
  return fmt::format(
      "<figure class=\"picture\"><img alt=\"{}\" src=\"{}\">\n<figcaption>{} · {}</figcaption>"
      "</figure>\n",
      html_text(plot.title), data_uri(kSvg, svg), link(stem + ".svg", kSvg, svg),
      link(stem + ".csv", "text/csv", plot_csv({&plot, 1})));
}

std::string badge(const record::Provenance& provenance) {
  const std::string method = record::method_text(provenance);
  return fmt::format(R"( <span class="badge {0}">{0}{1}</span>)", record::name(provenance.source),
                     method.empty() ? "" : " · " + html_text(method));
}

std::string cell(const record::Figure& figure) {
  std::string text = "<td>";
  text += figure.value ? html_text(value_text(figure)) : "<span class=\"absent\">—</span>";
  if (const std::string interval = interval_text(figure); !interval.empty()) {
    text += " <span class=\"interval\">" + html_text(interval) + "</span>";
  }
  if (const std::string bounds = bounds_text(figure); !bounds.empty()) {
    text += " <span class=\"bounds\">missing wrong or right: " + html_text(bounds) + "</span>";
  }
  if (!figure.reason.empty()) text += "<small>" + html_text(figure.reason) + "</small>";
  return text + "</td>";
}

std::string sources(const analysis::FindingSection& section) {
  std::map<std::string, record::Provenance> seen;
  for (const analysis::FindingRow& row : section.rows) {
    for (const auto& [name, figure] : row.figures) {
      if (figure.value) seen.emplace(provenance_text(figure.provenance), figure.provenance);
    }
  }
  std::string text;
  for (const auto& [name, provenance] : seen) text += badge(provenance);
  return text;
}

std::string table(const analysis::FindingSection& section) {
  const std::vector<std::string> names = figure_names(section);
  std::string text = "<div class=\"scroll\"><table>\n<thead><tr><th></th>";
  for (const std::string& name : names) text += "<th>" + html_text(name) + "</th>";
  text += "</tr></thead>\n<tbody>\n";
  for (const analysis::FindingRow& row : section.rows) {
    text += "<tr><th>" + html_text(row.label) + "</th>";
    for (const std::string& name : names) {
      const record::Figure* found = metrics::find(row.figures, name);
      text += found == nullptr ? "<td></td>" : cell(*found);
    }
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n<p>" + sources(section) + "</p>\n";
}

std::string top(const analysis::Findings& findings, const FindingsPage& page) {
  std::string text =
      fmt::format("<header class=\"top\"><p class=\"brand\">ipw</p>\n<h1>ipw {}</h1>\n",
                  html_text(page.command));
  if (!findings.notes.empty()) {
    text += "<div class=\"warnings\"><ul>\n";
    for (const std::string& note : findings.notes) text += "<li>" + html_text(note) + "</li>\n";
    text += "</ul></div>\n";
  }
  return text + "</header>\n";
}

}  // namespace

core::Result<std::string> findings_html(const analysis::Findings& findings,
                                        const std::vector<Plot>& plots, const FindingsPage& page) {
  std::string html = head(page) + "<body>\n" + top(findings, page) + "<main>\n";
  if (!plots.empty()) html += "<section>\n";
  for (std::size_t i = 0; i < plots.size(); ++i) {
    IPW_TRY(const std::string drawn, picture(plots[i], fmt::format("{}-{}", page.command, i + 1)));
    html += drawn;
  }
  if (!plots.empty()) html += "</section>\n";
  for (const analysis::FindingSection& section : findings.sections) {
    if (section.rows.empty()) continue;
    html +=
        "<section><h2>" + html_text(section.title) + "</h2>\n" + table(section) + "</section>\n";
  }
  html +=
      fmt::format("</main>\n<footer>{} · {} · made by ipw {} on {}</footer>\n</body>\n</html>\n",
                  link(page.command + ".csv", "text/csv", findings_csv(findings)),
                  link(page.command + ".json", "application/json",
                       findings_json(page.command, findings)
                           .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)),
                  html_text(page.ipw_version), store::rfc3339(page.made));
  return html;
}

}  // namespace ipw::report
