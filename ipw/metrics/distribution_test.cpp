// Against printed tables.
#include "ipw/metrics/distribution.h"

#include <gtest/gtest.h>

namespace ipw::metrics {
namespace {

TEST(Normal, QuantilesMatchTheTables) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
  EXPECT_NEAR(normal_quantile(0.025), -1.959963984540054, 1e-12);
  EXPECT_NEAR(normal_quantile(0.995), 2.5758293035489004, 1e-12);
  EXPECT_NEAR(normal_quantile(0.5), 0.0, 1e-12);
  EXPECT_NEAR(normal_cdf(1.0), 0.8413447460685429, 1e-14);
}

TEST(Student, QuantilesMatchTheTables) {
  EXPECT_NEAR(student_quantile(0.975, 1), 12.706204736432095, 1e-8);
  EXPECT_NEAR(student_quantile(0.975, 4), 2.7764451051977987, 1e-9);
  EXPECT_NEAR(student_quantile(0.975, 29), 2.045229642132703, 1e-9);
  EXPECT_NEAR(student_quantile(0.025, 4), -2.7764451051977987, 1e-9);
  EXPECT_NEAR(student_quantile(0.975, 1e6), 1.959966, 1e-5);
}

TEST(Binomial, CumulatesTheTermsOneByOne) {
  EXPECT_NEAR(binomial_cdf(0, 5, 0.5), 1.0 / 32, 1e-14);
  EXPECT_NEAR(binomial_cdf(2, 5, 0.5), 16.0 / 32, 1e-14);
  EXPECT_NEAR(binomial_cdf(1, 3, 0.2), 0.512 + 3 * 0.2 * 0.64, 1e-14);
  EXPECT_NEAR(binomial_cdf(989'850, 1'000'000, 0.99), 0.0663, 2e-3);  // normal: z = -1.503
  EXPECT_EQ(binomial_cdf(-1, 5, 0.5), 0.0);
  EXPECT_EQ(binomial_cdf(5, 5, 0.5), 1.0);
}

}  // namespace
}  // namespace ipw::metrics
