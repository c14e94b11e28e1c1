// Opening (what does this file hold?) and reading (row to question, repeats folded, faults named).
#include "ipw/datasets/file_questions.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <spanstream>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ipw/core/digest.h"
#include "ipw/datasets/field_mapping.h"
#include "ipw/datasets/question_form.h"
#include "ipw/datasets/repeats.h"
#include "ipw/datasets/spelling.h"
#include "ipw/scoring/scorer.h"

namespace ipw::datasets {
namespace {

using core::ErrorCode;

constexpr std::size_t kPeekedRows = 64;
constexpr std::size_t kPeekedBytes = std::size_t{64} << 20;  // beyond the first row

core::Error in_file(const std::string& source, core::Error error) {
  error.message = "cannot read questions from " + source + ": " + error.message;
  return error;
}

core::Error bad_row(const std::string& source, std::size_t line, const std::string& why) {
  return in_file(source, {ErrorCode::kInvalidData,
                          "line " + std::to_string(line) + ": " + why +
                              " (correct the line, or pass over such rows with --skip-invalid)"});
}

core::Error no_questions(const std::string& source, const std::string& why) {
  return in_file(source,
                 {ErrorCode::kInvalidData, why + " (give a file with one record per question)"});
}

class FileQuestions final : public QuestionSet {
 public:
  FileQuestions(QuestionSource source, SetDescription description, QuestionForm form,
                bool skip_invalid, std::unique_ptr<RowSource> rows)
      : source_(std::move(source)),
        description_(std::move(description)),
        form_(std::move(form)),
        skip_invalid_(skip_invalid),
        rows_(std::move(rows)) {}

  [[nodiscard]] SetDescription describe() const override { return description_; }
  [[nodiscard]] Reading reading() const override { return reading_; }

  core::Result<std::optional<record::Question>> next() override {
    while (true) {
      auto row = rows_->next();
      if (!row) return std::unexpected(in_file(source_.source, std::move(row).error()));
      if (!row->has_value()) return at_end();
      ++reading_.rows;
      const std::size_t line = (*row)->line;
      auto question = form_.fill(**row);
      if (!question) {
        IPW_CHECK(pass_over(line, question.error()));
        continue;
      }
      const auto earlier = repeats_.note(*question, line);
      if (!earlier) {
        ++reading_.questions;
        return std::move(*question);
      }
      if (earlier->same_content) {
        fold(line, question->external_id.value_or(""), *earlier);
        continue;
      }
      IPW_CHECK(pass_over(line, "id '" + earlier->external_id + "' stands on line " +
                                    std::to_string(earlier->line) + " with different content"));
    }
  }

  core::Result<void> rewind() override {
    IPW_TRY(auto stream, source_.open());
    rows_ = rows_of(source_.form, std::move(stream));
    repeats_.clear();
    reading_ = {};
    return {};
  }

 private:
  core::Result<std::optional<record::Question>> at_end() {
    if (reading_.questions > 0) return std::nullopt;
    return std::unexpected(no_questions(
        source_.source, "none of its " + std::to_string(reading_.rows) + " rows is a question"));
  }

  core::Result<void> pass_over(std::size_t line, std::string why) {
    if (!skip_invalid_) return std::unexpected(bad_row(source_.source, line, why));
    ++reading_.invalid;
    if (reading_.invalid_rows.size() < Reading::kListed) {
      reading_.invalid_rows.push_back({line, std::move(why)});
    }
    return {};
  }

  void fold(std::size_t line, std::string external_id, const Repeats::Earlier& earlier) {
    ++reading_.folded;
    if (reading_.repeats.size() == Reading::kListed) return;
    reading_.repeats.push_back({line, earlier.line, std::move(external_id), earlier.external_id});
  }

