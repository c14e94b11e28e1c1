#include "ipw/report/audit_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "ipw/report/figure_json.h"
#include "ipw/report/figure_table.h"
#include "ipw/report/text.h"
#include "ipw/store/export.h"

namespace ipw::report {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

std::string audit_text(const analysis::Audit& audit) {
  std::int64_t total = 0;
  std::vector<std::string> kinds;
  for (const auto& [check, count] : audit.checked) {
    total += count;
    kinds.push_back(fmt::format("{} {}", count, check));
  }
  std::string text =
      wrapped(fmt::format("audited: {}", fmt::join(audit.audited, ", ")), kTerminalWidth, 2) +
      "\n" +
      wrapped(fmt::format("{} checks: {}", total, fmt::join(kinds, ", ")), kTerminalWidth, 2) +
      "\n\n";
  for (const analysis::Finding& finding : audit.findings) {
    text += wrapped(fmt::format("✗ {} · {}: {}", finding.check, finding.where, finding.what),
                    kTerminalWidth, 4) +
            "\n";
  }
  for (const analysis::Unchecked& unchecked : audit.unchecked) {
    text += wrapped(fmt::format("? {} · {}: {}", unchecked.check, unchecked.where, unchecked.why),
                    kTerminalWidth, 4) +
            "\n";
  }
  if (!audit.findings.empty() || !audit.unchecked.empty()) text += "\n";
  if (!audit.holds()) {
    return text + fmt::format("{} {} not follow\n", audit.findings.size(),
                              audit.findings.size() == 1 ? "figure does" : "figures do");
  }
  if (total == 0) return text + "nothing could be checked\n";
  text += "everything that could be checked holds";
  if (const std::size_t lines = audit.unchecked.size(); lines > 0) {
    text += fmt::format("; what could not be is listed above ({} {})", lines,
                        lines == 1 ? "line" : "lines");
  }
  return text + "\n";
}

Json audit_json(const analysis::Audit& audit) {
  Json json = {{"schema_version", kJsonSchemaVersion},
               {"command", "audit"},
               {"audited", audit.audited},
               {"checked", audit.checked},
               {"holds", audit.holds()}};
  Json& findings = json["findings"] = Json::array();
  for (const analysis::Finding& finding : audit.findings) {
    Json entry = {{"check", finding.check}, {"where", finding.where}, {"what", finding.what}};
    entry["recomputed"] = nullptr;
    if (finding.recomputed) {
      entry["recomputed"] = {{"low", finding.recomputed->low}, {"high", finding.recomputed->high}};
    }
    findings.push_back(std::move(entry));
  }
  Json& unchecked = json["unchecked"] = Json::array();
  for (const analysis::Unchecked& item : audit.unchecked) {
    unchecked.push_back({{"check", item.check}, {"where", item.where}, {"why", item.why}});
  }
  return json;
}

std::string audit_csv(const analysis::Audit& audit) {
  using store::csv_field;
  std::string csv = "result,check,where,what\r\n";
  for (const analysis::Finding& finding : audit.findings) {
    csv += fmt::format("does not follow,{},{},{}\r\n", csv_field(finding.check),
                       csv_field(finding.where), csv_field(finding.what));
  }
  for (const analysis::Unchecked& item : audit.unchecked) {
    csv += fmt::format("not checked,{},{},{}\r\n", csv_field(item.check), csv_field(item.where),
                       csv_field(item.why));
  }
  return csv;
}

}  // namespace ipw::report
