// run.json: what goes in comes out, and what others wrote is treated with care.
#include "ipw/store/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/store/sample_run.h"

namespace ipw::store {
namespace {

using core::ErrorCode;
using testing::HasSubstr;

Manifest with_id() {
  Manifest manifest = sample_manifest();
  manifest.run_id = sample_id(1);
  return manifest;
}

TEST(Manifest, SurvivesARoundTrip) {
  const Manifest manifest = with_id();
  const auto read = manifest_from_json(to_json(manifest), "run.json");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(manifest));
  EXPECT_EQ(read->command_line, manifest.command_line);
  EXPECT_EQ(read->model.parameters, 680'000U);
  EXPECT_EQ(read->model.active_parameters, std::nullopt);
  EXPECT_EQ(read->options.stop, manifest.options.stop);
  EXPECT_EQ(read->options.idle, core::Seconds(2.5));
  EXPECT_EQ(read->seeds, manifest.seeds);
  ASSERT_EQ(read->sensors.size(), 1U);
  EXPECT_EQ(read->sensors[0].provenance, manifest.sensors[0].provenance);
  EXPECT_EQ(read->sensors[0].wrap, core::Joules(262143.328850));
  ASSERT_TRUE(read->sensors[0].seen);
  EXPECT_EQ(read->sensors[0].seen->updates, 280);
  EXPECT_EQ(read->sensors[0].seen->update_period, core::Seconds(0.001));
  EXPECT_EQ(read->sensors[0].seen->counter_over_power, std::nullopt);
  EXPECT_FALSE(read->sensors[0].idle_agreement);
  ASSERT_TRUE(read->sensors[0].busy_agreement);
  EXPECT_EQ(read->sensors[0].busy_agreement->counter_over_power, 0.98);
  EXPECT_EQ(read->sensors[0].busy_agreement->updates, 120);
  EXPECT_TRUE(read->unknown.empty());
}

TEST(Manifest, BeginsWithTheSchemaVersion) {
  EXPECT_EQ(to_json(with_id()).rfind("{\n  \"schema_version\": 1,", 0), 0U);
}

TEST(Manifest, KeepsKeysThatItDoesNotKnow) {
  auto document = nlohmann::ordered_json::parse(to_json(with_id()));
  document["note"] = "after lunch";
  document["model"]["colour"] = "green";
  const auto read = manifest_from_json(document.dump(), "run.json");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(nlohmann::ordered_json::parse(to_json(*read)), document);
}

TEST(Manifest, FillsInWhatIsAbsent) {
  const auto read = manifest_from_json(R"({"schema_version":1,"run_id":"x"})", "run.json");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->options.concurrency, 1);
  EXPECT_EQ(read->model.size_bytes, std::nullopt);
}

// Every path of a document: "model", "model/name", "sensors/0/id", …
void paths_of(const nlohmann::json& document, const std::string& at,
              std::vector<nlohmann::json::json_pointer>& paths) {
  for (const auto& [key, value] : document.items()) {
    const std::string path = at + "/" + key;
    paths.emplace_back(path);
    if (value.is_structured()) paths_of(value, path, paths);
  }
}

// Without a field, or with it as null, a list or an object: read with what is left, or refused with
// the field's name; the library that reads it neither throws on nor stops the process.
TEST(Manifest, LacksAnyOfItsFieldsWithoutHarm) {
  const auto whole = nlohmann::json::parse(to_json(with_id()));
  std::vector<nlohmann::json::json_pointer> paths;
  paths_of(whole, "", paths);
  ASSERT_GT(paths.size(), 80U);
  for (const auto& path : paths) {
    nlohmann::json without = whole;
    without.at(path.parent_pointer()).is_array()
        ? without.at(path.parent_pointer()).erase(0U)
        : static_cast<void>(without.at(path.parent_pointer()).erase(path.back()));
    const auto read = manifest_from_json(without.dump(), "run.json");
    if (path.to_string() == "/schema_version" || path.to_string() == "/run_id") {
      EXPECT_FALSE(read) << path;
    } else {
      EXPECT_TRUE(read) << path << ": " << (read ? "" : read.error().message);
    }
    for (const char* instead : {"null", "[]", "{}", "[[1]]", R"({"a":{"b":1}})"}) {
      nlohmann::json other = whole;
      other[path] = nlohmann::json::parse(instead);
      const auto found = manifest_from_json(other.dump(), "run.json");
      if (found) continue;
      const bool told = found.error().code == ErrorCode::kInvalidData ||
                        found.error().code == ErrorCode::kUnsupported;
      EXPECT_TRUE(told) << path << " as " << instead << ": " << found.error().message;
      EXPECT_FALSE(found.error().message.empty());
    }
  }
}

TEST(Manifest, OfANewerFormatAsksForAnUpgrade) {
  const auto read = manifest_from_json(R"({"schema_version":2,"run_id":7})", "run.json");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(read.error().message, HasSubstr("made by a newer ipw (upgrade)"));
}

TEST(Manifest, OfAFormatThatNeverWasIsUnsupported) {
  EXPECT_EQ(manifest_from_json(R"({"schema_version":0})", "f").error().code,
            ErrorCode::kUnsupported);
}

TEST(Manifest, NamesTheKeyOfAWrongType) {
  const auto read = manifest_from_json(
      R"({"schema_version":1,"run_id":"x","model":{"parameters":"many"}})", "run.json");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidData);
  EXPECT_THAT(read.error().message, HasSubstr("at key model.parameters"));
}

TEST(Manifest, ThatIsCutOffAnywhereIsInvalid) {
  const std::string whole = to_json(with_id());
  for (std::size_t length = 0; length + 2 < whole.size(); length += 7) {
    const auto read = manifest_from_json(whole.substr(0, length), "run.json");
    ASSERT_FALSE(read) << length;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidData);
  }
}

TEST(Manifest, RefusesWhatIsNoManifest) {
  for (const char* text :
       {"[]", "null", "{}", "7", R"({"schema_version":"1"})", R"({"schema_version":1})",
        R"({"schema_version":1,"run_id":""})", R"({"schema_version":1,"run_id":"x","model":[]})",
        R"({"schema_version":1,"run_id":"x","sensors":[{"source":"guessed"}]})",
        R"({"schema_version":1,"run_id":"x","seeds":{"run":"seven"}})"}) {
    EXPECT_EQ(manifest_from_json(text, "f").error().code, ErrorCode::kInvalidData) << text;
  }
}

TEST(Manifest, WithBrokenTextIsStillJson) {
  Manifest manifest = with_id();
  manifest.prompt_template = std::string("a\0b\xff", 4);
  const auto read = manifest_from_json(to_json(manifest), "run.json");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->prompt_template, std::string("a\0b\xef\xbf\xbd", 6));
}

TEST(Rfc3339, HasMillisecondsAndUtc) {
  EXPECT_EQ(rfc3339(core::WallTime(std::chrono::milliseconds(1795222923004))),
            "2026-11-21T01:02:03.004Z");
  EXPECT_EQ(rfc3339(core::WallTime(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace ipw::store