  QuestionSource source_;
  SetDescription description_;
  QuestionForm form_;
  bool skip_invalid_;
  std::unique_ptr<RowSource> rows_;
  Repeats repeats_;
  Reading reading_;
};

// What a row takes in memory, roughly.
std::size_t memory_of(const Row& row) {
  std::size_t bytes = 0;
  for (const Field& field : row.fields) {
    bytes += sizeof(Field) + field.name.size() + field.text.size();
    for (const std::string& item : field.items) bytes += sizeof(std::string) + item.size();
  }
  return bytes;
}

// The first rows that are not broken; a broken one is an error unless such rows are passed over.
core::Result<std::vector<Row>> peek(const QuestionSource& source, bool skip_invalid) {
  IPW_TRY(auto stream, source.open());
  const auto rows = rows_of(source.form, std::move(stream));
  std::vector<Row> sound;
  std::size_t seen = 0;
  std::size_t bytes = 0;
  for (std::optional<Row> row; sound.size() < kPeekedRows && bytes < kPeekedBytes; ++seen) {
    auto next = rows->next();
    // What follows sound rows is reported when reading gets there.
    if (!next && !sound.empty()) break;
    if (!next) return std::unexpected(in_file(source.source, std::move(next).error()));
    if (!next->has_value()) break;
    row = std::move(*next);
    if (row->fault.empty()) {
      bytes += memory_of(*row);
      sound.push_back(std::move(*row));
    } else if (!skip_invalid && sound.empty()) {
      return std::unexpected(bad_row(source.source, row->line, row->fault));
    }
  }
  if (!sound.empty()) return sound;
  return std::unexpected(no_questions(
      source.source,
      seen == 0 ? "it is empty" : "none of its " + std::to_string(seen) + " rows can be read"));
}

// The name of every field that the first rows have, in the order of their first appearance.
Row all_fields(const std::vector<Row>& rows) {
  Row all;
  std::unordered_set<std::string_view> known;
  for (const Row& row : rows) {
    for (const Field& field : row.fields) {
      if (known.insert(field.name).second) all.fields.emplace_back().name = field.name;
    }
  }
  return all;
}

// The scorer that the first questions ask for. Where they do not agree, "auto" decides question by
// question, but for a few numbers among texts: those are compared like the rest.
std::string inferred_scorer(const QuestionForm& form, const std::vector<Row>& rows) {
  std::array<std::size_t, 3> count{};
  std::size_t formulas = 0;
  for (const Row& row : rows) {
    const auto question = form.fill(row);
    if (!question) continue;
    ++count[static_cast<std::size_t>(kind_of(*question))];
    if (scoring::compares_formula_as_text(*question, scoring::scorer_for(*question))) ++formulas;
  }
  const auto [texts, numbers, choices] = count;
  if (choices > 0) return texts + numbers == 0 ? "choice" : "auto";
  if (numbers > 0 && texts == 0) return "numeric";
  const bool mathematics = numbers > 0 && numbers + formulas > texts - formulas;
  return mathematics ? "auto" : "normalized";
}

AnswerKind kind_for(const std::string& scorer) {
  if (scorer == "numeric") return AnswerKind::kNumber;
  return scorer == "choice" ? AnswerKind::kChoice : AnswerKind::kText;
}

core::Result<std::array<PromptTemplate, 3>> templates_for(const std::string& scorer,
                                                          const std::string& given) {
  using enum AnswerKind;
  if (!given.empty()) {
    IPW_TRY(auto own, PromptTemplate::parse(given));
    return std::array{own, own, own};
  }
  if (scorer == "auto" || scorer.empty()) {
    return std::array{PromptTemplate::standard(kText), PromptTemplate::standard(kNumber),
                      PromptTemplate::standard(kChoice)};
  }
  const PromptTemplate one = PromptTemplate::standard(kind_for(scorer));
  return std::array{one, one, scorer == "choice" ? one : PromptTemplate::standard(kChoice)};
}

std::string digest_of(const QuestionSource& source, const QuestionForm& form, bool skip_invalid) {
  core::Sha256 digest;
  digest.update_field(source.digest);
  digest.update_field(name(source.form));
  for (const auto& fields : form.mapping().fields) digest.update_field(listed(fields));
  for (const PromptTemplate& text : form.templates()) digest.update_field(text.text());
  digest.update_field(skip_invalid ? "skip-invalid" : "");
  return digest.hex();
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return text;
}

std::string reading_line(const QuestionSource& source, const QuestionForm& form, const Row& fields,
                         const std::string& scorer, const ReadingOptions& options) {
  return upper(name(source.form)) + "; " + form.mapping().reading(fields) + "; scorer " + scorer +
         (options.scorer.empty() ? " (inferred)" : "") + "; template " +
         (options.prompt_template.empty() ? "of the scorer" : "given") +
         (options.skip_invalid ? "; invalid rows are passed over" : "");
}

}  // namespace

core::Result<QuestionSource> file_source(const std::filesystem::path& path,
                                         const std::string& format) {
  const std::string shown = path.string();
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return core::fail(ErrorCode::kInvalidData,
                      "cannot read questions from " + shown +
                          ": it is not a file (name a JSONL, JSON or CSV file)");
  }
  QuestionSource source;
  source.name = path.filename().string();
  source.source = shown;
  IPW_TRY(source.digest, core::sha256_of_file(path));
  source.open = [path, shown]() -> core::Result<std::unique_ptr<std::istream>> {
    auto stream = std::make_unique<std::ifstream>(path, std::ios::binary);
    if (*stream) return stream;
    const int reason = errno;
    return core::fail(reason == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kNotFound,
                      "cannot read " + shown + ": " + std::strerror(reason));
  };
  IPW_TRY(const auto stream, source.open());
  std::string first(4096, '\0');
  stream->read(first.data(), static_cast<std::streamsize>(first.size()));
  first.resize(static_cast<std::size_t>(stream->gcount()));
  constexpr std::string_view kForeign[] = {"\xff\xfe", "\xfe\xff",         "\x1f\x8b", "PK\x03\x04",
                                           "PAR1",     "\x28\xb5\x2f\xfd", "ARROW1"};
  for (const std::string_view magic : kForeign) {
    if (!first.starts_with(magic)) continue;
    return core::fail(
        ErrorCode::kUnsupported,
        "cannot read questions from " + shown +
            ": it is UTF-16, packed or columnar (unpack it, or convert it to JSONL or "
            "CSV in UTF-8)");
  }
  const auto form = format.empty() ? form_of(source.name, first) : form_by_name(format);
  if (!form) {
    return core::fail(format.empty() ? ErrorCode::kUnsupported : ErrorCode::kUsage,
                      "cannot read questions from " + shown + ": " +
                          (format.empty() ? "neither its name nor its first bytes tell its form"
                                          : "there is no form '" + format + "'") +
                          " (known are jsonl, json, csv and tsv)");
  }
  source.form = *form;
  return source;
}

