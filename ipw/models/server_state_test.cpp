#include "ipw/models/server_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace ipw::models {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using testing::ElementsAre;
using testing::HasSubstr;

class ServerStateTest : public testing::Test {
 protected:
  ~ServerStateTest() override { fs::remove_all(folder_); }
  fs::path folder_ = fs::path(testing::TempDir()) / ("state-" + std::to_string(::getpid()));
};

TEST_F(ServerStateTest, IsReadAsItWasWritten) {
  const ServerState written{.name = "small",
                            .kind = "llama-server",
                            .program = "/usr/bin/llama-server",
                            .arguments = {"--model", "a b.gguf"},
                            .process = {.pid = 123, .start_ticks = 987654321012, .boot = "b-1"},
                            .port = 8080,
                            .base_url = "http://127.0.0.1:8080/v1",
                            .model = "openai:a b",
                            .started_unix_s = 1795000000,
                            .log = "/var/log/small.log"};
  ASSERT_TRUE(write_server_state(folder_, written));
  const auto read = read_server_state(folder_, "small");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->process, written.process);
  EXPECT_EQ(read->kind, written.kind);
  EXPECT_EQ(read->program, written.program);
  EXPECT_EQ(read->arguments, written.arguments);
  EXPECT_EQ(read->port, written.port);
  EXPECT_EQ(read->base_url, written.base_url);
  EXPECT_EQ(read->model, written.model);
  EXPECT_EQ(read->started_unix_s, written.started_unix_s);
  EXPECT_EQ(read->log, written.log);
  EXPECT_THAT(server_names(folder_), ElementsAre("small"));

  remove_server_state(folder_, "small");
  EXPECT_EQ(read_server_state(folder_, "small").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(server_names(folder_).empty());
}

TEST_F(ServerStateTest, SaysWhichFileIsBroken) {
  fs::create_directories(folder_);
  const std::string later = R"({"schema_version": 99})";
  const std::string wrong_type = R"({"schema_version": 1, "name": 7})";
  const std::string good_start = R"({"schema_version": 1, "name": "x", "kind": "ollama")";
  for (const std::string& text :
       {std::string(), std::string("[]"), wrong_type, good_start, later}) {
    std::ofstream(folder_ / "x.json") << text;
    const auto read = read_server_state(folder_, "x");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, text == later ? ErrorCode::kUnsupported : ErrorCode::kInvalidData);
    EXPECT_THAT(read.error().message, HasSubstr("x.json"));
  }
}

TEST_F(ServerStateTest, TakesNoNameThatLeavesItsFolder) {
  for (const char* name : {"", ".", "..", "../x", "a/b", ".hidden", "a b", "a\nb"}) {
    EXPECT_FALSE(check_server_name(name)) << name;
    EXPECT_EQ(read_server_state(folder_, name).error().code, ErrorCode::kUsage) << name;
  }
  EXPECT_TRUE(check_server_name("qwen3-8b_Q4.K"));
}

TEST_F(ServerStateTest, IsChangedByOneCommandAtATime) {
  {
    const auto first = ServerLock::take(folder_, "small");
    ASSERT_TRUE(first) << first.error().message;
    const auto second = ServerLock::take(folder_, "small");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kBusy);
    EXPECT_TRUE(ServerLock::take(folder_, "other"));
  }
  EXPECT_TRUE(ServerLock::take(folder_, "small"));
}

TEST_F(ServerStateTest, SaysWhereItCannotBeWritten) {
  std::ofstream(folder_.string()) << "a file, where the folder should be";
  EXPECT_EQ(ServerLock::take(folder_, "small").error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(write_server_state(folder_, {.name = "small"}).error().message,
              HasSubstr("XDG_STATE_HOME"));
}

}  // namespace
}  // namespace ipw::models
