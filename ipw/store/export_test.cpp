// Exports, read back by rules of their own and not by the code that wrote them.
#include "ipw/store/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/store/sample_run.h"

namespace ipw::store {
namespace {

using core::ErrorCode;
using testing::HasSubstr;

struct Closer {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closer>;

std::string exported(store::Run& run, ExportFormat format) {
  const File file(std::tmpfile());
  const auto done = export_records(run, format, file.get());
  EXPECT_TRUE(done) << done.error().message;
  std::string text(static_cast<std::size_t>(std::ftell(file.get())), '\0');
  std::rewind(file.get());
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), file.get()), text.size());
  return text;
}

/// RFC 4180 by the letter.
std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string& field = rows.back().back();
    if (quoted) {
      if (text[i] != '"') {
        field.push_back(text[i]);
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field.push_back('"');
        ++i;
      } else {
        quoted = false;
      }
    } else if (text[i] == '"') {
      quoted = true;
    } else if (text[i] == ',') {
      rows.back().emplace_back();
    } else if (text.compare(i, 2, "\r\n") == 0) {
      ++i;
      if (i + 1 < text.size()) rows.push_back({""});
    } else {
      field.push_back(text[i]);
    }
  }
  return rows;
}

class ExportTest : public testing::Test {
 protected:
  ExportTest() {
    record::Call hostile = sample_call(1, clock_.now());
    hostile.completion.text = std::string("say \"a,b\"\r\nc\0\xff", 14);
    record::Call bare = sample_call(2, clock_.now());
    bare.energy.clear();
    bare.question.external_id.reset();
    bare.question.choices.clear();
    bare.completion.timings.first_token.reset();
    bare.verdict.outcome = record::Outcome::kMissing;
    bare.failure = "connection refused";
    const record::Call calls[] = {hostile, bare};
    EXPECT_TRUE(run_->append(calls));
  }

  TemporaryDirectory directory_;
  HandClock clock_;
  core::Result<store::Run> run_ = store::Run::create(directory_ / "run", {}, clock_);
};

TEST_F(ExportTest, ToCsvHasOneFieldPerColumn) {
  const auto rows = parse_csv(exported(*run_, ExportFormat::kCsv));
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].size(), rows[0].size());
  EXPECT_EQ(rows[2].size(), rows[0].size());
  const auto at = [&](std::size_t row, const std::string& column) {
    const auto found = std::ranges::find(rows[0], column);
    EXPECT_NE(found, rows[0].end()) << column;
    return rows[row].at(static_cast<std::size_t>(found - rows[0].begin()));
  };
  EXPECT_EQ(at(1, "question_id"), sample_id(1));
  EXPECT_EQ(at(1, "text"), "say \"a,b\"\r\nc\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(at(1, "choices"), R"(["yes","no"])");
  EXPECT_EQ(at(1, "outcome"), "correct");
  EXPECT_EQ(at(1, "latency_s"), "0.008");
  EXPECT_EQ(at(1, "rapl:package-0.active_j"), "0.5");
  EXPECT_EQ(at(1, "rapl:package-0.source"), "measured");
  EXPECT_EQ(at(1, "rapl:package-0.method"), "rapl-powercap");
  EXPECT_EQ(at(2, "external_id"), "");
  EXPECT_EQ(at(2, "value"), "");
  EXPECT_EQ(at(2, "ttft_s"), "");
  EXPECT_EQ(at(2, "failure"), "connection refused");
  EXPECT_EQ(at(2, "rapl:package-0.active_j"), "");
  EXPECT_EQ(at(2, "rapl:package-0.source"), "");
}

TEST_F(ExportTest, ToJsonlHasOneObjectPerLine) {
  const std::string text = exported(*run_, ExportFormat::kJsonl);
  ASSERT_EQ(std::ranges::count(text, '\n'), 2);
  EXPECT_EQ(text.rfind(R"({"schema_version":1,"question_id":)", 0), 0U);
  const auto first = nlohmann::json::parse(text.substr(0, text.find('\n')));
  EXPECT_EQ(first["energy"][0]["sensor"], "rapl:package-0");
  EXPECT_EQ(first["energy"][0]["active_j"], 0.5);
  EXPECT_EQ(first["choices"], nlohmann::json({"yes", "no"}));
  EXPECT_EQ(first["cached_tokens"], 3);
  const auto second = nlohmann::json::parse(text.substr(text.find('\n') + 1));
  EXPECT_TRUE(second["value"].is_null());
  EXPECT_TRUE(second["ttft_s"].is_null());
  EXPECT_TRUE(second["external_id"].is_null());
  EXPECT_TRUE(second["energy"].empty());
}

TEST_F(ExportTest, ToAFullDiskIsAnError) {
  const File full(std::fopen("/dev/full", "w"));
  if (!full) GTEST_SKIP() << "there is no /dev/full";
  const auto done = export_records(*run_, ExportFormat::kCsv, full.get());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kOutOfSpace);
}

TEST_F(ExportTest, ToAPipeThatNobodyReadsIsAnError) {
  (void)std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  const File file(fdopen(ends[1], "w"));
  const auto done = export_records(*run_, ExportFormat::kJsonl, file.get());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kCancelled);
  EXPECT_THAT(done.error().message, HasSubstr("nobody reads the pipe"));
}

TEST(ExportFormat, IsKnownByItsWord) {
  EXPECT_EQ(export_format("csv"), ExportFormat::kCsv);
  EXPECT_EQ(export_format("jsonl"), ExportFormat::kJsonl);
  EXPECT_EQ(export_format("parquet"), std::nullopt);
}

}  // namespace
}  // namespace ipw::store
