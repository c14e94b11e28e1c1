// ipw plot through the real program: every figure of a real run, and what bad input gets.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include <nlohmann/json.hpp>

#include "process.h"

namespace ipw::e2e {
namespace {

using nlohmann::json;

class PlotCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    const Finished profiled = ipw({"profile", "--model", tiny_model(), "--dataset", "demo",
                                   "--max-tokens", "8", "--idle", "0.1", "--out", run_});
    ASSERT_EQ(profiled.status, 0) << profiled.err;
  }

  [[nodiscard]] std::string place(const std::string& name) const {
    return (directory_.path() / name).string();
  }

  TemporaryDirectory directory_;
  std::string run_ = (directory_.path() / "run").string();
};

std::vector<std::string> figures() {
  std::vector<std::string> names;
  const json listed = json::parse(ipw({"list", "figures", "--json"}).out);
  for (const json& figure : listed.at("figures")) names.push_back(figure.at("name"));
  return names;
}

TEST_F(PlotCommand, GivesTheDataOfEveryFigureWithoutGnuplot) {
  ASSERT_GE(figures().size(), 8U);
  for (const std::string& figure : figures()) {
    const Finished drawn = ipw({"plot", run_, run_, "--figure", figure, "--out", place("x.csv")},
                               {{"PATH", directory_.path().string()}});
    ASSERT_EQ(drawn.status, 0) << figure << ": " << drawn.err;
    const std::string csv = read_file(place("x.csv"));
    EXPECT_GT(std::ranges::count(csv, '\n'), 2) << figure;
    EXPECT_TRUE(csv.find(",measured,") != csv.npos || csv.find(",estimated,") != csv.npos)
        << figure;
  }
}

// A cell holds the number of the report, and is empty exactly where the report has none.
void expect_same(const std::string& cell, const json& number) {
  if (number.is_null()) {
    EXPECT_EQ(cell, "");
  } else {
    ASSERT_NE(cell, "");
    EXPECT_DOUBLE_EQ(std::stod(cell), number.get<double>());
  }
}

TEST_F(PlotCommand, DrawsTheNumbersOfTheReport) {
  const json report = json::parse(ipw({"report", run_, "--json"}).out);
  const json& known = report.at("runs").at(0).at("figures");
  ASSERT_EQ(ipw({"plot", run_, "--figure", "accuracy-joules", "--out", place("x.csv")}).status, 0);
  std::istringstream csv(read_file(place("x.csv")));
  std::string last;
  for (std::string line; std::getline(csv, line);) last = line;
  std::vector<std::string> cells;
  std::istringstream row(last);
  for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
  ASSERT_GT(cells.size(), 12U) << last;
  const bool gross = !known.at("j_per_query").at("value").is_null();
  const json& joules = known.at(gross ? "j_per_query" : "j_per_query_active");
  expect_same(cells.at(5), joules.at("value"));
  expect_same(cells.at(6), joules.at("low"));
  expect_same(cells.at(7), joules.at("high"));
  expect_same(cells.at(10), known.at("accuracy").at("value"));
  EXPECT_NE(cells.at(5), "");
  EXPECT_NE(cells.at(10), "");
  EXPECT_NE(last.find(joules.at("provenance").get<std::string>()), last.npos);
}

TEST_F(PlotCommand, DrawsEveryFigure) {
  const Finished first = ipw({"plot", run_, "--figure", "power", "--out", place("power.svg")});
  if (first.err.find("gnuplot is not on PATH") != first.err.npos) {
    ASSERT_EQ(std::getenv("IPW_REQUIRE_SHARED"), nullptr) << "gnuplot must be there";
    GTEST_SKIP() << "no gnuplot (scripts/setup plot)";
  }
  for (const std::string& figure : figures()) {
    const Finished drawn = ipw({"plot", run_, "--figure", figure, "--out", place("x.svg")});
    ASSERT_EQ(drawn.status, 0) << figure << ": " << drawn.err;
    EXPECT_NE(read_file(place("x.svg")).find("tiny.gguf"), std::string::npos) << figure;
  }
}

TEST_F(PlotCommand, SaysWhatWasProbablyMeant) {
  const Finished typo = ipw({"plot", run_, "--figure", "acuracy-joules", "--out", place("x.svg")});
  EXPECT_EQ(typo.status, 2);
  EXPECT_NE(typo.err.find("did you mean accuracy-joules?"), std::string::npos) << typo.err;
  EXPECT_EQ(ipw({"plot", run_, "--figure", "power", "--out", place("x.jpeg")}).status, 2);
  EXPECT_EQ(ipw({"plot", run_, "--figure", "power", "--out", run_}).status, 2);
  EXPECT_EQ(ipw({"plot", run_, "--figure", "power"}).status, 2);
  EXPECT_EQ(ipw({"plot", place("none"), "--figure", "power", "--out", place("x.csv")}).status, 1);
  EXPECT_EQ(
      ipw({"plot", run_, "--figure", "power", "--out", place("x.svg"), "--width", "3"}).status, 2);
}

TEST(Help, OfACommandIsTheOneOfTheCommandItself) {
  EXPECT_EQ(ipw({"help", "report"}).out, ipw({"report", "--help"}).out);
  EXPECT_EQ(ipw({"help", "dataset", "generate"}).out, ipw({"dataset", "generate", "--help"}).out);
  EXPECT_EQ(ipw({"help"}).out, ipw({"--help"}).out);
  const Finished typo = ipw({"help", "reprot"});
  EXPECT_EQ(typo.status, 2);
  EXPECT_NE(typo.err.find("did you mean report?"), std::string::npos) << typo.err;
}

}  // namespace
}  // namespace ipw::e2e
