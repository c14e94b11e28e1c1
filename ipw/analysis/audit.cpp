// Tables one by one, against each other, and against what is claimed of them.
#include "ipw/analysis/audit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "ipw/analysis/audit_table.h"
#include "ipw/analysis/claims.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using core::fail;
using metrics::common;
using metrics::Printed;
using metrics::Range;

constexpr std::string_view kSamplesFunction = "samples(";

// Sets whose names begin alike first: a family that was left out is likelier than a mixture.
std::size_t shared_beginning(const std::vector<std::string>& names) {
  std::size_t length = names.front().size();
  for (const std::string& name : names) {
    const auto stops = std::ranges::mismatch(names.front(), name);
    length = std::min(length, static_cast<std::size_t>(stops.in1 - names.front().begin()));
  }
  return length;
}

std::string omission_text(const Evaluation& evaluation, Range published) {
  auto sets = smallest_omissions(evaluation, published);
  if (sets.empty()) return "";
  const auto likeliest = std::ranges::max_element(sets, {}, shared_beginning);
  return fmt::format("; it follows where {} are left out{}", fmt::join(*likeliest, ", "),
                     sets.size() == 1 ? ""
                                      : fmt::format(" ({} sets of {} rows would do)", sets.size(),
                                                    likeliest->size()));
}

class ClaimAudit {
 public:
  ClaimAudit(const Table& claims, std::span<const Table> tables, Audit& audit)
      : claims_(claims), tables_(tables), audit_(audit) {}

  core::Result<void> run() {
    IPW_TRY(const std::size_t claim, needed_column(claims_, "claim"));
    IPW_TRY(const std::size_t published, needed_column(claims_, "published"));
    IPW_TRY(const std::size_t formula, needed_column(claims_, "formula"));
    const auto rows = claims_.column("rows");
    for (const TableRow& row : claims_.rows) {
      const std::string& text = row.cells[formula];
      if (text.empty() || text.starts_with(kSamplesFunction)) continue;
      const auto printed = metrics::parse_printed(row.cells[published]);
      if (!printed) {
        return fail(ErrorCode::kInvalidData,
                    fmt::format("{}: '{}' in column 'published' is not a number (write it without "
                                "unit)",
                                claims_.where(row), row.cells[published]));
      }
      core::Result<Evaluation> found = evaluate(text, tables_);
      if (!found) {
        return fail(found.error().code, claims_.where(row) + ": " + found.error().message);
      }
      std::optional<double> wanted;
      if (rows) {
        IPW_TRY(wanted, number_in(claims_, row, *rows));
      }
      judge(row.cells[claim], *printed, *found, wanted);
    }
    return {};
  }

 private:
  void judge(const std::string& claim, const Printed& published, const Evaluation& found,
             std::optional<double> rows) {
    if (rows && static_cast<double>(found.cells) != *rows) {
      audit_.unchecked.push_back(
          {"claim", claim,
           fmt::format("it speaks of {} rows, of which the table has {}", *rows, found.cells)});
      return;
    }
    ++audit_.checked["claim"];
    if (common(published.range(), found.value)) return;
    audit_.findings.push_back(
        {"claim", claim,
         fmt::format("{} is published, {:.4g} follows from the table{}", published.value,
                     found.value.middle(), omission_text(found, published.range())),
         found.value});
  }

  const Table& claims_;
  std::span<const Table> tables_;
  Audit& audit_;
};

core::Result<std::map<std::string, std::int64_t>> samples_of_claims(const Table& claims) {
  std::map<std::string, std::int64_t> samples;
  IPW_TRY(const std::size_t formula, needed_column(claims, "formula"));
  IPW_TRY(const std::size_t published, needed_column(claims, "published"));
  for (const TableRow& row : claims.rows) {
    std::string_view text = row.cells[formula];
    if (!text.starts_with(kSamplesFunction) || !text.ends_with(")")) continue;
    text.remove_prefix(kSamplesFunction.size());
    text.remove_suffix(1);
    IPW_TRY(const double count, positive_number(claims, row, published));
    samples[std::string(text)] = static_cast<std::int64_t>(count);
  }
  return samples;
}

}  // namespace

core::Result<Audit> audit_tables(std::span<const Table> tables, const std::optional<Claims>& claims,
                                 const AuditOptions& options) {
  Audit audit;
  std::map<std::string, std::int64_t> samples = options.samples;
  if (claims) {
    IPW_TRY(const auto stated, samples_of_claims(claims->table));
    samples.insert(stated.begin(), stated.end());
  }
  std::vector<PowerConstants> constants;
  for (const Table& table : tables) {
    audit.audited.push_back(table.name);
    auto count = samples.find(table.name);
    if (count == samples.end()) count = samples.find("");
    const auto known = count == samples.end() ? std::nullopt : std::optional(count->second);
    constants.push_back(audit_table(table, known, audit));
  }
  for (std::size_t i = 0; i < tables.size(); ++i) {
    for (std::size_t j = 0; j < tables.size(); ++j) {
      if (i != j) audit_against(tables[i], tables[j].name, constants[j], audit);
    }
  }
  if (claims) {
    audit.audited.push_back(claims->table.name);
    IPW_CHECK(ClaimAudit(claims->table, tables, audit).run());
  }
  return audit;
}

}  // namespace ipw::analysis
