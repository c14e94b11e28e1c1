// Plots through the real gnuplot, where it is there, and what happens where it is not or fails.
#include "ipw/report/plot.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

#include "ipw/report/gnuplot.h"
#include "ipw/report/plot_axis.h"
#include "ipw/report/plot_layout.h"

namespace ipw::report {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const record::Provenance kMeter{record::Source::kMeasured, "nvml-counter"};
const record::Provenance kModel{record::Source::kEstimated, "cpu-time-model"};

std::string contents(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class Folder : public ::testing::Test {
 protected:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "ipw-plot-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    const char* path = std::getenv("PATH");
    path_before_ = path != nullptr ? path : "";
  }
  ~Folder() override {
    ::setenv("PATH", path_before_.c_str(), 1);
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  // Puts a program called gnuplot before all others.
  void instead_of_gnuplot(const std::string& script) const {
    const fs::path bin = path_ / "bin";
    fs::create_directory(bin);
    std::ofstream(bin / "gnuplot") << "#!/bin/sh\n" << script;
    ::chmod((bin / "gnuplot").c_str(), 0755);
    ::setenv("PATH", (bin.string() + ":" + path_before_).c_str(), 1);
  }

  fs::path path_;
  std::string path_before_;
};

// Where everything has to be there, a missing gnuplot is a failure.
class Drawing : public Folder {
 protected:
  void SetUp() override {
    if (run_gnuplot("print 1\nset terminal svg\nplot [0:1] x\n")) return;
    if (std::getenv("IPW_REQUIRE_SHARED") != nullptr) FAIL() << "gnuplot must be there";
    GTEST_SKIP() << "no gnuplot (scripts/setup plot)";
  }

  // Draws in all formats; the SVG. IPW_PLOT_GALLERY keeps the pictures to be looked at.
  std::string draw(std::span<const Plot> panels, const std::string& name) const {
    const char* kept = std::getenv("IPW_PLOT_GALLERY");
    const fs::path folder = kept != nullptr ? fs::path(kept) : path_;
    for (const char* ending : {".svg", ".pdf", ".png", ".csv"}) {
      const auto written = write_plots(panels, folder / (name + ending));
      EXPECT_TRUE(written) << (written ? "" : written.error().message);
    }
    EXPECT_THAT(contents(folder / (name + ".pdf")).substr(0, 5), "%PDF-");
    EXPECT_THAT(contents(folder / (name + ".png")).substr(0, 4), "\x89PNG");
    return contents(folder / (name + ".svg"));
  }
  std::string draw(const Plot& plot, const std::string& name) const {
    return draw({&plot, 1}, name);
  }
};

Plot frontier() {
  const auto run = [](const char* name, double joules, double accuracy, record::Provenance source) {
    return PlotSeries{.name = name,
                      .points = {{.x = joules,
                                  .y = accuracy,
                                  .x_low = joules * .9,
                                  .x_high = joules * 1.12,
                                  .y_low = accuracy - .05,
                                  .y_high = accuracy + .04,
                                  .label = name}},
                      .provenance = source};
  };
  Plot plot{.title = "Accuracy against joules per question",
            .x = {.label = "joules per question", .unit = "J", .log = true},
            .y = {.label = "accuracy", .low = 0.0, .high = 1.0}};
  plot.series = {run("small.gguf", .021, .52, kMeter), run("medium.gguf", .3, .78, kMeter),
                 run("wasteful.gguf", 2.2, .66, kMeter), run("guessed.gguf", .12, .61, kModel)};
  plot.series.push_back(
      {.mark = PlotMark::kLine,
       .points = {{.x = .021, .y = .52}, {.x = .3, .y = .52}, {.x = .3, .y = .78}},
       .muted = true,
       .dashed = true});
  plot.notes = {
      "Bars are 95 % intervals; hollow: not measured. The line is the efficient frontier."};
  return plot;
}

TEST_F(Drawing, AFrontierShowsNamesProvenanceAndIntervals) {
  const std::string svg = draw(frontier(), "frontier");
  EXPECT_THAT(svg, HasSubstr("small.gguf (measured: nvml-counter)"));
  EXPECT_THAT(svg, HasSubstr("guessed.gguf (estimated: cpu-time-model)"));
  EXPECT_THAT(svg, HasSubstr("joules per question"));
  EXPECT_THAT(svg, HasSubstr("100 mJ"));
}

TEST_F(Drawing, AWaterfallHangsBarsFromEachOther) {
  Plot plot{
      .title = "Where the gain in ln IPW comes from",
      .x = {.label = "ln IPW above the old system"},
      .categories = {"old model, old hardware", "model", "hardware", "new model, new hardware"}};
  plot.series = {
      {.name = "gain",
       .mark = PlotMark::kBars,
       .points = {{.x = .9, .y = 1, .x_low = .8, .x_high = 1.02, .from = 0, .label = "+0.90"},
                  {.x = 1.6, .y = 2, .x_low = 1.5, .x_high = 1.71, .from = .9, .label = "+0.70"}},
       .provenance = kMeter},
      {.name = "total",
       .mark = PlotMark::kBars,
       .points = {{.x = 0, .y = 0}, {.x = 1.6, .y = 3, .label = "1.60"}},
       .provenance = kModel}};
  const std::string svg = draw(plot, "waterfall");
  EXPECT_THAT(svg, HasSubstr("new model, new hardware"));
  EXPECT_THAT(svg, HasSubstr("+0.70"));
}

TEST_F(Drawing, ATornadoStandsOnItsBaseLine) {
  Plot plot{.title = "What moves gross domestic intelligence",
            .x = {.label = "answers per second", .unit = "1"},
            .categories = {"participation", "availability", "watts per device", "eligible share"}};
  plot.series = {{.name = "low end",
                  .mark = PlotMark::kBars,
                  .points = {{.x = 40e3, .y = 0, .from = 1e5},
                             {.x = 60e3, .y = 1, .from = 1e5},
                             {.x = 80e3, .y = 2, .from = 1e5},
                             {.x = 95e3, .y = 3, .from = 1e5}}},
                 {.name = "high end",
                  .mark = PlotMark::kBars,
                  .points = {{.x = 180e3, .y = 0, .from = 1e5},
                             {.x = 140e3, .y = 1, .from = 1e5},
                             {.x = 120e3, .y = 2, .from = 1e5},
                             {.x = 105e3, .y = 3, .from = 1e5}}}};
  plot.rules = {{.at = 1e5, .upright = true, .label = "base"}};
  EXPECT_THAT(draw(plot, "tornado"), HasSubstr("eligible share"));
}

TEST_F(Drawing, CurvesHaveBandsAndGaps) {
  Plot plot{.title = "Savings of a router that is right with probability ρ",
            .x = {.label = "ρ", .low = 0.0, .high = 1.0},
            .y = {.label = "saved", .unit = "%", .from_zero = true}};
  PlotSeries energy{.name = "energy", .mark = PlotMark::kLine, .provenance = kMeter};
  PlotSeries cost{.name = "cost", .mark = PlotMark::kLine, .provenance = kModel};
  for (int i = 0; i <= 20; ++i) {
    const double rho = i / 20.0;
    energy.points.push_back({.x = rho, .y = .8 * rho, .y_low = .74 * rho, .y_high = .85 * rho});
    cost.points.push_back({.x = rho, .y = i == 9 ? std::nan("") : .5 * rho});
  }
  plot.series = {energy, cost};
  const std::string svg = draw(plot, "savings");
  EXPECT_THAT(svg, HasSubstr("cost (estimated: cpu-time-model)"));
  EXPECT_THAT(svg, Not(HasSubstr("cannot be drawn"))) << "a gap is seen";
}

TEST_F(Drawing, PanelsStandUnderEachOther) {
  Plot tasks{.title = "Accuracy by task",
             .x = {.label = "accuracy", .low = 0.0, .high = 1.0},
             .categories = {"arithmetic", "reading", "a task with a name beyond all measure"},
             .beside = true};
  for (const char* name : {"small.gguf", "medium.gguf", "guessed.gguf"}) {
    PlotSeries series{.name = name, .provenance = name[0] == 'g' ? kModel : kMeter};
    for (int i = 0; i < 3; ++i) {
      const double at = .3 + .2 * i + .1 * static_cast<double>(tasks.series.size());
      series.points.push_back(
          {.x = at, .y = static_cast<double>(i), .x_low = at - .1, .x_high = at + .09});
    }
    series.points.back().x_high.reset();
    tasks.series.push_back(series);
  }
  Plot cells{.x = {.label = "output tokens"},
             .y = {.label = "joules", .unit = "J", .from_zero = true}};
  PlotSeries counts{.name = "answers", .mark = PlotMark::kBoxes};
  for (int i = 0; i < 20; ++i) {
    for (int j = 0; j < 12; ++j) {
      if (std::abs(i - 2 * j) > 3) continue;
      counts.points.push_back({.x_low = i * 10.0,
                               .x_high = i * 10.0 + 10,
                               .y_low = j * .1,
                               .y_high = j * .1 + .1,
                               .weight = 40.0 - std::abs(i - 10) * 3});
    }
  }
  cells.series = {counts};
  const std::vector<Plot> panels = {tasks, cells};
  const std::string svg = draw(panels, "panels");
  EXPECT_THAT(svg, HasSubstr("…"));
  EXPECT_THAT(svg, HasSubstr("An arrow"));
}

// What would hurt if it were read as gnuplot's language, as markup, or as XML.
const char* const kHostile[] = {"'; system(\"touch hurt\"); print '",
                                "`touch hurt`",
                                "\"\nset output 'hurt'\n!touch hurt\n",
                                "@hurt $hurt {/Bold=40 x} _{y} ^z \\n",
                                "</text><script>alert(1)</script>&amp;&#1;&#x41;",
                                "\xff\xfe broken \xed\xa0\x80",
                                "\u202eevil\u202c שלום مرحبا 🏴‍☠️",
                                "EOD"};

TEST_F(Drawing, HostileTextsAreDrawnAndNothingElse) {
  fs::current_path(path_);
  Plot plot = frontier();
  plot.series.clear();
  for (const char* text : kHostile) {
    plot.series.push_back(
        {.name = text,
         .points = {{.x = 1.0 + static_cast<double>(plot.series.size()), .y = .5, .label = text}},
         .provenance = record::Provenance{record::Source::kMeasured, text}});
    plot.rules.push_back({.at = .5, .label = text});
    plot.notes.emplace_back(text);
    plot.title += text;
    plot.x.label += text;
    plot.y.unit += text;
  }
  const std::string svg = draw(plot, "hostile");
  EXPECT_FALSE(fs::exists("hurt"));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("&#")));
  EXPECT_THAT(svg, Not(HasSubstr("\u202e")));
  EXPECT_THAT(svg, HasSubstr("`touch hurt`"));
  Plot bars{.title = "bars", .categories = {std::begin(kHostile), std::end(kHostile)}};
  bars.series = {{.mark = PlotMark::kBars, .points = {{.x = 1, .y = 2}}}};
  EXPECT_THAT(draw(bars, "hostile-bars"), Not(HasSubstr("<script")));
  EXPECT_FALSE(fs::exists("hurt"));
  fs::current_path("/");
}

