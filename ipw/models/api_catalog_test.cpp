// The table that comes with ipw is sound, and bad rows are named.
#include "ipw/models/api_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace ipw::models {
namespace {

using testing::HasSubstr;

const std::string kHeader =
    "provider,model,input,cached_input,output,reasoning,up_to_prompt,context_tokens,parameters,"
    "active_parameters,as_of,source\n";

TEST(ApiCatalog, TheBuiltInTableNamesEachModelOnce) {
  const auto models = read_models({});
  ASSERT_TRUE(models) << models.error().message;
  EXPECT_GT(models->size(), 100);
  std::set<std::string> names;
  for (const ApiModel& row : *models) {
    EXPECT_TRUE(names.insert(row.provider + ":" + row.model).second) << row.model;
    EXPECT_TRUE(row.price || row.parameters) << row.model;
    EXPECT_GT(row.price.value_or(Price{.output = 1.0}).output, 0.0) << row.model;
  }
  const ApiModel* mini = find_model(*models, "openai", "gpt-5-mini-2025-08-07");
  ASSERT_NE(mini, nullptr);  // not the price of gpt-5
  EXPECT_DOUBLE_EQ(mini->price->input, 0.25);
  EXPECT_DOUBLE_EQ(mini->price->output, 2.0);
  EXPECT_EQ(find_model(*models, "openai", "gpt-5-mini-2099-01-01"), nullptr);
  EXPECT_EQ(find_model(*models, "ollama", "gpt-5-mini"), nullptr);
}

TEST(ApiCatalog, AUsersRowsGoFirst) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "models.csv";
  std::ofstream(file) << kHeader << "openai,gpt-5-mini,9,,99,,,,,,2026-01,a contract\n";
  const auto models = read_models(file);
  ASSERT_TRUE(models) << models.error().message;
  EXPECT_DOUBLE_EQ(find_model(*models, "openai", "gpt-5-mini")->price->output, 99.0);
  std::filesystem::remove(file);
  EXPECT_TRUE(read_models(file));
}

TEST(ApiCatalog, NamesTheLineThatIsWrong) {
  for (const char* row :
       {"openai,m,1,,2", "openai,m,x,,2,,,,,,2026-01,s", "openai,m,-1,,2,,,,,,2026-01,s",
        "openai,m,1,,,,,,,,2026-01,s", ",m,1,,2,,,,,,2026-01,s", "openai,m,1,,2,,,,,,2026-01,"}) {
    const auto models = parse_models(kHeader + "# prices\n" + row + "\n", "my.csv");
    ASSERT_FALSE(models) << row;
    EXPECT_EQ(models.error().code, core::ErrorCode::kInvalidData);
    EXPECT_THAT(models.error().message, HasSubstr("my.csv: line 3")) << row;
  }
  EXPECT_FALSE(parse_models("name,price\n", "my.csv"));
}

}  // namespace
}  // namespace ipw::models
