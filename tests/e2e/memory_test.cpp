// Inputs beyond the address space that a process may have. Not built with the sanitizers, which
// need terabytes of it themselves.

#include <gtest/gtest.h>

#include <filesystem>

#include "process.h"

namespace ipw::e2e {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

TEST(Memory, LessThanTheInputNeedsEndsWithAMessage) {
  const TemporaryDirectory directory;
  const auto huge = [&](const std::string& name) {
    const std::string file = directory.write(name, "");
    fs::resize_file(file, std::uintmax_t{2} << 30);
    return file;
  };
  const std::string json = huge("huge.json");
  const std::string csv = huge("huge.csv");
  const fs::path run = directory.path() / "huge-run";
  fs::create_directory(run);
  fs::rename(huge("run.json"), run / "run.json");
  for (const Arguments& arguments :
       {Arguments{"gdi", json}, Arguments{"energy", "validate", "--meter", csv},
        Arguments{"report", run}, Arguments{"compare", run, run}, Arguments{"export", run},
        Arguments{"profile", "--resume", run}, Arguments{"coverage", csv}, Arguments{"audit", csv},
        Arguments{"attribute", json}, Arguments{"history", csv},
        Arguments{"profile", "--model", tiny_model(), "--dataset", huge("huge.jsonl"), "--out",
                  (directory.path() / "run").string()}}) {
    Arguments words = {"sh", "-c", "ulimit -v 1000000; exec \"$@\"", "sh", ipw_program()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const Finished finished = Process(words).wait();
    EXPECT_EQ(finished.status, 1) << testing::PrintToString(arguments) << finished.err;
    EXPECT_TRUE(finished.err.starts_with("ipw: ")) << finished.err;
  }
}

}  // namespace
}  // namespace ipw::e2e