TEST_F(Drawing, WhatCannotBeDrawnIsCounted) {
  Plot plot = frontier();
  plot.series[0].points.push_back({.x = std::nan(""), .y = .5});
  plot.series[0].points.push_back({.x = 0.0, .y = .5});
  plot.series[0].points.push_back({.x = .1, .y = std::numeric_limits<double>::infinity()});
  EXPECT_THAT(draw(plot, "uncountable"), HasSubstr("3 of the points cannot be drawn"));
}

TEST_F(Drawing, ExtremeNumbersAndNothingAtAllAreDrawn) {
  for (const double size : {1e-300, 1e300, 0.0, -5.0, 1e17}) {
    Plot plot{.x = {.unit = "J"}, .y = {.unit = "W"}};
    plot.series = {{.name = "one", .points = {{.x = size, .y = size}}}};
    EXPECT_FALSE(draw(plot, "extreme").empty());
    plot.x.log = true;
    EXPECT_FALSE(draw(plot, "extreme").empty());
  }
  EXPECT_FALSE(draw(Plot{}, "nothing").empty());
}

TEST_F(Drawing, TheSamePlotGivesTheSamePicture) {
  EXPECT_EQ(draw(frontier(), "once"), draw(frontier(), "twice"));
}

TEST_F(Folder, WithoutGnuplotTheErrorNamesThePackageAndTheDataAreStillThere) {
  ::setenv("PATH", path_.c_str(), 1);
  const auto drawn = write_plot(frontier(), path_ / "x.svg");
  ASSERT_FALSE(drawn);
  EXPECT_EQ(drawn.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(drawn.error().message, HasSubstr("apt install gnuplot-nox"));
  EXPECT_FALSE(fs::exists(path_ / "x.svg"));
  ASSERT_TRUE(write_plot(frontier(), path_ / "x.csv"));
  EXPECT_THAT(contents(path_ / "x.csv"), HasSubstr("small.gguf,measured,nvml-counter"));
}

TEST_F(Folder, AGnuplotThatFailsIsQuotedAndLeavesTheOldPicture) {
  std::ofstream(path_ / "x.svg") << "old";
  const char* const failures[] = {"echo 'line 3: unknown terminal' >&2; exit 1\n", "exit 0\n",
                                  "kill -9 $$\n", "cat >/dev/null; echo half; exit 3\n"};
  for (const char* failure : failures) {
    instead_of_gnuplot(failure);
    const auto drawn = write_plot(frontier(), path_ / "x.svg");
    ASSERT_FALSE(drawn) << failure;
    EXPECT_EQ(drawn.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(drawn.error().message, HasSubstr("gnuplot could not draw this: "));
  }
  EXPECT_EQ(contents(path_ / "x.svg"), "old");
  instead_of_gnuplot("echo 'line 3: unknown terminal' >&2; exit 1\n");
  EXPECT_THAT(write_plot(frontier(), path_ / "x.svg").error().message,
              HasSubstr("line 3: unknown terminal"));
}

TEST_F(Folder, TargetsThatAreNoFileAreRefused) {
  instead_of_gnuplot("echo picture\n");
  const auto code = [&](const fs::path& file) {
    const auto written = write_plot(frontier(), file);
    return written ? std::string("written") : std::string(core::name(written.error().code));
  };
  EXPECT_EQ(code(path_ / "x.svg"), "written");
  fs::create_directory(path_ / "folder.svg");
  EXPECT_EQ(code(path_ / "folder.svg"), "already_exists");
  fs::create_symlink("/dev/null", path_ / "device.svg");
  EXPECT_EQ(code(path_ / "device.svg"), "already_exists");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_EQ(code(path_ / "missing" / "x.svg"), "not_found");
  EXPECT_EQ(code(path_ / "x.jpg"), "usage");
  EXPECT_EQ(code("/proc/x.svg"), code("/proc/x.csv")) << "both say what the file system says";
  EXPECT_NE(code("/proc/x.svg"), "written");
}

TEST(Plot, RefusesWhatMakesNoSense) {
  const auto refused = [](std::span<const Plot> panels, double width) {
    const auto written = write_plots(panels, "unwritten.svg", {.width_mm = width});
    return !written && written.error().code == ErrorCode::kUsage;
  };
  const Plot plot = frontier();
  EXPECT_TRUE(refused({}, 89.0));
  EXPECT_TRUE(refused({&plot, 1}, 10.0));
  EXPECT_TRUE(refused({&plot, 1}, std::nan("")));
  Plot bars{.categories = {"a"}};
  bars.series = {{.mark = PlotMark::kBars, .points = {{.x = 1, .y = 1}}}};
  EXPECT_TRUE(refused({&bars, 1}, 89.0));
}

TEST(Plot, TheCsvHasEveryPointWithLimitsAndSource) {
  Plot plot{.title = "a, b",
            .x = {.label = "x", .unit = "J"},
            .y = {.label = "y"},
            .categories = {"first"}};
  plot.series = {{.name = "s",
                  .mark = PlotMark::kBars,
                  .points = {{.x = 2.5, .y = 0, .x_low = 2, .from = 1, .label = "l"}},
                  .provenance = kMeter}};
  EXPECT_EQ(plot_csv({&plot, 1}),
            "panel,series,category,x_axis,x_unit,x,x_low,x_high,y_axis,y_unit,y,y_low,y_high,from,"
            "weight,label,provenance,method\r\n"
            "\"a, b\",s,first,x,J,2.5,2,,y,1,0,,,1,,l,measured,nvml-counter\r\n");
}

TEST(GnuplotText, IsOneStringWhateverItHolds) {
  EXPECT_EQ(gnuplot_quoted("it's"), "'it''s'");
  EXPECT_EQ(gnuplot_quoted("'s"), "'\u2060''s'");
  EXPECT_EQ(gnuplot_quoted("a\nb\tc"), "'a b c'");
  EXPECT_EQ(gnuplot_quoted("\u202ex\u2069"), "'x'");
  EXPECT_EQ(gnuplot_quoted("\xff"), "'\xef\xbf\xbd'");
  EXPECT_EQ(gnuplot_quoted("&#1;"), "'&\u2060#1;'");
  EXPECT_EQ(gnuplot_quoted(""), "''");
}

std::vector<std::string> ticks(const PlotAxis& axis, const std::vector<double>& values, int most) {
  std::vector<std::string> texts;
  for (const Tick& tick : axis_scale(axis, values, most).ticks) texts.push_back(tick.text);
  return texts;
}

TEST(PlotAxis, HasRoundTicksAndOnePrefixInTheLabel) {
  const PlotAxis joules{.label = "energy", .unit = "J", .from_zero = true};
  EXPECT_THAT(ticks(joules, {.001, .0048}, 6), ElementsAre("0", "1", "2", "3", "4"));
  EXPECT_EQ(axis_scale(joules, std::vector<double>{.0048}, 6).label, "energy (mJ)");
  EXPECT_THAT(ticks({.low = 0.0, .high = 1.0}, {.5}, 6),
              ElementsAre("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_THAT(ticks({.unit = "%", .low = 0.0, .high = 1.0}, {.5}, 3),
              ElementsAre("0", "50", "100"));
  EXPECT_THAT(ticks({.from_zero = true}, {0, 120'000}, 4), ElementsAre("0", "50,000", "100,000"));
}

TEST(PlotAxis, NamesTheDecadesOfALogarithm) {
  const PlotAxis joules{.unit = "J", .log = true};
  EXPECT_THAT(ticks(joules, {.002, 3.0}, 5), ElementsAre("10 mJ", "100 mJ", "1 J"));
  EXPECT_THAT(ticks(joules, {42, 61}, 4), ElementsAre("50 J", "60 J"));
  EXPECT_TRUE(axis_scale(joules, {}, 5).shows(1e-9));
  EXPECT_FALSE(axis_scale(joules, {}, 5).shows(0.0));
}

}  // namespace
}  // namespace ipw::report
