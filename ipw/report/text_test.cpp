// Numbers and tables as a person reads them.

#include "ipw/report/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "ipw/core/random.h"

namespace ipw::report {
namespace {

TEST(QuantityText, HasThreeDigitsAndAPrefixForJoulesWattsAndSeconds) {
  EXPECT_EQ(quantity_text(0.01234, "J"), "12.3 mJ");
  EXPECT_EQ(quantity_text(1234.0, "J"), "1.23 kJ");
  EXPECT_EQ(quantity_text(0.000045, "s"), "45.0 µs");
  EXPECT_EQ(quantity_text(253.0, "W"), "253 W");
  EXPECT_EQ(quantity_text(0.0, "J"), "0 J");
  for (const double none : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    EXPECT_TRUE(quantity_text(none, "J").starts_with("—")) << none;
  }
}

TEST(QuantityText, HasNoPrefixForRatios) {
  EXPECT_EQ(quantity_text(0.41234, "1"), "0.412");
  EXPECT_EQ(quantity_text(85.07, "1/J"), "85.1 /J");
  EXPECT_EQ(quantity_text(12345.0, "1/J"), "12345 /J");
  EXPECT_EQ(quantity_text(7.5e6, "1/W"), "7.50e+06 /W");
  EXPECT_EQ(quantity_text(3608.0, "tokens/s"), "3608");
  EXPECT_EQ(quantity_text(0.00012, "J/token"), "120 µJ");
}

TEST(IntervalText, UsesThePrefixOfTheValueSoThatTheyCompare) {
  const record::Figure figure{.value = 0.9, .unit = "J", .low = 0.5, .high = 1.5};
  EXPECT_EQ(value_text(figure), "900 mJ");
  EXPECT_EQ(interval_text(figure), "[500, 1500]");
}

TEST(IntervalText, ShowsThatALimitOrTheValueIsNotThere) {
  record::Figure figure{.value = 2.0, .unit = "s", .low = 1.0, .high = std::nullopt};
  EXPECT_EQ(interval_text(figure), "[1.00, —]");
  figure = {};
  EXPECT_EQ(value_text(figure), "—");
  EXPECT_EQ(interval_text(figure), "");
}

TEST(BoundsText, IsNoIntervalAndStandsOnlyWhereThereIsNoValue) {
  record::Figure figure{.value = {}, .unit = "1", .all_wrong = 0.4, .all_right = 0.6};
  EXPECT_EQ(bounds_text(figure), "0.400 to 0.600");
  EXPECT_EQ(interval_text(figure), "");
  figure = {.value = 0.5, .unit = "1", .low = 0.4, .high = 0.6};
  EXPECT_EQ(bounds_text(figure), "");
}

TEST(Table, AlignsByCharactersNotBytes) {
  Table table({"a", "b"});
  table.add({"µµ", "1"});
  table.add({"x", "22"});
  EXPECT_EQ(table.text(), "a    b\n──────\nµµ   1\nx   22\n");
}

TEST(Table, ShortensTheFirstCellsOfALineThatIsTooWide) {
  Table table({"name", "number"});
  table.add({"ärgerlich lange Namen", "123456789"});
  EXPECT_EQ(table.text(24),
            "name              number\n────────────────────────\n"
            "ärgerlich l... 123456789\n");
}

TEST(Table, MovesItsColumnsTogetherBeforeALineIsTooWide) {
  Table table({"task", "accuracy", "tokens/s"});
  table.add({"addition", "[0.39, 0.78]", "[12957, 13736]"});
  EXPECT_NE(table.text(38, Names::kWhole).find("  [0.39, 0.78]  ["), std::string::npos);
  EXPECT_NE(table.text(37, Names::kWhole).find("addition [0.39, 0.78] ["), std::string::npos);
}

TEST(Table, KeepsWholeNamesAtEveryWidthWhereItIsToldTo) {
  core::Random random(20);
  const std::vector<std::string> pieces{"a",   "model ",    "µ",           "日本",
                                        "-7B", ", batch 8", " (reference)"};
  for (int round = 0; round < 300; ++round) {
    const std::size_t columns = 2 + random.below(9);
    std::vector<bool> left;
    for (std::size_t i = 0; i < columns; ++i) left.push_back(random.below(2) == 0);
    Table table(std::vector<std::string>(columns, "figure"), left);
    std::vector<std::string> names;
    for (int row = 0; row < 10; ++row) {
      std::string name;
      while (random.below(12) != 0) name += pieces[random.below(pieces.size())];
      while (name.ends_with(' ')) name.pop_back();
      names.push_back(name);
      std::vector<std::string> cells(columns, "0.500 [0.400, 0.600]");
      cells.front() = name;
      table.add(std::move(cells));
    }
    const std::string whole = table.text(1 + random.below(120), Names::kWhole);
    const std::string any = table.text(kAnyWidth);
    for (const std::string& name : names) {
      EXPECT_NE(whole.find("\n" + name), std::string::npos) << name << "\n" << whole;
      EXPECT_NE(any.find("\n" + name), std::string::npos) << name << "\n" << any;
    }
  }
}

TEST(Table, WrapsALongLastColumnBelowItself) {
  Table table({"k", "why"}, {true, true});
  table.add({"x", "one two three four five six seven eight nine ten eleven"});
  std::istringstream lines(table.text(30));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 30U) << line;
  EXPECT_NE(table.text(30).find("\n   "), std::string::npos);
}

}  // namespace
}  // namespace ipw::report
