#include "ipw/report/findings_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "ipw/core/random.h"
#include "ipw/report/findings_page.h"
#include "ipw/report/findings_plots.h"
#include "ipw/report/html_text.h"

namespace ipw::report {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

record::Figure share(double value) {
  record::Figure figure;
  figure.value = value;
  figure.unit = "1";
  figure.low = value - .1;
  figure.high = value + .1;
  figure.n = 100;
  figure.provenance = {record::Source::kPublished, "a table"};
  figure.interval = "wilson";
  return figure;
}

analysis::Findings findings() {
  record::Figure none;
  none.unit = "1";
  none.reason = "nobody told";
  return {.sections = {{"models",
                        "Models of the pool",
                        {{"a, or b", {{"coverage", share(.5)}, {"win_or_tie", none}}},
                         {"c", {{"coverage", share(.75)}}}}},
                       {"by_year",
                        "By year",
                        {{"2024", {{"best_of", share(.3)}}, 2024.0},
                         {"2025", {{"best_of", share(.6)}}, 2025.0}}},
                       {"unknown_to_pictures", "Other", {{"x", {{"y", share(.1)}}}}}},
          .notes = {"one question is missing"}};
}

TEST(FindingsText, ShowsValueIntervalReasonAndSource) {
  const std::string text = findings_text(findings());
  EXPECT_THAT(text, StartsWith("note: one question is missing\n"));
  EXPECT_THAT(text, HasSubstr("0.500 [0.400, 0.600]"));
  EXPECT_THAT(text, HasSubstr("— (1)"));
  EXPECT_THAT(text, HasSubstr("(1) nobody told"));
  EXPECT_THAT(text, HasSubstr("source: published: a table"));
}

TEST(FindingsText, NamesEveryRowWholeHoweverManyColumnsThereAre) {
  core::Random random(21);
  for (int round = 0; round < 100; ++round) {
    analysis::FindingSection section{"models", "Models", {}};
    const std::size_t figures_shown = 1 + random.below(9);
    for (int row = 0; row < 10; ++row) {
      std::string name = "row";
      for (std::size_t i = random.below(9); i > 0; --i) name += " of the pool " + std::to_string(i);
      analysis::FindingRow added{name, {}};
      for (std::size_t f = 0; f < figures_shown; ++f) {
        added.figures.push_back({"figure_" + std::to_string(f), share(.5)});
      }
      section.rows.push_back(std::move(added));
    }
    const std::string text = findings_text({.sections = {section}, .notes = {}});
    for (const analysis::FindingRow& row : section.rows) {
      EXPECT_THAT(text, HasSubstr("\n" + row.label + " "));
    }
  }
}

TEST(FindingsText, SaysHowManyRowsItDoesNotShow) {
  EXPECT_THAT(findings_text(findings(), 1), HasSubstr("1 more"));
}

TEST(FindingsJson, HasTheVersionFirstAndNullWithAReason) {
  const nlohmann::ordered_json json = findings_json("coverage", findings());
  EXPECT_EQ(json.begin().key(), "schema_version");
  const auto& row = json["sections"]["models"][0];
  EXPECT_EQ(row["label"], "a, or b");
  EXPECT_EQ(row["figures"]["coverage"]["provenance"], "published");
  EXPECT_EQ(row["figures"]["coverage"]["n"], 100);
  EXPECT_TRUE(row["figures"]["win_or_tie"]["value"].is_null());
  EXPECT_EQ(row["figures"]["win_or_tie"]["reason"], "nobody told");
}

TEST(FindingsCsv, QuotesLabelsAndLeavesAbsentFieldsEmpty) {
  const std::string csv = findings_csv(findings());
  EXPECT_THAT(csv, HasSubstr("models,\"a, or b\",coverage,0.5,1,0.4,0.6,,,100,published,a table,"
                             "wilson,\r\n"));
  EXPECT_THAT(csv, HasSubstr("models,\"a, or b\",win_or_tie,,1,,,,,0,measured,,,nobody told\r\n"));
}

// RFC 4648, section 10.
TEST(DataUri, EncodesTheTestVectorsOfItsStandard) {
  constexpr std::pair<const char*, const char*> kVectors[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(data_uri("text/csv", bytes), std::string("data:text/csv;base64,") + text);
  }
  EXPECT_EQ(data_uri("a/b", "\xff\xfe\xfd"), "data:a/b;base64,//79");
}

TEST(HtmlText, EscapesMarkupAndReplacesWhatIsNoText) {
  EXPECT_EQ(html_text("<a href=\"x\">&\xff"), "&lt;a href=&quot;x&quot;&gt;&amp;\xef\xbf\xbd");
}

TEST(FindingsHtml, HoldsEveryTableNoteReasonAndTheDataAndRunsNothing) {
  analysis::Findings hostile = findings();
  hostile.sections.front().rows.front().label = "</table><script>alert(1)</script>";
  const auto html = findings_html(
      hostile, {}, {.command = "coverage", .ipw_version = "0.1.0", .made = core::WallTime()});
  ASSERT_TRUE(html) << html.error().message;
  EXPECT_THAT(*html, HasSubstr("one question is missing"));
  EXPECT_THAT(*html, HasSubstr("<h2>Models of the pool</h2>"));
  EXPECT_THAT(*html, HasSubstr("<span class=\"interval\">[0.400, 0.600]</span>"));
  EXPECT_THAT(*html, HasSubstr("<small>nobody told</small>"));
  EXPECT_THAT(*html, HasSubstr("<span class=\"badge published\">published · a table</span>"));
  EXPECT_THAT(*html, HasSubstr(data_uri("text/csv", findings_csv(hostile))));
  EXPECT_THAT(*html, HasSubstr("download=\"coverage.json\""));
  EXPECT_THAT(*html, HasSubstr("&lt;/table&gt;&lt;script&gt;"));
  EXPECT_THAT(*html, ::testing::Not(HasSubstr("<script")));
}

TEST(FindingsPlots, DrawNamesAsPointsAndYearsAsLinesAndNothingUnknown) {
  const std::vector<Plot> plots = findings_plots(findings());
  ASSERT_THAT(plots, SizeIs(2));
  EXPECT_THAT(plots[0].categories, ::testing::ElementsAre("a, or b", "c"));
  ASSERT_THAT(plots[0].series, SizeIs(1)) << "win_or_tie has no value anywhere";
  EXPECT_EQ(plots[0].series[0].mark, PlotMark::kPoints);
  EXPECT_EQ(plots[0].series[0].points[1].x, .75);
  EXPECT_EQ(plots[1].series[0].mark, PlotMark::kLine);
  EXPECT_EQ(plots[1].series[0].points[0].x, 2024.0);
  EXPECT_EQ(plots[1].series[0].points[0].y_high, .4);
}

}  // namespace
}  // namespace ipw::report
