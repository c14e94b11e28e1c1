// The table of file forms.
#include "ipw/datasets/rows.h"

#include <string>
#include <utility>

namespace ipw::datasets {
namespace {

struct FormRow {
  Form form;
  const char* name;
  const char* endings[2];
};

constexpr FormRow kForms[] = {
    {Form::kJsonl, "jsonl", {".jsonl", ".ndjson"}},
    {Form::kJson, "json", {".json", ".json"}},
    {Form::kCsv, "csv", {".csv", ".csv"}},
    {Form::kTsv, "tsv", {".tsv", ".tab"}},
};

}  // namespace

const char* name(Form form) {
  for (const FormRow& row : kForms) {
    if (row.form == form) return row.name;
  }
  return "";
}

std::optional<Form> form_by_name(std::string_view name) {
  for (const FormRow& row : kForms) {
    if (name == row.name) return row.form;
  }
  return std::nullopt;
}

std::optional<Form> form_of(std::string_view file_name, std::string_view first_bytes) {
  std::string lower(file_name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const FormRow& row : kForms) {
    for (const char* ending : row.endings) {
      if (lower.ends_with(ending)) return row.form;
    }
  }
  if (first_bytes.starts_with("\xef\xbb\xbf")) first_bytes.remove_prefix(3);
  const std::size_t start = first_bytes.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return std::nullopt;
  if (first_bytes[start] == '[') return Form::kJson;
  if (first_bytes[start] == '{') return Form::kJsonl;
  return std::nullopt;
}

std::unique_ptr<RowSource> rows_of(Form form, std::unique_ptr<std::istream> stream) {
  switch (form) {
    case Form::kJsonl: return jsonl_rows(std::move(stream));
    case Form::kJson: return json_rows(std::move(stream));
    case Form::kCsv: return csv_rows(std::move(stream), ',');
    case Form::kTsv: return csv_rows(std::move(stream), '\t');
  }
  return nullptr;
}

}  // namespace ipw::datasets
