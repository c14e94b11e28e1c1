// The table of grids, what a user may write, and the arithmetic against figures worked by hand.
#include "ipw/report/electricity.h"

#include <gtest/gtest.h>

#include <set>

#include "ipw/report/text.h"

namespace ipw::report {
namespace {

TEST(GridTable, HoldsEveryCountryOnceWithAPlausibleIntensity) {
  std::set<std::string_view> names;
  for (const GridIntensity& row : grid_intensities()) {
    EXPECT_EQ(row.code.size(), 2U) << row.country;
    EXPECT_EQ(row.code3.size(), 3U) << row.country;
    for (const std::string_view name : {row.code, row.code3, row.country}) {
      EXPECT_TRUE(names.insert(name).second) << name;
    }
    EXPECT_GE(row.year, 2020) << row.country;
    EXPECT_GT(row.grams_per_kwh, 10.0) << row.country;
    EXPECT_LT(row.grams_per_kwh, 1500.0) << row.country;
  }
  EXPECT_EQ(grid_intensities().size(), 211U);
}

TEST(ParseGrid, TakesACodeANameOrGrams) {
  for (const char* germany : {"DE", "de", "DEU", "Germany", "gErMaNy"}) {
    const auto grid = parse_grid(germany);
    ASSERT_TRUE(grid) << germany;
    EXPECT_DOUBLE_EQ(grid->grams_per_kwh, 380.95);
    EXPECT_EQ(grid->source, "grid of Germany, mean of 2023");
  }
  EXPECT_DOUBLE_EQ(parse_grid("45.5")->grams_per_kwh, 45.5);
  EXPECT_DOUBLE_EQ(parse_grid("0")->grams_per_kwh, 0.0);
  for (const char* none :
       {"", " ", "Germania", "-3", "nan", "inf", "1e999", "12 g", "DE,FR", "D"}) {
    EXPECT_FALSE(parse_grid(none)) << none;
  }
}

TEST(ParsePrice, TakesANumberAndACurrency) {
  struct Case {
    const char* text;
    double per_kwh;
    const char* currency;
  };
  for (const Case& good :
       {Case{"0.32", 0.32, "USD"}, Case{"0.32EUR", 0.32, "EUR"}, Case{"0.32 eur", 0.32, "EUR"},
        Case{"30 JPY", 30.0, "JPY"}, Case{"0", 0.0, "USD"}, Case{"1e-1gbp", 0.1, "GBP"}}) {
    const auto price = parse_price(good.text);
    ASSERT_TRUE(price) << good.text;
    EXPECT_DOUBLE_EQ(price->per_kwh, good.per_kwh);
    EXPECT_EQ(price->currency, good.currency);
  }
  for (const char* none : {"", "EUR", "-0.1", "nan", "inf", "0.32€", "0,32", "0.32EU", "0.32EURO",
                           "0.32 E1R", "ten"}) {
    EXPECT_FALSE(parse_price(none)) << none;
  }
}

TEST(Electricity, OfAThousandAnswersIsWorkedOutByHand) {
  // 36 J an answer: 36,000 J a thousand, 10 Wh; at .30 a kWh 3 thousandths, at 400 g/kWh 4 g.
  record::Figure joules{.value = 36.0, .unit = "J", .low = 18.0, .high = 72.0};
  joules.n = 600;
  joules.provenance = {.source = record::Source::kMeasured, .method = "rapl-powercap"};
  const auto figures =
      electricity_figures({{"ipj", {}}, {"j_per_query", joules}, {"j_per_query_p50", joules}},
                          {.price = Price{0.30, "EUR"}, .grid = Grid{400.0, "as given"}});
  ASSERT_EQ(figures.size(), 3U);
  const record::Figure* wh = metrics::find(figures, "wh_per_1000");
  ASSERT_NE(wh, nullptr);
  EXPECT_DOUBLE_EQ(*wh->value, 10.0);
  EXPECT_DOUBLE_EQ(*wh->low, 5.0);
  EXPECT_DOUBLE_EQ(*wh->high, 20.0);
  EXPECT_EQ(wh->n, 600);
  EXPECT_EQ(wh->provenance, joules.provenance);
  EXPECT_EQ(value_text(*wh), "10.0 Wh");
  const record::Figure* cost = metrics::find(figures, "electricity_cost_per_1000");
  ASSERT_NE(cost, nullptr);
  EXPECT_NEAR(*cost->value, 0.003, 1e-15);
  EXPECT_EQ(cost->unit, "EUR");
  EXPECT_EQ(cost->reason, "at 0.3 EUR per kWh");
  const record::Figure* carbon = metrics::find(figures, "gco2e_per_1000");
  ASSERT_NE(carbon, nullptr);
  EXPECT_NEAR(*carbon->value, 4.0, 1e-12);
  EXPECT_EQ(value_text(*carbon), "4.00 gCO2e");
}

TEST(Electricity, IsAsUnknownAsTheJoulesAndNothingIsInvented) {
  record::Figure unknown;
  unknown.unit = "J";
  unknown.reason = "no energy was measured";
  const auto figures = electricity_figures({{"j_per_query", unknown}}, {});
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_FALSE(figures[0].figure.value);
  EXPECT_EQ(figures[0].figure.reason, "no energy was measured");
}

TEST(Electricity, KeepsSourcesAndWhatIsAboveIdleApart) {
  record::Figure measured{.value = 3.6, .unit = "J"};
  measured.provenance.source = record::Source::kMeasured;
  record::Figure estimated{.value = 7.2, .unit = "J"};
  estimated.provenance.source = record::Source::kEstimated;
  const auto figures =
      electricity_figures({{"j_per_query", measured}, {"j_per_query_active", estimated}},
                          {.grid = Grid{100.0, "as given"}});
  ASSERT_EQ(figures.size(), 4U);
  EXPECT_EQ(metrics::find(figures, "gco2e_per_1000")->provenance.source, record::Source::kMeasured);
  EXPECT_EQ(metrics::find(figures, "gco2e_per_1000_active")->provenance.source,
            record::Source::kEstimated);
  EXPECT_DOUBLE_EQ(*metrics::find(figures, "wh_per_1000_active")->value, 2.0);
}

}  // namespace
}  // namespace ipw::report