QuestionSource text_source(std::string name, std::string_view text, Form form) {
  core::Sha256 digest;
  digest.update(text);
  QuestionSource source{name, std::move(name), digest.hex(), form, {}};
  source.open = [text]() -> core::Result<std::unique_ptr<std::istream>> {
    return std::make_unique<std::ispanstream>(std::span<const char>(text));
  };
  return source;
}

core::Result<std::unique_ptr<QuestionSet>> read_questions(QuestionSource source,
                                                          const ReadingOptions& options) {
  IPW_TRY(const GivenMapping given, parse_mapping(options.mapping));
  IPW_TRY(const std::vector<Row> rows, peek(source, options.skip_invalid));
  const Row fields = all_fields(rows);
  auto mapping = resolve(given, fields);
  if (!mapping) return std::unexpected(in_file(source.source, std::move(mapping).error()));

  IPW_TRY(auto templates, templates_for(options.scorer, options.prompt_template));
  const QuestionForm trial(*mapping, templates, false);
  std::string scorer = options.scorer.empty() ? inferred_scorer(trial, rows) : options.scorer;
  if (scorer == "choice" && mapping->of(Part::kChoices).empty()) {
    return std::unexpected(in_file(
        source.source, {ErrorCode::kInvalidData,
                        "the choice scorer needs options and no field is known to hold them (map "
                        "them with choices=FIELD or choices=A+B+C+D)"}));
  }
  IPW_TRY(templates, templates_for(scorer, options.prompt_template));
  QuestionForm form(std::move(*mapping), std::move(templates), scorer == "choice");

  SetDescription description;
  description.name = source.name;
  description.source = source.source;
  description.digest = digest_of(source, form, options.skip_invalid);
  description.reading = reading_line(source, form, fields, scorer, options);
  description.scorer = std::move(scorer);
  IPW_TRY(auto stream, source.open());
  auto first = rows_of(source.form, std::move(stream));
  return std::make_unique<FileQuestions>(std::move(source), std::move(description), std::move(form),
                                         options.skip_invalid, std::move(first));
}

}  // namespace ipw::datasets
