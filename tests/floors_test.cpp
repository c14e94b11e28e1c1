// Reads every #include of ipw/ and fails on an edge that cmake/floors.txt does not have, on a
// folder that stands in neither, and on a table that is not ordered from the bottom up.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kSource = IPW_SOURCE_DIR;

using Floors = std::map<std::string, std::set<std::string>>;

// `order` receives the folders as they stand in the file.
Floors read_floors(std::istream& file, std::vector<std::string>* order) {
  Floors floors;
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t colon = line.find(':');
    if (line.empty() || line.starts_with('#') || colon == std::string::npos) continue;
    const std::string room = line.substr(0, colon);
    std::istringstream rest(line.substr(colon + 1));
    std::string below;
    floors[room].insert(room);
    while (rest >> below) floors[room].insert(below);
    order->push_back(room);
  }
  return floors;
}

Floors read_floors(std::vector<std::string>* order) {
  std::ifstream file(kSource / "cmake" / "floors.txt");
  return read_floors(file, order);
}

std::vector<std::string> forbidden_includes(const std::string& room, const Floors& floors,
                                            std::istream& source) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s*["<]ipw/([a-z_]+)/)re");
  std::vector<std::string> found;
  std::string line;
  while (std::getline(source, line)) {
    std::smatch match;
    if (!std::regex_search(line, match, kInclude)) continue;
    if (!floors.at(room).contains(match[1].str())) found.push_back(line);
  }
  return found;
}

TEST(Floors, EveryIncludeIsAnEdgeOfTheTable) {
  std::vector<std::string> order;
  const Floors floors = read_floors(&order);
  int files = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kSource / "ipw")) {
    const fs::path extension = entry.path().extension();
    if (extension != ".h" && extension != ".cpp") continue;
    const std::string room = fs::relative(entry.path(), kSource / "ipw").begin()->string();
    ASSERT_TRUE(floors.contains(room)) << room << " does not stand in cmake/floors.txt";
    std::ifstream source(entry.path());
    for (const std::string& line : forbidden_includes(room, floors, source)) {
      ADD_FAILURE() << entry.path() << ": " << line << " is not an edge of cmake/floors.txt";
    }
    ++files;
  }
  EXPECT_GT(files, 50);
}

TEST(Floors, AForbiddenIncludeIsFound) {
  const Floors floors = {{"core", {"core"}}, {"store", {"store", "core"}}};
  std::istringstream source(
      "#include \"ipw/core/result.h\"\n  # include \"ipw/energy/sensor.h\"\n");
  EXPECT_EQ(forbidden_includes("store", floors, source).size(), 1U);
}

TEST(Floors, TheTableIsOrderedFromTheBottomUp) {
  std::vector<std::string> order;
  const Floors floors = read_floors(&order);
  std::set<std::string> seen;
  for (const std::string& room : order) {
    seen.insert(room);
    for (const std::string& below : floors.at(room)) {
      EXPECT_TRUE(seen.contains(below)) << room << " stands on " << below << ", which is above it";
    }
  }
}

TEST(Floors, EveryRoomOfTheTableExists) {
  std::vector<std::string> order;
  for (const auto& [room, below] : read_floors(&order)) {
    EXPECT_TRUE(fs::is_directory(kSource / "ipw" / room)) << room;
  }
}

TEST(Floors, NoRoomIsALumberRoom) {
  const std::set<std::string> lumber = {"util", "utils", "common", "misc", "helpers"};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kSource / "ipw")) {
    EXPECT_FALSE(lumber.contains(entry.path().stem().string())) << entry.path();
  }
}

}  // namespace
