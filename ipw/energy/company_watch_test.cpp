// Company on a /proc/stat that is written by hand, and on this machine's own.

#include "ipw/energy/company_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "ipw/energy/model_processes.h"

namespace ipw::energy {
namespace {

namespace fs = std::filesystem;

void wait_long_enough() { std::this_thread::sleep_for(std::chrono::milliseconds(110)); }

class CompanyTest : public ::testing::Test {
 protected:
  CompanyTest() {
    std::string pattern = (fs::temp_directory_path() / "ipw-company-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    fs::create_directories(root_ / "proc");
  }
  ~CompanyTest() override { fs::remove_all(root_); }

  void stat(const std::string& counters) const {
    std::ofstream(root_ / "proc" / "stat")
        << "cpu  " << counters << "\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\ncpux 3\n";
  }

  fs::path root_;
};

TEST_F(CompanyTest, IsBusyTimeThatIsNotOurs) {
  const auto ticks = ::sysconf(_SC_CLK_TCK);
  stat("100 0 50 1000 0 0 0 7 0 0");
  CompanyWatch watch(root_);
  // Three seconds of user time, one of system, one stolen; idle and iowait are nobody's.
  stat(std::to_string(100 + 3 * ticks) + " 0 " + std::to_string(50 + ticks) + " 9000 500 0 0 " +
       std::to_string(7 + ticks) + " 0 0");
  wait_long_enough();
  const std::optional<record::Company> company = watch.take();
  ASSERT_TRUE(company.has_value());
  EXPECT_NEAR(company->others.count(), 4.0, 0.1) << "less what this test itself used";
  EXPECT_NEAR(company->stolen.count(), 1.0, 1e-9);
  EXPECT_EQ(company->processors, 2);
  EXPECT_GT(company->window.count(), 0.0);
}

TEST_F(CompanyTest, NoticesOtherRunsOfIpw) {
  using namespace std::string_literals;
  const auto process = [&](const std::string& pid, const std::string& words) {
    fs::create_directories(root_ / "proc" / pid);
    std::ofstream(root_ / "proc" / pid / "cmdline", std::ios::binary) << words;
  };
  const std::string own = std::to_string(::getpid());
  process(own, "ipw\0profile\0--model\0m\0"s);  // this one
  process("21", "/usr/bin/ipw\0profile\0--model\0m\0"s);
  process("22", "ipw\0profile\0"s);
  process("23", "ipw\0energy\0daemon\0"s);
  process("24", "vim\0profile\0"s);
  process("25", "ipw\0"s);
  process("26", "");  // a thread of the kernel
  process("27", "notipw\0profile\0"s);
  process("sys", "ipw\0profile\0"s);
  EXPECT_EQ(other_runs(root_), (std::set<int>{21, 22}));
  EXPECT_TRUE(other_runs(root_ / "nowhere").empty());
  stat("100 0 50 1000 0 0 0 7 0 0");
  CompanyWatch watch(root_);
  wait_long_enough();
  EXPECT_EQ(watch.take()->other_runs, 2);
}

TEST_F(CompanyTest, IsNeverNegative) {
  stat("1000 0 50 1000 0 0 0 9 0 0");
  CompanyWatch watch(root_);
  stat("900 0 50 1000 0 0 0 7 0 0");  // a guest that was moved to another host
  wait_long_enough();
  const std::optional<record::Company> company = watch.take();
  ASSERT_TRUE(company.has_value());
  EXPECT_EQ(company->others.count(), 0.0);
  EXPECT_EQ(company->stolen.count(), 0.0);
}

TEST_F(CompanyTest, IsUnknownWithoutProcStatOrWithABrokenOne) {
  CompanyWatch nothing(root_);
  wait_long_enough();
  EXPECT_FALSE(nothing.take().has_value());
  for (const char* broken : {"", "x y z", "1 2 3", "1 2 3 4 5 6"}) {
    stat(broken);
    CompanyWatch watch(root_);
    wait_long_enough();
    EXPECT_FALSE(watch.take().has_value()) << broken;
  }
  stat("100 0 50 1000 0 0 0");  // an old kernel: seven fields, nothing about stolen time
  CompanyWatch watch(root_);
  EXPECT_FALSE(watch.take().has_value()) << "too short to tell";
  wait_long_enough();
  EXPECT_TRUE(watch.take().has_value());
}

TEST_F(CompanyTest, DisturbsAboveATenthOfTheProcessorsTime) {
  const core::Seconds ten(10.0);
  EXPECT_FALSE((record::Company{ten, core::Seconds(1.9), core::Seconds(0.0), 2}).disturbs());
  EXPECT_TRUE((record::Company{ten, core::Seconds(1.9), core::Seconds(0.2), 2}).disturbs());
  EXPECT_FALSE(record::Company{}.disturbs());
}

TEST(CompanyWatch, CanBeToldOnThisMachine) {
  CompanyWatch watch("/");
  wait_long_enough();
  const std::optional<record::Company> company = watch.take();
  ASSERT_TRUE(company.has_value());
  EXPECT_GE(company->processors, 1);
}

}  // namespace
}  // namespace ipw::energy
