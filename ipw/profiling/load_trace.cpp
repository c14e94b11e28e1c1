// Rows by hand: three numbers each, in the hundred thousands.
#include "ipw/profiling/load_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>
#include <numeric>
#include <utility>

#include "ipw/core/digest.h"
#include "ipw/core/random.h"

namespace ipw::profiling {
namespace {

using core::ErrorCode;
using core::fail;

constexpr std::int64_t kMostTokens = 10'000'000;  // of one row: more is a damaged file

using Fields = std::vector<std::string_view>;

std::string_view trimmed(std::string_view text) {
  constexpr const char* kBlank = " \t\r\"";
  const std::size_t from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

Fields fields_of(std::string_view line) {
  Fields fields;
  for (;;) {
    const std::size_t comma = line.find(',');
    fields.push_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "2023-11-16 18:17:03.9799600" in nanoseconds since 1970.
std::optional<std::chrono::nanoseconds> moment_in(std::string_view text) {
  using namespace std::chrono;
  if (text.ends_with("+00:00")) text.remove_suffix(6);
  if (text.ends_with("Z")) text.remove_suffix(1);
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' ||
      (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  std::array<unsigned, 6> parts{};
  constexpr std::array<std::pair<std::size_t, std::size_t>, 6> kPlaces{
      {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto part = number_in<unsigned>(text.substr(kPlaces[i].first, kPlaces[i].second));
    if (!part) return std::nullopt;
    parts[i] = *part;
  }
  const year_month_day date{year(static_cast<int>(parts[0])), month(parts[1]), day(parts[2])};
  // Nanoseconds since 1970 fit 64 bits until 2262.
  if (!date.ok() || parts[0] < 1970 || parts[0] > 2200 || parts[3] > 23 || parts[4] > 59 ||
      parts[5] > 60) {
    return std::nullopt;
  }
  nanoseconds fraction{0};
  if (text.size() > 19) {
    const std::string_view digits = text.substr(20, 9);
    const auto value = number_in<unsigned>(digits);
    if (text[19] != '.' || !value || text.size() > 29) return std::nullopt;
    fraction = nanoseconds(static_cast<std::int64_t>(
        std::llround(*value * std::pow(10.0, 9.0 - static_cast<double>(digits.size())))));
  }
  return sys_days(date).time_since_epoch() + hours(parts[3]) + minutes(parts[4]) +
         seconds(parts[5]) + fraction;
}

// Either a moment or seconds since some beginning.
std::optional<std::chrono::nanoseconds> time_in(std::string_view text) {
  if (const auto moment = moment_in(text)) return moment;
  const auto seconds = number_in<double>(text);
  if (!seconds || !(*seconds >= 0.0 && *seconds < 9e9)) return std::nullopt;
  return std::chrono::round<std::chrono::nanoseconds>(core::Seconds(*seconds));
}

struct Reader {
  const std::string& origin;
  std::size_t line = 1;
  std::array<std::size_t, 3> columns{};  // of time, prompt and output

  [[nodiscard]] std::unexpected<core::Error> error(const std::string& why) const {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot read the trace {}: line {}: {}", origin, line, why));
  }

  core::Result<void> read_header(std::string_view header) {
    constexpr std::array<std::array<std::string_view, 2>, 3> kNames{
        {{"TIMESTAMP", "timestamp"},
         {"ContextTokens", "prompt_tokens"},
         {"GeneratedTokens", "output_tokens"}}};
    if (header.starts_with("\xef\xbb\xbf")) header.remove_prefix(3);
    const Fields fields = fields_of(header);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto found = std::ranges::find_first_of(fields, kNames[i]);
      if (found == fields.end()) {
        return error(fmt::format("there is no column {} or {} (the first line names the columns)",
                                 kNames[i][0], kNames[i][1]));
      }
      columns[i] = static_cast<std::size_t>(found - fields.begin());
    }
    return {};
  }

  [[nodiscard]] core::Result<std::pair<std::chrono::nanoseconds, TracedRequest>> read_row(
      std::string_view row) const {
    const Fields fields = fields_of(row);
    if (fields.size() <= *std::ranges::max_element(columns)) {
      return error(fmt::format("{} fields, fewer than the header names", fields.size()));
    }
    const auto time = time_in(fields[columns[0]]);
    if (!time) {
      return error(fmt::format("\"{}\" is no time (write 2023-11-16 18:17:03.97, or seconds)",
                               fields[columns[0]]));
    }
    std::array<std::int64_t, 2> tokens{};
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const auto count = number_in<std::int64_t>(fields[columns[i + 1]]);
      if (!count || *count < 0 || *count > kMostTokens) {
        return error(fmt::format("\"{}\" is no number of tokens", fields[columns[i + 1]]));
      }
      tokens[i] = *count;
    }
    return std::pair(*time, TracedRequest{.prompt = {tokens[0]}, .output = {tokens[1]}});
  }
};

constexpr std::array kWords = {
    "the",  "of",   "and",   "to",    "in",    "is",    "that",  "for",  "it",   "as",   "was",
    "with", "be",   "by",    "on",    "not",   "he",    "his",   "but",  "at",   "are",  "this",
    "have", "from", "or",    "had",   "an",    "they",  "which", "one",  "you",  "were", "all",
    "her",  "she",  "there", "would", "their", "we",    "him",   "been", "has",  "when", "who",
    "will", "no",   "more",  "if",    "out",   "so",    "up",    "said", "what", "its",  "about",
    "than", "into", "them",  "can",   "only",  "other", "time",  "new",  "some"};

class TracedQuestions final : public datasets::QuestionSet {
 public:
  explicit TracedQuestions(LoadTrace trace) : trace_(std::move(trace)) {}

  [[nodiscard]] datasets::SetDescription describe() const override {
    return {.name = trace_.name,
            .source = trace_.name,
            .digest = trace_.digest,
            .scorer = kTraceScorer,
            .reading = "a trace replayed with texts of its lengths: " + trace_.summary()};
  }

  core::Result<std::optional<record::Question>> next() override {
    if (next_ == trace_.requests.size()) return std::nullopt;
    const TracedRequest& request = trace_.requests[next_];
    record::Question question{.external_id = fmt::format("{}", next_),
                              .prompt = traced_prompt(next_, request.prompt),
                              .reference = fmt::format("{} tokens", request.output.count)};
    core::Sha256 digest;
    digest.update_field(question.prompt);
    digest.update_field(question.reference);
    question.id = digest.hex().substr(0, 32);
    ++next_;
    return question;
  }

  core::Result<void> rewind() override {
    next_ = 0;
    return {};
  }

  [[nodiscard]] datasets::Reading reading() const override {
    return {.rows = next_, .questions = next_};
  }

 private:
  LoadTrace trace_;
  std::size_t next_ = 0;
};

class Answered final : public scoring::Scorer {
 public:
  [[nodiscard]] std::string name() const override { return kTraceScorer; }
  [[nodiscard]] core::Result<void> check(const record::Question& question) const override {
    if (traced_length(question)) return {};
    return fail(
        ErrorCode::kInvalidData,
        fmt::format("\"{}\" is no length of an answer (only a trace is judged by whether it "
                    "was answered)",
                    question.reference));
  }
  [[nodiscard]] record::Verdict score(const record::Question& /*question*/,
                                      std::string_view /*answer*/) const override {
    return {.outcome = record::Outcome::kCorrect,
            .value = 1.0,
            .extracted = {},
            .why = "answered; a trace has no right answers"};
  }
};

}  // namespace

std::string LoadTrace::summary() const {
  double prompt = 0.0;
  double output = 0.0;
  for (const TracedRequest& request : requests) {
    prompt += static_cast<double>(request.prompt.count);
    output += static_cast<double>(request.output.count);
  }
  const double n = static_cast<double>(requests.size());
  return fmt::format("{} requests in {:.0f} s, {:.0f} prompt and {:.0f} output tokens on average{}",
                     requests.size(), requests.back().at.count(), prompt / n, output / n,
                     out_of_order > 0
                         ? fmt::format("; {} rows were out of order and are sorted", out_of_order)
                         : "");
}

core::Result<LoadTrace> parse_load_trace(std::string_view text, const std::string& origin) {
  core::Sha256 digest;
  digest.update(text);
  LoadTrace trace{.name = std::filesystem::path(origin).filename().string(),
                  .digest = digest.hex()};
  Reader reader{.origin = origin};
  std::vector<std::pair<std::chrono::nanoseconds, TracedRequest>> rows;
  for (; !text.empty(); ++reader.line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (reader.line == 1) {
      IPW_CHECK(reader.read_header(line));
    } else if (!trimmed(line).empty()) {
      IPW_TRY(auto row, reader.read_row(line));
      if (!rows.empty() && row.first < rows.back().first) ++trace.out_of_order;
      rows.push_back(row);
    }
  }
  if (rows.empty()) return reader.error("it holds no requests");
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(rows[i].first, i); });
  trace.requests.reserve(rows.size());
  for (const std::size_t i : order) {
    trace.requests.push_back(rows[i].second);
    trace.requests.back().at = rows[i].first - rows[order.front()].first;
  }
  return trace;
}

core::Result<LoadTrace> read_load_trace(const std::filesystem::path& file) {
  IPW_CHECK(core::sha256_of_file(file));  // says why it cannot be read
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return parse_load_trace(text, file.string());
}

std::string traced_prompt(std::uint64_t row, core::Tokens tokens) {
  core::Random random(core::derive_seed(row, "traced-prompt"));
  std::string text;
  for (std::int64_t i = 0; i < std::max<std::int64_t>(tokens.count, 1); ++i) {
    if (i > 0) text += ' ';
    text += kWords[random.below(kWords.size())];
  }
  return text;
}

std::unique_ptr<datasets::QuestionSet> traced_questions(LoadTrace trace) {
  return std::make_unique<TracedQuestions>(std::move(trace));
}

std::optional<int> traced_length(const record::Question& question) {
  constexpr std::string_view kUnit = " tokens";
  std::string_view text = question.reference;
  if (!text.ends_with(kUnit)) return std::nullopt;
  text.remove_suffix(kUnit.size());
  return number_in<int>(text);
}

std::unique_ptr<scoring::Scorer> answered_scorer() { return std::make_unique<Answered>(); }

}  // namespace ipw::profiling
