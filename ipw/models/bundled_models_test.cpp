#include "ipw/models/bundled_models.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace ipw::models {
namespace {

namespace fs = std::filesystem;

TEST(BundledModels, AreTheGgufFilesOfTheFolderByName) {
  const fs::path folder = fs::path(testing::TempDir()) / ("bundled-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "small.gguf") << "12345";
  std::ofstream(folder / "large.gguf") << "1234567890";
  std::ofstream(folder / "README.md") << "about them";
  const std::vector<BundledModel> models = bundled_models(folder);
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].name, "large");
  EXPECT_EQ(models[0].size_bytes, 10U);
  EXPECT_EQ(models[1].name, "small");
  EXPECT_EQ(models[1].path, folder / "small.gguf");
  fs::remove_all(folder);
}

TEST(BundledModels, AreNoneWhereThereIsNoFolder) {
  EXPECT_TRUE(bundled_models("/nowhere/share/ipw/models").empty());
}

}  // namespace
}  // namespace ipw::models
