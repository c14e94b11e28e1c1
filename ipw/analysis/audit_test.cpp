#include "ipw/analysis/audit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ipw/analysis/claims.h"
#include "ipw/analysis/reference_tables.h"
#include "ipw/store/run.h"
#include "ipw/store/sample_run.h"

namespace ipw::analysis {
namespace {

Table table(const std::string& name, const std::string& text) {
  auto parsed = parse_table(name, text);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return *std::move(parsed);
}

Audit audited(const std::vector<Table>& tables, const AuditOptions& options = {}) {
  auto audit = audit_tables(tables, std::nullopt, options);
  EXPECT_TRUE(audit) << audit.error().message;
  return *std::move(audit);
}

bool found(const Audit& audit, const std::string& check, const std::string& where,
           const std::string& what) {
  return std::ranges::any_of(audit.findings, [&](const Finding& finding) {
    return finding.check == check && finding.where.starts_with(where) &&
           finding.what.find(what) != std::string::npos;
  });
}

// ../shared/reference/README.md lists what does not fit; all of it and nothing else is found.
TEST(Audit, FindsEveryInconsistencyThatThePublishedTablesAreKnownFor) {
  if (const std::string why = without_shared(); !why.empty()) GTEST_SKIP() << why;
  const auto claims =
      read_table(std::filesystem::path(IPW_SOURCE_DIR) / "data/audit/published_claims.csv");
  ASSERT_TRUE(claims) << claims.error().message;
  const std::vector<Table> tables = reference_tables();
  const auto result = audit_tables(tables, Claims{*claims}, {});
  ASSERT_TRUE(result) << result.error().message;
  const Audit& audit = *result;
  EXPECT_TRUE(found(audit, "constant", "ipw_local_vs_cloud", "353 W for all 4 rows on M4 Max"));
  EXPECT_TRUE(found(audit, "constant", "ipw_local_vs_cloud", "253 W for all 4 rows on B200"));
  EXPECT_TRUE(found(audit, "constant", "ipw_by_year:4", "implies 171 W on M4 Max"));
  EXPECT_TRUE(found(audit, "claim", "NaturalReasoning", "63 is published, 88.3 follows"));
  EXPECT_TRUE(found(audit, "claim", "mean local latency",
                    "Granite4-micro, Granite3.3:8b, Granite4-h-small are left out"));
  for (const char* column : {"energy", "compute", "cost"}) {
    EXPECT_TRUE(found(audit, "constant", "routing_savings", column)) << column;
  }
  for (const char* cell : {"0.941", "0.824", "0.923"}) {
    EXPECT_TRUE(found(audit, "granularity", "use_case_leaderboard:3", cell)) << cell;
  }
  EXPECT_TRUE(found(audit, "identity", "use_case_latency", "mean_ttft_s equals mean_latency_s"));
  EXPECT_TRUE(found(audit, "claim", "Granite4-micro", "85.5 follows"));
  EXPECT_TRUE(found(audit, "claim", "Granite4-h-small", "12.82 follows"));
  // Beyond the list: the overall coverage is neither the weighted nor the plain mean.
  EXPECT_TRUE(found(audit, "claim", "local coverage, weighted", "92.63 follows"));
  EXPECT_TRUE(found(audit, "claim", "local coverage, mean of", "88.88 follows"));
  // Nor do the three savings printed for a router of 60 % follow from the oracle's row.
  for (const char* cell : {"energy_saved_pct is 48.4, where 0.6 times the oracle's 80.4 is 48.24",
                           "compute_saved_pct is 46.7", "cost_saved_pct is 44.5"}) {
    EXPECT_TRUE(found(audit, "product", "routing_savings:6", cell)) << cell;
  }
  EXPECT_EQ(audit.findings.size(), 19U);
  EXPECT_TRUE(std::ranges::any_of(audit.unchecked, [](const Unchecked& item) {
    return item.where == "mean cloud latency" &&
           item.why.find("6 rows, of which") != std::string::npos;
  }));
}

constexpr const char* kConsistent =
    "model,accelerator,n,accuracy,ipw_per_w,power_w,ipj_per_j,energy_j,latency_s,ttft_s\n"
    "a,X,200,0.500,0.00500,100,0.00100,500,5.0,0.1\n"
    "b,X,200,0.600,0.00500,120,0.00100,600,5.2,0.1\n"
    "c,X,200,0.705,0.00503,140,0.00101,700,5.4,5.3\n";

TEST(Audit, IsSilentOnAConsistentTable) {
  const Audit audit = audited({table("t", kConsistent)});
  for (const Finding& finding : audit.findings) ADD_FAILURE() << finding.what;
  EXPECT_TRUE(audit.unchecked.empty());
  EXPECT_EQ(audit.checked.at("granularity"), 3);
  EXPECT_EQ(audit.checked.at("product"), 6);
}

TEST(Audit, FindsEachKindOfDefect) {
  EXPECT_TRUE(found(audited({table("t", "model,accuracy,power_w,ipw\na,0.5,100,0.009\n")}),
                    "product", "t:2", "ipw x power_w gives the accuracy 0.9"));
  EXPECT_TRUE(found(audited({table("t", "model,energy_j,ipj\na,1000,0.002\n")}), "product", "t:2",
                    "which is no accuracy"));
  EXPECT_TRUE(
      found(audited({table("t", "model,energy_j\na,0\n")}), "range", "t:2", "not above zero"));
  EXPECT_TRUE(
      found(audited({table("t", "model,accuracy\na,1.2\n")}), "range", "t:2", "outside 0 to 1"));
  EXPECT_TRUE(
      found(audited({table("t", "model,x,y,avg\na,0.5,0.7,0.9\n")}), "mean", "t:2", "average 0.6"));
  EXPECT_TRUE(found(audited({table("t", "model,year,v\na,1,2\nb,1,2\na,1,3\n")}), "duplicate",
                    "t:4", "line 2"));
  EXPECT_TRUE(found(audited({table("t", "model,latency_s,ttft_s\na,1.0,2.0\n")}), "identity", "t:2",
                    "is after"));
  EXPECT_TRUE(found(audited({table("t", "model,n,accuracy\na,7,0.50\n")}), "granularity", "t:2",
                    "no whole number of 7"));
  EXPECT_TRUE(found(
      audited({table("t", "model,n,total_cost_usd,cost_per_request_usd\na,100,5.00,0.010\n")}),
      "product", "t:2", "is not 100 times"));
}

TEST(Audit, TakesTrailingZerosOfAWholeRowForPadding) {
  const AuditOptions thirty{.samples = {{"", 30}}};
  EXPECT_TRUE(audited({table("t", "model,x,y,avg\na,0.930,0.870,0.900\n")}, thirty).holds());
  EXPECT_FALSE(audited({table("t", "model,x,y,avg\na,0.930,0.867,0.899\n")}, thirty).holds())
      << "a row with a third digit means all of them";
}

TEST(Audit, DoesNotDependOnTheOrderOfRows) {
  const Audit one =
      audited({table("t", "model,accuracy,ipw\na,0.40,0.0040\nb,0.60,0.0060\nc,0.80,0.0080\n")});
  const Audit two =
      audited({table("t", "model,accuracy,ipw\nc,0.80,0.0080\na,0.40,0.0040\nb,0.60,0.0060\n")});
  ASSERT_EQ(one.findings.size(), 1U);
  ASSERT_EQ(two.findings.size(), 1U);
  EXPECT_EQ(one.findings[0].what, two.findings[0].what);
}

TEST(Claims, ComputeWithTheRangesOfRounding) {
  const std::vector<Table> tables{table("t", "k,v,w\na,1.0,1\nb,2.0,3\nc,,5\n")};
  const auto value = [&](const char* formula) {
    const auto result = evaluate(formula, tables);
    EXPECT_TRUE(result) << result.error().message;
    return result ? result->value.middle() : -1.0;
  };
  EXPECT_NEAR(value("mean(t.v)"), 1.5, 1e-12);
  EXPECT_NEAR(value("sum(t.v[k!=a])"), 2.0, 1e-12);
  EXPECT_NEAR(value("wmean(t.v, t.w[v!=])"), 1.75, 1e-12);
  EXPECT_NEAR(value("t.v[k=a] * 2 + (3 - 1) / 4"), 2.5, 1e-12);
  EXPECT_NEAR(value("-max(t.w) - -min(t.w)"), -4.0, 1e-12);
  EXPECT_NEAR(value("count(t.v)"), 2.0, 1e-12);
  const auto sum = evaluate("sum(t.v)", tables);
  EXPECT_NEAR(sum->value.high - sum->value.low, 0.2, 1e-12) << "two cells, half a digit each way";
}

TEST(Claims, SayWhereAFormulaIsBroken) {
  const std::vector<Table> tables{table("t", "k,v\na,1.0\nb,0.0\nc,two\n")};
  for (const char* formula :
       {"", "t", "t.v", "t.v[k=a", "u.v", "t.w", "mean(t.v[k=z])", "1 +", "(1", "1 2", "foo(t.v)",
        "1 / t.v[k=b]", "t.v[k=c]", "mean(t.v[k=a]"}) {
    const auto result = evaluate(formula, tables);
    ASSERT_FALSE(result) << formula;
    EXPECT_EQ(result.error().code, core::ErrorCode::kInvalidData);
    EXPECT_NE(result.error().message.find("cannot be computed"), std::string::npos);
  }
  EXPECT_FALSE(evaluate(std::string(10000, '('), tables));
  EXPECT_FALSE(evaluate(std::string(10000, '-') + "1", tables));
}

TEST(Table, NamesTheRowThatCannotBeRead) {
  EXPECT_NE(parse_table("t", "a,b\n1,2\n3\n").error().message.find("line 3"), std::string::npos);
  EXPECT_NE(parse_table("t", "a,b\n").error().message.find("no row"), std::string::npos);
  const Table units = table("t", "a,b\nx,12 W\ny,-1\nz,\n");
  EXPECT_NE(number_in(units, units.rows[0], 1).error().message.find("t:2: '12 W'"),
            std::string::npos);
  EXPECT_NE(positive_number(units, units.rows[1], 1).error().message.find("t:3"),
            std::string::npos);
  EXPECT_NE(needed_number(units, units.rows[2], 1).error().message.find("t:4: column 'b' is empty"),
            std::string::npos);
  EXPECT_NE(needed_column(units, "c").error().message.find("it has a, b"), std::string::npos);
  EXPECT_EQ(read_table("/nowhere/t.csv").error().code, core::ErrorCode::kNotFound);
}

// `records` of a hundred planned ones, their power from 40 W on rising by `step` each; `joules`
// times what the device drew in their 7 ms.
Audit audited_run(int records, double step, bool streamed, double joules = 0.8) {
  const store::TemporaryDirectory folder;
  store::HandClock clock;
  auto run = store::Run::create(folder / "run", store::sample_manifest(), clock);
  EXPECT_TRUE(run) << run.error().message;
  std::vector<record::Call> calls;
  for (int i = 0; i < records; ++i) {
    record::Call call = store::sample_call(i, clock.now());
    record::EnergyShare& share = call.energy.front();
    share.device_power = core::Watts(40.0 + step * i);
    share.active = core::Joules(joules * (40.0 + step * i) * 0.007);
    share.loaded_idle = core::Joules(0.0);
    share.uncertainty = core::Joules(0.001);
    record::Timings& timings = call.completion.timings;
    if (!streamed) timings.first_token = timings.last_token;
    calls.push_back(std::move(call));
  }
  EXPECT_TRUE(run->append(calls));
  Audit audit;
  const auto done = audit_run(folder / "run", audit);
  EXPECT_TRUE(done) << done.error().message;
  return audit;
}

TEST(AuditRun, IsSilentOnAConsistentRun) {
  const Audit audit = audited_run(100, 0.1, true);
  for (const Finding& finding : audit.findings) ADD_FAILURE() << finding.what;
  EXPECT_EQ(audit.checked.at("order"), 100);
  EXPECT_EQ(audit.checked.at("identity"), 100);
}

TEST(AuditRun, FindsWhatIsMissingConstantOrNotStreamed) {
  EXPECT_TRUE(found(audited_run(30, 0.1, true), "complete", "", "30 of 100 planned records"));
  EXPECT_TRUE(found(audited_run(100, 0.0, true), "constant", "", "is 40 W in all 100 records"));
  EXPECT_TRUE(found(audited_run(100, 0.1, false), "identity", "", "not streamed"));
  for (const double factor : {2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 1e3, 1e4, 1e6, 1e9}) {
    EXPECT_TRUE(found(audited_run(30, 0.1, true, factor), "energy", "", "above watts x seconds"))
        << factor;
  }
  EXPECT_TRUE(found(audited_run(30, 0.1, true, -1.0), "range", "", "not above zero"));
  EXPECT_TRUE(found(audited_run(30, 0.1, true, 1e13), "range", "", "power station"));
  Audit none;
  EXPECT_EQ(audit_run("/nowhere", none).error().code, core::ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ipw::analysis
