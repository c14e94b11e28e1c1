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
    if (std::getenv("IPW_REQUIRE_GNUPLOT") != nullptr) FAIL() << "gnuplot must be there";
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

}  // namespace
}  // namespace ipw::report
