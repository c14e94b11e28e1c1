#include "ipw/models/open_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace ipw::models {
namespace {

using core::ErrorCode;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kTiny = IPW_BINARY_DIR "/models/tiny.gguf";

core::Error error_of(const std::string& name) {
  const auto model = open_model(name);
  EXPECT_FALSE(model.has_value()) << name;
  return model ? core::Error{} : model.error();
}

TEST(OpenModel, OpensAFile) {
  const auto model = open_model(kTiny);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ((*model)->describe().name, kTiny);
}

TEST(OpenModel, IsHonestAboutSchemesThatDoNotWorkYet) {
  for (const ModelScheme& scheme : model_schemes()) {
    if (scheme.works) continue;
    const auto error = error_of(std::string(scheme.prefix) + "llama3");
    EXPECT_EQ(error.code, ErrorCode::kUnsupported);
    EXPECT_THAT(error.message, HasSubstr(std::string(scheme.written)));
    EXPECT_THAT(error.message, HasSubstr("GGUF"));
  }
}

TEST(OpenModel, OpensRemoteModelsWithoutAskingTheirServers) {
  RemoteOptions remote;
  remote.base_url = "http://127.0.0.1:9/v1";
  for (const char* name : {"openai:m", "ollama:m:1b", "anthropic:m", "gemini:m"}) {
    const auto model = open_model(name, {}, remote);
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ((*model)->describe().name, name);
    EXPECT_EQ((*model)->describe().server, "127.0.0.1:9");
    EXPECT_EQ(*other_machine(name, remote), std::nullopt);
    EXPECT_EQ((*server_of(name, remote))->authority(), "127.0.0.1:9");
  }
  EXPECT_EQ(error_of("openai:").code, ErrorCode::kUsage);
  EXPECT_EQ(error_of("openai:m").code, ErrorCode::kPermissionDenied);  // no key
  EXPECT_TRUE(check_model("ollama:m"));
  EXPECT_EQ(*other_machine("openai:m", {}), "api.openai.com");
  EXPECT_FALSE(server_of("model.gguf", {})->has_value());
  remote.base_url = "ftp://x";
  EXPECT_EQ(check_model("openai:m", remote).error().code, ErrorCode::kUsage);
}

TEST(OpenModel, OllamaHostMayBeAnAddressToListenOn) {
  for (const auto& [host, authority] : {std::pair{"0.0.0.0", "127.0.0.1:11434"},
                                        {"box", "box:11434"},
                                        {":1234", "127.0.0.1:1234"},
                                        {"box:8080", "box:8080"},
                                        {"https://box", "box"},
                                        {"[::1]", "[::1]:11434"}}) {
    RemoteOptions remote;
    remote.environment = [&](const std::string& name) {
      return name == "OLLAMA_HOST" ? std::optional<std::string>(host) : std::nullopt;
    };
    const auto url = base_url(*find_wire_format("ollama"), remote);
    ASSERT_TRUE(url) << url.error().message;
    EXPECT_EQ(url->authority(), authority);
  }
}

TEST(OpenModel, TellsAWrongNameFromAMissingFile) {
  EXPECT_EQ(error_of("gpt-5").code, ErrorCode::kUsage);
  EXPECT_EQ(error_of("").code, ErrorCode::kUsage);
  EXPECT_EQ(error_of("nowhere/model.gguf").code, ErrorCode::kNotFound);
}

TEST(OpenModel, SaysWhatIsWrongWithTheFile) {
  const fs::path folder = fs::path(testing::TempDir()) / "open_model";
  fs::create_directories(folder / "folder.gguf");
  EXPECT_EQ(error_of((folder / "folder.gguf").string()).code, ErrorCode::kInvalidData);

  std::ofstream(folder / "page.gguf") << "<html>not found</html>";
  EXPECT_THAT(error_of((folder / "page.gguf").string()).message, HasSubstr("no GGUF model"));

  fs::copy_file(kTiny, folder / "cut.gguf", fs::copy_options::overwrite_existing);
  fs::resize_file(folder / "cut.gguf", fs::file_size(kTiny) / 2);
  const auto cut = error_of((folder / "cut.gguf").string());
  EXPECT_EQ(cut.code, ErrorCode::kInvalidData);
  EXPECT_THAT(cut.message, HasSubstr("truncated"));

  // Well-formed to the last byte, but of a kind that llama.cpp does not know: its reason is given.
  std::ifstream whole(kTiny, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(whole), {});
  for (auto at = bytes.find("llama"); at != std::string::npos; at = bytes.find("llama", at)) {
    bytes.replace(at, 5, "klama");
  }
  std::ofstream(folder / "other.gguf", std::ios::binary) << bytes;
  const auto other = error_of((folder / "other.gguf").string());
  EXPECT_EQ(other.code, ErrorCode::kInvalidData);
  EXPECT_THAT(other.message, HasSubstr("klama"));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace ipw::models
